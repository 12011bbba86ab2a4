"""Changes of the light that touch the whole picture: clouds, lamps, exposure, the infrared switch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coop.motion.small import Planes

_STEP = 6  # every 6th pixel both ways is plenty for a median
_LIFT = 8.0  # grey levels added to both sides of the ratio, so that noise in the dark does not count
_SLOWEST, _FASTEST = 0.5, 2.0  # more than this in one frame is no cloud: it is relearned

_WHOLE = 0.5  # of the picture: more than a hen before the lens, so it is the light
_JUMP, _JUMP_S = 0.3, 1.0  # so much more than in the last frame, if that was not long ago, is the light too

Gains = npt.NDArray[np.float32]
"""How much brighter each colour is than in the background: float32, shape (3,)."""


def light_gains(planes: Planes, mean: npt.NDArray[np.float32]) -> Gains:
    """The median ratio of picture to background, for each colour.

    The median is over pixels of the whole picture, so a hen that covers less than half of it does not
    move it, while a cloud or a new exposure does.
    """
    now = planes[:, ::_STEP, ::_STEP].reshape(3, -1) + np.float32(_LIFT)
    then = mean[:, ::_STEP, ::_STEP].reshape(3, -1) + np.float32(_LIFT)
    ratios = now / then
    middle = ratios.shape[1] // 2
    gains: Gains = np.clip(np.partition(ratios, middle, axis=1)[:, middle], _SLOWEST, _FASTEST)
    return gains


def is_whole_change(share: float, last_share: float, dt: float) -> bool:
    """Whether so large a share of the picture differs that it is the light and not an animal.

    ``share`` and ``last_share`` are the parts of this and the last picture that differ from the
    background, 0 to 1, after a common change of brightness is taken out; ``dt`` is in seconds.
    """
    return share > _WHOLE or (dt <= _JUMP_S and share - last_share > _JUMP)
