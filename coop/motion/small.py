"""The small picture that motion is looked for in."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.frame import Picture

Planes = npt.NDArray[np.uint8]
"""Blue, green and red of the small picture one below the other: uint8, shape (3, h, w)."""

_SPARE = 1.25  # up to this many times the wished width is near enough


def shrink(image: Picture, width: int) -> Planes:
    """The picture made about ``width`` pixels wide by averaging, split into its colour planes.

    Every source pixel counts, so sensor noise is averaged away where picking pixels would keep it. Halving
    twice costs less than half of averaging 4 x 4 at once. A picture that is small already keeps its size.
    """
    while image.shape[1] >= 2 * width and image.shape[0] >= 2:
        image = _resized(image, image.shape[1] // 2, image.shape[0] // 2, cv2.INTER_AREA)
    if image.shape[1] > _SPARE * width:
        # Less than half remains to be taken off: here linear weights also reach nearly every pixel.
        height = max(1, round(image.shape[0] * width / image.shape[1]))
        image = _resized(image, width, height, cv2.INTER_LINEAR)
    planes = np.empty((3, *image.shape[:2]), dtype=np.uint8)
    cv2.split(image, list(planes))
    return planes


def _resized(image: Picture, width: int, height: int, how: int) -> Picture:
    return cast(Picture, cv2.resize(image, (width, height), interpolation=how))
