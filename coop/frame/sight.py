"""Whether a camera's picture is of any use: dark, covered, frozen, blurred or moved, found by arithmetic.

What is usual is learned as it comes, by day and by infrared light apart: how sharp the picture is, and where
its edges are. Only pictures that are well teach it, and slowly: a lens that grows dusty over weeks is missed,
one that fogs, slips or is knocked aside is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.frame import Frame, Picture

Floats = npt.NDArray[np.float32]

WIDTH = 160
DARK_BELOW = 25
"""A picture of which not even a twentieth is brighter (0 to 255) is dark."""
FLAT_BELOW = 6.0
"""A picture whose grey levels spread less shows one thing only: what covers the lens."""
BLURRED_BELOW = 0.4
"""Less than this share of the usual sharpness."""
MOVED_FROM = 0.02
"""Of the picture's width: by so much its edges must have shifted."""
ALIKE = 0.5
"""Correlation with the usual edges, from which on nothing can have been moved."""
LEAST_LEARNED = 20
"""Looks from which what is usual is known."""
RATE = 0.02
LEAST_COLOUR = 4.0


@dataclass(kw_only=True)
class _Usual:
    """What is usual in one kind of light."""

    looks: int = 0
    sharpness: float = 0.0
    edges: Floats | None = None

    def learn(self, sharpness: float, edges: Floats) -> None:
        self.looks += 1
        rate = max(RATE, 1 / self.looks)
        self.sharpness += rate * (sharpness - self.sharpness)
        before = edges if self.edges is None else self.edges
        self.edges = np.asarray(cv2.addWeighted(before, 1 - rate, edges, rate, 0), np.float32)


class Sight:
    """Looks at one camera's frames, at most once in ``every``; ``fault`` is what is wrong with the newest.

    ``well`` is when the picture was certainly of use last. ``is_day`` says whether it must be light at a
    moment: at night a dark picture is as it should be. ``frozen_after``: how long one and the same picture
    may last; None where somebody else looks after that.
    """

    def __init__(
        self,
        is_day: Callable[[datetime], bool],
        *,
        every: timedelta = timedelta(seconds=10),
        frozen_after: timedelta | None = None,
    ) -> None:
        self._is_day = is_day
        self._every = every
        self._frozen_after = frozen_after
        self._usual = {True: _Usual(), False: _Usual()}
        self._looked: datetime | None = None
        self._same: tuple[Picture, datetime] | None = None
        self.fault = ""
        self.well: datetime | None = None

    def look(self, frame: Frame) -> bool:
        """Look at a frame if it is time; whether it was."""
        if self._looked is not None and timedelta() <= frame.time - self._looked < self._every:
            return False
        before, self._looked = self._looked, frame.time
        self.fault = self._found(frame)
        if self._frozen_after is None:
            self.well = frame.time if not self.fault else self.well
        elif not self.fault and self._same is not None and self._same[1] == frame.time:
            self.well = before  # it may be frozen since just after that
        return True

    def _found(self, frame: Frame) -> str:
        small = _small(frame.image)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        if np.percentile(grey, 95) < DARK_BELOW:
            return "dark" if self._is_day(frame.time) else ""
        if self._is_frozen(frame):
            return "frozen"
        if float(grey.std()) < FLAT_BELOW:
            return "covered"
        spread = small.astype(np.int16)
        edges = _edges(grey)
        if any(u.edges is not None and u.edges.shape != edges.shape for u in self._usual.values()):
            self.accept()  # the camera gives pictures of another shape
        usual = self._usual[bool((spread.max(axis=2) - spread.min(axis=2)).mean() >= LEAST_COLOUR)]
        sharpness = _sharpness(frame.image)
        fault = _compared(usual, sharpness, edges) if usual.looks >= LEAST_LEARNED else ""
        if not fault:
            usual.learn(sharpness, edges)
        return fault

    def accept(self) -> None:
        """What the picture shows now is usual from now on: the camera stays where it was moved to."""
        self._usual = {True: _Usual(), False: _Usual()}

    def _is_frozen(self, frame: Frame) -> bool:
        if self._frozen_after is None:
            return False
        if self._same is None or not np.array_equal(self._same[0], frame.image):
            self._same = frame.image, frame.time
        return frame.time - self._same[1] >= self._frozen_after


def _compared(usual: _Usual, sharpness: float, edges: Floats) -> str:
    if usual.edges is None:
        return ""
    if sharpness < BLURRED_BELOW * usual.sharpness:
        return "blurred"
    alike = float(np.corrcoef(usual.edges.ravel(), edges.ravel())[0, 1])
    if alike >= ALIKE:
        return ""
    window = cv2.createHanningWindow((edges.shape[1], edges.shape[0]), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(usual.edges, edges, window)
    return "moved" if max(abs(dx), abs(dy)) >= MOVED_FROM * edges.shape[1] else ""


def _small(image: Picture) -> Picture:
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    return np.asarray(cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def _sharpness(image: Picture) -> float:
    """The strength of fine detail, for the contrast there is: light and dark pictures compare."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)  # the sensor's noise is no detail
    fine = cv2.absdiff(smooth, cv2.GaussianBlur(grey, (0, 0), 3.0))
    return float(np.mean(fine)) / (float(np.std(smooth)) + 1.0)


def _edges(grey: npt.NDArray[np.uint8]) -> Floats:
    x = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    y = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.GaussianBlur(cv2.magnitude(x, y), (0, 0), 1.0), np.float32)
