"""Changes of the light, of the whole picture or a part: clouds, lamps, exposure, the infrared switch."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.small import Planes

_STEP = 6  # every 6th pixel both ways is plenty for a median
_LIFT = 8.0  # grey levels added to both sides of the ratio, so that noise in the dark does not count
_SLOWEST, _FASTEST = 0.5, 2.0  # more than this in one frame is no cloud: it is relearned

_WHOLE = 0.5  # of the picture: more than a hen before the lens, so it is the light
_JUMP, _JUMP_S = 0.3, 1.0  # so much more than in the last frame, if that was not long ago, is the light too

_COLOURLESS = 3.0  # grey levels between colours
_COLOURFUL = 3.0  # times as many as in a picture without, where noise makes some

_RED = 0.7  # of what an infrared picture shows is as in red, the rest as in green

_BLOCK = 10  # pixels of the small picture: large enough to know a texture again
_REACH = 1.6  # blocks over which the light is taken to be smooth
_LEAST, _MOST = 0.02, 50.0  # gains of one place: an infrared lamp is that much brighter than dusk
_TEXTURE = (5, 5)  # pixels: what is finer than this is texture, what is coarser is light
_AGREES = 0.5  # correlation of textures from which on a place is believed to be the same in another light
_RIM = np.ones((5, 5), np.uint8)
_HINT = 0.3  # of the textures where the picture differs must be left, or it is not the light
_CHANCE = 3.0
_KEPT = 0.35  # of the background's texture must show where it is only in another light
_GRAIN = 2.0  # grey levels: a texture weaker than noise proves nothing

Floats = npt.NDArray[np.float32]
Gains = Floats
"""How much brighter each colour is than in the background: float32, shape (3,) or (3, h, w)."""


def light_gains(planes: Planes, mean: Floats) -> Gains:
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


def has_switched(some: float, others: float) -> bool:
    """Whether one of two pictures has colours and the other has none, as in infrared; see `colourfulness`."""
    return max(some, others) > _COLOURLESS + _COLOURFUL * min(some, others)


def is_infrared(colour: float) -> bool:
    """Whether a picture has no colours; see `colourfulness`."""
    return colour <= _COLOURLESS


def colourfulness(planes: Planes) -> float:
    """How far the colours of most pixels are apart: grey levels, a few with noise alone."""
    blue, green, red = planes[:, ::_STEP, ::_STEP].astype(np.int16)
    apart = (np.abs(blue - red) + np.abs(blue - green)).ravel()
    return float(np.partition(apart, apart.size // 2)[apart.size // 2])


def in_grey(planes: Planes) -> Planes:
    """A picture as it may look in infrared, which lies next to red."""
    grey = cv2.addWeighted(planes[1], 1 - _RED, planes[2], _RED, 0)
    return np.stack((grey, grey, grey)).astype(np.uint8, copy=False)


def local_gains(
    planes: Planes, known: Planes, *, differing: Mask | None = None, unsure: Mask | None = None
) -> Gains | None:
    """How the light has changed from place to place, (3, h, w); None if the picture gives no hint of it.

    Straw in another light is the same straw: where the texture of picture and background agree, their
    ratio is the light. A hen has a texture of her own, so she has no say, and the light on her is taken
    from around her. ``differing``: a mask of what is to be explained; there is no hint if it hides nearly all
    textures. ``unsure``: a mask of what has no say either.
    """
    rows, columns = planes.shape[1:]
    grid = max(columns // _BLOCK, 1), max(rows // _BLOCK, 1)
    trust = _agreement(planes[1], known[1], grid)
    if unsure is not None:
        trust *= 1 - _blocks(unsure, grid) / 255
    if trust.max() < _AGREES or (differing is not None and _hides(differing, trust, grid)):
        return None
    trust = np.square(trust) + np.float32(1e-6)
    weight = _smooth(trust)
    gains = np.empty(planes.shape, np.float32)
    for number, (plane, before) in enumerate(zip(planes, known, strict=True)):
        ratio = (_blocks(plane, grid) + np.float32(1)) / (_blocks(before, grid) + np.float32(1))
        field = _smooth(np.clip(ratio, _LEAST, _MOST) * trust) / weight
        cv2.resize(field, (columns, rows), dst=gains[number], interpolation=cv2.INTER_LINEAR)
    return gains


def _hides(differing: Mask, agreement: Floats, grid: tuple[int, int]) -> bool:
    share = _blocks(differing, grid)
    return float((share * agreement).sum()) < _HINT * float(share.sum())


def _agreement(plane: Mask, before: Mask, grid: tuple[int, int]) -> Floats:
    """For each block of the grid the correlation of two textures, 0 to 1."""
    now, then = _texture(plane), _texture(before)
    power = _blocks(now * now, grid) * _blocks(then * then, grid)
    agreement: Floats = np.clip(_blocks(now * then, grid) / np.sqrt(power + np.float32(_GRAIN**4)), 0, 1)
    return agreement


def is_light(shape: Mask, planes: Planes, known: Planes, agreement: float = 0.5) -> bool:
    """Whether what is in a shape is the background in another light: its texture is still there.

    All three are cut-outs of the same place, with a little room around the shape: its own outline counts,
    which is in the background too if it is only lit, and is not if it is a thing that came. ``agreement``:
    the correlation of textures that is asked for.
    """
    now, then = _texture(planes[1]), _texture(known[1])
    return _has_kept(now, then, shape > 0) and _agrees(now, then, cv2.dilate(shape, _RIM) > 0, agreement)


def _agrees(now: Floats, then: Floats, where: npt.NDArray[np.bool_], least: float) -> bool:
    """Whether two textures correlate. The fewer pixels, the more they must, since a few do so by chance."""
    now, then, size = now * where, then * where, int(np.count_nonzero(where))
    floor = _GRAIN**2 * size
    asked = least + _CHANCE / math.sqrt(max(size, 1))
    power = (float(np.vdot(now, now)) + floor) * (float(np.vdot(then, then)) + floor)
    return float(np.vdot(now, then)) > asked * math.sqrt(power)


def _has_kept(now: Floats, then: Floats, where: npt.NDArray[np.bool_]) -> bool:
    """Whether the background's texture, if it has any, shows in the picture: a smooth hen would hide it."""
    then = then * where
    power = float(np.vdot(then, then))
    return power < _GRAIN**2 * int(np.count_nonzero(where)) or float(np.vdot(now, then)) > _KEPT * power


def _texture(plane: Mask) -> Floats:
    fine: Floats = np.subtract(plane, cv2.blur(plane, _TEXTURE), dtype=np.float32)
    return fine


def _blocks(plane: npt.NDArray[Any], grid: tuple[int, int]) -> Floats:
    small: Floats = cv2.resize(plane, grid, interpolation=cv2.INTER_AREA).astype(np.float32)
    return small


def _smooth(blocks: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(blocks, (0, 0), _REACH), dtype=np.float32)
