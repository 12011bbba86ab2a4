"""Daylight, clouds, the sun's patch on the straw, and the infrared lamp."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

from coop.frame.sim.script import HOUR, MINUTE, TICKS, DayScript


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """The light at one moment.

    ``colour``: gains for blue, green and red. ``patch``: strength of the sun's patch, 0 without one;
    ``patch_at``: its way across the floor, 0 to 1. ``outside``: the gain of what lies behind door and window.
    ``door``: how far the pop door is open, 0 to 1. ``noise``: 0 a bright day, 1 dusk, 2 infrared.
    """

    infrared: bool
    colour: tuple[float, float, float]
    patch: float
    patch_at: float
    outside: float
    door: float
    noise: int


def light_at(script: DayScript, seed: int, tick: int) -> Light:
    """The light of a day at ``tick``."""
    day = _rise(script.sunrise - 20 * MINUTE, script.sunrise + 55 * MINUTE, tick)
    day *= 1 - _rise(script.sunset - 55 * MINUTE, script.sunset + 36 * MINUTE, tick)
    cloud = _cloud(script, seed, tick)
    level = 0.42 + 0.62 * day - 0.22 * cloud * day
    warm = 4 * day * (1 - day)
    colour = (
        level * (1 - 0.16 * warm + 0.04 * cloud),
        level * (1 - 0.03 * warm),
        level * (1 + 0.07 * warm - 0.03 * cloud),
    )
    way = (tick - 8.2 * HOUR) / (7.6 * HOUR)
    patch = max(0.0, 1 - 1.7 * cloud) * math.sin(math.pi * way) ** 0.6 * day if 0 < way < 1 else 0.0
    infrared = script.infrared(tick)
    return Light(
        infrared=infrared,
        colour=colour,
        patch=patch,
        patch_at=way,
        outside=0.45 + 0.75 * day,
        door=_door(script, tick),
        noise=2 if infrared else int(day < 0.6),
    )


def _rise(first: float, last: float, tick: float) -> float:
    t = min(1.0, max(0.0, (tick - first) / (last - first)))
    return t * t * (3 - 2 * t)


def _door(script: DayScript, tick: int) -> float:
    slide = 3 * TICKS
    opening = (tick - script.door_opens) / slide
    closing = (script.door_closed - tick) / slide
    return min(1.0, max(0.0, min(opening, closing)))


def _cloud(script: DayScript, seed: int, tick: int) -> float:
    """Cover of the sun, 0 to 1: slow fronts with quicker clouds in them."""
    key = f"{seed}/{script.day.toordinal()}"
    slow = _wave(key, "slow", tick / (35 * MINUTE))
    quick = _wave(key, "quick", tick / (2.5 * MINUTE))
    return min(1.0, max(0.0, (0.6 * slow + 0.4 * quick - 0.75 + 0.7 * script.cloudiness) * 3.0))


def _wave(key: str, name: str, at: float) -> float:
    knot = math.floor(at)
    t = at - knot
    t = t * t * (3 - 2 * t)
    return _lot(key, name, knot) * (1 - t) + _lot(key, name, knot + 1) * t


@lru_cache(maxsize=4096)
def _lot(key: str, name: str, knot: int) -> float:
    return random.Random(f"cloud/{key}/{name}/{knot}").random()
