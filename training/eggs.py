"""Eggs that were never laid: drawn into pictures of a nest, so that a count is learned from few labels.

A keeper labels a dozen pictures, of days with seven eggs or eight: nothing in them says what one egg is. What
an egg looks like is known beforehand, though. Put some more into a picture, and its number is known as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Random = np.random.Generator
Point = tuple[float, float]

MOST = 8
"""So many are added at most."""

_BROWN = np.array([0.55, 0.66, 0.95], dtype=np.float32)  # blue, green, red
_WHITE = np.array([0.9, 0.95, 1.0], dtype=np.float32)
_GREY_BELOW = 0.12  # as infrared pictures are: the spread of the colours, as a share of the brightness
_TOGETHER = 0.75  # the share of eggs that lie beside another
_APART = 1.15  # half an egg's length: the middles of two are at least so far apart
_TRIES = 30
_BLUNT = 0.18  # how much thicker one end is


@dataclass(frozen=True, slots=True)
class _Egg:
    """Where it lies (x, y), half its length and width in pixels, how it is turned, and its colour."""

    at: Point
    length: float
    width: float
    turn: float
    colour: Floats


def with_eggs(picture: Floats, count: int, length: float, random: Random) -> Floats:
    """The picture (h, w, 3), blue, green, red, 0 to 1, with ``count`` eggs more.

    ``length``: half an egg's length, as a share of the picture's longer side. They lie in a heap or two, in
    the light of the place where they are put, and the nearer ones before the farther.
    """
    height, width = picture.shape[:2]
    half = length * max(height, width)
    result = picture.copy()
    around = cv2.GaussianBlur(picture, (0, 0), 1.2 * half)
    grey = float(np.ptp(picture, axis=2).mean()) < _GREY_BELOW * float(picture.mean())
    sun = np.array([random.normal(0, 0.4), -1.0, random.uniform(0.6, 1.6)])
    sun, shade = sun / np.linalg.norm(sun), random.uniform(0.35, 0.6)
    tint = random.uniform()
    for at in sorted(_places(count, half, (height, width), random), key=lambda place: place[1]):
        egg = _egg(at, half, grey, tint, random)
        _put(result, egg, around[int(at[1]), int(at[0])], (sun, shade), random)
    return np.asarray(np.clip(result, 0, 1), dtype=np.float32)


def _places(count: int, half: float, shape: tuple[int, int], random: Random) -> list[Point]:
    """Middles of eggs that hide one another in part at most."""
    height, width = shape
    places: list[Point] = []
    for _ in range(count):
        for _ in range(_TRIES):
            if places and random.random() < _TOGETHER:
                x, y = places[random.integers(len(places))]
                angle, far = random.uniform(0, 2 * math.pi), random.uniform(1.2, 2.4) * half
                at = x + far * math.cos(angle), y + 0.8 * far * math.sin(angle)
            else:  # on the floor rather than on the ceiling
                at = random.uniform(0.03, 0.97) * width, random.uniform(0.3, 0.97) * height
            inside = half / 2 < at[0] < width - half / 2 and half / 2 < at[1] < height - half / 2
            if inside and all(math.dist(at, other) > _APART * half for other in places):
                places.append(at)
                break
        else:
            places.append((random.uniform(0.1, 0.9) * width, random.uniform(0.4, 0.9) * height))
    return places


def _egg(at: Point, half: float, grey: bool, tint: float, random: Random) -> _Egg:
    white = np.clip(tint + random.normal(0, 0.3), 0, 1)  # those of a flock are alike, not the same
    colour = _BROWN * random.uniform(0.75, 1.0) * (1 - white) + _WHITE * white
    if grey:
        colour = np.full(3, colour.mean() * random.uniform(0.9, 1.2))
    length = half * math.exp(random.normal(0, 0.07))
    thick = length / random.uniform(1.12, 1.4)
    return _Egg(at, length, thick, random.uniform(0, math.pi), colour.astype(np.float32))


def _put(picture: Floats, egg: _Egg, around: Floats, light: tuple[Floats, float], random: Random) -> None:
    """Draw an egg, shaded as an ellipsoid is, with its shadow on what it lies on."""
    (sun, shade), (height, width) = light, picture.shape[:2]
    reach = math.ceil(1.3 * egg.length) + 2
    left, top = int(egg.at[0]) - reach, int(egg.at[1]) - reach
    rows = slice(max(0, top), min(height, top + 2 * reach + 1))
    columns = slice(max(0, left), min(width, left + 2 * reach + 1))
    y, x = np.mgrid[rows, columns].astype(np.float32)
    x, y = x - int(egg.at[0]), y - int(egg.at[1])
    cos, sin = math.cos(egg.turn), math.sin(egg.turn)
    along = (x * cos + y * sin) / egg.length
    across = (y * cos - x * sin) / (egg.width * (1 + _BLUNT * along))
    beyond = along**2 + across**2
    towards = np.sqrt(np.clip(1 - beyond, 0, 1))
    facing = (along * cos - across * sin) * sun[0] + (along * sin + across * cos) * sun[1] + towards * sun[2]
    edge = np.clip((1 - beyond) * min(egg.length, egg.width) / 2 + 0.5, 0, 1)[..., None]
    under = np.hypot(x / egg.length, (y - 0.25 * egg.width) / egg.width) / 1.1
    shadow = np.exp(-5 * np.clip(under - 0.8, 0, None))[..., None]
    bright = max(float(around.mean()), 0.02)
    colour = egg.colour * (around / bright) ** 0.8 * bright * random.uniform(1.0, 1.7)
    drawn = colour * (shade + (1.25 - shade) * np.clip(facing, 0, 1))[..., None]
    below = picture[rows, columns] * (1 - random.uniform(0.1, 0.4) * shadow * (1 - edge))
    picture[rows, columns] = below * (1 - edge) + drawn * edge
