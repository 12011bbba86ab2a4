"""Who stands where at one moment: sprites placed in the picture, before any light falls on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from coop.domain.box import Box
from coop.domain.motion import Mask
from coop.frame.sim import scene
from coop.frame.sim.animals import HEADINGS, Pose, animal_sprite, arm_sprite, hen_sprite
from coop.frame.sim.flock import Colour, Flock
from coop.frame.sim.scenery import paint_scenery
from coop.frame.sim.script import STRANGER, TICKS, Act, Actor, DayScript, Laid, Layer, Segment
from coop.frame.sim.solid import Sprite

_SIZES = {"fox": 0.98, "marten": 0.46, "rat": 0.27, "cat": 0.70}
"""Shoulder height of visitors in shares of a hen's height."""
_HAND = 0.66
EGG = "egg"
PERSON = "person"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Placement:
    """One sprite with its top left corner at (``x``, ``y``) in pixels; ``clip`` is what may be seen of it.

    ``shadow`` is its foot and half width in pixels where it stands on the floor.
    """

    subject: str
    kind: str
    sprite: Sprite
    x: int
    y: int
    clip: tuple[int, int, int, int]
    behind_lips: bool
    shadow: tuple[float, float, float] | None

    def window(self) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom of what lies inside the clip, or None."""
        left, top = max(self.x, self.clip[0]), max(self.y, self.clip[1])
        right = min(self.x + self.sprite.width, self.clip[2])
        bottom = min(self.y + self.sprite.height, self.clip[3])
        return (left, top, right, bottom) if right > left and bottom > top else None

    def inside(self, window: tuple[int, int, int, int]) -> tuple[slice, slice]:
        """The sprite's own rows and columns that fall on ``window``."""
        left, top, right, bottom = window
        return slice(top - self.y, bottom - self.y), slice(left - self.x, right - self.x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What can be seen of one subject: the box of its visible pixels, and their share of all its pixels."""

    subject: str
    kind: str
    box: Box
    visible: float


class Stage:
    """Places a flock and its visitors in pictures of one size."""

    def __init__(self, flock: Flock, width: int, height: int) -> None:
        self._flock = flock
        self.width, self.height = width, height
        self._sx, self._sy = width / scene.WIDTH, height / scene.HEIGHT
        self._scale = min(self._sx, self._sy)
        # About twice the size at which sprites are mostly shown; less in large pictures, where it costs most.
        self._pixels = round(190 * (self._scale if self._scale < 1 else self._scale**0.5))

    def place(self, script: DayScript, tick: int, eggs: Sequence[Laid]) -> list[Placement]:
        """Everything in view at ``tick``, the farthest first."""
        ranked = [((1.0, egg.spot[1]), self._egg(egg)) for egg in eggs]
        for number, actor in enumerate(script.actors):
            segment = actor.at(tick)
            if segment is not None:
                spot = _spot(segment, tick)
                order = {Layer.OUTSIDE: 0.0, Layer.NEST: 2.0, Layer.ROOST: 3.0, Layer.FLOOR: 4.0}[
                    segment.layer
                ]
                if actor.kind == PERSON:
                    order = 5.0
                ranked.append(((order, spot[1] + number * 1e-3), self._actor(actor, segment, tick, number)))
        return [placement for _, placement in sorted(ranked, key=lambda item: item[0])]

    def look(self, placements: Sequence[Placement]) -> tuple[Seen, ...]:
        """What of each can be seen, by painting numbers instead of colours."""
        owner = np.full((self.height, self.width), -1, np.int16)
        lips = paint_scenery(self.width, self.height).lips_mask
        for number, placement in enumerate(placements):
            window = placement.window()
            if window is None:
                continue
            left, top, right, bottom = window
            solid = placement.sprite.alpha[placement.inside(window)] > 127
            if placement.behind_lips:
                solid = solid & (lips[top:bottom, left:right] < 128)
            owner[top:bottom, left:right][solid] = number
        return tuple(seen for number, p in enumerate(placements) if (seen := _seen(p, owner, number)))

    def _egg(self, egg: Laid) -> Placement:
        left, _, right, lip = scene.nest_opening(egg.nest)
        across, near = egg.spot
        x = (left + right) / 2 + across * 48
        y = lip - 8.5 + 5 * near
        colour = self._flock.hen(egg.hen).plumage.egg
        sprite = _egg_sprite(colour, max(3, round(11.5 * self._scale)))
        clip = self._pixels_of(scene.nest_opening(egg.nest), grow_down=10)
        return self._placed(EGG, EGG, sprite, (x, y), clip, behind_lips=True)

    def _actor(self, actor: Actor, segment: Segment, tick: int, number: int) -> Placement:
        x, y, tall = _spot(segment, tick)
        pose = _pose(segment, tick, number)
        heading = round(segment.heading / (360 / HEADINGS)) % HEADINGS
        if actor.kind == PERSON:
            sprite, tall = arm_sprite(self._pixels), tall * _HAND
        elif actor.kind in ("hen", STRANGER):
            hen = self._flock.hen(actor.subject)
            sprite, tall = hen_sprite(hen.plumage, pose, heading, self._pixels), tall * hen.size
        else:
            sprite, tall = animal_sprite(actor.kind, pose, heading, self._pixels), tall * _SIZES[actor.kind]
        sprite = sprite.scaled(tall * self._scale / self._pixels)
        clip = (0, 0, self.width, self.height)
        if segment.layer is Layer.OUTSIDE:
            clip = self._pixels_of(scene.DOOR, grow_down=3)
        elif segment.layer is Layer.NEST:
            clip = self._pixels_of((*scene.nest_opening(_nest(segment))[:3], scene.NEST_FOOT), grow_down=0)
        shadow = None
        # Nothing in the air or in the picture's edge throws one.
        if segment.layer is Layer.FLOOR and segment.act not in (Act.HOP, Act.REACH):
            shadow = x * self._sx, y * self._sy, 0.36 * tall * self._scale
        kind = "hen" if actor.kind == STRANGER else actor.kind
        placed = self._placed(actor.subject, kind, sprite, (x, y), clip, segment.layer is Layer.NEST, shadow)
        return placed

    def _placed(
        self,
        subject: str,
        kind: str,
        sprite: Sprite,
        at: tuple[float, float],
        clip: tuple[int, int, int, int],
        behind_lips: bool,
        shadow: tuple[float, float, float] | None = None,
    ) -> Placement:
        return Placement(
            subject=subject,
            kind=kind,
            sprite=sprite,
            x=round(at[0] * self._sx - sprite.foot[0]),
            y=round(at[1] * self._sy - sprite.foot[1]),
            clip=clip,
            behind_lips=behind_lips,
            shadow=shadow,
        )

    def _pixels_of(self, rect: scene.Rect, grow_down: float) -> tuple[int, int, int, int]:
        left, top, right, bottom = rect
        return (
            round(left * self._sx),
            round(top * self._sy),
            round(right * self._sx),
            round((bottom + grow_down) * self._sy),
        )


def _seen(
    placement: Placement, owner: np.ndarray[tuple[int, int], np.dtype[np.int16]], number: int
) -> Seen | None:
    window = placement.window()
    if window is None:
        return None
    left, top, right, bottom = window
    mine = owner[top:bottom, left:right] == number
    count = int(np.count_nonzero(mine))
    if not count:
        return None
    rows, columns = np.nonzero(mine.any(axis=1))[0], np.nonzero(mine.any(axis=0))[0]
    box = Box(
        left + int(columns[0]),
        top + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
    whole = int(np.count_nonzero(placement.sprite.alpha > 127))
    return Seen(subject=placement.subject, kind=placement.kind, box=box, visible=count / whole)


def _nest(segment: Segment) -> int:
    return scene.NESTS.index(segment.place)


def _share(segment: Segment, tick: int) -> float:
    """How much of the segment has passed, 0 to 1."""
    return (tick - segment.start) / (segment.end - segment.start)


def _spot(segment: Segment, tick: int) -> tuple[float, float, float]:
    """Feet and height of a usual hen there, in scene points."""
    t = _share(segment, tick)
    a, b = segment.a, segment.b
    x, y, tall = a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.tall + (b.tall - a.tall) * t
    if segment.act is Act.HOP:
        y -= 34 * 4 * t * (1 - t)
    return x, y, tall


_STRIDES = (0, 2, 4, 6)
_PECKS = (0.92, 0.7, 0.92, 0.35)
_GLANCES = (0.0, 40.0, 40.0, 0.0, -40.0, -40.0)


def _pose(segment: Segment, tick: int, number: int) -> Pose:
    """How the actor holds itself; still actors only stir every few minutes."""
    beat = tick - segment.start
    match segment.act:
        case Act.WALK:
            return Pose(stride=_STRIDES[tick % 4])
        case Act.HOP:
            return Pose(wings=(1.0, 0.35)[beat % 2])
        case Act.PECK:
            return Pose(head=_PECKS[beat % 4])
        case Act.LOOK:
            return Pose(turn=_GLANCES[beat % 6])
        case Act.FIDGET:
            return Pose(squat=(0.7, 0.55, 0.55, 0.85)[beat % 4], head=(0.0, 0.3, 0.5, 0.1)[beat % 4])
        case Act.SLEEP:
            return Pose(squat=1.0, tucked=True)
        case Act.SIT:
            quiet = (tick // (180 * TICKS) * 7 + number * 5) % 4
            return Pose(squat=1.0, turn=(0.0, 36.0, 0.0, -36.0)[quiet])
    return Pose()


@lru_cache(maxsize=64)
def _egg_sprite(colour: Colour, width: int) -> Sprite:
    """A shaded egg lying on its side; its foot is its lowest point."""
    fine = 8
    w, h = width * fine, round(width * 0.76) * fine
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    u, v = (x - w / 2 + 0.5) / (w / 2), (y - h / 2 + 0.5) / (h / 2)
    inside = u**2 * (1 + 0.10 * u) + v**2
    up = np.sqrt(np.clip(1 - inside, 0, 1))
    light = np.clip(0.62 + 0.34 * up - 0.30 * v - 0.10 * u, 0, 1.15)
    bgr = np.array(colour[::-1], np.float32) * light[..., None]
    alpha: Mask = ((inside < 1) * np.uint8(255)).astype(np.uint8)
    premultiplied = np.where(alpha[..., None] > 0, np.clip(bgr, 0, 255), 0).astype(np.uint8)
    return Sprite(premultiplied, alpha, (w / 2, h)).scaled(1 / fine)
