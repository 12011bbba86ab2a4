"""The bodies of hens and visitors, and how they are painted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from coop.frame.sim.flock import Colour, Pattern, Plumage
from coop.frame.sim.solid import Array, Coat, Painter, Part, Sprite, Vector, capsule, cast, rotation

HEADINGS = 16
"""Sprites are made for this many headings around the circle."""

# Coats whose seams are blurred, so that the ellipsoids grow together.
_PLUMP = frozenset({Coat.BODY, Coat.NECK, Coat.BELLY})
_FURRY = _PLUMP | {Coat.TAIL, Coat.TIP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How an animal holds itself.

    ``stride``: the phase of its walk in eighths (None: feet together). ``head``: how far the head is lowered,
    0 up to 1 at the ground. ``turn``: the head's own yaw in degrees. ``squat``: 0 standing to 1 sitting.
    ``wings``: 0 folded to 1 spread. ``tucked``: with the neck drawn in, as a hen sleeps.
    """

    stride: int | None = None
    head: float = 0.0
    turn: float = 0.0
    squat: float = 0.0
    wings: float = 0.0
    tucked: bool = False


def hen_sprite(plumage: Plumage, pose: Pose, heading: int, pixels: int) -> Sprite:
    """A hen one unit high at ``pixels``, looking to ``heading`` of ``HEADINGS`` (0 right, a quarter away)."""
    return _hen(plumage, pose, heading % HEADINGS, pixels)


@lru_cache(maxsize=768)
def _hen(plumage: Plumage, pose: Pose, heading: int, pixels: int) -> Sprite:
    mirror = _mirror(heading)
    if mirror != heading and pose.turn == 0:
        return _hen(plumage, pose, mirror, pixels).mirrored()
    parts = _hen_parts(plumage, pose)
    return cast(parts, _feathers(plumage), smooth=_PLUMP, yaw=heading * 360 / HEADINGS, pixels=pixels)


def animal_sprite(kind: str, pose: Pose, heading: int, pixels: int) -> Sprite:
    """A visitor one unit (its shoulder height) high at ``pixels``."""
    return _animal(kind, pose, heading % HEADINGS, pixels)


@lru_cache(maxsize=256)
def _animal(kind: str, pose: Pose, heading: int, pixels: int) -> Sprite:
    mirror = _mirror(heading)
    if mirror != heading and pose.turn == 0:
        return _animal(kind, pose, mirror, pixels).mirrored()
    beast = _BEASTS[kind]
    parts = _beast_parts(beast, pose)
    return cast(parts, _fur(beast), smooth=_FURRY, yaw=heading * 360 / HEADINGS, pixels=pixels)


@lru_cache(maxsize=4)
def arm_sprite(pixels: int) -> Sprite:
    """The keeper's arm reaching up into the picture; its foot is the palm of the hand."""
    return cast(_arm_parts(), _sleeve, smooth=frozenset(), yaw=0, pixels=pixels, rough=0.04)


def _mirror(heading: int) -> int:
    """The heading that is the mirror image and is really rendered: right, from away to towards the camera."""
    return (HEADINGS // 2 - heading) % HEADINGS if HEADINGS / 4 < heading < HEADINGS * 3 / 4 else heading


# --- hens ------------------------------------------------------------


def _hen_parts(plumage: Plumage, pose: Pose) -> list[Part]:
    drop = 0.235 * pose.squat
    bob = 0.0 if pose.stride is None else 0.012 * math.sin(pose.stride * math.pi / 2)
    up = bob - drop
    wide = plumage.fluff * (1 + 0.12 * pose.squat)
    parts = _trunk(up, wide, pose)
    parts += _tail(up, pose)
    parts += _neck_and_head(plumage, up, wide, pose)
    if pose.squat < 0.5:
        parts += _legs(pose)
    return parts


def _trunk(up: float, wide: float, pose: Pose) -> list[Part]:
    level = 8 - 5 * pose.squat
    parts = [
        Part(Coat.BODY, (-0.02, 0, 0.47 + up), (0.30, 0.200 * wide, 0.20 * wide), pitch=level),
        Part(Coat.BODY, (0.13, 0, 0.46 + up), (0.20, 0.185 * wide, 0.20 * wide), pitch=38),
        Part(Coat.BODY, (-0.20, 0, 0.545 + up), (0.22, 0.140 * wide, 0.125 * wide), pitch=-30),
        Part(Coat.BODY, (-0.30, 0, 0.615 + up), (0.15, 0.085 * wide, 0.095 * wide), pitch=-46),
        Part(Coat.BELLY, (-0.15, 0, 0.40 + up), (0.21, 0.165 * wide, 0.155 * wide), pitch=-14),
    ]
    for side in (-1, 1):
        if pose.wings > 0:
            parts += _open_wing(side, up, wide, pose.wings)
        else:
            parts += _folded_wing(side, up, wide)
    return parts


def _folded_wing(side: int, up: float, wide: float) -> list[Part]:
    """A shoulder, and flight feathers that reach back to the saddle."""
    lean = -side * 12
    return [
        Part(
            Coat.WING,
            (-0.02, side * 0.172 * wide, 0.50 + up),
            (0.20, 0.050, 0.125),
            pitch=12,
            yaw=side * 5,
            roll=lean,
        ),
        Part(
            Coat.WING,
            (-0.17, side * 0.160 * wide, 0.475 + up),
            (0.19, 0.034, 0.075),
            pitch=4,
            yaw=-side * 4,
            roll=lean,
        ),
    ]


def _open_wing(side: int, up: float, wide: float, wings: float) -> list[Part]:
    lift = 20 + 40 * wings
    reach, rise = 0.24 * math.cos(math.radians(lift)), 0.24 * math.sin(math.radians(lift))
    root = side * 0.14 * wide
    return [
        Part(
            Coat.WING,
            (-0.02, root + side * reach, 0.55 + up + rise),
            (0.17, 0.27, 0.03),
            roll=side * lift,
        ),
        Part(
            Coat.WING,
            (-0.12, root + side * reach * 1.2, 0.53 + up + rise * 1.1),
            (0.16, 0.24, 0.025),
            roll=side * lift,
        ),
    ]


def _tail(up: float, pose: Pose) -> list[Part]:
    """A fan of feathers, backwards and up."""
    rise = 42 - 14 * pose.squat
    parts = []
    for aside, extra in (
        (0.0, 26),
        (-0.02, 14),
        (0.02, 14),
        (-0.04, 0),
        (0.04, 0),
        (-0.03, -16),
        (0.03, -16),
    ):
        pitch = 180 - (rise + extra)
        r = math.radians(pitch)
        middle = (-0.325 + 0.13 * math.cos(r), aside, 0.62 + up + 0.13 * math.sin(r))
        parts.append(Part(Coat.TAIL, middle, (0.185, 0.020, 0.055), pitch=pitch, yaw=aside * 160))
    return parts


def _neck_and_head(plumage: Plumage, up: float, wide: float, pose: Pose) -> list[Part]:
    """Built around the root of the neck, then lowered and turned with it."""
    root: Vector = (0.17, 0, 0.58 + up)
    thrust = 0.0 if pose.stride is None else 0.035 * math.cos(pose.stride * math.pi / 2)
    reach = 0.62 if pose.tucked else 1.0
    lower = 118 * pose.head
    neck = [
        Part(Coat.NECK, (0.035, 0, 0.03), (0.15, 0.135 * wide, 0.15), pitch=50),
        Part(Coat.NECK, (0.085 + thrust / 2, 0, 0.13 * reach), (0.15, 0.095 * wide, 0.095), pitch=64),
        Part(Coat.NECK, (0.115 + thrust, 0, 0.22 * reach), (0.12, 0.068, 0.068), pitch=74),
    ]
    head = _head(plumage, (0.135 + thrust, 0, 0.305 * reach + (0.02 if pose.tucked else 0)))
    bent = [_bend(part, lower) for part in neck + [_turn(part, pose.turn, (0.12, 0, 0)) for part in head]]
    # A lowered head keeps looking forward and down, not back under the body.
    return [_moved(part, root) for part in bent]


def _head(plumage: Plumage, at: Vector) -> list[Part]:
    x, _, z = at
    tall = plumage.comb
    parts = [
        Part(Coat.NECK, (x, 0, z), (0.078, 0.060, 0.066), pitch=-8),
        Part(Coat.BEAK, (x + 0.095, 0, z - 0.012), (0.048, 0.020, 0.022), pitch=-14),
        Part(Coat.BEAK, (x + 0.085, 0, z - 0.026), (0.034, 0.015, 0.014), pitch=-10),
    ]
    for side in (-1, 1):
        parts += [
            Part(Coat.COMB, (x + 0.036, side * 0.038, z - 0.006), (0.036, 0.024, 0.034)),
            Part(Coat.EYE, (x + 0.032, side * 0.061, z + 0.010), (0.013, 0.008, 0.013)),
            Part(Coat.COMB, (x + 0.056, side * 0.016, z - 0.072), (0.022, 0.012, 0.046), pitch=8),
        ]
    teeth = ((0.062, 0.040), (0.034, 0.062), (0.002, 0.072), (-0.030, 0.060), (-0.058, 0.040))
    for dx, height in teeth:
        rise = height * tall
        parts.append(
            Part(
                Coat.COMB, (x + dx, 0, z + 0.048 + rise * 0.45), (0.019, 0.012, rise * 0.62), pitch=-dx * 260
            )
        )
    parts.append(Part(Coat.COMB, (x + 0.004, 0, z + 0.056), (0.072, 0.014, 0.018 + 0.012 * tall)))
    return parts


def _legs(pose: Pose) -> list[Part]:
    parts = []
    for side in (-1, 1):
        swing = lift = 0.0
        if pose.stride is not None:
            angle = pose.stride * math.pi / 4 + (math.pi if side > 0 else 0)
            swing, lift = 0.12 * math.cos(angle), max(0.0, 0.06 * math.sin(angle))
        if pose.wings > 0:
            swing, lift = -0.06, 0.06
        y = side * 0.085
        knee: Vector = (-0.02 + swing * 0.35, y, 0.215 + lift * 0.4)
        foot: Vector = (0.02 + swing, y, 0.022 + lift)
        parts.append(Part(Coat.BELLY, (swing * 0.2, y, 0.315), (0.085, 0.080, 0.10), pitch=70))
        parts.append(capsule(Coat.LEG, knee, foot, 0.022))
        for yaw in (-34, 0, 34):
            r = math.radians(yaw)
            tip: Vector = (foot[0] + 0.10 * math.cos(r), y + 0.10 * math.sin(r), lift + 0.008)
            parts.append(capsule(Coat.LEG, foot, tip, 0.013))
        parts.append(capsule(Coat.LEG, foot, (foot[0] - 0.05, y, lift + 0.012), 0.012))
    return parts


def _bend(part: Part, degrees: float) -> Part:
    """Rotated nose down around the left axis through the origin."""
    x, y, z = part.middle
    r = math.radians(-degrees)
    middle = (x * math.cos(r) - z * math.sin(r), y, x * math.sin(r) + z * math.cos(r))
    return Part(part.coat, middle, part.radii, part.pitch - degrees, part.yaw, part.roll)


def _turn(part: Part, degrees: float, around: Vector) -> Part:
    spin = rotation(0, degrees)
    offset = np.asarray(part.middle) - np.asarray(around)
    x, y, z = (float(v) for v in spin @ offset + np.asarray(around))
    return Part(part.coat, (x, y, z), part.radii, part.pitch, part.yaw + degrees, part.roll)


def _moved(part: Part, by: Vector) -> Part:
    x, y, z = (p + q for p, q in zip(part.middle, by, strict=True))
    return Part(part.coat, (x, y, z), part.radii, part.pitch, part.yaw, part.roll)


def _bgr(colour: Colour) -> Array:
    return np.array([channel / 255 for channel in colour[::-1]], dtype=np.float32)


_RED, _BEAK, _PUPIL = _bgr((200, 34, 30)), _bgr((214, 170, 84)), _bgr((16, 10, 8))


def _feathers(plumage: Plumage) -> Painter:
    """Scalloped feathers in the plumage's colours and pattern."""
    base = {
        Coat.BODY: _bgr(plumage.body),
        Coat.BELLY: _bgr(plumage.body) * 0.96,
        Coat.WING: _bgr(plumage.wing),
        Coat.NECK: _bgr(plumage.hackle),
        Coat.TAIL: _bgr(plumage.tail),
    }
    plain = {Coat.COMB: _RED, Coat.BEAK: _BEAK, Coat.EYE: _PUPIL, Coat.LEG: _bgr(plumage.legs)}
    mark = _bgr(plumage.mark)

    def paint(coat: Coat, points: Array) -> Array:
        if coat in plain:
            return np.broadcast_to(plain[coat], points.shape).copy()
        colour = np.broadcast_to(base[coat], points.shape).copy()
        along, around = _feather_grid(coat, points)
        row: Array = np.floor(around).astype(np.float32)
        # Bars run on from feather to feather; everything else lies like tiles.
        shifted = along if plumage.pattern is Pattern.BARRED else along + 0.5 * (row % 2)
        u, v = shifted - np.floor(shifted), around - row
        # 0 in the middle of a feather, 1 at its rounded free edge (feathers point backwards and down).
        edge: Array = np.clip(np.hypot((1 - u) * 0.95, (v - 0.5) * 1.25), 0, 1).astype(np.float32)
        shade = 1.05 - 0.16 * _step(0.62, 0.98, edge) - 0.05 * v
        if coat is Coat.WING:
            # Long flight feathers lie along the lower half of the wing.
            shade = shade * (
                1.02 - 0.20 * _step(0.2, 0.9, np.sin(points[:, 2] * 150)) * (points[:, 0] < -0.05)
            )
        strength = _marking(plumage, coat, shifted, row, u, v, edge)
        if coat is Coat.NECK and plumage.streak:
            streaks = _step(0.55, 0.75, np.abs(np.sin(np.arctan2(points[:, 1], 0.08 + points[:, 0]) * 9)))
            pale = _bgr(plumage.body)
            mix = (streaks * plumage.streak)[:, None]
            colour = colour * (1 - mix) + pale * mix
            head = _step(0.78, 0.86, points[:, 2])[:, None]
            colour = colour * (1 - head) + pale * head
        colour = colour * (1 - strength[:, None]) + mark * strength[:, None]
        return colour * shade[:, None]

    return paint


def _feather_grid(coat: Coat, points: Array) -> tuple[Array, Array]:
    """Coordinates along and around the body whose unit is one feather."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    if coat is Coat.TAIL:
        return (x * 0.9 + z * 0.9) * 6, (z - x) * 16
    if coat is Coat.WING:
        return -x * 9 - z * 2, z * 17
    if coat is Coat.NECK:
        return -z * 15, np.arctan2(y, x - 0.1) * 4.5
    return -x * 11 - z * 4, np.arctan2(z - 0.42, np.abs(y) + 0.07) * 5.2


def _marking(
    plumage: Plumage, coat: Coat, along: Array, row: Array, u: Array, v: Array, edge: Array
) -> Array:
    """How much of the mark's colour shows at each point, 0 to 1."""
    if plumage.pattern is Pattern.BARRED:
        # Each row of feathers sets its bars a little differently, which keeps them from being a zebra's.
        shift = 2.6 * np.sin(row * 12.9898)
        curve = 1.6 * (v - 0.5) ** 2  # a bar bends with its feather's rounded end
        return 0.68 * _step(-0.7, 0.7, np.sin((along + curve) * 9.6 + shift))
    if coat is Coat.TAIL:
        return np.zeros_like(edge)
    if plumage.pattern is Pattern.LACED and coat is not Coat.NECK:
        return 0.9 * _step(0.66, 0.80, edge)
    if plumage.pattern is Pattern.SPOTTED:
        cell = np.floor(along) * 12.9898 + row * 78.233
        lot = np.abs(np.sin(cell) * 43758.547) % 1
        spot = 1 - _step(0.20, 0.36, np.hypot(u - 0.5, v - 0.5))
        return spot * (lot < 0.55)
    return np.zeros_like(edge)


def _step(low: float, high: float, value: Array) -> Array:
    """Smooth from 0 below ``low`` to 1 above ``high``."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


# --- visitors ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beast:
    """Proportions in shares of the shoulder height, and colours."""

    length: float
    depth: float
    leg: float
    head: float
    snout: float
    ears: tuple[float, float]
    tail: tuple[float, float]
    neck: float
    colours: Mapping[Coat, Colour]
    stripes: float = 0.0


_BEASTS: Mapping[str, _Beast] = {
    "fox": _Beast(
        length=0.74,
        depth=0.205,
        leg=0.50,
        head=0.165,
        snout=0.20,
        ears=(0.125, 0.075),
        tail=(0.98, 0.135),
        neck=0.17,
        colours={
            Coat.BODY: (206, 98, 30),
            Coat.NECK: (212, 104, 36),
            Coat.BELLY: (236, 222, 202),
            Coat.TAIL: (198, 92, 32),
            Coat.TIP: (244, 240, 230),
            Coat.LEG: (34, 24, 20),
            Coat.BEAK: (24, 18, 16),
            Coat.EYE: (30, 20, 8),
            Coat.COMB: (40, 26, 20),
        },
    ),
    "marten": _Beast(
        length=1.25,
        depth=0.24,
        leg=0.30,
        head=0.16,
        snout=0.13,
        ears=(0.08, 0.065),
        tail=(0.95, 0.11),
        neck=0.2,
        colours={
            Coat.BODY: (92, 62, 40),
            Coat.NECK: (104, 72, 48),
            Coat.BELLY: (238, 222, 186),
            Coat.TAIL: (62, 42, 30),
            Coat.TIP: (48, 34, 24),
            Coat.LEG: (54, 36, 26),
            Coat.BEAK: (30, 20, 18),
            Coat.EYE: (10, 8, 8),
            Coat.COMB: (186, 164, 132),
        },
    ),
    "rat": _Beast(
        length=0.86,
        depth=0.34,
        leg=0.22,
        head=0.24,
        snout=0.24,
        ears=(0.13, 0.12),
        tail=(1.7, 0.035),
        neck=0.12,
        colours={
            Coat.BODY: (112, 98, 84),
            Coat.NECK: (116, 102, 88),
            Coat.BELLY: (170, 158, 146),
            Coat.TAIL: (176, 142, 132),
            Coat.TIP: (176, 142, 132),
            Coat.LEG: (178, 142, 130),
            Coat.BEAK: (190, 138, 130),
            Coat.EYE: (8, 6, 6),
            Coat.COMB: (182, 142, 132),
        },
    ),
    "cat": _Beast(
        length=0.60,
        depth=0.195,
        leg=0.50,
        head=0.175,
        snout=0.085,
        ears=(0.11, 0.07),
        tail=(0.85, 0.048),
        neck=0.18,
        colours={
            Coat.BODY: (136, 130, 122),
            Coat.NECK: (140, 134, 126),
            Coat.BELLY: (206, 202, 196),
            Coat.TAIL: (124, 118, 110),
            Coat.TIP: (52, 50, 48),
            Coat.LEG: (150, 144, 136),
            Coat.BEAK: (196, 130, 124),
            Coat.EYE: (120, 150, 40),
            Coat.COMB: (112, 104, 96),
        },
        stripes=0.62,
    ),
}


def _beast_parts(beast: _Beast, pose: Pose) -> list[Part]:
    half, deep = beast.length / 2, beast.depth
    sink = pose.squat * beast.leg * 0.5
    back = 1.0 - deep - sink
    slope = 24 * pose.squat  # sitting: the hind end goes down, the chest stays up
    parts = [
        Part(Coat.BODY, (0, 0, back), (half + deep * 0.6, deep * 0.78, deep * 0.98), pitch=slope),
        Part(Coat.BODY, (half * 0.8, 0, back + 0.02 + sink * 0.7), (deep * 1.05, deep * 0.8, deep * 1.12)),
        Part(Coat.BODY, (-half * 0.85, 0, back - sink * 0.4), (deep * 1.1, deep * 0.85, deep * 1.05)),
        Part(
            Coat.BELLY,
            (half * 0.95, 0, back - deep * 0.45 + sink * 0.7),
            (deep * 0.8, deep * 0.62, deep * 0.8),
        ),
    ]
    parts += _beast_head(beast, pose, (half + deep * 0.6, 0.0, back + deep * 0.55 + sink * 0.8))
    parts += _beast_tail(beast, (-half - deep * 0.7, 0.0, back + deep * 0.3 - sink))
    parts += _beast_legs(beast, pose, back)
    return parts


def _beast_head(beast: _Beast, pose: Pose, root: Vector) -> list[Part]:
    size, snout = beast.head, beast.snout
    x, z = beast.neck, beast.neck * 0.72
    parts = [
        Part(Coat.NECK, (x * 0.4, 0, z * 0.35), (beast.neck * 0.95, size * 0.78, size * 0.85), pitch=38),
        Part(Coat.NECK, (x, 0, z), (size, size * 0.82, size * 0.84)),
        Part(
            Coat.NECK,
            (x + size * 0.6 + snout * 0.35, 0, z - size * 0.22),
            (snout * 0.85, size * 0.36, size * 0.36),
            pitch=-9,
        ),
        Part(
            Coat.BELLY,
            (x + size * 0.5 + snout * 0.3, 0, z - size * 0.40),
            (snout * 0.85, size * 0.40, size * 0.30),
            pitch=-6,
        ),
        Part(Coat.BELLY, (x + size * 0.15, 0, z - size * 0.45), (size * 0.72, size * 0.74, size * 0.45)),
        Part(
            Coat.BEAK,
            (x + size * 0.6 + snout * 1.12, 0, z - size * 0.30),
            (size * 0.17, size * 0.17, size * 0.15),
        ),
    ]
    tall, wide = beast.ears
    for side in (-1, 1):
        ear = (x - size * 0.22, side * size * 0.55, z + size * 0.66 + tall * 0.35)
        parts += [
            Part(Coat.NECK, ear, (wide * 0.45, wide, tall), roll=-side * 14),
            Part(
                Coat.COMB,
                (ear[0] + wide * 0.3, ear[1], ear[2]),
                (wide * 0.3, wide * 0.62, tall * 0.72),
                roll=-side * 14,
            ),
            Part(
                Coat.EYE,
                (x + size * 0.62, side * size * 0.52, z + size * 0.16),
                (size * 0.12, size * 0.12, size * 0.13),
            ),
        ]
    lowered = [_bend(_turn(part, pose.turn, (0, 0, 0)), 62 * pose.head) for part in parts]
    return [_moved(part, root) for part in lowered]


def _beast_tail(beast: _Beast, root: Vector) -> list[Part]:
    """Hanging back and down, the end rising again; bushy unless it is thin."""
    length, thick = beast.tail
    steps = 9

    def along(t: float) -> Vector:
        sag = -0.80 * t + 0.50 * t * t
        return root[0] - 0.86 * length * t, 0.0, root[2] + length * sag * (1.0 if thick > 0.06 else 0.5)

    parts = []
    for i in range(steps):
        t = (i + 0.5) / steps
        fat = thick * (0.45 + 0.62 * math.sin(math.pi * (0.15 + 0.72 * t))) if thick > 0.06 else thick
        coat = Coat.TIP if i >= steps - 2 else Coat.TAIL
        parts.append(capsule(coat, along(i / steps), along((i + 1) / steps), fat))
    return parts


def _beast_legs(beast: _Beast, pose: Pose, back: float) -> list[Part]:
    parts = []
    thick = 0.050
    for end, side, phase in ((1, 1, 0.0), (1, -1, 0.5), (-1, 1, 0.5), (-1, -1, 0.0)):
        swing = lift = 0.0
        if pose.stride is not None:
            angle = pose.stride * math.pi / 4 + phase * 2 * math.pi
            swing, lift = 0.17 * math.cos(angle), max(0.0, 0.08 * math.sin(angle))
        x, y = end * beast.length * 0.46, side * beast.depth * 0.52
        top: Vector = (x, y, back - beast.depth * 0.3)
        knee: Vector = (x + swing * 0.4 - 0.05 * end, y, beast.leg * 0.48 + lift)
        foot: Vector = (x + swing + (0.1 * pose.squat if end < 0 else 0), y, 0.035 + lift)
        parts.append(capsule(Coat.BODY, top, knee, thick * (1.35 if end > 0 else 1.75)))
        parts.append(capsule(Coat.LEG, knee, foot, thick))
        parts.append(Part(Coat.LEG, (foot[0] + 0.035, y, foot[2] - 0.004), (0.075, thick * 0.95, 0.038)))
    return parts


def _fur(beast: _Beast) -> Painter:
    table = {coat: _bgr(colour) for coat, colour in beast.colours.items()}

    def paint(coat: Coat, points: Array) -> Array:
        colour = np.broadcast_to(table[coat], points.shape).copy()
        if beast.stripes and coat in (Coat.BODY, Coat.NECK, Coat.TAIL, Coat.LEG):
            wave = points[:, 0] * 46 + points[:, 2] * (30 if coat is Coat.LEG else 7)
            dark = beast.stripes * _step(0.1, 0.7, np.sin(wave + 1.7 * np.sin(points[:, 2] * 17)))
            colour *= (1 - dark)[:, None]
        return colour

    return paint


# --- the keeper ------------------------------------------------------------


def _arm_parts() -> list[Part]:
    """A forearm in a sleeve from below, seen from behind its own shoulder; one unit is a hand's length."""
    parts = [
        capsule(Coat.BODY, (1.0, 0, -3.6), (0.10, 0, -0.65), 0.40),
        capsule(Coat.BODY, (0.16, 0, -0.85), (0.06, 0, -0.50), 0.34),
        capsule(Coat.WING, (0.08, 0, -0.60), (0.05, 0, -0.48), 0.36),
        capsule(Coat.LEG, (0.05, 0, -0.50), (0.0, 0, -0.10), 0.19),
        Part(Coat.LEG, (0.0, 0, 0.02), (0.26, 0.12, 0.30)),
    ]
    for x, length in ((-0.19, 0.36), (-0.065, 0.44), (0.065, 0.43), (0.185, 0.34)):
        parts.append(capsule(Coat.LEG, (x * 0.9, 0, 0.18), (x * 1.25, 0.02, 0.18 + length), 0.068))
    parts.append(capsule(Coat.LEG, (0.2, 0, -0.02), (0.42, 0.02, 0.24), 0.075))
    return parts


def _sleeve(coat: Coat, points: Array) -> Array:
    colour = {Coat.BODY: (40, 62, 108), Coat.WING: (32, 50, 90)}.get(coat, (226, 172, 142))
    out = np.broadcast_to(_bgr(colour), points.shape).copy()
    if coat is Coat.BODY:
        # A checked shirt.
        check = (np.sin(points[:, 2] * 16) > 0.72) | (np.sin(points[:, 0] * 16 + 1) > 0.72)
        out[check] = _bgr((196, 190, 178))
    return out
