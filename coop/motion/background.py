"""What the camera sees when nothing moves, pixel by pixel, and how quickly that is learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.areas import Area
from coop.motion.faint import Faint
from coop.motion.flicker import Flicker
from coop.motion.pixels import Places, colours, mask_of, places_of, put, set_colours
from coop.motion.small import Planes

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_FIRST_NOISE = 2.0  # grey levels; assumed until the noise has been seen
_NOISE_S, _NOISE_LOOKS = 7.0, 12  # the noise is a mean over so many seconds, and over so many looks at most
_NOISE_STEP = 1.5  # of the limit; one passing wing says little about the noise
_FASTEST = 0.5  # of the way to the new picture in one frame, however long ago the last one was
_TREMBLE = 0.2  # of the contrast between a pixel and its neighbours
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_DARK = 100.0  # grey levels: where the background is darker, less contrast is asked for ...
_DARKEST = 0.25  # ... down to this share of it
_EDGES_S = 2.0  # how often the edges of the background are looked for; it changes slowly
_LOOK_S = 1.3  # how often is learned, which costs ...
_SETTLING = 0.09  # ... of the time in which things settle at most, so that it comes out as it is set ...
_SWAY, _GOLDEN = 0.2, 0.618  # ... and now sooner, now later: what moves in step would look still ...
_SOON_S = 0.45  # ... while the background or a thing is new, or much differs that belongs to nothing ...
_NEW_S, _UNSETTLED = 10.0, 0.03  # of the picture
_YOUNG_S = 1.5  # ... and so long each picture
_BLEND = 0.25  # of the way that a candidate follows what is seen
_FORGET = 0.25  # seconds of evidence lost for each second in which the candidate is not there
_DOUBT = 2.0  # the same, for each second in which something else is there
_MAJORITY = 0.65  # of all the time that is known
_YOUNGEST_S = 2.0  # nothing becomes background sooner
_RECALL_S = 300.0  # how long the background that was replaced is remembered
_STILL_S = 1.0  # what has looked the same for so long stands still ...
_CALM_S = 0.4  # ... or, where the background is a guess, for so long
_MOSTLY = 0.7  # share of a shape that must be still for the shape to be
_ALIVE = 0.01  # share of what differs in a kept area that must change for it to be alive


class Background:
    """A running mean and noise for each pixel, a candidate to replace the mean, and what was there before.

    A pixel that differs from the mean is foreground, and what it shows is a candidate. A candidate seen
    for ``settle_s`` seconds becomes the background. The background it replaces is remembered for a few
    minutes, so that a hen that rose from her dust bath leaves no ghost.
    """

    def __init__(
        self, planes: Planes, *, contrast: float, noise_factor: float, learn_s: float, settle_s: float
    ) -> None:
        self._contrast = contrast
        self._noise_factor = noise_factor
        self._learn_s = learn_s
        self._settle_s = settle_s
        self._look_s = min(_LOOK_S, max(_SETTLING * settle_s, _SOON_S))
        self.flicker = Flicker(planes.shape[1:])
        self._faint = Faint(contrast=contrast, noise_factor=noise_factor)
        self.restart(planes)

    def restart(self, planes: Planes) -> None:
        """Forget everything and take this picture for the background."""
        shape = planes.shape[1:]
        self.mean: Floats = planes.astype(np.float32)
        self._noise: Floats = np.full(shape, _FIRST_NOISE, dtype=np.float32)
        self._candidate: Floats = self.mean.copy()
        # Seconds for the candidate, above what has been forgotten since the start: so nothing need be
        # counted down where nothing differs.
        self._evidence: Doubles = np.zeros(shape, dtype=np.float64)
        self._before: Floats = self.mean.copy()
        self._recall: Doubles = np.zeros(shape, dtype=np.float64)  # the age up to which it counts
        self._last_recall = 0.0  # the highest of them
        self._recalling: Mask = np.zeros(shape, dtype=np.uint8)  # 255 where ``before`` still counts
        self._guessed: Mask | None = None  # 255 where nothing but a guess is behind a thing
        self._age = 0.0  # seconds
        self._edges_age: float | None = None  # when the edges were looked for; None if they must be now
        self._looks = 0
        self._unlooked = 0.0  # seconds since the last look
        self._distance: Mask = np.zeros(shape, dtype=np.uint8)
        self._patches: Mask | None = None  # the distance of each patch, if that was asked for
        self._see_mean()
        self._see_limits()

    def brighten(self, gains: Floats) -> None:
        """Follow a change of the light: everything remembered is multiplied by ``gains``.

        One gain for each colour, shape (3, 1, 1), or one for each pixel of it, (3, h, w).
        """
        for picture in (self.mean, self._candidate, self._before):
            picture *= gains
        self._see_mean()

    def move(self, x: float, y: float) -> None:
        """Follow a camera that has turned a little: all that is remembered lies so far right and down."""
        matrix = np.array([[1, 0, x], [0, 1, y]], dtype=np.float32)
        size = self.mean.shape[2], self.mean.shape[1]
        for picture in (self.mean, self._candidate, self._before):
            for plane in picture:
                moved = cv2.warpAffine(
                    plane, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
                )
                np.clip(moved, 0, 255, out=plane)
        self._edges_age = None
        self._see_mean()

    def differing(self, planes: Planes, *, calm: bool = True) -> tuple[Mask, Mask]:
        """Two masks: where the picture may differ from the background, and where it surely does.

        A pixel may differ if one of its colours is further from the mean than contrast and noise allow,
        and surely does at twice that. In the dark, and only while it is ``calm``, the patch around a pixel
        is asked too: rain and leaves would be seen all the better.
        """
        self._distance = furthest(planes, self.known)
        perhaps = _mask(cv2.compare(self._distance, self._limit, cv2.CMP_GT))
        surely = _mask(cv2.compare(self._distance, self._certain, cv2.CMP_GT))
        self._patches = self._faint.distance(planes, self.known) if calm else None
        if self._patches is not None:
            more = self._faint.differing(self._patches)
            perhaps, surely = perhaps | more[0], surely | more[1]
        if self._last_recall:
            self._clear_recalled(planes, perhaps)
            surely = _mask(cv2.bitwise_and(surely, perhaps, dst=surely))
        return perhaps, surely

    def how_many_differ(self, planes: Planes, gains: Floats) -> int:
        """How many pixels might differ if the light had changed by ``gains``."""
        known = _as_grey(self.mean * gains)
        differing = _mask(cv2.compare(furthest(planes, known), self._limit, cv2.CMP_GT))
        patches = self._faint.distance(planes, known) if self._patches is not None else None
        if patches is not None:
            cv2.bitwise_or(differing, self._faint.differing(patches)[0], dst=differing)
        return cv2.countNonZero(differing)

    def learn(
        self,
        planes: Planes,
        differing: Mask,
        clean: Mask,
        moving: Mask,
        sure: Sequence[Area],
        kept: Sequence[Area],
        dt: float,
        keep_rate: float,
        *,
        news: bool = False,
    ) -> bool:
        """Learn from a picture ``dt`` seconds after the last one; call `differing` with it first.

        ``differing``: pixels that may differ; ``moving``: those that belong to a thing; ``kept``: areas in
        which something lives, where what is new settles at ``keep_rate`` (0 to 1) of the usual rate;
        ``news``: a thing has just come, and may be a hole in the background.
        Returns whether candidates were looked at, which is done a few times a second.
        """
        self._age += dt
        self._unlooked += dt
        self.flicker.watch(clean, self._distance, [*sure, *kept], self._age)
        if not self._is_due(differing, moving, news):
            return False
        self._looks += 1
        self._learn_mean(planes, _mask(cv2.bitwise_not(differing)))
        self._learn_noise(differing, moving, kept)
        self._learn_candidate(planes, differing, kept, keep_rate)
        self._see_recalled()
        self._doubt_guesses(differing)
        self.flicker.fade(self._unlooked)
        self._see_mean()
        self._see_limits()
        self._unlooked = 0.0
        return True

    def _is_due(self, differing: Mask, moving: Mask, news: bool) -> bool:
        sway = _SWAY * (2 * (self._looks * _GOLDEN % 1) - 1)
        if self._unlooked >= self._look_s * (1 + sway) or self._age <= _YOUNG_S:
            return True
        if self._unlooked < _SOON_S or self._age <= _NEW_S or news:
            return self._unlooked >= _SOON_S
        odd = cv2.countNonZero(differing) - cv2.countNonZero(moving)
        return odd > _UNSETTLED * differing.size

    def is_still(self, area: Area, shape: Mask) -> bool:
        """Whether most of a shape has looked the same for a while; ``shape`` is its mask within ``area``.

        What stands where the background is a guess is not asked for so long.
        """
        seconds = _CALM_S if self.is_guess(area, shape) else _STILL_S
        still = (self._evidence[area] >= self._forgotten + seconds) & (shape > 0)
        return int(np.count_nonzero(still)) >= _MOSTLY * cv2.countNonZero(shape)

    def is_guess(self, area: Area, shape: Mask) -> bool:
        """Whether what is behind most of a shape was never seen in this light."""
        if self._guessed is None:
            return False
        guessed = cv2.countNonZero(cv2.bitwise_and(self._guessed[area], shape))
        return guessed >= _MOSTLY * cv2.countNonZero(shape)

    def absorb(self, planes: Planes, area: Area, shape: Mask) -> None:
        """Take what is seen in a shape for background at once, and do not remember what was there before."""
        at = shape > 0
        for plane, known in zip(planes, self.mean, strict=True):
            known[area][at] = plane[area][at]
        for remembered in (self._evidence, self._recall, self._recalling):
            remembered[area][at] = 0
        self._see_mean()

    def relight(self, planes: Planes, behind: Floats, hidden: Sequence[Area]) -> None:
        """Begin anew with this picture, but with ``behind``, (3, h, w), in areas that things hide."""
        self.restart(planes)
        self._guessed = np.zeros(self._noise.shape, dtype=np.uint8)
        for area in hidden:
            self.mean[:, *area] = np.minimum(behind[:, *area], 255)
            self._guessed[area] = 255
        self._see_mean()
        self._see_limits()

    def _see_mean(self) -> None:
        self.known = _as_grey(self.mean)

    def _see_recalled(self) -> None:
        if self._last_recall:
            self._recalling = mask_of(self._recall > self._age)
            if self._last_recall <= self._age:
                self._last_recall = 0.0

    def _doubt_guesses(self, differing: Mask) -> None:
        """A guess that the picture agrees with is none any more."""
        if self._guessed is not None:
            cv2.bitwise_and(self._guessed, differing, dst=self._guessed)
            if not cv2.countNonZero(self._guessed):
                self._guessed = None

    def _see_limits(self) -> None:
        """By how much each pixel must differ: contrast, noise, flicker, and edges that tremble.

        Where it is dark everything has less contrast, hens too.
        """
        green = self.known[1]
        slope = (1 - _DARKEST) * self._contrast / _DARK
        contrast = cv2.convertScaleAbs(green, alpha=slope, beta=_DARKEST * self._contrast)
        contrast = np.minimum(contrast, round(self._contrast), out=contrast)
        if self._edges_age is None or self._age - self._edges_age >= _EDGES_S or self._age <= _YOUNG_S:
            self._edges_age = self._age
            edges = cv2.morphologyEx(green, cv2.MORPH_GRADIENT, _NEIGHBOURS)
            self._tremble = _mask(cv2.convertScaleAbs(edges, alpha=_TREMBLE))
        limit = cv2.add(contrast, cv2.convertScaleAbs(self._noise, alpha=self._noise_factor))
        limit = cv2.add(limit, self._tremble, dst=limit)
        self.flickering, flicker = self.flicker.limits()
        self._limit = _mask(cv2.max(limit, flicker, dst=limit))
        self._certain = _mask(cv2.add(limit, limit))
        self._faint.see(green, contrast, self._noise, flicker)

    def _learn_mean(self, planes: Planes, still: Mask) -> None:
        horizon = min(self._learn_s, self._age)  # a young background learns quickly
        rate = min(1 - math.exp(-self._unlooked / horizon), _FASTEST) if horizon > 0 else _FASTEST
        for plane, known in zip(planes, self.mean, strict=True):
            cv2.accumulateWeighted(plane, known, rate, still)

    def _learn_noise(self, differing: Mask, moving: Mask, kept: Sequence[Area]) -> None:
        """What differs and belongs to nothing is noise; but near a thing that lives it may be feathers."""
        still = _mask(cv2.bitwise_not(moving))
        for area in kept:
            still[area] &= ~differing[area]
        seen = cv2.min(self._distance, cv2.convertScaleAbs(self._limit, alpha=_NOISE_STEP))
        rate = max(1 - math.exp(-self._unlooked / _NOISE_S), 1 / min(self._looks + 1, _NOISE_LOOKS))
        cv2.accumulateWeighted(seen, self._noise, rate, still)
        if self._patches is not None:
            self._faint.learn(self._patches, still, rate, _NOISE_STEP)

    @property
    def _forgotten(self) -> float:
        """Seconds of evidence that time has taken since the start."""
        return _FORGET * self._age

    def _learn_candidate(
        self, planes: Planes, differing: Mask, kept: Sequence[Area], keep_rate: float
    ) -> None:
        dt = self._unlooked
        at = places_of(differing)  # few pixels, so all that follows is cheap
        if not at.size:
            return
        now, candidate = colours(planes, at).astype(np.float32), colours(self._candidate, at)
        change = now - candidate
        same = _furthest(change) <= self._limit.take(at)
        forgotten = self._forgotten
        evidence = np.maximum(self._evidence.take(at) - forgotten, 0)
        evidence += np.where(same, (1 + _FORGET) * dt, -_DOUBT * dt)
        change *= np.where(evidence < 0, np.float32(1), np.where(same, np.float32(_BLEND), np.float32(0)))
        set_colours(self._candidate, at, candidate + change)
        put(self._evidence, at, np.maximum(evidence, 0) + forgotten)
        self._doubt_the_living(at[~same], differing, kept)
        self._settle(at, kept, keep_rate)

    def _doubt_the_living(self, changed: Places, differing: Mask, kept: Sequence[Area]) -> None:
        """A hen that only turns her head is still to her feet: no part of her may become background."""
        if not kept or not changed.size:
            return
        changes = np.zeros_like(differing)
        put(changes, changed, 255)
        for area in kept:
            if cv2.countNonZero(changes[area]) > _ALIVE * cv2.countNonZero(differing[area]):
                self._evidence[area] = 0

    def _settle(self, at: Places, kept: Sequence[Area], keep_rate: float) -> None:
        # What is to replace the background must have been there for most of the time that is known.
        needed = min(self._settle_s, max(self._age * _MAJORITY, _YOUNGEST_S))
        evidence = self._evidence.take(at) - self._forgotten
        settled = evidence >= needed
        if not settled.any():
            return
        if kept:
            spared = np.zeros(self._noise.shape, dtype=np.uint8)
            for area in kept:
                spared[area] = 1
            settled &= (spared.take(at) == 0) | (evidence * keep_rate >= needed)
        at = at[settled]
        set_colours(self._before, at, colours(self.mean, at))
        set_colours(self.mean, at, colours(self._candidate, at))
        self._last_recall = self._age + _RECALL_S
        put(self._recall, at, self._last_recall)
        put(self._evidence, at, 0)
        self._edges_age = None

    def _clear_recalled(self, planes: Planes, mask: Mask) -> None:
        """Take out of the mask what looks as it did before something settled there."""
        recalled = _mask(cv2.bitwise_and(mask, self._recalling))
        if cv2.countNonZero(recalled):
            at = places_of(recalled)
            change = _furthest(colours(planes, at) - colours(self._before, at))
            put(mask, at[change <= self._limit.take(at)], 0)


def furthest(planes: Planes, known: Planes) -> Mask:
    """The distance of each pixel from what is known, in the colour in which it is furthest: grey levels."""
    by_colour = cv2.absdiff(_tall(planes), _tall(known)).reshape(planes.shape)
    return _mask(cv2.max(cv2.max(by_colour[0], by_colour[1]), by_colour[2]))


def _as_grey(planes: Floats) -> Planes:
    """Rounded to grey levels, 255 at most."""
    rounded: npt.NDArray[Any] = cv2.convertScaleAbs(_tall(planes))
    return rounded.reshape(planes.shape)


def _mask(array: npt.NDArray[Any]) -> Mask:
    return array  # OpenCV's results carry no exact type


def _tall(planes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return planes.reshape(-1, planes.shape[2])  # (3 * h, w): OpenCV wants two dimensions


def _furthest(change: Floats) -> Floats:
    farthest: Floats = np.abs(change).max(axis=0)
    return farthest
