"""Hens, visitors and eggs in the scenes: where each is at a moment, its sprite, and its true box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from bench.motion.backdrop import HEIGHT, WIDTH

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.frame.sim.animals import Pose, animal_sprite, hen_sprite
from coop.frame.sim.flock import Plumage
from coop.frame.sim.solid import Sprite

SEEN = 0.4
"""A thing counts as in the picture from this share of its box on; with less it is not judged either way."""
_FINEST = (
    400  # pixels of height at which sprites are cast; nearer ones are enlarged, as a lens would blur them
)
_STRIDE = 0.55  # heights that a hen goes in one full step of both feet
_CLOSE = 0.6  # of an egg's width: what is nearer is close to it
_SHUTTER_S = 1 / 60
_SHADOW = 0.30
"""How dark the ground below a thing is at most; in the lamp's light there is hardly any."""

SpriteOf = Callable[[Pose, int, int], Sprite]
"""From pose, heading and pixels of height to a sprite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One stretch of a way: from ``a`` to ``b`` (foot, in pixels) between two moments, in one manner.

    ``tall`` is the height in pixels at both ends. ``act``: walk, peck, look, stand or sit.
    """

    start: float
    end: float
    a: tuple[float, float]
    b: tuple[float, float]
    tall: tuple[float, float]
    act: str = "walk"
    heading: int = 0

    def at(self, t: float) -> tuple[float, float, float]:
        """Foot and height at ``t``."""
        share = (t - self.start) / (self.end - self.start)
        x, y = (p + (q - p) * share for p, q in zip(self.a, self.b, strict=True))
        return x, y, self.tall[0] + (self.tall[1] - self.tall[0]) * share

    def pose(self, t: float) -> Pose:
        """How the animal holds itself at ``t``."""
        into = t - self.start
        match self.act:
            case "walk":
                gone = np.hypot(self.b[0] - self.a[0], self.b[1] - self.a[1]) * into / (self.end - self.start)
                return Pose(stride=int(gone / (_STRIDE * max(self.tall)) * 8) % 8)
            case "peck":
                return Pose(head=(0.0, 0.5, 0.92, 0.92, 0.7, 0.92, 0.5, 0.0)[int(into * 4) % 8])
            case "look":
                return Pose(turn=(0.0, 0.0, 38.0, 0.0, -38.0, 0.0)[int(into / 0.8) % 6])
            case "sit":
                return Pose(squat=1.0, turn=(0.0, 0.0, 0.0, 34.0, 0.0, -34.0)[int(into / 1.5) % 6])
        return Pose()


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Placed:
    """A sprite with its top left corner at (x, y).

    ``new`` is whether it must be found; with ``alone`` only where nothing else is close to it.
    """

    sprite: Sprite
    x: int
    y: int
    shadow: float
    new: bool = True
    alone: bool = False


class Actor(Protocol):
    """Whatever may be in a scene for a while."""

    def at(self, t: float) -> Placed | None:
        """Where it is at ``t`` seconds, if it is there."""


@dataclass(frozen=True, kw_only=True)
class Animal:
    """A hen or a visitor that goes its way."""

    sprite_of: SpriteOf
    legs: Sequence[Leg]

    def at(self, t: float) -> Placed | None:
        leg = next((leg for leg in self.legs if leg.start <= t < leg.end), None)
        if leg is None:
            return None
        x, y, tall = leg.at(t)
        speed = abs(leg.b[0] - leg.a[0]) / (leg.end - leg.start) if leg.act == "walk" else 0.0
        sprite = _sized(self.sprite_of, leg.pose(t), leg.heading, round(tall), round(speed * _SHUTTER_S))
        left, top = round(x - sprite.foot[0]), round(y - sprite.foot[1])
        return Placed(sprite=sprite, x=left, y=top, shadow=_SHADOW * tall)


@dataclass(frozen=True, kw_only=True)
class Egg:
    """An egg that lies at (x, y) from ``start`` on and is new for ``new_s`` seconds."""

    colour: tuple[int, int, int]
    x: int
    y: int
    width: int
    start: float
    new_s: float

    def at(self, t: float) -> Placed | None:
        if t < self.start:
            return None
        sprite = egg_sprite(self.colour, self.width)
        new = t < self.start + self.new_s
        shadow = 0.35 * self.width
        # No detector of motion can tell an egg from the hen that stands over it.
        return Placed(sprite=sprite, x=self.x, y=self.y, shadow=shadow, new=new, alone=True)


def hen(plumage: Plumage) -> SpriteOf:
    """Sprites of a hen."""
    return lambda pose, heading, pixels: hen_sprite(plumage, pose, heading, pixels)


def visitor(kind: str) -> SpriteOf:
    """Sprites of a fox, marten, rat or cat."""
    return lambda pose, heading, pixels: animal_sprite(kind, pose, heading, pixels)


@lru_cache(maxsize=1024)
def _sized(sprite_of: SpriteOf, pose: Pose, heading: int, tall: int, blur: int) -> Sprite:
    pixels = min(max(tall, 60), _FINEST)
    sprite = sprite_of(pose, heading, pixels)
    if pixels != tall:
        sprite = sprite.scaled(tall / pixels)
    return _blurred(sprite, blur) if blur >= 3 else sprite


def _blurred(sprite: Sprite, by: int) -> Sprite:
    """Smeared along its way while the shutter was open."""
    edges = (0, 0, by, by)
    bgr, alpha = (
        cv2.blur(cv2.copyMakeBorder(layer, *edges, cv2.BORDER_CONSTANT, value=0), (by, 1))
        for layer in (sprite.bgr, sprite.alpha)
    )
    return Sprite(bgr.astype(np.uint8), alpha.astype(np.uint8), (sprite.foot[0] + by, sprite.foot[1]))


@lru_cache(maxsize=32)
def egg_sprite(colour: tuple[int, int, int], width: int) -> Sprite:
    """A shaded egg lying on its side; ``colour`` is red, green, blue."""
    fine = 4
    w, h = width * fine, round(width * 0.76) * fine
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    u, v = (x - w / 2) / (w / 2), (y - h / 2) / (h / 2)
    inside = u**2 * (1 + 0.12 * u) + v**2
    bulge = np.sqrt(np.clip(1 - inside, 0, 1))
    light = np.clip(0.55 + 0.38 * bulge - 0.28 * v, 0, 1.12)
    alpha = ((inside < 1) * 255).astype(np.uint8)
    bgr = np.clip(np.array(colour[::-1], np.float32) * light[..., None], 0, 255) * (alpha > 0)[..., None]
    return Sprite(bgr.astype(np.uint8), alpha, (w / 2, h)).scaled(1 / fine)


def paint(picture: Picture, placed: Sequence[Placed]) -> tuple[list[Box], list[Box]]:
    """Paint the things, the farthest first; the boxes that must be found, and those that are not judged.

    What is hidden behind a nearer thing counts as not there.
    """
    owner = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)  # half size is fine enough for what hides what
    wanted: list[Box] = []
    spared: list[Box] = []
    for number, thing in enumerate(placed, start=1):
        shadow = _shade(picture, thing)
        if shadow is not None:
            spared.append(shadow)  # where a hen's shadow moves, something did
        _blend(picture, thing, owner, number)
    wholes = [_solid_box(thing) for thing in placed]
    for number, (thing, whole) in enumerate(zip(placed, wholes, strict=True), start=1):
        seen = whole.clipped(WIDTH, HEIGHT)
        if seen is None:
            continue
        ys, xs = np.nonzero(owner[seen.y // 2 : seen.bottom // 2, seen.x // 2 : seen.right // 2] == number)
        if not xs.size:
            continue
        box = Box(
            seen.x // 2 * 2 + 2 * int(xs.min()),
            seen.y // 2 * 2 + 2 * int(ys.min()),
            2 * int(np.ptp(xs)) + 2,
            2 * int(np.ptp(ys)) + 2,
        )
        close = thing.alone and any(box.padded(_CLOSE).iou(other) > 0 for other in wholes if other != whole)
        (wanted if thing.new and box.area >= SEEN * whole.area and not close else spared).append(box)
    return wanted, spared


def _solid_box(thing: Placed) -> Box:
    x, y, w, h = cv2.boundingRect((thing.sprite.alpha > 127).astype(np.uint8))
    return Box(thing.x + x, thing.y + y, max(w, 1), max(h, 1))


def _blend(picture: Picture, thing: Placed, owner: Picture, number: int) -> None:
    box = Box(thing.x, thing.y, thing.sprite.width, thing.sprite.height).clipped(WIDTH, HEIGHT)
    if box is None:
        return
    inside = np.s_[box.y - thing.y : box.bottom - thing.y, box.x - thing.x : box.right - thing.x]
    alpha = np.ascontiguousarray(thing.sprite.alpha[inside])
    area = picture[box.y : box.bottom, box.x : box.right]
    rest = cv2.bitwise_not(alpha)
    area[:] = cv2.add(
        cv2.multiply(area, cv2.merge((rest, rest, rest)), scale=1 / 255), thing.sprite.bgr[inside]
    )
    own = owner[box.y // 2 : box.bottom // 2, box.x // 2 : box.right // 2]
    if own.size:
        small = cv2.resize(alpha, (own.shape[1], own.shape[0]), interpolation=cv2.INTER_AREA)
        own[small > 127] = number


def _shade(picture: Picture, thing: Placed) -> Box | None:
    """Paint a soft shadow on the ground below; the box of it that is in the picture."""
    half = round(thing.shadow)
    if half < 3:
        return None
    shape = _shadow(half)
    left = thing.x + round(thing.sprite.foot[0]) - shape.shape[1] // 2
    top = thing.y + round(thing.sprite.foot[1]) - shape.shape[0] // 2
    box = Box(left, top, shape.shape[1], shape.shape[0]).clipped(WIDTH, HEIGHT)
    if box is not None:
        area = picture[box.y : box.bottom, box.x : box.right]
        inside = shape[box.y - top : box.bottom - top, box.x - left : box.right - left]
        area[:] = cv2.multiply(area, inside, scale=1 / 255)
    return box


@lru_cache(maxsize=256)
def _shadow(half: int) -> Picture:
    width, height = half * 3, max(3, round(half * 0.8))
    x = np.linspace(-1.5, 1.5, width, dtype=np.float32)[None, :]
    y = np.linspace(-1.5, 1.5, height, dtype=np.float32)[:, None]
    left = 1 - 0.45 * np.exp(-2.4 * (x**2 + y**2))
    return np.repeat((left * 255).astype(np.uint8)[..., None], 3, axis=2)
