"""Hens that meet, as boxes with their truth: what a motion detector would make of them, with its faults."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from coop.domain.box import Box
from coop.domain.frame import Picture

WIDTH, HEIGHT = 640, 360
Rng = np.random.Generator
Path = Callable[[float], tuple[float, float]]
"""From seconds to the place of a hen's middle."""


@dataclass(frozen=True, kw_only=True)
class Hen:
    name: str
    w: float
    h: float
    path: Path
    colour: tuple[int, int, int]

    def box(self, t: float) -> Box:
        x, y = self.path(t)
        return Box(round(x - self.w / 2), round(y - self.h / 2), round(self.w), round(self.h))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One frame: where everything is in truth, what is found of it, and the picture."""

    seconds: float
    truth: Mapping[str, Box]
    regions: Sequence[Box]
    picture: Picture


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Two or three hens; ``missing`` is the chance that a region is not found in a frame."""

    hens: Sequence[Hen]
    seconds: float
    missing: float
    rng: Rng

    def moments(self, fps: float) -> Iterator[Moment]:
        for n in range(round(self.seconds * fps)):
            t = n / fps
            boxes = {hen.name: hen.box(t) for hen in self.hens}
            inside = {name: box for name, box in boxes.items() if box.clipped(WIDTH, HEIGHT) == box}
            found = [self._trembling(region) for region in merged(list(inside.values()))]
            kept = [region for region in found if self.rng.random() >= self.missing]
            yield Moment(seconds=t, truth=inside, regions=kept, picture=self._drawn(boxes))

    def _trembling(self, box: Box) -> Box:
        """A region whose edges lie a little off, as those of a walking hen do."""
        left, top, right, bottom = self.rng.normal(0, 0.03 * math.hypot(box.w, box.h), 4).round().astype(int)
        x, y = max(box.x + left, 0), max(box.y + top, 0)
        far, low = min(box.right + right, WIDTH), min(box.bottom + bottom, HEIGHT)
        return Box(int(x), int(y), max(int(far - x), 4), max(int(low - y), 4))

    def _drawn(self, boxes: Mapping[str, Box]) -> Picture:
        picture = np.full((HEIGHT, WIDTH, 3), (90, 150, 170), np.uint8)
        for hen in sorted(self.hens, key=lambda hen: boxes[hen.name].bottom):
            box = boxes[hen.name]
            centre = round(box.x + box.w / 2), round(box.y + box.h / 2)
            cv2.ellipse(picture, (centre, (box.w, box.h), 0), hen.colour, -1)
        return picture


def merged(boxes: Sequence[Box], gap: int = 3) -> list[Box]:
    """Boxes that touch, or nearly, are one region, as motion sees them."""
    groups: list[Box] = []
    for box in boxes:
        while (other := next((g for g in groups if _near(g, box, gap)), None)) is not None:
            groups.remove(other)
            box = box.union(other)
        groups.append(box)
    return groups


def _near(a: Box, b: Box, gap: int) -> bool:
    return a.x < b.right + gap and b.x < a.right + gap and a.y < b.bottom + gap and b.y < a.bottom + gap


def _size(rng: Rng) -> tuple[float, float]:
    w = rng.uniform(40, 90)
    return w, w * rng.uniform(0.7, 1.1)


def _colours(rng: Rng, alike: bool) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    flock = [(40, 70, 110), (235, 240, 240), (35, 35, 40), (60, 110, 190)]
    one, other = rng.permutation(len(flock))[:2]
    return flock[one], flock[one if alike else other]


def _pair(rng: Rng, one: Path, other: Path, alike: bool) -> tuple[Hen, Hen]:
    w, h = _size(rng)  # of the same size: only their ways and colours tell them apart
    first, second = _colours(rng, alike)
    return Hen(name="a", w=w, h=h, path=one, colour=first), Hen(name="b", w=w, h=h, path=other, colour=second)


def passing(rng: Rng, *, alike: bool = True) -> Meeting:
    """Two hens walk past each other."""
    speed_a, speed_b = rng.uniform(45, 110, 2)
    y = rng.uniform(140, 220)
    slope = rng.uniform(-8, 8)
    x0, x1 = 60, 580
    seconds = (x1 - x0) / min(speed_a, speed_b)
    hens = _pair(
        rng,
        lambda t: (min(x0 + speed_a * t, x1), y),
        lambda t: (max(x1 - speed_b * t, x0), y + slope * (t - seconds / 2)),
        alike,
    )
    return Meeting(hens=hens, seconds=seconds, missing=0.04, rng=rng)


def turning_back(rng: Rng, *, alike: bool = False) -> Meeting:
    """Two hens of different colour meet, stand close for a while, and go back where they came from."""
    speed_a, speed_b = rng.uniform(50, 110, 2)
    y, middle = rng.uniform(140, 220), rng.uniform(260, 380)
    stand = rng.uniform(0.5, 4)
    hens = list(_pair(rng, lambda t: (0, 0), lambda t: (0, 0), alike))
    near = hens[0].w * rng.uniform(0.3, 0.45)
    meet = max((middle - near - 60) / speed_a, (580 - middle - near) / speed_b)

    def there_and_back(begin: float, stop: float, speed: float) -> Path:
        sign, leave = math.copysign(1, stop - begin), meet + stand
        arrive = abs(stop - begin) / speed

        def at(t: float) -> tuple[float, float]:
            if t < meet - arrive:
                return begin, y
            if t < meet:
                return stop - sign * speed * (meet - t), y
            if t < leave:
                return stop, y
            return stop - sign * min(speed * (t - leave), abs(stop - begin)), y

        return at

    a = there_and_back(60, middle - near, speed_a)
    b = there_and_back(580, middle + near, speed_b)
    hens = [
        Hen(name=hen.name, w=hen.w, h=hen.h, path=path, colour=hen.colour)
        for hen, path in zip(hens, (a, b), strict=True)
    ]
    return Meeting(hens=hens, seconds=2 * meet + stand, missing=0.04, rng=rng)


def lingering(rng: Rng, *, alike: bool = True) -> Meeting:
    """One hen stands and pecks, another walks up to her, stays for seconds, and goes on past her."""
    speed, stay = rng.uniform(50, 110), rng.uniform(1, 4)
    y, x = rng.uniform(140, 220), rng.uniform(260, 380)
    arrive = (x - 30 - 60) / speed

    def at(t: float) -> tuple[float, float]:
        walked = t if t < arrive else max(arrive, t - stay)
        return min(60 + speed * walked, 590), y + 6

    hens = _pair(rng, at, lambda t: (x + 3 * math.sin(5 * t), y), alike)
    return Meeting(hens=hens, seconds=stay + 530 / speed, missing=0.04, rng=rng)


def missing_often(rng: Rng, *, alike: bool = True) -> Meeting:
    """Two hens cross on different lines, and one frame in four does not show them."""
    meeting = passing(rng, alike=alike)
    return Meeting(hens=meeting.hens, seconds=meeting.seconds, missing=0.25, rng=rng)


def side_by_side(rng: Rng, *, alike: bool = True) -> Meeting:
    """Two hens go the same way, touch now and then, and never change places."""
    speed, y = rng.uniform(40, 90), rng.uniform(120, 160)
    pace = rng.uniform(0.8, 2.0)
    hens = list(_pair(rng, lambda t: (0, 0), lambda t: (0, 0), alike))
    apart = hens[0].h * 1.08

    def below(t: float) -> tuple[float, float]:
        return 60 + speed * t + 12 * math.sin(pace * t), y + apart + 0.15 * apart * math.sin(1.7 * pace * t)

    paths: tuple[Path, Path] = (lambda t: (60 + speed * t, y), below)
    hens = [
        Hen(name=hen.name, w=hen.w, h=hen.h, path=path, colour=hen.colour)
        for hen, path in zip(hens, paths, strict=True)
    ]
    return Meeting(hens=hens, seconds=500 / speed, missing=0.04, rng=rng)


MEETINGS: Mapping[str, Callable[[Rng], Meeting]] = {
    "passing": passing,
    "missing-often": missing_often,
    "lingering": lingering,
    "side-by-side": side_by_side,
    "turning-back": turning_back,
    "passing-other-colour": lambda rng: passing(rng, alike=False),
    "lingering-other-colour": lambda rng: lingering(rng, alike=False),
}
