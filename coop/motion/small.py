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

    Averaging takes sensor noise away, where picking pixels would keep it. This is most of what motion
    costs, so it is done in the cheapest steps there are: a quarter at once, then by halves.
    """
    while image.shape[1] >= 8 * width and image.shape[0] >= 2:
        image = _halved(image)
    if image.shape[1] >= 4 * width and image.shape[0] >= 4:
        planes = _quarter(image)
    elif image.shape[1] >= 2 * width and image.shape[0] >= 2:
        planes = _split(_halved(image))
    else:
        planes = _split(image)
    if planes.shape[2] > _SPARE * width:
        # Less than half remains to be taken off: here linear weights also reach nearly every pixel.
        height = max(1, round(planes.shape[1] * width / planes.shape[2]))
        resized = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in planes]
        planes = np.stack(resized).astype(np.uint8, copy=False)
    return planes


def _quarter(image: Picture) -> Planes:
    """A quarter of the width and height, each pixel the mean of 4 x 2 of the 4 x 4 it stands for.

    Every other row is left out, which halves the cost; what is lost is an eighth of a grey level of noise
    reduction and none of a hen. The pairs of columns are averaged as the two bytes of one number.
    """
    wide = image.shape[1] // 4 * 4
    half = _split(_halved(image[: image.shape[0] // 4 * 4 : 2, :wide]))
    pairs = half.view(np.uint16)
    sums = pairs & 255
    pairs >>= 8
    sums += pairs
    sums += 1
    sums >>= 1
    return sums.astype(np.uint8)


def _halved(image: Picture) -> Picture:
    size = image.shape[1] // 2, image.shape[0] // 2
    return cast(Picture, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _split(image: Picture) -> Planes:
    planes = np.empty((3, *image.shape[:2]), dtype=np.uint8)
    cv2.split(image, list(planes))
    return planes
