"""Pictures of the simulated coop."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.frame import Picture
from coop.domain.motion import Mask
from coop.frame.sim import scene
from coop.frame.sim.light import Light, light_at
from coop.frame.sim.scenery import paint_scenery
from coop.frame.sim.script import DayScript, Laid
from coop.frame.sim.stage import Placement, Stage

_NOISE = (1.7, 3.2, 5.5)
"""Spread of the sensor's noise in grey levels: bright day, dusk, infrared."""
_DARK = 0.04
"""What is left of the light when the camera's "dark" fault is on."""
_SPARE = 64
"""Noise pictures are larger by this much and cut at a place drawn for each frame."""


class Renderer:
    """Paints moments of a day, (height, width, 3) uint8 blue-green-red; keeps no state between them."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._seed = seed
        self._scenery = paint_scenery(stage.width, stage.height)

    def render(self, script: DayScript, tick: int, eggs: Sequence[Laid]) -> Picture:
        """The picture at ``tick`` of the day, with these eggs in the nests."""
        placements = self._stage.place(script, tick, eggs)
        return self._noisy(self.still(script, tick, placements), script, tick)

    def empty(self, script: DayScript, tick: int) -> Picture:
        """The same moment with the same noise, but without animals and eggs."""
        return self._noisy(self.still(script, tick, ()), script, tick)

    def still(self, script: DayScript, tick: int, placements: Sequence[Placement]) -> Picture:
        """The picture before the sensor adds its noise."""
        light = light_at(script, self._seed, tick)
        picture = self._scenery.room.copy()
        self._close_door(picture, light.door)
        for placement in placements:
            if placement.shadow is not None:
                _cast_shadow(picture, *placement.shadow)
        for placement in placements:
            self._blend(picture, placement)
        lit = self._infrared(picture) if light.infrared else self._daylight(picture, light)
        fault = script.fault(tick)
        if fault is not None and fault.kind == "dark":
            return cv2.convertScaleAbs(lit, alpha=_DARK).astype(np.uint8, copy=False)
        return lit

    def _close_door(self, picture: Picture, opened: float) -> None:
        """The board slides up out of the hole."""
        x0, y0, x1, y1 = self._scenery.beyond
        hidden = round((y1 - y0) * (1 - opened))
        if hidden:
            picture[y0 : y0 + hidden, x0:x1] = self._scenery.door[y1 - y0 - hidden :]

    def _blend(self, picture: Picture, placement: Placement) -> None:
        window = placement.window()
        if window is None:
            return
        left, top, right, bottom = window
        area = picture[top:bottom, left:right]
        inside = placement.inside(window)
        left_over = 255 - placement.sprite.alpha[inside]
        kept = cv2.multiply(area, cv2.merge((left_over, left_over, left_over)), scale=1 / 255)
        mixed = cv2.add(kept, placement.sprite.bgr[inside])
        if placement.behind_lips:
            lips = self._scenery.lips_mask[top:bottom, left:right]
            mixed = np.where((lips >= 128)[..., None], area, mixed)
        area[:] = mixed

    def _daylight(self, picture: Picture, light: Light) -> Picture:
        spread = self._scenery.day
        if light.patch > 0.02:
            spread = cv2.add(spread, self._patch(light)).astype(np.uint8, copy=False)
        channels = []
        for gain in light.colour:
            channels.append(cv2.convertScaleAbs(spread, alpha=gain))
        gains = cv2.merge(channels)
        lit = cv2.multiply(picture, gains, scale=1 / 128).astype(np.uint8, copy=False)
        self._brighten_outside(lit, light.outside)
        return lit

    def _brighten_outside(self, lit: Picture, gain: float) -> None:
        for rect in (scene.WINDOW, scene.DOOR):
            x0, y0, x1, y1 = self._rect(rect)
            area = lit[y0:y1, x0:x1]
            sky = self._scenery.sky[y0:y1, x0:x1, None]
            area[:] = np.where(sky > 0, cv2.convertScaleAbs(area, alpha=gain), area)

    def _rect(self, rect: scene.Rect) -> tuple[int, int, int, int]:
        sx, sy = self._stage.width / scene.WIDTH, self._stage.height / scene.HEIGHT
        return round(rect[0] * sx), round(rect[1] * sy), round(rect[2] * sx), round(rect[3] * sy)

    def _patch(self, light: Light) -> Mask:
        """Sun through the window's four panes, thrown on the floor, moving against the sun."""
        width, height = self._stage.width, self._stage.height
        mask = np.zeros((height, width), np.uint8)
        sx, sy = width / scene.WIDTH, height / scene.HEIGHT
        centre, lean = 590 - 450 * light.patch_at, 46 * (0.5 - light.patch_at)
        for row in (0, 1):
            for column in (0, 1):
                left, top = centre - 66 + 68 * column, 272 + 40 * row
                slant = lean * row
                corners = (
                    (left, top),
                    (left + 62, top),
                    (left + 62 + lean, top + 35),
                    (left + lean, top + 35),
                )
                points = np.array([((x + slant) * sx, y * sy) for x, y in corners])
                cv2.fillConvexPoly(mask, np.round(points * 16).astype(np.int32), (255,), cv2.LINE_AA, 4)
        y0 = round(scene.WALL_FOOT * sy)
        soft = cv2.GaussianBlur(mask[y0:], (0, 0), 2.2 * sx)
        mask[y0:] = cv2.convertScaleAbs(soft, alpha=0.36 * light.patch)
        return mask

    def _infrared(self, picture: Picture) -> Picture:
        """What an infrared lamp shows: no colour, feathers brighter than by day, nothing beyond the glass."""
        grey = cv2.transform(picture, np.array([[0.10, 0.25, 0.75]], np.float32))
        grey = cv2.multiply(grey, self._scenery.lamp, scale=1 / 128)
        x0, y0, x1, y1 = self._rect(scene.WINDOW)
        area = grey[y0:y1, x0:x1]
        area[:] = np.where(self._scenery.sky[y0:y1, x0:x1] > 0, area // 8, area)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)

    def _noisy(self, lit: Picture, script: DayScript, tick: int) -> Picture:
        noise = light_at(script, self._seed, tick).noise
        bank = _noise_bank(self._stage.width, self._stage.height, noise)
        draw = hashlib.blake2b(
            f"{self._seed}/{script.day.toordinal()}/{tick}".encode(), digest_size=2
        ).digest()
        x, y = draw[0] % _SPARE, draw[1] % _SPARE
        grain = bank[y : y + self._stage.height, x : x + self._stage.width]
        return cv2.add(lit, grain, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def _cast_shadow(picture: Picture, x: float, y: float, half: float) -> None:
    """A soft dark ellipse on the ground under a foot at (x, y)."""
    shape = _shadow(max(3, round(half)))
    height, width = shape.shape[:2]
    left, top = round(x) - width // 2, round(y) - height // 2
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x1 <= x0 or y1 <= y0:
        return
    area = picture[y0:y1, x0:x1]
    area[:] = cv2.multiply(area, shape[y0 - top : y1 - top, x0 - left : x1 - left], scale=1 / 255)


@lru_cache(maxsize=256)
def _shadow(half: int) -> Picture:
    """What is left of the light, (h, w, 3), around an ellipse of that half width."""
    width, height = half * 3, max(3, half)
    x = np.linspace(-1.5, 1.5, width, dtype=np.float32)[None, :]
    y = np.linspace(-1.5, 1.5, height, dtype=np.float32)[:, None]
    left = 1 - 0.55 * np.exp(-2.2 * (x**2 + y**2))
    return np.repeat((left * 255).astype(np.uint8)[..., None], 3, axis=2)


@lru_cache(maxsize=6)
def _noise_bank(width: int, height: int, kind: int) -> npt.NDArray[np.int16]:
    """Noise in grey levels, a little blurred as by a camera's own filter; infrared noise has no colour."""
    rng = np.random.default_rng(kind + 40)
    grain = rng.standard_normal((height + _SPARE, width + _SPARE, 1 if kind == 2 else 3)).astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6)).reshape(grain.shape)
    grain = smooth * (_NOISE[kind] / smooth.std())
    return np.ascontiguousarray(np.broadcast_to(np.round(grain), (*grain.shape[:2], 3)).astype(np.int16))
