"""Tracks that nobody named, as free teachers: one track is one hen, two tracks at one time are two hens.

What differs within a track is no difference of hens, however large it is: pose, light, what stands before
her. What differs between two tracks at one time is one. Labels of a few pictures cannot say as much.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Tracks:
    """``looks``: the features of each track, (looks, d); ``apart``: tracks that were there at one time."""

    looks: tuple[Doubles, ...]
    apart: tuple[tuple[int, int], ...]

    def without(self, left_out: Collection[int]) -> Tracks:
        """All but some."""
        kept = [n for n in range(len(self.looks)) if n not in left_out]
        number = {old: new for new, old in enumerate(kept)}
        return Tracks(
            looks=tuple(self.looks[n] for n in kept),
            apart=tuple((number[a], number[b]) for a, b in self.apart if a in number and b in number),
        )
