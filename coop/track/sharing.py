"""Where two things are while one box holds them both."""

from __future__ import annotations

from collections.abc import Sequence

from coop.domain.box import Box

_ROOM = 1.2
"""A box this many times as long as the longer of two things shows them beside each other, not one behind."""


def places_of_two(predicted: Sequence[Box], shared: Box) -> list[Box] | None:
    """Where each of two things is, as far as the edges of the box that they share tell; else None.

    Where the box is long enough to have them side by side, one begins at each end: which, says what was
    predicted from the frame before. So both are followed on through it, whether they pass or turn back.
    """
    one, other = predicted
    across = shared.w / max(one.w, other.w)
    down = shared.h / max(one.h, other.h)
    if max(across, down) < _ROOM:
        return None
    if across >= down:
        x, far = _starts((one.x, other.x), (one.w, other.w), shared.x, shared.w)
        return [Box(x, one.y, one.w, one.h), Box(far, other.y, other.w, other.h)]
    y, low = _starts((one.y, other.y), (one.h, other.h), shared.y, shared.h)
    return [Box(one.x, y, one.w, one.h), Box(other.x, low, other.w, other.h)]


def _starts(predicted: tuple[int, int], lengths: tuple[int, int], start: int, length: int) -> tuple[int, int]:
    """Along the longer axis: where each begins."""
    (one, other), (long, broad) = predicted, lengths
    end = start + length
    if one + long / 2 <= other + broad / 2:
        return start, end - broad
    return end - long, start
