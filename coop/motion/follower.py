"""Follows the light: slowly or at once, of the whole picture or of a part of it."""

from __future__ import annotations

import cv2
import numpy as np

from coop.domain.motion import Mask
from coop.motion.background import Background
from coop.motion.light import (
    colourfulness,
    has_switched,
    is_infrared,
    is_whole_change,
    light_gains,
    local_gains,
)
from coop.motion.small import Planes

_LEVEL_STEP, _LEVEL_S = 0.01, 1.5  # so much, or so long, and a common change of brightness is looked for
_STEP = 0.01  # a common change of brightness below this is left to ordinary learning
_LOCAL = 0.02  # of the picture: if more differs, it may be the light
_LOCAL_STEP, _LOCAL_S = 0.005, 3.0  # what was no light is not looked at again before it changed by so much
_EXPLAINED = 0.8  # of what differs: the light is followed if no more than this is left


class LightFollower:
    """Keeps a background in the light of the picture. ``looked_at``: the pixels that are not ignored.

    Looking for the light costs more than all the rest, so it is done only when something calls for it.
    """

    def __init__(self, looked_at: int) -> None:
        self._looked_at = looked_at
        self._level, self._since_level = 0.0, 0.0  # brightness, and seconds since it was looked at
        self._no_light, self._since_light = 0.0, 0.0  # a share that was no light, and seconds since then
        self.infrared = False  # whether the pictures have no colours
        self._share = 0.0  # that differed in the last picture

    def follow_whole(self, planes: Planes, background: Background, dt: float) -> bool:
        """Follow a change of the whole picture, which is looked for when its mean has changed.

        Returns whether the camera has switched to infrared or back, which cannot be followed.
        """
        level, self._since_level = cv2.mean(planes[1])[0], self._since_level + dt
        if abs(level - self._level) <= _LEVEL_STEP * level and self._since_level < _LEVEL_S:
            return False
        self._level, self._since_level = level, 0.0
        colour = colourfulness(planes)
        self.infrared = is_infrared(colour)
        if has_switched(colour, colourfulness(background.known)):
            return True
        gains = light_gains(planes, background.mean)
        if np.abs(gains - 1).max() > _STEP:
            background.brighten(gains[:, np.newaxis, np.newaxis])
        return False

    def follow_local(
        self, planes: Planes, background: Background, differing: Mask, count: int, dt: float
    ) -> bool:
        """Whether the light from place to place explains much of what differs, and so was followed.

        ``count``: pixels that are set in the mask ``differing``.
        """
        if not self._is_worth_a_look(count / self._looked_at, dt):
            return False
        gains = local_gains(planes, background.known, differing=differing)
        if gains is None or background.how_many_differ(planes, gains) > _EXPLAINED * count:
            return False
        background.brighten(gains)
        return True

    def _is_worth_a_look(self, share: float, dt: float) -> bool:
        self._since_light += dt
        if share < _LOCAL or (abs(share - self._no_light) < _LOCAL_STEP and self._since_light < _LOCAL_S):
            return False
        self._no_light, self._since_light = share, 0.0
        return True

    def has_lost(self, count: int, dt: float) -> bool:
        """Whether so much differs after all that the picture must be learned anew."""
        share = count / self._looked_at
        lost = is_whole_change(share, self._share, dt)
        self._share = 0.0 if lost else share
        return lost
