"""How training pictures are varied: all of it in this one place, as it happens to pictures of a coop.

Each variation is a function of a picture (float32, (h, w, 3), blue, green, red, 0 to 1) and a random
generator. `RECIPES` says which ones a task gets, in which order and how often. Colour stays what it is except
for the light on it, since hens are told apart by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.preprocess import prepare
from coop.domain.frame import Picture

Floats = npt.NDArray[np.float32]
Random = np.random.Generator
Variation = Callable[[Floats, Random], Floats]

_PAPER, _INK = (247, 253, 255), (34, 39, 43)  # BGR
_TOP = 36  # pixels above a contact sheet


@dataclass(frozen=True, slots=True)
class Sometimes:
    """A variation that happens to a ``share`` of the pictures."""

    share: float
    variation: Variation


def mirrored(picture: Floats, random: Random) -> Floats:
    """Left for right."""
    return _array(cv2.flip(picture, 1))


def moved(picture: Floats, random: Random) -> Floats:
    """Turned by a few degrees, nearer or farther by a tenth, and shifted: as if the camera hung otherwise."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), random.normal(0, 4), math.exp(random.normal(0, 0.08))
    )
    turn[:, 2] += random.normal(0, 0.04, 2) * np.array((width, height))
    return _array(cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT))


def lit(picture: Floats, random: Random) -> Floats:
    """Another hour of the day: gamma, brightness, and a colour cast over the whole."""
    gamma, brightness = math.exp(random.normal(0, 0.25)), math.exp(random.normal(-0.05, 0.25))
    cast = np.exp(random.normal(0, 0.07, 3)).astype(np.float32)
    return np.asarray(np.clip(picture, 0, 1) ** np.float32(gamma) * (np.float32(brightness) * cast))


def relit(picture: Floats, random: Random) -> Floats:
    """Another day altogether: twice as bright, half as dark, and haze or glare over it."""
    gamma, brightness = math.exp(random.normal(0, 0.35)), math.exp(random.normal(0, 0.3))
    cast = np.exp(random.normal(0, 0.1, 3)).astype(np.float32)
    haze = np.float32(random.normal(0, 0.05))
    return np.asarray(np.clip(picture, 0, 1) ** np.float32(gamma) * (np.float32(brightness) * cast) + haze)


def sun_patches(picture: Floats, random: Random) -> Floats:
    """Up to five patches of sun, or of shade, with soft edges, wherever they like."""
    height, width = picture.shape[:2]
    light = np.ones((height, width), dtype=np.float32)
    for _ in range(int(random.integers(0, 6))):
        corners = random.uniform((0, 0), (width, height)) + random.normal(size=(6, 2)) * (
            random.uniform(0.05, 0.3) * width * np.array((1.0, 0.4))
        )
        patch = np.zeros((height, width), dtype=np.float32)
        cv2.fillPoly(patch, [cv2.convexHull(corners.astype(np.int32))], (1.0,))
        cv2.GaussianBlur(patch, (0, 0), random.uniform(0.005, 0.02) * width, dst=patch)
        light += patch * np.float32(random.uniform(-0.4, 2.5))
    return np.asarray(picture * np.maximum(light, 0.1)[..., None])


def other_light(picture: Floats, random: Random) -> Floats:
    """A day that nothing above makes: light that changes across the picture, another curve, a band of sun.

    For judging only. Whoever learned what the variations above look like, rather than what the light does to
    a picture, is found out by it.
    """
    height, width = picture.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    c = random.normal(0, (0.22, 0.25, 0.25, 0.15, 0.15, 0.15)).astype(np.float32)
    field = c[0] + c[1] * x + c[2] * y + c[3] * x * y + c[4] * (x * x - 1 / 3) + c[5] * (y * y - 1 / 3)
    warmth, green = random.normal(0, (0.07, 0.04)).astype(np.float32)
    lit = np.clip(picture * np.exp(field[..., None] + np.array((warmth, green, -warmth))), 0, 1)
    bend = np.clip(random.normal(0, 0.6), -0.9, 0.9)  # beyond 1 bright would become darker than dark
    lit = lit - bend / (2 * np.pi) * np.sin(2 * np.pi * lit)
    if random.random() < 0.4:
        along = y + 1 - 2 * random.uniform(-0.2, 1.0) - random.uniform(-0.5, 0.5) * x
        band = ((along > 0) & (along < 2 * random.uniform(0.05, 0.25))).astype(np.float32)
        if random.random() < 0.5:
            band = band * (x < random.uniform(-1, 1))
        soft = cv2.GaussianBlur(band, (0, 0), max(0.6, 0.004 * width))
        lit = lit * (1 + soft[..., None] * random.uniform(-0.5, 2.0))
    return np.asarray(np.clip(lit, 0, 1), dtype=np.float32)


def infrared(picture: Floats, random: Random) -> Floats:
    """Grey, with the faint cast that infrared light leaves."""
    grey = picture.mean(axis=2, keepdims=True)
    return np.asarray(grey * np.exp(random.normal(0, 0.04, 3)).astype(np.float32))


def blurred(picture: Floats, random: Random) -> Floats:
    """Out of focus, or moving."""
    return _array(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.002, 0.008) * picture.shape[1]))


def noisy(picture: Floats, random: Random) -> Floats:
    """The noise of a small sensor in the dark."""
    noise = random.normal(0, random.uniform(0.0, 0.04), picture.shape)
    return np.asarray(picture + noise.astype(np.float32))


def occluded(picture: Floats, random: Random) -> Floats:
    """Something grey in front of a part of it: a beam, another hen (random erasing, Zhong et al. 2017)."""
    height, width = picture.shape[:2]
    w, h = (int(random.uniform(0.1, 0.3) * side) for side in (width, height))
    x, y = int(random.integers(0, width - w + 1)), int(random.integers(0, height - h + 1))
    covered = picture.copy()
    covered[y : y + h, x : x + w] = random.uniform(0.1, 0.6)
    return covered


CROPS: tuple[Sometimes, ...] = (
    Sometimes(0.5, mirrored),
    Sometimes(0.8, moved),
    Sometimes(0.9, lit),
    Sometimes(0.3, sun_patches),
    Sometimes(0.15, infrared),
    Sometimes(0.3, blurred),
    Sometimes(0.5, noisy),
    Sometimes(0.2, occluded),
)
"""For crops: what moved, seen from anywhere."""

PLACES: tuple[Sometimes, ...] = (
    Sometimes(0.5, moved),
    Sometimes(0.95, relit),
    Sometimes(0.5, sun_patches),
    Sometimes(0.1, infrared),
    Sometimes(0.3, blurred),
    Sometimes(0.5, noisy),
)
"""For pictures of one place by one camera, such as a nest: the light changes, left stays left."""

RECIPES: Mapping[str, Sequence[Sometimes]] = {"crops": CROPS, "places": PLACES}


def strengthened(recipe: Sequence[Sometimes], strength: float) -> tuple[Sometimes, ...]:
    """A recipe that varies more or less: 0 not at all, 0.5 half as often, 1 as it is, 2 twice over.

    Of 1.5 the second time comes half as often. What is done twice goes farther.
    """
    whole, rest = divmod(strength, 1)
    again = tuple(Sometimes(rest * step.share, step.variation) for step in recipe) if rest else ()
    return (*(tuple(recipe) * int(whole)), *again)


def varied(picture: Picture, recipe: Sequence[Sometimes], random: Random) -> Picture:
    """A picture (h, w, 3), uint8, as it might have been; the same generator gives the same variation."""
    values: Floats = picture.astype(np.float32) / np.float32(255)
    for step in recipe:
        if random.random() < step.share:
            values = step.variation(values, random)
    return np.asarray(np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8))


def contact_sheet(
    pictures: Sequence[Picture],
    recipe: Sequence[Sometimes],
    *,
    variants: int = 7,
    side: int = 160,
    seed: int = 0,
) -> Picture:
    """A row for each picture: itself, then variants of it, as a network of input size ``side`` gets them."""
    random = np.random.default_rng(seed)
    rows = [
        np.hstack(
            [prepare(p, side) for p in (picture, *(varied(picture, recipe, random) for _ in range(variants)))]
        )
        for picture in pictures
    ]
    return np.vstack(rows)[:, :, ::-1]


def titled(sheet: Picture, recipe: str, rows: int) -> Picture:
    """A contact sheet that says what it shows, its rows apart from each other."""
    side = sheet.shape[0] // rows
    shown = sheet.copy()
    for y in range(side, sheet.shape[0], side):
        cv2.line(shown, (0, y), (sheet.shape[1], y), _PAPER, 3)
    cv2.line(shown, (side, 0), (side, sheet.shape[0]), _PAPER, 5)
    top = np.full((_TOP, sheet.shape[1], 3), _PAPER, dtype=np.uint8)
    told = (
        f'as the network gets it, varied by "{recipe}", each time anew'
        if recipe
        else "as the network gets it: no variation helped, so none is made"
    )
    for text, x in (("the picture", 8), (told, side + 10)):
        cv2.putText(top, text, (x, _TOP - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.55, _INK, 1, cv2.LINE_AA)
    return np.vstack([top, shown])


def _array(array: Any) -> Floats:
    return np.asarray(array, dtype=np.float32)  # OpenCV's results carry no exact type
