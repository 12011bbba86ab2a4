"""Where a picture changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from coop.domain.box import Box

Mask = npt.NDArray[np.uint8]
"""A mask: uint8, shape (height, width), 255 where it applies and 0 elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionRegion:
    """A box where the picture changed; ``fill`` is the share of the box that moved, 0 to 1."""

    box: Box
    fill: float = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Motion:
    """What a motion detector says of one frame.

    ``mask`` has the detector's own working size, which is smaller than the frame.
    ``relearning`` is True while a change of the whole picture is being learned.
    """

    regions: tuple[MotionRegion, ...]
    mask: Mask = field(repr=False)
    relearning: bool = False
