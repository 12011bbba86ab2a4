"""The empty coop, painted once for a picture size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.frame import Picture
from coop.domain.motion import Mask
from coop.frame.sim import scene
from coop.frame.sim.scene import Rect

Canvas = npt.NDArray[np.float32]
_FINE = 2
"""Painted this many times larger, then reduced, which smooths every edge."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scenery:
    """Pictures of the coop's own colours in even white light.

    ``room``: everything without animals, the pop door's hole showing the meadow. ``door``: the closed door's
    board, as large as the hole. ``lips`` with ``lips_mask``: the boards and straw in front of the nests.
    ``lamp``: how the lamp of the camera falls off, ``day``: how daylight spreads, uint8 with 128 for 1.
    ``sky``: where the outside is seen. ``beyond`` is the hole of the door in pixels.
    """

    room: Picture
    door: Picture
    lips_mask: Mask
    day: Mask
    lamp: Mask
    sky: Mask
    floor: Mask
    beyond: tuple[int, int, int, int]


@lru_cache(maxsize=4)
def paint_scenery(width: int, height: int) -> Scenery:
    """The coop at that picture size; always the same coop."""
    brush = _Brush(width, height)
    brush.wall()
    brush.window()
    brush.meadow()
    brush.floor()
    brush.frame_around(scene.DOOR)
    brush.nests()
    lips = brush.lips()
    brush.roost()
    brush.drinker()
    size = (width, height)
    room = np.clip(cv2.resize(brush.canvas, size, interpolation=cv2.INTER_AREA) * 292, 0, 255).astype(
        np.uint8
    )
    x0, y0, x1, y1 = brush.pixels(scene.DOOR)
    door = cv2.resize(brush.door_board(), (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return Scenery(
        room=room,
        door=np.clip(door * 255, 0, 255).astype(np.uint8),
        lips_mask=cv2.resize(lips, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False),
        day=_daylight(width, height),
        lamp=_lamp(width, height),
        sky=_rects(width, height, (_glass(), scene.DOOR)),
        floor=_rects(width, height, ((0, scene.WALL_FOOT, scene.WIDTH, scene.HEIGHT),)),
        beyond=(x0, y0, x1, y1),
    )


def _glass() -> Rect:
    left, top, right, bottom = scene.WINDOW
    return left + 5, top + 5, right - 5, bottom - 5


def _rects(width: int, height: int, rects: tuple[Rect, ...]) -> Mask:
    mask = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in rects:
        x0, x1 = round(left * width / scene.WIDTH), round(right * width / scene.WIDTH)
        y0, y1 = round(top * height / scene.HEIGHT), round(bottom * height / scene.HEIGHT)
        mask[y0:y1, x0:x1] = 255
    return mask


def _grid(width: int, height: int) -> tuple[Canvas, Canvas]:
    x = np.linspace(0, scene.WIDTH, width, dtype=np.float32)[None, :]
    y = np.linspace(0, scene.HEIGHT, height, dtype=np.float32)[:, None]
    return x, y


def _daylight(width: int, height: int) -> Mask:
    """Brighter near the window and the door and on the floor, darker under the roof and in the corners."""
    x, y = _grid(width, height)
    spread = 0.80 + 0.26 * np.exp(-(((x - 96) / 190) ** 2) - ((y - 190) / 170) ** 2)
    spread = spread + 0.16 * np.exp(-(((x - 330) / 260) ** 2) - ((y - 330) / 90) ** 2)
    spread = spread * (0.86 + 0.14 * np.clip(y / 120, 0, 1)) * (1 - 0.10 * np.clip((x - 520) / 120, 0, 1))
    return np.clip(spread * 128, 0, 255).astype(np.uint8)


def _lamp(width: int, height: int) -> Mask:
    """A lamp at the camera: bright in the middle, dark in the corners."""
    x, y = _grid(width, height)
    far = ((x - 330) / 400) ** 2 + ((y - 200) / 250) ** 2
    return np.clip(128 * (0.22 + 0.98 * np.exp(-1.15 * far)), 0, 255).astype(np.uint8)


class _Brush:
    """Paints on a float canvas (h, w, 3), blue-green-red 0 to 1, in scene points."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        self._w, self._h = width * _FINE, height * _FINE
        self._sx, self._sy = self._w / scene.WIDTH, self._h / scene.HEIGHT
        # Pixels have their own dice, so that a larger picture shows the same boards and stalks.
        self._rng, self._pixel_rng = np.random.default_rng(20), np.random.default_rng(21)
        self.canvas: Canvas = np.zeros((self._h, self._w, 3), np.float32)

    def pixels(self, rect: Rect) -> tuple[int, int, int, int]:
        """A rectangle in pixels of the finished picture."""
        sx, sy = self._sx / _FINE, self._sy / _FINE
        return round(rect[0] * sx), round(rect[1] * sy), round(rect[2] * sx), round(rect[3] * sy)

    def _fine(self, rect: Rect) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = self.pixels(rect)
        return x0 * _FINE, y0 * _FINE, x1 * _FINE, y1 * _FINE

    def _area(self, rect: Rect) -> Canvas:
        x0, y0, x1, y1 = self._fine(rect)
        return self.canvas[y0:y1, x0:x1]

    def _noise(self, height: int, width: int, along: float, across: float) -> Canvas:
        """Smooth noise of unit spread, stretched ``along`` x and ``across`` y points."""
        noise = self._pixel_rng.standard_normal((height, width)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), sigmaX=along * self._sx, sigmaY=across * self._sy)
        spread = smooth - smooth.mean()
        return np.asarray(spread / max(float(spread.std()), 1e-6), dtype=np.float32)

    def _wood(
        self, rect: Rect, colour: tuple[float, float, float], *, upright: bool, grain: float = 0.07
    ) -> None:
        """One board: its own shade, a grain along it, a bright upper and a dark lower edge."""
        area = self._area(rect)
        if area.size == 0:
            return
        height, width = area.shape[:2]
        fibres = self._noise(height, width, *((0.5, 14) if upright else (14, 0.5)))
        clouds = self._noise(height, width, *((3, 30) if upright else (30, 3)))
        shade = (1 + self._rng.uniform(-0.08, 0.08)) * (1 + grain * fibres + 0.05 * clouds)
        area[:] = np.array(colour, np.float32) * shade[..., None]
        edge = max(1, round(0.6 * self._sx))
        if min(height, width) < 8 * edge:
            return
        if upright:
            area[:, :edge] *= 1.12
            area[:, -edge:] *= 0.55
        else:
            area[:edge] *= 1.15
            area[-edge:] *= 0.55

    def wall(self) -> None:
        left = 0.0
        while left < scene.WIDTH:
            wide = float(self._rng.uniform(34, 46))
            right = min(scene.WIDTH, left + wide)
            tone = float(self._rng.uniform(0.86, 1.08))
            self._wood(
                (left, 0, right, scene.WALL_FOOT + 4), (0.25 * tone, 0.36 * tone, 0.45 * tone), upright=True
            )
            self._knots(left, right)
            left = right
        self._wood((0, 0, scene.WIDTH, 13), (0.17, 0.25, 0.32), upright=False)

    def _knots(self, left: float, right: float) -> None:
        for _ in range(int(self._rng.integers(0, 3))):
            x, y = self._rng.uniform(left + 7, right - 7), self._rng.uniform(20, scene.WALL_FOOT - 10)
            self._ellipse(x, y, 3.2, 4.6, (0.13, 0.19, 0.25))
            self._ellipse(x, y, 1.6, 2.6, (0.09, 0.13, 0.18))

    def _ellipse(self, x: float, y: float, a: float, b: float, colour: tuple[float, float, float]) -> None:
        centre = round(x * self._sx), round(y * self._sy)
        axes = max(1, round(a * self._sx)), max(1, round(b * self._sy))
        cv2.ellipse(self.canvas, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    def window(self) -> None:
        self._wood(scene.WINDOW, (0.42, 0.52, 0.58), upright=False)
        left, top, right, bottom = _glass()
        area = self._area(_glass())
        down = np.linspace(0, 1, area.shape[0], dtype=np.float32)[:, None, None]
        area[:] = np.array((0.88, 0.79, 0.68), np.float32) * (1 - 0.10 * down) + 0.05 * down
        trees = self._noise(area.shape[0], area.shape[1], 4, 3)
        hedge = (np.linspace(0, 1, area.shape[0])[:, None] + 0.05 * trees > 0.72)[..., None]
        area[:] = np.where(
            hedge, np.array((0.24, 0.46, 0.36), np.float32) * (1 + 0.1 * trees[..., None]), area
        )
        middle = (left + right) / 2
        self._wood((middle - 2.5, top, middle + 2.5, bottom), (0.40, 0.50, 0.56), upright=True)
        rail = (top + bottom) / 2
        self._wood((left, rail - 2.5, right, rail + 2.5), (0.40, 0.50, 0.56), upright=False)

    def meadow(self) -> None:
        """What is seen through the pop door: grass in the sun, a fence, a strip of sky."""
        area = self._area(scene.DOOR)
        height, width = area.shape[:2]
        down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        blades = self._noise(height, width, 0.7, 2.6)
        patches = self._noise(height, width, 14, 6)
        green = np.array((0.22, 0.56, 0.44), np.float32) * (1 + 0.15 * blades + 0.10 * patches)[..., None]
        sky = np.array((0.72, 0.65, 0.57), np.float32)
        far = np.array((0.34, 0.52, 0.42), np.float32) * (1 + 0.08 * patches)[..., None]
        area[:] = np.where(down[..., None] < 0.20, sky, np.where(down[..., None] < 0.34, far, green))
        x0, y0, x1, _ = scene.DOOR
        for x in np.arange(x0 + 6, x1, 17.0):
            self._wood((float(x), y0 + 12, float(x) + 2.5, y0 + 44), (0.46, 0.58, 0.64), upright=True)
        for y in (y0 + 18, y0 + 32):
            self._wood((x0, y, x1, y + 2), (0.46, 0.58, 0.64), upright=False)

    def floor(self) -> None:
        """Trodden litter with thousands of stalks, finer towards the wall."""
        area = self._area((0, scene.WALL_FOOT, scene.WIDTH, scene.HEIGHT))
        height, width = area.shape[:2]
        lumps = self._noise(height, width, 11, 4)
        dust = self._noise(height, width, 1.1, 0.8)
        area[:] = np.array((0.21, 0.36, 0.47), np.float32) * (1 + 0.09 * lumps + 0.11 * dust)[..., None]
        top = scene.WALL_FOOT * self._sy
        count = 5200
        depth = np.sort(self._rng.random(count) ** 0.8)
        for near in depth:
            x, y = self._rng.uniform(0, 1) * self._w, top + near * (self._h - top)
            self._stalk(x, y, 0.5 + 0.9 * near, flat=0.45)
        shade = np.clip(np.linspace(0, 1, height) / 0.16, 0, 1).astype(np.float32)[:, None, None]
        area *= 0.62 + 0.38 * shade  # the wall's foot lies in shadow

    def _stalk(self, x: float, y: float, scale: float, flat: float) -> None:
        length = self._rng.uniform(5, 15) * scale * self._sx
        angle = self._rng.uniform(0, np.pi)
        dx, dy = length * np.cos(angle) / 2, length * np.sin(angle) * flat / 2
        tone = self._rng.uniform(0.55, 1.18)
        colour = (0.33 * tone, 0.56 * tone, 0.70 * tone)
        thick = max(1, round(0.55 * scale * self._sx))
        a, b = (round(x - dx), round(y - dy)), (round(x + dx), round(y + dy))
        cv2.line(
            self.canvas, (a[0], a[1] + thick), (b[0], b[1] + thick), (0.12, 0.21, 0.28), thick, cv2.LINE_AA
        )
        cv2.line(self.canvas, a, b, colour, thick, cv2.LINE_AA)

    def frame_around(self, rect: Rect) -> None:
        left, top, right, bottom = rect
        self._wood((left - 7, top - 8, right + 7, top), (0.34, 0.45, 0.53), upright=False)
        self._wood((left - 7, top, left, bottom + 3), (0.33, 0.44, 0.52), upright=True)
        self._wood((right, top, right + 7, bottom + 3), (0.33, 0.44, 0.52), upright=True)
        self._wood((left - 2, bottom - 2, right + 2, bottom + 3), (0.30, 0.41, 0.49), upright=False)

    def door_board(self) -> Canvas:
        """The sliding door's own board, painted aside."""
        keep = self._area(scene.DOOR).copy()
        left, top, right, bottom = scene.DOOR
        for i in range(4):
            a, b = left + (right - left) * i / 4, left + (right - left) * (i + 1) / 4
            self._wood((a, top, b, bottom), (0.28, 0.37, 0.44), upright=True)
        for y in (top + 14, bottom - 24):
            self._wood((left, y, right, y + 10), (0.31, 0.41, 0.48), upright=False)
        board = self._area(scene.DOOR).copy()
        self._area(scene.DOOR)[:] = keep
        return board

    def nests(self) -> None:
        left, top, right, foot = scene.nest_block()
        pine = (0.40, 0.55, 0.66)
        # The floor and wall beside the block lie in its shadow.
        self._area((left - 6, foot, right + 4, foot + 9))[:] *= 0.55
        for index in range(3):
            x0, y0, x1, y1 = scene.nest_opening(index)
            self._wood((x0, y0, x1, foot), (0.20, 0.28, 0.34), upright=False)
            self._gloom((x0, y0, x1, foot))
            self._bedding(x0, x1, y1)
        for index in range(4):
            x = left + index * (right - left - 7) / 3
            self._wood((x, top, x + 7, foot), pine, upright=True)
        self._wood((left - 4, top - 3, right + 4, top + 7), pine, upright=False)

    def _gloom(self, rect: Rect) -> None:
        """Darker towards the top and the sides of a nest."""
        area = self._area(rect)
        height, width = area.shape[:2]
        across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        area *= (np.clip(0.42 + 0.75 * down, 0, 1.05) * (1 - 0.30 * across**4))[..., None]

    def _bedding(self, x0: float, x1: float, lip: float) -> None:
        """A mound of straw, higher at the sides, where hens have not pressed it down."""
        across = np.linspace(-1, 1, 25)
        rim = [(x0 + (x1 - x0) * (a + 1) / 2, lip - 12 - 6 * a * a) for a in across]
        outline = [(x * self._sx, y * self._sy) for x, y in [*rim, (x1, lip + 8), (x0, lip + 8)]]
        cv2.fillPoly(self.canvas, [np.round(np.array(outline)).astype(np.int32)], (0.13, 0.23, 0.31))
        for back in np.linspace(0, 1, 420):
            x = self._rng.uniform(x0 + 4, x1 - 4)
            side = (x - (x0 + x1) / 2) / ((x1 - x0) / 2)
            y = lip - 13 + 19 * back - 7 * side**2
            self._stalk(x * self._sx, y * self._sy, 0.75, flat=0.4)

    def lips(self) -> Mask:
        """Boards in front of the nests with straw hanging over; returns where they are, at the fine size."""
        before = self.canvas.copy()
        left, _, right, foot = scene.nest_block()
        self._wood((left, scene.NEST_LIP, right, foot), (0.42, 0.58, 0.69), upright=False)
        for index in range(3):
            x0, _, x1, lip = scene.nest_opening(index)
            for _ in range(46):
                x = self._rng.uniform(x0 + 6, x1 - 6)
                self._stalk(x * self._sx, (lip + self._rng.uniform(-1.5, 1.5)) * self._sy, 0.62, flat=0.35)
        changed = np.abs(self.canvas - before).max(axis=2) > 1e-4
        return np.asarray(changed * 255, dtype=np.uint8)

    def roost(self) -> None:
        left, top, right, bottom = scene.ROOST_BAR
        for x in (left + 24, (left + right) / 2, right - 40):
            self._wood((x, 13, x + 5, top + 3), (0.22, 0.31, 0.38), upright=True)
        self._area((left, bottom, right, bottom + 5))[:] *= 0.72
        self._wood((left, top, right, bottom), (0.36, 0.49, 0.59), upright=False, grain=0.05)
        area = self._area((left, top, right, bottom))
        round_off = np.sin(np.linspace(0.35, 2.9, area.shape[0], dtype=np.float32))[:, None, None]
        area *= 0.55 + 0.55 * round_off

    def drinker(self) -> None:
        """A white drinker with a red tray beside the nests."""
        x, foot = 196.0, 263.0
        self._ellipse(x, foot + 1, 27, 7, (0.10, 0.17, 0.22))
        self._ellipse(x, foot - 3, 25, 7, (0.13, 0.13, 0.62))
        self._ellipse(x, foot - 5, 20, 5, (0.62, 0.60, 0.52))
        area = self._area((x - 16, foot - 46, x + 16, foot - 6))
        round_off = np.sin(np.linspace(0.3, 2.84, area.shape[1], dtype=np.float32))[None, :, None]
        area[:] = np.array((0.80, 0.82, 0.80), np.float32) * (0.55 + 0.45 * round_off)
        self._ellipse(x, foot - 6, 16, 4, (0.70, 0.72, 0.70))
        self._ellipse(x, foot - 46, 16, 5, (0.86, 0.88, 0.86))
        self._ellipse(x, foot - 48, 5, 3, (0.16, 0.16, 0.66))
