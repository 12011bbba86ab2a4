"""Our detector and its peers behind one face: a frame goes in, boxes and a mask come out.

Every peer gets what its users give it: OpenCV's background models are fed a picture made small by area
averaging, with shadows off and a 5-pixel median, once with their defaults and once at the threshold that did
best on other seeds. The running average is what Frigate's `ImprovedMotionDetector` (0.14 to 0.16) does with
its default settings, in our own words: 100 rows picked by nearest neighbour, contrast stretched between the
4th and 96th percentile averaged over 50 frames, a small Gaussian, threshold 30 against an average that
follows at 0.01 a frame, contours over 10 pixels, nothing handed on while more than 80 % differs.
Frigate reads the grey plane of the decoder; here the picked pixels are made grey, at next to no cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from coop.domain.box import Box
from coop.domain.frame import Frame, Picture
from coop.domain.motion import Mask
from coop.domain.track import TrackState
from coop.motion.detector import MotionDetector
from coop.pipeline import LEAST_TRAVEL
from coop.track.tracker import Tracker

OURS = "ours"
_SMALLEST = 0.0004  # share of the picture below which a peer's region is noise, as in our detector
_MEDIAN = 5
_CLOSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """Boxes in source pixels, and the mask they come from in its own size."""

    boxes: tuple[Box, ...]
    mask: Mask


class Detector(Protocol):
    """``look`` is what is timed; ``after`` is what the rest of a pipeline would do with the result."""

    def look(self, frame: Frame) -> Found: ...

    def after(self, frame: Frame, found: Found) -> None: ...


class Ours:
    """The project's own detector, with live tracks kept out of the background as the pipeline does it."""

    def __init__(self) -> None:
        self._detector = MotionDetector()
        self._tracker = Tracker("bench")
        self._standing: tuple[Box, ...] = ()

    def look(self, frame: Frame) -> Found:
        motion = self._detector.detect(frame, keep=self._standing)
        self._regions = motion.regions
        return Found(tuple(region.box for region in motion.regions), motion.mask)

    def after(self, frame: Frame, found: Found) -> None:
        tracks = self._tracker.update(frame, self._regions)
        self._standing = tuple(
            t.box for t in tracks if t.state is TrackState.CONFIRMED and t.travelled > LEAST_TRAVEL
        )


class _Peer:
    def after(self, frame: Frame, found: Found) -> None:
        """A peer learns nothing from tracks."""


class Subtractor(_Peer):
    """MOG2 or KNN on a small picture."""

    def __init__(self, model: cv2.BackgroundSubtractor, width: int) -> None:
        self._model = model
        self._width = width

    def look(self, frame: Frame) -> Found:
        small = _small(frame.image, self._width)
        mask = cv2.medianBlur(self._model.apply(small), _MEDIAN)
        return Found(_boxes(mask, frame), mask)


class RunningAverage(_Peer):
    """A running average with contrast stretching, as network video recorders use it."""

    ROWS, HISTORY, THRESHOLD, CONTOUR, ALPHA, CALIBRATING = 100, 50, 30, 10, 0.01, 0.2
    LIGHTNING, CALM, PATIENCE = 0.8, 0.05, 10

    def __init__(self) -> None:
        self._average: np.ndarray | None = None
        self._range = np.tile(np.array([0.0, 255.0]), (self.HISTORY, 1))
        self._count = self._moving = 0
        self._calibrating = True

    def look(self, frame: Frame) -> Found:
        columns = self.ROWS * frame.width // frame.height
        picked = cv2.resize(frame.image, (columns, self.ROWS), interpolation=cv2.INTER_NEAREST)
        smooth = gaussian_filter(self._stretched(cv2.cvtColor(picked, cv2.COLOR_BGR2GRAY)), sigma=1, radius=1)
        if self._average is None:
            # A recorder runs for days: it begins here as if it had long settled, not at black.
            self._average = smooth.astype(np.float32)
        change = cv2.absdiff(smooth, cv2.convertScaleAbs(self._average))
        mask = cv2.dilate(cv2.threshold(change, self.THRESHOLD, 255, cv2.THRESH_BINARY)[1], None)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        areas = [cv2.contourArea(contour) for contour in contours]
        large = [c for c, area in zip(contours, areas, strict=True) if area > self.CONTOUR]
        share = sum(areas) / mask.size
        boxes = tuple(_scaled(cv2.boundingRect(c), mask, frame) for c in large)
        self._follow(smooth, len(boxes), share)
        # A recorder hands nothing on while it calibrates.
        return Found(() if self._calibrating else boxes, mask)

    def _stretched(self, grey: Mask) -> Mask:
        low, high = np.percentile(grey, 4), np.percentile(grey, 96)
        if low < high:
            if self._average is None:
                self._range[:] = low, high
            self._range[self._count % self.HISTORY] = low, high
            self._count += 1
            low, high = self._range.mean(axis=0)
            return ((np.clip(grey, low, high) - low) / (high - low) * 255).astype(np.uint8)
        return grey

    def _follow(self, smooth: Mask, boxes: int, share: float) -> None:
        if share < self.CALM and boxes <= 4:
            self._calibrating = False
        if share > self.LIGHTNING:
            self._calibrating = True
        self._moving = self._moving + 1 if boxes else 0
        if not boxes or self._moving >= self.PATIENCE:
            rate = self.CALIBRATING if self._calibrating else self.ALPHA
            cv2.accumulateWeighted(smooth, self._average, rate)


class Difference(_Peer):
    """Each frame against the one before."""

    def __init__(self, threshold: int = 12, width: int = 320) -> None:
        self._threshold = threshold
        self._width = width
        self._last: Mask | None = None

    def look(self, frame: Frame) -> Found:
        grey = cv2.cvtColor(_small(frame.image, self._width), cv2.COLOR_BGR2GRAY)
        last, self._last = self._last, grey
        if last is None or last.shape != grey.shape:
            return Found((), np.zeros_like(grey))
        change = cv2.absdiff(grey, last)
        mask = cv2.medianBlur(cv2.threshold(change, self._threshold, 255, cv2.THRESH_BINARY)[1], _MEDIAN)
        return Found(_boxes(mask, frame), mask)


def mog2(width: int = 320, threshold: float = 16, history: int = 500) -> Subtractor:
    """OpenCV's mixture of Gaussians, shadows off."""
    return Subtractor(cv2.createBackgroundSubtractorMOG2(history, threshold, False), width)


def knn(width: int = 320, threshold: float = 400, history: int = 500) -> Subtractor:
    """OpenCV's nearest neighbours, shadows off."""
    return Subtractor(cv2.createBackgroundSubtractorKNN(history, threshold, False), width)


DETECTORS: Mapping[str, Callable[[], Detector]] = {
    OURS: Ours,
    "MOG2": mog2,
    "MOG2 best": lambda: mog2(threshold=60),
    "KNN": knn,
    "KNN best": lambda: knn(threshold=1000),
    "running average": RunningAverage,
    "difference": Difference,
}
"""Every detector of the run by its name, with how a fresh one is made."""


def masker(detector: Detector) -> Callable[[Frame], Mask]:
    """The detector as something that gives masks of the frame's own size."""

    def mask_of(frame: Frame) -> Mask:
        found = detector.look(frame)
        detector.after(frame, found)
        size = frame.width, frame.height
        mask: Mask = cv2.resize(found.mask, size, interpolation=cv2.INTER_NEAREST)
        return mask

    return mask_of


def _small(image: Picture, width: int) -> Picture:
    if image.shape[1] <= width:
        return image
    height = round(image.shape[0] * width / image.shape[1])
    small: Picture = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _boxes(mask: Mask, frame: Frame) -> tuple[Box, ...]:
    """Bounding boxes of what holds together, without specks."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _CLOSE)
    _, _, stats, _ = cv2.connectedComponentsWithStats(closed)
    smallest = _SMALLEST * mask.size
    rects: Sequence[Sequence[int]] = [row[:4] for row in stats[1:] if row[cv2.CC_STAT_AREA] >= smallest]
    return tuple(_scaled(rect, mask, frame) for rect in rects)


def _scaled(rect: Sequence[int], mask: Mask, frame: Frame) -> Box:
    x, y, w, h = (int(v) for v in rect)
    sx, sy = frame.width / mask.shape[1], frame.height / mask.shape[0]
    left, top = int(x * sx), int(y * sy)
    return Box(left, top, max(round((x + w) * sx) - left, 1), max(round((y + h) * sy) - top, 1))
