"""One picture from one camera at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""A picture: uint8, shape (height, width, 3), channels blue, green, red as OpenCV has them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """One picture with its camera and its aware UTC time.

    ``number`` counts the frames of one opened source from 0.
    """

    camera: str
    time: datetime
    image: Picture
    number: int = 0

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
