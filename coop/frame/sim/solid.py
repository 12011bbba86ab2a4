"""Animals built of ellipsoids, and the small ray caster that turns them into sprites."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.frame import Picture
from coop.domain.motion import Mask

Array = npt.NDArray[np.float32]
Vector = tuple[float, float, float]
"""Forward, left, up, in shares of the animal's height."""

_PITCH = math.radians(14.0)
"""The camera looks down on the floor by this much."""


class Coat(StrEnum):
    """What a part is covered with; the painter knows its colour."""

    BODY = "body"
    WING = "wing"
    NECK = "neck"
    TAIL = "tail"
    BELLY = "belly"
    COMB = "comb"
    BEAK = "beak"
    LEG = "leg"
    EYE = "eye"
    TIP = "tip"


@dataclass(frozen=True, slots=True)
class Part:
    """An ellipsoid: middle, half axes, and its rotation in degrees: pitch (nose up), yaw (left), roll."""

    coat: Coat
    middle: Vector
    radii: Vector
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Sprite:
    """A picture with its own transparency: ``bgr`` (h, w, 3) is already multiplied by ``alpha`` (h, w).

    ``foot`` is the pixel that stands on the ground.
    """

    bgr: Picture
    alpha: Mask
    foot: tuple[float, float]

    @property
    def height(self) -> int:
        return int(self.bgr.shape[0])

    @property
    def width(self) -> int:
        return int(self.bgr.shape[1])

    def mirrored(self) -> Sprite:
        """The same, looking the other way."""
        flipped = np.ascontiguousarray(self.bgr[:, ::-1]), np.ascontiguousarray(self.alpha[:, ::-1])
        return Sprite(flipped[0], flipped[1], (self.width - self.foot[0], self.foot[1]))

    def scaled(self, scale: float) -> Sprite:
        """Resized by ``scale``, to at least one pixel."""
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        bgr, alpha = (
            cv2.resize(self.bgr, size, interpolation=way),
            cv2.resize(self.alpha, size, interpolation=way),
        )
        foot = self.foot[0] * size[0] / self.width, self.foot[1] * size[1] / self.height
        return Sprite(bgr.astype(np.uint8, copy=False), alpha.astype(np.uint8, copy=False), foot)


Painter = Callable[[Coat, Array], Array]
"""From a coat and points on it (n, 3) in the animal's own axes to colours (n, 3), blue-green-red, 0 to 1."""


def capsule(coat: Coat, a: Vector, b: Vector, radius: float) -> Part:
    """A thin part from ``a`` to ``b``."""
    dx, dy, dz = (q - p for p, q in zip(a, b, strict=True))
    flat = math.hypot(dx, dy)
    length = math.hypot(flat, dz)
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
    return Part(
        coat,
        middle,
        (length / 2 + radius * 0.6, radius, radius),
        pitch=math.degrees(math.atan2(dz, flat)),
        yaw=math.degrees(math.atan2(dy, dx)),
    )


def rotation(pitch: float, yaw: float, roll: float = 0.0) -> npt.NDArray[np.float64]:
    """Columns are the part's own forward, left and up; degrees."""
    p, y, r = math.radians(pitch), math.radians(yaw), math.radians(roll)
    turn = np.array([[math.cos(y), -math.sin(y), 0], [math.sin(y), math.cos(y), 0], [0, 0, 1]])
    nose = np.array([[math.cos(p), 0, -math.sin(p)], [0, 1, 0], [math.sin(p), 0, math.cos(p)]])
    lean = np.array([[1, 0, 0], [0, math.cos(r), -math.sin(r)], [0, math.sin(r), math.cos(r)]])
    return np.asarray(turn @ nose @ lean)


def _view(yaw: float) -> npt.NDArray[np.float64]:
    """From the animal's axes to picture axes (right, up, towards the camera).

    Yaw 0 looks right, 90 away from the camera, -90 into it.
    """
    heading = rotation(0, yaw)  # animal -> world, whose axes are right, away, up
    c, s = math.cos(_PITCH), math.sin(_PITCH)
    camera = np.array([[1, 0, 0], [0, s, c], [0, -c, s]])
    return np.asarray(camera @ heading)


def cast(
    parts: Sequence[Part],
    paint: Painter,
    *,
    smooth: frozenset[Coat],
    yaw: float,
    pixels: int,
    rough: float = 0.06,
) -> Sprite:
    """Render an animal one unit high as ``pixels`` pixels, seen from a heading; cropped to what it covers.

    Seams between parts of ``smooth`` coats are blurred; ``rough`` is the strength of the grain.
    """
    view = _view(yaw)
    # Twice the farthest point from the foot, since the heading may be any.
    reach = max(math.dist(part.middle, (0, 0, 0)) + max(part.radii) for part in parts)
    side = round(2.1 * reach * pixels) + 8
    middle_x = ground = side / 2
    depth = np.full((side, side), -np.inf, np.float32)
    owner = np.full((side, side), -1, np.int16)
    normal = np.zeros((side, side, 3), np.float32)
    for index, part in enumerate(parts):
        _cast_part(part, index, view, pixels, (middle_x, ground), depth, owner, normal)
    covered = owner >= 0
    rows, columns = np.nonzero(covered.any(axis=1))[0], np.nonzero(covered.any(axis=0))[0]
    top, bottom = int(rows[0]) - 2, int(rows[-1]) + 3
    left, right = int(columns[0]) - 2, int(columns[-1]) + 3
    window = np.s_[top:bottom, left:right]
    foot = (middle_x - left, ground - top)
    grown = _grown_together(parts, smooth, pixels, owner[window], normal[window])
    bgr = _shade(parts, paint, view, pixels, foot, depth[window], owner[window], grown, rough)
    mask = (covered[window] * np.uint8(255)).astype(np.uint8)
    # A little blur softens the outline, which shrinking to the size shown does not do enough.
    alpha = cv2.GaussianBlur(mask, (3, 3), 0.7).astype(np.uint8, copy=False)
    soft = cv2.GaussianBlur(bgr, (3, 3), 0.5)
    return Sprite(np.minimum(soft, alpha[..., None]).astype(np.uint8), alpha, foot)


def _cast_part(
    part: Part,
    index: int,
    view: npt.NDArray[np.float64],
    pixels: int,
    origin: tuple[float, float],
    depth: Array,
    owner: npt.NDArray[np.int16],
    normal: Array,
) -> None:
    """Enter one ellipsoid into the depth buffer: rays along the third axis meet x'Qx = 1."""
    axes = view @ rotation(part.pitch, part.yaw, part.roll)
    radii = np.asarray(part.radii)
    quadric = axes @ np.diag(1 / radii**2) @ axes.T
    spread = np.sqrt(np.diag(axes @ np.diag(radii**2) @ axes.T))
    cx, cy, cz = view @ np.asarray(part.middle)
    side = depth.shape[0]
    px, py = origin[0] + cx * pixels, origin[1] - cy * pixels
    x0, x1 = max(0, math.floor(px - spread[0] * pixels)), min(side, math.ceil(px + spread[0] * pixels) + 1)
    y0, y1 = max(0, math.floor(py - spread[1] * pixels)), min(side, math.ceil(py + spread[1] * pixels) + 1)
    if x0 >= x1 or y0 >= y1:
        return
    x = ((np.arange(x0, x1, dtype=np.float32) - px) / pixels)[None, :]
    y = ((py - np.arange(y0, y1, dtype=np.float32)) / pixels)[:, None]
    a = np.float32(quadric[2, 2])
    b = np.float32(quadric[0, 2]) * x + np.float32(quadric[1, 2]) * y
    c = (
        np.float32(quadric[0, 0]) * x * x
        + np.float32(2 * quadric[0, 1]) * x * y
        + np.float32(quadric[1, 1]) * y * y
        - 1
    )
    inner = b * b - a * c
    hit = inner > 0
    d = (np.sqrt(np.maximum(inner, 0)) - b) / a
    window = np.s_[y0:y1, x0:x1]
    front = hit & (d + np.float32(cz) > depth[window])
    depth[window][front] = (d + np.float32(cz))[front]
    owner[window][front] = index
    for axis in range(3):
        q = quadric[axis]
        slope = np.float32(q[0]) * x + np.float32(q[1]) * y + np.float32(q[2]) * d
        normal[window][..., axis][front] = slope[front]


def _grown_together(
    parts: Sequence[Part], smooth: frozenset[Coat], pixels: int, owner: npt.NDArray[np.int16], normal: Array
) -> Array:
    """Unit normals, averaged over the surroundings where the coat is smooth."""
    normal = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    chosen = np.array([part.coat in smooth for part in parts] + [False])[owner]
    weight = chosen.astype(np.float32)[..., None]
    reach = pixels * 0.022
    total = cv2.GaussianBlur(weight, (0, 0), reach)[..., None]
    soft = cv2.GaussianBlur(normal * weight, (0, 0), reach) / np.maximum(total, 1e-3)
    return np.where(chosen[..., None], soft, normal).astype(np.float32)


def _shade(
    parts: Sequence[Part],
    paint: Painter,
    view: npt.NDArray[np.float64],
    pixels: int,
    foot: tuple[float, float],
    depth: Array,
    owner: npt.NDArray[np.int16],
    normal: Array,
    rough: float,
) -> Picture:
    """Colour and light every covered pixel; (h, w, 3) uint8."""
    rows, columns = np.nonzero(owner >= 0)
    points = np.stack(
        [(columns - foot[0]) / pixels, (foot[1] - rows) / pixels, depth[rows, columns]], axis=1
    ).astype(np.float32)
    own = points @ view.astype(np.float32)  # back into the animal's axes
    numbers = owner[rows, columns]
    colour = np.zeros((len(rows), 3), np.float32)
    for coat in dict.fromkeys(part.coat for part in parts):
        chosen = np.array([part.coat is coat for part in parts])[numbers]
        if chosen.any():
            colour[chosen] = paint(coat, own[chosen])
    n = normal[rows, columns]
    # Light falls from above and from the camera's side; a little sky from straight above.
    lambert = np.clip(n @ np.array([0.0, 0.80, 0.60], np.float32), 0, 1)
    sky = 0.5 + 0.5 * n[:, 1]
    light = 0.40 + 0.58 * lambert + 0.16 * sky
    light *= 1 - _hollows(depth, owner, pixels)[rows, columns]
    grain = np.random.default_rng(11).standard_normal(owner.shape).astype(np.float32)
    fuzz = np.asarray(cv2.GaussianBlur(grain, (0, 0), pixels / 180))
    light *= 1 + rough * fuzz[rows, columns] / max(float(fuzz.std()), 1e-6)
    out = np.zeros((*owner.shape, 3), np.uint8)
    out[rows, columns] = np.clip(colour * light[:, None] * 255, 0, 255).astype(np.uint8)
    return out


def _hollows(depth: Array, owner: npt.NDArray[np.int16], pixels: int) -> Array:
    """How much darker it is where something nearer stands close by, 0 to 0.4."""
    covered = owner >= 0
    filled = np.where(covered, depth, depth[covered].min()).astype(np.float32)
    weight = cv2.GaussianBlur(covered.astype(np.float32), (0, 0), pixels * 0.03)
    around = cv2.GaussianBlur(np.where(covered, filled, 0).astype(np.float32), (0, 0), pixels * 0.03)
    return np.clip((around / np.maximum(weight, 1e-3) - filled) * 5.0, 0, 0.4).astype(np.float32)
