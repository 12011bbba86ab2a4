"""A camera that goes on sending one and the same picture."""

from __future__ import annotations

import numpy as np

from coop.domain.frame import Frame, Picture

_SAMPLE = 16
_FLAT = 24
"""A picture whose brightest and darkest pixel are no further apart is of the dark, or of a covered lens."""


class FrozenPicture:
    """Finds out since when a camera's picture has been the same to the last pixel.

    The pictures of a sensor never are, nor those of a coder that was given them: only a camera that hangs
    repeats one. A dark picture may be the same all night, so it never counts as frozen.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._first: Picture | None = None
        self._since = 0.0

    @property
    def after_s(self) -> float:
        return self._after_s

    def since(self, frame: Frame, now: float) -> float | None:
        """When the picture of ``now`` was first seen, if that was ``after_s`` ago or more; else None."""
        if not self._after_s:
            return None
        if self._first is None or not _same(self._first, frame.image):
            self._first, self._since = frame.image, now
            return None
        if now - self._since < self._after_s or int(np.ptp(self._first)) <= _FLAT:
            return None
        return self._since


def _same(one: Picture, other: Picture) -> bool:
    if one.shape != other.shape:
        return False
    some = slice(None, None, _SAMPLE)
    return np.array_equal(one[some, some], other[some, some]) and np.array_equal(one, other)
