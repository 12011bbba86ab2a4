"""What moves and is nobody: rain, snow, moths, webs, leaves, hanging straw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from bench.motion.backdrop import HEIGHT, WIDTH, Backdrop, Rng, noise

from coop.domain.frame import Picture
from coop.domain.motion import Mask


class Weather(Protocol):
    """Something drawn into the picture at a moment, in place."""

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        """``chance`` is the frame's own dice."""


class Gusts:
    """Wind of 0 to 1 that comes and goes."""

    def __init__(self, rng: Rng) -> None:
        self._waves = [
            (rng.uniform(0.03, 0.35), rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1)) for _ in range(5)
        ]

    def at(self, t: float) -> float:
        total = sum(a * math.sin(2 * math.pi * f * t + p) for f, p, a in self._waves)
        return min(max(0.45 + 0.28 * total, 0.08), 1.0)


class Rain:
    """Streaks that are elsewhere in every frame: fine ones far off, a few broad ones near the lens."""

    def __init__(self, rng: Rng, strength: float = 1.0) -> None:
        self._layers = [_streaks(rng, strength) for _ in range(6)]

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        layer = self._layers[int(chance.integers(len(self._layers)))]
        y, x = (int(v) for v in chance.integers(0, 160, 2))
        _add(picture, layer[y : y + HEIGHT, x : x + WIDTH])


def _streaks(rng: Rng, strength: float) -> Picture:
    grey = np.zeros((HEIGHT + 160, WIDTH + 160), np.uint8)
    slant = rng.uniform(-0.15, 0.15)
    for near in np.sort(rng.random(320) ** 3):
        x, y = rng.uniform(0, grey.shape[1]), rng.uniform(0, grey.shape[0])
        length = 12 + 80 * near
        tone = strength * rng.uniform(10, 34) * (1 - 0.3 * near)
        end = round(x + slant * length), round(y + length)
        cv2.line(grey, (round(x), round(y)), end, tone, 1 + round(2.4 * near), cv2.LINE_AA)
    return _mask(cv2.cvtColor(cv2.GaussianBlur(grey, (3, 3), 0.8), cv2.COLOR_GRAY2BGR))


class Snow:
    """Flakes at many distances, each on its own way; near ones are large and out of focus."""

    def __init__(self, rng: Rng, flakes: int = 150) -> None:
        self._near = rng.random(flakes) ** 2.2
        self._x, self._y = rng.uniform(0, WIDTH, flakes), rng.uniform(0, HEIGHT, flakes)
        self._fall = (140 + 620 * self._near) * rng.uniform(0.8, 1.2, flakes)
        self._drift = rng.uniform(-60, 20) * (0.3 + self._near)
        self._swing, self._phase = rng.uniform(2, 16, flakes), rng.uniform(0, 6.3, flakes)
        self._light = rng.uniform(0.6, 1.0, flakes)

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        reach = HEIGHT + 60
        y = (self._y + self._fall * t) % reach - 30
        x = (self._x + self._drift * t + self._swing * np.sin(2 * t + self._phase)) % (WIDTH + 60) - 30
        grey = np.zeros((HEIGHT, WIDTH), np.uint8)
        for cx, cy, near, light, fall in zip(x, y, self._near, self._light, self._fall, strict=True):
            radius = 1.2 + 8 * near**1.5
            tone = light * (150 - 85 * near)
            smear = fall / 120  # a shutter of 1/60 s, half to each side
            at, axes = (round(cx), round(cy)), (round(radius), round(radius + smear))
            cv2.ellipse(grey, at, axes, 0, 0, 360, tone, -1, cv2.LINE_AA)
        _add(picture, cv2.cvtColor(cv2.blur(grey, (5, 5)), cv2.COLOR_GRAY2BGR))


@dataclass(frozen=True)
class _Flight:
    start: float
    end: float
    x: float
    y: float
    vx: float
    vy: float
    size: float
    wobble: float
    phase: float


class Moths:
    """Insects before an infrared lamp: bright, blurred, quick and crooked, gone within a second or two."""

    def __init__(self, rng: Rng, seconds: float, a_minute: float = 13) -> None:
        self._flights = []
        for start in np.sort(rng.uniform(0, seconds, max(3, round(seconds * a_minute / 60)))):
            speed, course = rng.uniform(350, 1000), rng.uniform(0, 2 * math.pi)
            lasts = rng.uniform(0.4, 1.8)
            vx, vy = speed * math.cos(course), speed * math.sin(course)
            x, y = (
                rng.uniform(0.1, 0.9) * WIDTH - vx * lasts / 2,
                rng.uniform(0.1, 0.9) * HEIGHT - vy * lasts / 2,
            )
            flight = _Flight(
                float(start),
                float(start + lasts),
                x,
                y,
                vx,
                vy,
                rng.uniform(5, 16),
                rng.uniform(15, 70),
                rng.uniform(0, 6),
            )
            self._flights.append(flight)

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        for flight in self._flights:
            if flight.start <= t < flight.end:
                self._one(picture, flight, t - flight.start, chance)

    def _one(self, picture: Picture, flight: _Flight, t: float, chance: Rng) -> None:
        grey = np.zeros((HEIGHT, WIDTH), np.uint8)
        points = []
        for s in np.linspace(t, t + 1 / 40, 5):  # the way while the shutter is open at night
            x = flight.x + flight.vx * s + flight.wobble * math.sin(9 * s + flight.phase)
            y = flight.y + flight.vy * s + flight.wobble * math.cos(7 * s + flight.phase)
            points.append((x, y))
        way = np.round(np.array(points)).astype(np.int32).reshape(-1, 1, 2)
        tone = chance.uniform(90, 210)  # wings beat far faster than frames come
        cv2.polylines(
            grey, [way], False, tone, max(2, round(flight.size * chance.uniform(0.7, 1.3))), cv2.LINE_AA
        )
        _add(picture, cv2.cvtColor(cv2.blur(grey, (7, 7)), cv2.COLOR_GRAY2BGR))


class Web:
    """Threads close to the lens and lamp: broad, bright, out of focus, swaying in the draught."""

    def __init__(self, rng: Rng) -> None:
        corner = int(rng.integers(4))
        cx, cy = (0 if corner % 2 == 0 else WIDTH), (0 if corner < 2 else HEIGHT)
        self._threads = []
        for _ in range(int(rng.integers(2, 4))):
            reach = rng.uniform(0.35, 0.85) * WIDTH
            down = rng.uniform(0.25, 0.8) * HEIGHT
            a = (cx, abs(cy - down))
            b = (abs(cx - reach), cy)
            self._threads.append(
                (
                    a,
                    b,
                    rng.uniform(5, 22),
                    rng.uniform(0.35, 0.9),
                    rng.uniform(0, 6.3),
                    int(rng.integers(4, 11)),
                )
            )
        self._gusts, self._tone = Gusts(rng), rng.uniform(50, 110)

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        grey = np.zeros((HEIGHT, WIDTH), np.uint8)
        wind = self._gusts.at(t)
        for a, b, amplitude, rate, phase, thick in self._threads:
            along = np.linspace(0, 1, 14)
            sway = amplitude * wind * math.sin(2 * math.pi * rate * t + phase)
            x = a[0] + (b[0] - a[0]) * along + sway * np.sin(np.pi * along) * 0.7
            y = a[1] + (b[1] - a[1]) * along + (30 + sway) * np.sin(np.pi * along)
            way = np.round(np.stack([x, y], axis=1)).astype(np.int32).reshape(-1, 1, 2)
            tone = self._tone * (0.85 + 0.15 * math.sin(3 * t + phase))
            cv2.polylines(grey, [way], False, tone, thick, cv2.LINE_AA)
        _add(picture, cv2.cvtColor(cv2.blur(grey, (9, 9)), cv2.COLOR_GRAY2BGR))


class Leaves:
    """The foliage of a backdrop sways: every part of it moves by some pixels, more in gusts."""

    def __init__(self, rng: Rng, backdrop: Backdrop, strength: float = 1.0) -> None:
        if backdrop.foliage is None:
            raise ValueError("Leaves need a backdrop with foliage; the run has some")
        self._rows, self._columns = backdrop.foliage
        rows, columns = (s.stop - s.start for s in backdrop.foliage)
        self._still = backdrop.picture[self._rows, self._columns].copy()
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        # Nothing moves at the rim, or the sway would tear the picture there.
        inward = np.minimum.reduce([x, y, columns - 1 - x, rows - 1 - y])
        free = np.clip(inward / 30, 0, 1)
        self._x, self._y = x, y
        self._fields = [
            (
                noise(rng, rows, columns, rng.uniform(40, 120)) * free,
                rng.uniform(0.25, 1.1),
                rng.uniform(0, 6.3),
            )
            for _ in range(3)
        ]
        self._lean = free
        self._gusts, self._strength = Gusts(rng), strength * rng.uniform(2.5, 4.5)

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        wind = self._gusts.at(t) * self._strength
        x = self._x + self._lean * np.float32(wind * 0.8 * math.sin(1.1 * t))
        y = self._y
        for number, (field, rate, phase) in enumerate(self._fields):
            swing = field * np.float32(wind * math.sin(2 * math.pi * rate * t + phase) * 0.6)
            x, y = (x + swing, y) if number % 2 == 0 else (x, y + swing)
        picture[self._rows, self._columns] = cv2.remap(self._still, x, y, cv2.INTER_LINEAR)


class HangingStraw:
    """Stalks that hang from ledges and swing."""

    def __init__(self, rng: Rng, backdrop: Backdrop) -> None:
        self._stalks = [
            (
                (x + rng.uniform(-12, 12), float(y)),
                rng.uniform(35, 120),
                rng.uniform(2.0, 9.0),
                rng.uniform(0.5, 1.1),
                rng.uniform(0, 6.3),
                int(rng.integers(2, 5)),
                rng.uniform(0.6, 1.2),
            )
            for x, y in backdrop.ledges
            for _ in range(2)
        ]
        self._gusts = Gusts(rng)

    def draw(self, picture: Picture, t: float, chance: Rng) -> None:
        wind = self._gusts.at(t)
        for (x, y), length, degrees, rate, phase, thick, tone in self._stalks:
            angle = math.radians(2 * phase - 6 + degrees * wind * math.sin(2 * math.pi * rate * t + phase))
            end = x + length * math.sin(angle), y + length * math.cos(angle)
            bend = (x + end[0]) / 2 + 3 * math.sin(phase), (y + end[1]) / 2
            way = np.array([(x, y), bend, end])
            points = np.round(way * 16).astype(np.int32).reshape(-1, 1, 2)
            colour = (90 * tone, 140 * tone, 172 * tone)
            cv2.polylines(picture, [points], False, colour, thick, cv2.LINE_AA, 4)


def _add(picture: Picture, layer: Picture) -> None:
    cv2.add(picture, layer, dst=picture)


def _mask(array: object) -> Mask:
    return array  # type: ignore[return-value]  # OpenCV's results carry no exact type
