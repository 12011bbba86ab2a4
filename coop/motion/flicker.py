"""Which pixels flicker: leaves, straw, webs and rain come and go where they are, and are nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.areas import Area

_SPELL_S = 1.2  # a pixel that differs for less than this has flickered
_OFTEN = 1.5  # flickers, each counting less with time, from which on a pixel is known for it
_ONCE = 0.4
_FORGOTTEN_S = 40.0  # seconds in which a flicker loses most of its weight
_SHRINKS = 0.5  # grey levels a second by which the reach of a flicker is forgotten
_FADE_S = 1.0  # how often that is done
_MARGIN = 1.1  # of the furthest that was seen


class Flicker:
    """Remembers how far each pixel strays when it comes back within a second, again and again.

    A leaf that sways, or a thread of a web, uncovers and covers the same few pixels. One short spell says
    nothing (a hen may have run past); several within a minute do, and then a pixel must differ by more than
    its flicker ever did.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._last: Mask = np.zeros(shape, np.uint8)  # what differed in the last picture
        self._furthest: Mask = np.zeros(shape, np.uint8)  # in the present spell
        self._since = np.zeros(shape, np.float32)  # when it began, in seconds
        self._often = np.zeros(shape, np.float32)
        self._reach = np.zeros(shape, np.float32)
        self._unfaded = 0.0  # seconds

    def watch(self, differing: Mask, distance: Mask, alive: Sequence[Area], now: float) -> None:
        """Take note of a picture, ``now`` in seconds; nothing is learned in areas of what may be alive."""
        if alive:
            differing = differing.copy()
            for area in alive:
                differing[area] = 0
        changed = cv2.bitwise_xor(differing, self._last)
        if cv2.countNonZero(changed):
            at = np.flatnonzero(changed > 0)
            came = differing.ravel()[at] > 0
            self._since.ravel()[at[came]] = now
            self._furthest.ravel()[at[came]] = 0
            self._end_spells(at[~came], now)
        if cv2.countNonZero(differing):
            cv2.max(self._furthest, cv2.bitwise_and(distance, differing), self._furthest)
        self._last = differing

    def _end_spells(self, at: npt.NDArray[np.intp], now: float) -> None:
        at = at[now - self._since.ravel()[at] <= _SPELL_S]
        self._often.ravel()[at] += 1
        self._reach.ravel()[at] = np.maximum(self._reach.ravel()[at], self._furthest.ravel()[at])

    def forgive(self, area: Area) -> None:
        """Take back what was noted in an area: it was something that lives."""
        self._often[area] = 0

    def fade(self, seconds: float) -> None:
        """Let time pass."""
        self._unfaded += seconds
        if self._unfaded >= _FADE_S:
            self._often *= np.float32(np.exp(-self._unfaded / _FORGOTTEN_S))
            self._reach = np.maximum(self._reach - np.float32(_SHRINKS * self._unfaded), 0)
            self._unfaded = 0.0

    def places(self) -> Mask:
        """255 where something came and went of late, if only once."""
        return np.multiply(self._often > _ONCE, 255, dtype=np.uint8)

    def reach(self) -> Mask:
        """By how much each pixel is known to flicker: grey levels, 0 where it does not."""
        known = np.multiply(self._often > _OFTEN, 255, dtype=np.uint8)
        return _mask(cv2.bitwise_and(cv2.convertScaleAbs(self._reach, alpha=_MARGIN), known))


def _mask(array: npt.NDArray[Any]) -> Mask:
    return array  # OpenCV's results carry no exact type
