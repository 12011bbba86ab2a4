"""What is measured of each picture once: perceptual hash, brightness, contrast and sharpness."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from coop.domain.catalogue import Facts

NEAR = 6
"""Two pictures whose hashes differ in at most so many of the 64 bits are near-duplicates."""

_HASH_SIDE, _HASH_FREQUENCIES = 32, 8
_COMMON = 256


def facts_of(image: Image.Image) -> Facts:
    """The facts of an upright picture."""
    grey = image if image.mode == "L" else image.convert("L")
    common = _common_size(np.asarray(grey))
    return Facts(
        phash=phash(grey),
        brightness=float(common.mean()),
        contrast=float(common.std()),
        sharpness=float(cv2.Laplacian(common, cv2.CV_32F).var()),
    )


def phash(grey: Image.Image) -> int:
    """The 64-bit perceptual hash of a grey picture: the same bits as those of the package ``imagehash``.

    It says of the 8 x 8 lowest frequencies of the 32 x 32 picture which are above their median.
    """
    small = np.asarray(grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.LANCZOS), np.float64)
    low = cv2.dct(small)[:_HASH_FREQUENCIES, :_HASH_FREQUENCIES] * _scale()
    bits = low > np.median(low)
    return int.from_bytes(np.packbits(bits).tobytes())


def distances(hashes: Sequence[int] | npt.NDArray[np.uint64], to: int) -> npt.NDArray[np.uint8]:
    """In how many bits each of some hashes differs from one."""
    differing: npt.NDArray[np.uint8] = np.bitwise_count(np.asarray(hashes, np.uint64) ^ np.uint64(to))
    return differing


def _scale() -> npt.NDArray[np.float64]:
    """OpenCV's cosine transform makes the constant terms smaller by a root of two; the usual one does not."""
    factors = np.ones(_HASH_FREQUENCIES)
    factors[0] = np.sqrt(2)
    return np.outer(factors, factors)


def _common_size(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    scale = _COMMON / max(grey.shape)
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)
