"""Picture files for tests: small, and no two alike unless asked for."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def drawn(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A smooth picture made from a number."""
    rough = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def jpeg(seed: int, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    return encoded(drawn(seed, size), "JPEG", **options)
