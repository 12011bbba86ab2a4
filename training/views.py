"""Test-time augmentation: a picture asked several times, as it is and as it might have been.

The mean of the answers' logarithms is the answer. The watch does not do it: it looks at a track several times
anyway, and each more view costs as much as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from coop.domain.frame import Picture

View = Callable[[Picture], Picture]

_NEARER = 0.9
_DARKER, _BRIGHTER = 1.25, 0.8  # exponents


def as_it_is(picture: Picture) -> Picture:
    """The picture itself."""
    return picture


def mirrored(picture: Picture) -> Picture:
    """Left for right."""
    return np.asarray(cv2.flip(picture, 1), dtype=np.uint8)


def nearer(picture: Picture) -> Picture:
    """Its middle, a tenth less of each side."""
    height, width = picture.shape[:2]
    dy, dx = (round(side * (1 - _NEARER) / 2) for side in (height, width))
    return np.ascontiguousarray(picture[dy : height - dy, dx : width - dx])


def _light(exponent: float) -> View:
    table = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return lambda picture: np.asarray(table[picture], dtype=np.uint8)


darker, brighter = _light(_DARKER), _light(_BRIGHTER)

CROPS: Sequence[View] = (as_it_is, mirrored, nearer, lambda picture: mirrored(nearer(picture)))
"""For crops, which may be seen from either side."""
PLACES: Sequence[View] = (as_it_is, nearer, darker, brighter)
"""For pictures of one place, where left stays left."""


def views_for(variations: object) -> Sequence[View]:
    """The views that suit a model, by the variations that it was trained with (`trained_on` of its card)."""
    return CROPS if variations == "crops" else PLACES
