"""What differs too little for the single pixels of a dark and noisy picture, but does so as a patch."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.small import Planes

_PATCH = (5, 5)  # pixels: so many are averaged, which leaves about a fifth of the noise
_ASKED = 0.5  # of the contrast asked of a pixel: a patch has so much less noise
_MOST = 2.5  # times what is asked on average: no pixel counts for more, so a thread or a flake is no patch
_TREMBLE = 0.2  # of the contrast between a patch and its neighbours, as for a pixel
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_DIM = 0.75  # of the contrast asked by day: where less is asked on average, the picture is dark ...
_NOISY = 0.6  # ... and noisy, if noise asks for so much of that again
_MIDDLE, _FURTHEST = 128, 127  # no difference, and the most, in a byte

Floats = npt.NDArray[np.float32]


class Faint:
    """Looks for patches that differ from the background, while the picture is dark and noisy.

    At dusk a fox on grass differs by less than the noise of a pixel, so no more than her belly is found. The
    mean of 25 pixels has a fifth of their noise and all of the fox. By day it would cost more than it finds.

    ``contrast`` and ``noise_factor``: as for `MotionDetector`.
    """

    def __init__(self, *, contrast: float, noise_factor: float) -> None:
        self._contrast = contrast
        self._noise_factor = noise_factor
        self._noise: Floats | None = None  # of a patch: grey levels; None in daylight
        self._scale = 1.0  # steps of a byte for each grey level

    def see(self, green: Mask, asked: Mask, noise: Floats, flicker: Mask) -> None:
        """Look at the background, whose ``green`` stands for all colours, and see what to ask of a patch.

        ``asked``: the contrast asked of each pixel; ``noise``: by how much it usually differs; ``flicker``:
        what must be exceeded in any case, in grey levels.
        """
        contrast = cv2.mean(asked)[0]
        noisy = self._noise_factor * cv2.mean(noise)[0] > _NOISY * contrast
        if not noisy or contrast > _DIM * self._contrast:
            self._noise = None
            return
        if self._noise is None:
            self._noise = noise.copy()  # until that of a patch has been seen
        means = cv2.blur(green, _PATCH, borderType=cv2.BORDER_REPLICATE)
        edges = cv2.morphologyEx(means, cv2.MORPH_GRADIENT, _NEIGHBOURS)
        parts = (asked, _ASKED), (self._noise, self._noise_factor), (edges, _TREMBLE)
        usual = sum(factor * cv2.mean(part)[0] for part, factor in parts)
        self._scale = _FURTHEST / (_MOST * max(usual, 1.0))
        first, *others = (cv2.convertScaleAbs(part, alpha=factor * self._scale) for part, factor in parts)
        for other in others:
            first = cv2.add(first, other, dst=first)
        self._limit = _mask(cv2.max(first, cv2.convertScaleAbs(flicker, alpha=self._scale)))
        self._certain = _mask(cv2.add(self._limit, self._limit))

    def distance(self, planes: Planes, known: Planes) -> Mask | None:
        """How far each patch is from what is known, in the colour in which it is furthest; None in daylight.

        In steps of its own, up to the most that a pixel may count for.
        """
        if self._noise is None:
            return None
        tall, scale = (-1, planes.shape[2]), self._scale
        signed = cv2.addWeighted(planes.reshape(tall), scale, known.reshape(tall), -scale, _MIDDLE)
        patches = np.empty_like(planes)
        for plane, mean in zip(signed.reshape(planes.shape), patches, strict=True):
            cv2.blur(plane, _PATCH, dst=mean, borderType=cv2.BORDER_REPLICATE)
        middle = np.full_like(signed, _MIDDLE)
        blue, green, red = cv2.absdiff(patches.reshape(tall), middle).reshape(planes.shape)
        return _mask(cv2.max(cv2.max(blue, green), red))

    def differing(self, distance: Mask) -> tuple[Mask, Mask]:
        """Where patches that are so far from what is known may differ from it, and where they surely do."""
        perhaps = _mask(cv2.compare(distance, self._limit, cv2.CMP_GT))
        return perhaps, _mask(cv2.compare(distance, self._certain, cv2.CMP_GT))

    def learn(self, distance: Mask, still: Mask, rate: float, most: float) -> None:
        """Learn the noise of patches, of which none counts for more than ``most`` of what is asked of it."""
        if self._noise is not None:
            seen = cv2.min(distance, cv2.convertScaleAbs(self._limit, alpha=most))
            cv2.accumulateWeighted(seen / np.float32(self._scale), self._noise, rate, still)


def _mask(array: npt.NDArray[Any]) -> Mask:
    return array  # OpenCV's results carry no exact type
