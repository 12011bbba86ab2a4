"""One picture from one camera at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from coop.domain.box import Box

Picture = npt.NDArray[np.uint8]
"""A picture: uint8, shape (height, width, 3), channels blue, green, red as OpenCV has them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """One picture with its camera and its aware UTC time.

    ``number`` counts the pictures of one opened source from 0, those that nobody was to look at too.
    ``finer`` gives the same moment from the camera's main stream where it has one, or None where that stream
    has no picture of it. All boxes are in pixels of ``image``.
    """

    camera: str
    time: datetime
    image: Picture
    number: int = 0
    finer: Callable[[], Picture | None] | None = None
    _fetched: list[Picture] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError(f"A frame needs an aware time. Received: {self.time.isoformat()}")
        if self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"A frame needs a picture of shape (h, w, 3). Received: {self.image.shape}")

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        return int(self.image.shape[0])

    # No cached_property: until Python 3.12 all frames share its lock, so cameras would wait for each other.
    @property
    def finest(self) -> Picture:
        """This moment with as many pixels as there are: from the main stream, else ``image``.

        It is fetched, and decoded, when it is first asked for.
        """
        if not self._fetched:
            finer = self.finer() if self.finer is not None else None
            self._fetched.append(self.image if finer is None else finer)
        return self._fetched[0]

    def cutout(self, box: Box) -> Picture:
        """What is in a box of ``image``, with as many pixels as there are."""
        part = self.to_finest(box)
        return self.finest[part.y : part.bottom, part.x : part.right]

    def to_finest(self, box: Box) -> Box:
        """A box of ``image`` as one of `finest`, which may be of another size and even proportion."""
        height, width = self.finest.shape[:2]
        if (width, height) == (self.width, self.height):
            return box
        x, y = box.x * width / self.width, box.y * height / self.height
        right, bottom = box.right * width / self.width, box.bottom * height / self.height
        left, top = min(round(x), width - 1), min(round(y), height - 1)
        return Box(left, top, max(1, round(right) - left), max(1, round(bottom) - top))
