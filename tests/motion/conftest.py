"""A small painted coop: straw, hens, light and noise, all seeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from coop.domain.box import Box
from coop.domain.frame import Frame, Picture

START = datetime(2026, 5, 1, 9, tzinfo=UTC)
Painter = Callable[[Picture], None]


@dataclass
class Scene:
    """Frames of a textured floor, ``fps`` a second, with whatever is painted on it."""

    width: int = 640
    height: int = 360
    fps: float = 5.0
    noise: float = 2.0
    seed: int = 3
    elapsed: float = 0.0
    number: int = 0
    lamp: npt.NDArray[np.float32] = field(init=False)
    floor: npt.NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        shape = self.height + 97, self.width + 97, 3
        self._grain = self.random.standard_normal(shape, dtype=np.float32)
        texture = self.random.normal(0, 1, (self.height // 8, self.width // 8)).astype(np.float32)
        texture = cv2.resize(texture, (self.width, self.height), interpolation=cv2.INTER_CUBIC)
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        away = np.hypot(x / self.width - 0.5, y / self.height - 0.4)
        self.lamp = np.clip(1.5 - 2.2 * away, 0.15, None)  # infrared light falls off from the middle
        self.floor = np.stack([90 + 14 * texture, 125 + 16 * texture, 145 + 18 * texture], axis=2)

    def frame(
        self,
        *hens: tuple[Box, tuple[int, int, int]],
        gain: float = 1.0,
        infrared: bool = False,
        noise: float | None = None,
        extra: Painter | None = None,
    ) -> Frame:
        """The next frame, with hens as filled ellipses (box and BGR colour)."""
        picture = np.clip(self.floor, 0, 255).astype(np.uint8)
        for box, colour in hens:
            middle, axes = (box.x + box.w // 2, box.y + box.h // 2), (box.w // 2, box.h // 2)
            cv2.ellipse(picture, middle, axes, 0, 0, 360, colour, cv2.FILLED)
        if extra is not None:
            extra(picture)
        light = picture.astype(np.float32) * gain
        if infrared:
            grey = light @ np.array([0.05, 0.25, 0.6], dtype=np.float32)
            light = np.repeat((grey * self.lamp)[..., np.newaxis], 3, axis=2)
        speckle = self._speckle() * np.float32(self.noise if noise is None else noise)
        frame = Frame(
            camera="coop",
            time=START + timedelta(seconds=self.elapsed),
            image=np.clip(light + speckle, 0, 255).astype(np.uint8),
            number=self.number,
        )
        self.elapsed += 1 / self.fps
        self.number += 1
        return frame

    def _speckle(self) -> npt.NDArray[np.float32]:
        """Fresh noise each time, cut from a larger field, since drawing it anew is slow."""
        y, x = self.random.integers(0, 97, 2)
        return self._grain[y : y + self.height, x : x + self.width]


@pytest.fixture
def make_scene() -> type[Scene]:
    return Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()
