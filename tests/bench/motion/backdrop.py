"""Empty places for the scenes, painted anew for every seed: a coop from within, a run outdoors, a nest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.frame import Picture
from coop.domain.motion import Mask

WIDTH, HEIGHT = 1280, 720
ONE = 128
"""The value of a gain map that changes nothing."""

Rng = np.random.Generator
Canvas = npt.NDArray[np.float32]
Colour = tuple[float, float, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Backdrop:
    """A place in even white light, BGR, and how light falls in it.

    ``spread`` is how daylight lies and ``lamp`` how the camera's infrared lamp does: (h, w), 128 for one.
    ``ground``: the first and last row on which feet may stand. ``foliage``: rows and columns of what sways.
    ``ledges``: points from which straw may hang.
    """

    picture: Picture
    spread: Mask
    lamp: Mask
    ground: tuple[int, int]
    foliage: tuple[slice, slice] | None = None
    ledges: tuple[tuple[int, int], ...] = ()


def coop(rng: Rng) -> Backdrop:
    """A wall of boards with nest boxes and a perch, and a floor of straw."""
    wall = int(rng.integers(300, 380))
    canvas = _blank()
    _boards(canvas, rng, 0, wall, _tinted(rng, (84, 112, 134), 14))
    _straw(canvas, rng, wall, HEIGHT, 5200, _tinted(rng, (78, 122, 150), 10))
    canvas[wall : wall + 22] *= np.linspace(0.6, 1, 22, dtype=np.float32)[:, None, None]
    ledges = [*_nests(canvas, rng, wall), *_perch(canvas, rng, wall)]
    if rng.random() < 0.7:
        _drinker(canvas, rng, wall)
    return Backdrop(
        picture=_finished(canvas),
        spread=_daylight(rng, 0.30),
        lamp=_lamp(rng),
        ground=(wall + 40, HEIGHT - 20),
        ledges=tuple(ledges),
    )


def run(rng: Rng) -> Backdrop:
    """Trodden earth with tufts of grass before a wire fence, bushes at the side."""
    horizon = int(rng.integers(220, 300))
    canvas = _blank()
    canvas[:horizon] = np.array(_tinted(rng, (196, 188, 178), 12), np.float32)
    _bushes(canvas, rng, (0, horizon + 10, 0, WIDTH), 2600, 0.72)
    ground = np.array(_tinted(rng, (72, 98, 116), 10), np.float32)
    canvas[horizon:] = ground * (1 + _rough(rng, HEIGHT - horizon, WIDTH))[..., None]
    _grass(canvas, rng, horizon)
    _fence(canvas, rng, horizon)
    left = bool(rng.random() < 0.5)
    wide, tall = int(rng.integers(330, 430)), int(rng.integers(300, 380))
    columns = (0, wide) if left else (WIDTH - wide, WIDTH)
    rows = (int(rng.integers(0, 40)), tall)
    _bushes(canvas, rng, (*rows, *columns), 1500, 1.0)
    return Backdrop(
        picture=_finished(canvas),
        spread=_daylight(rng, 0.14),
        lamp=_lamp(rng),
        ground=(horizon + 70, HEIGHT - 20),
        foliage=(slice(*rows), slice(*columns)),
    )


def nest(rng: Rng) -> Backdrop:
    """One nest seen from above: a hollow of straw between boards."""
    canvas = _blank()
    _straw(canvas, rng, 0, HEIGHT, 8000, _tinted(rng, (80, 126, 156), 10), scale=1.7)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = np.hypot((x - WIDTH / 2) / 420, (y - HEIGHT * 0.56) / 250)
    canvas *= (0.62 + 0.38 * np.clip(np.abs(away - 0.2), 0, 1))[..., None]
    edge = int(rng.integers(90, 150))
    for rows, columns in ((slice(None), slice(0, edge)), (slice(None), slice(WIDTH - edge, WIDTH))):
        board = np.zeros_like(canvas[rows, columns])
        _boards(board, rng, 0, HEIGHT, _tinted(rng, (92, 128, 154), 8))
        canvas[rows, columns] = board
    return Backdrop(
        picture=_finished(canvas),
        spread=_daylight(rng, 0.22),
        lamp=_lamp(rng),
        ground=(420, 560),
        ledges=tuple((int(x), 0) for x in rng.integers(edge, WIDTH - edge, 4)),
    )


def _blank() -> Canvas:
    return np.zeros((HEIGHT, WIDTH, 3), np.float32)


def _finished(canvas: Canvas) -> Picture:
    return np.clip(cv2.GaussianBlur(canvas, (3, 3), 0.6), 0, 255).astype(np.uint8)


def _tinted(rng: Rng, colour: Colour, by: float) -> Colour:
    blue, green, red = (channel + rng.uniform(-by, by) for channel in colour)
    return blue, green, red


def noise(rng: Rng, height: int, width: int, cell: float) -> Canvas:
    """Smooth noise of spread 1 with lumps of ``cell`` pixels, (h, w)."""
    small = rng.standard_normal((max(2, round(height / cell)), max(2, round(width / cell))), dtype=np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _rough(rng: Rng, height: int, width: int) -> Canvas:
    return (
        0.08 * noise(rng, height, width, 60)
        + 0.07 * noise(rng, height, width, 9)
        + 0.08 * noise(rng, height, width, 2)
    )


def _boards(canvas: Canvas, rng: Rng, top: int, bottom: int, colour: Colour) -> None:
    """Upright boards with their grain, a dark seam between them."""
    x, width = 0, canvas.shape[1]
    while x < width:
        wide = int(rng.integers(60, 110))
        area = canvas[top:bottom, x : x + wide]
        rows, columns = area.shape[:2]
        grain = noise(rng, max(2, rows // 30), columns, 2.5)
        grain = np.asarray(cv2.resize(grain, (columns, rows)), dtype=np.float32)
        tone = rng.uniform(0.86, 1.12) * (1 + 0.09 * grain + 0.03 * noise(rng, rows, columns, 2))
        area[:] = np.array(colour, np.float32) * tone[..., None]
        area[:, :3] *= 0.45
        x += wide


def _straw(
    canvas: Canvas, rng: Rng, top: int, bottom: int, stalks: int, colour: Colour, scale: float = 1.0
) -> None:
    """Litter with thousands of stalks and their shadows, larger towards the camera."""
    height, width = bottom - top, canvas.shape[1]
    base = np.array(colour, np.float32) * 0.72
    canvas[top:bottom] = base * (1 + _rough(rng, height, width))[..., None]
    for depth in np.sort(rng.random(stalks) ** 0.8):
        x, y = rng.uniform(0, width), top + depth * height
        length = rng.uniform(14, 44) * (0.5 + 0.9 * depth) * scale
        angle = rng.uniform(0, np.pi)
        dx, dy = length * np.cos(angle) / 2, length * np.sin(angle) * 0.25 * (1 + scale) / 2
        thick = max(1, int(1.6 * (0.4 + depth) * scale + rng.random()))
        a, b = (round(x - dx), max(top, round(y - dy))), (round(x + dx), max(top, round(y + dy)))
        tone = rng.uniform(0.6, 1.3)
        under = (a[0], a[1] + thick), (b[0], b[1] + thick)
        cv2.line(canvas, *under, tuple(float(c) * 0.55 for c in base), thick, cv2.LINE_AA)
        cv2.line(canvas, a, b, tuple(float(c) * tone for c in colour), thick, cv2.LINE_AA)


def _nests(canvas: Canvas, rng: Rng, wall: int) -> list[tuple[int, int]]:
    count, wide, tall = int(rng.integers(2, 4)), int(rng.integers(150, 190)), int(rng.integers(120, 160))
    left = int(rng.integers(40, WIDTH - count * wide - 40))
    top = wall - tall - int(rng.integers(0, 20))
    ledges = []
    for i in range(count):
        x0, x1 = left + i * wide, left + (i + 1) * wide
        area = canvas[top : top + tall, x0:x1]
        area *= np.linspace(0.25, 0.55, tall, dtype=np.float32)[:, None, None]
        hay = canvas[top + tall - 34 : top + tall, x0 + 8 : x1 - 8]
        _straw(hay, rng, 0, hay.shape[0], 160, (84, 128, 156))
        cv2.rectangle(canvas, (x0, top), (x1, top + tall), (104, 140, 166), 10)
        cv2.rectangle(canvas, (x0, top + tall - 8), (x1, top + tall + 12), (98, 136, 164), -1)
        ledges += [(int(x), top + tall - 4) for x in rng.integers(x0 + 20, x1 - 20, 3)]
    return ledges


def _perch(canvas: Canvas, rng: Rng, wall: int) -> list[tuple[int, int]]:
    y, thick = int(rng.integers(70, wall - 200)), int(rng.integers(16, 26))
    round_off = np.sin(np.linspace(0.35, 2.9, thick, dtype=np.float32))[:, None, None]
    canvas[y + thick : y + thick + 12] *= 0.75
    canvas[y : y + thick] = np.array((96, 128, 152), np.float32) * (0.5 + 0.6 * round_off)
    return [(int(x), y + thick) for x in rng.integers(40, WIDTH - 40, 4)]


def _drinker(canvas: Canvas, rng: Rng, wall: int) -> None:
    x, foot = int(rng.integers(80, WIDTH - 80)), wall + int(rng.integers(20, 60))
    cv2.ellipse(canvas, (x, foot), (60, 16), 0, 0, 360, (34, 40, 150), -1, cv2.LINE_AA)
    shade = np.sin(np.linspace(0.3, 2.84, 70, dtype=np.float32))[None, :, None]
    canvas[foot - 105 : foot - 6, x - 35 : x + 35] = np.array((200, 206, 204), np.float32) * (
        0.5 + 0.5 * shade
    )
    cv2.ellipse(canvas, (x, foot - 105), (35, 10), 0, 0, 360, (206, 212, 210), -1, cv2.LINE_AA)


def _bushes(canvas: Canvas, rng: Rng, area: tuple[int, int, int, int], leaves: int, near: float) -> None:
    """Leaves over leaves, dark ones first."""
    top, bottom, left, right = area
    middle = ((left + right) / 2, (top + bottom) / 2)
    for depth in np.linspace(0, 1, leaves):
        if near >= 1:
            # A clump that thins out to its edges.
            x = rng.normal(middle[0], (right - left) / 4.6)
            y = rng.normal(middle[1], (bottom - top) / 4.6)
        else:
            x, y = rng.uniform(left, right), rng.uniform(top + (bottom - top) * 0.25, bottom)
        tone = (0.35 + 0.75 * depth) * rng.uniform(0.75, 1.25)
        axes = max(2, round(rng.uniform(5, 13) * near)), max(1, round(rng.uniform(2.5, 6) * near))
        colour = (44 * tone * near + 30 * (1 - near), 118 * tone, 86 * tone)
        if left <= x < right and top <= y < bottom:
            cv2.ellipse(
                canvas, (round(x), round(y)), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA
            )


def _grass(canvas: Canvas, rng: Rng, horizon: int) -> None:
    for depth in np.sort(rng.random(3800) ** 0.8):
        x, y = rng.uniform(0, WIDTH), horizon + depth * (HEIGHT - horizon)
        tall = rng.uniform(8, 34) * (0.3 + depth)
        tone = rng.uniform(0.6, 1.2)
        tip = round(x + rng.uniform(-0.6, 0.6) * tall), round(y - tall)
        colour = (46 * tone, 112 * tone, 84 * tone)
        cv2.line(canvas, (round(x), round(y)), tip, colour, max(1, round(2.4 * depth)), cv2.LINE_AA)


def _fence(canvas: Canvas, rng: Rng, horizon: int) -> None:
    step = int(rng.integers(22, 34))
    for x in range(-horizon, WIDTH + horizon, step):
        for foot in (x + horizon // 2, x - horizon // 2):
            cv2.line(canvas, (x, 40), (foot, horizon + 20), (120, 124, 124), 1, cv2.LINE_AA)
    for x in range(int(rng.integers(0, 200)), WIDTH, int(rng.integers(210, 320))):
        cv2.rectangle(canvas, (x, 30), (x + 16, horizon + 30), (72, 96, 114), -1)
        cv2.line(canvas, (x + 3, 30), (x + 3, horizon + 30), (96, 122, 140), 2)


def _daylight(rng: Rng, unevenness: float) -> Mask:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    at = rng.uniform(0.2, 0.8) * WIDTH, rng.uniform(0.1, 0.7) * HEIGHT
    near = np.exp(-(((x - at[0]) / 560) ** 2) - ((y - at[1]) / 380) ** 2)
    gain = 1 - unevenness * 0.5 + unevenness * near + 0.02 * noise(rng, HEIGHT, WIDTH, 160)
    return np.clip(gain * ONE, 0, 255).astype(np.uint8)


def _lamp(rng: Rng) -> Mask:
    """The lamp sits at the camera: bright in the middle, dark in the corners."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    at = WIDTH / 2 + rng.uniform(-90, 90), HEIGHT * 0.55 + rng.uniform(-50, 50)
    away = ((x - at[0]) / 700) ** 2 + ((y - at[1]) / 430) ** 2
    return np.clip(ONE * (0.20 + 0.95 * np.exp(-1.1 * away)), 0, 255).astype(np.uint8)
