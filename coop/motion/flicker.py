"""Which pixels flicker: leaves, straw, webs and rain come and go where they are, and are nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.areas import Area
from coop.motion.pixels import Places, mask_of, places_of, put

_SPELL_S = 1.2  # a pixel that differs for less than this has flickered
_OFTEN = 1.5  # flickers, each counting less with time, from which on a pixel is known for it
_ONCE = 0.4
_FORGOTTEN_S = 40.0  # seconds in which a flicker loses most of its weight
_SHRINKS = 0.5  # grey levels a second by which the reach of a flicker is forgotten
_FADE_S = 3.0  # how often that is done
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
        self._since = np.zeros(shape, np.float64)  # when it began, in seconds
        self._often = np.zeros(shape, np.float32)
        self._reach = np.zeros(shape, np.float32)
        self._unfaded = 0.0  # seconds
        self._has_changed = False  # since the limits were asked for
        self._places: Mask = np.zeros(shape, np.uint8)
        self._known: Mask = np.zeros(shape, np.uint8)

    def watch(self, differing: Mask, distance: Mask, alive: Sequence[Area], now: float) -> None:
        """Take note of a picture, ``now`` in seconds; nothing is learned in areas of what may be alive."""
        if alive:
            differing = differing.copy()
            for area in alive:
                differing[area] = 0
        changed = _mask(cv2.bitwise_xor(differing, self._last))
        if cv2.countNonZero(changed):
            at = places_of(changed)
            came = differing.take(at) > 0
            put(self._since, at[came], now)
            put(self._furthest, at[came], 0)
            self._end_spells(at[~came], now)
        if cv2.countNonZero(differing):
            cv2.max(self._furthest, cv2.bitwise_and(distance, differing), self._furthest)
        self._last = differing

    def _end_spells(self, at: Places, now: float) -> None:
        at = at[now - self._since.take(at) <= _SPELL_S]
        if at.size:
            put(self._often, at, self._often.take(at) + 1)
            put(self._reach, at, np.maximum(self._reach.take(at), self._furthest.take(at)))
            self._has_changed = True

    def forgive(self, area: Area) -> None:
        """Take back what was noted in an area: it was something that lives."""
        self._often[area] = 0
        self._has_changed = True

    def fade(self, seconds: float) -> None:
        """Let time pass."""
        self._unfaded += seconds
        if self._unfaded >= _FADE_S:
            self._often *= np.float32(np.exp(-self._unfaded / _FORGOTTEN_S))
            self._reach -= np.float32(_SHRINKS * self._unfaded)
            np.maximum(self._reach, 0, out=self._reach)
            self._unfaded = 0.0
            self._has_changed = True

    def limits(self) -> tuple[Mask, Mask]:
        """Where something came and went of late, if only once, and by how much each pixel flickers.

        The first is 255 there, the second is in grey levels and 0 where a pixel is not known to flicker.
        """
        if self._has_changed:
            self._has_changed = False
            known = mask_of(self._often > _OFTEN)
            self._places = mask_of(self._often > _ONCE)
            self._known = _mask(cv2.bitwise_and(cv2.convertScaleAbs(self._reach, alpha=_MARGIN), known))
        return self._places, self._known


def _mask(array: npt.NDArray[Any]) -> Mask:
    return array  # OpenCV's results carry no exact type
