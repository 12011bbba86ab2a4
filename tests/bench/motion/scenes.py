"""The suite: every scene by its name, built from a seed. A new seed gives new scenes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from bench.motion import backdrop, light, weather
from bench.motion.actors import Actor, Animal, Egg, Leg, SpriteOf, hen, visitor
from bench.motion.backdrop import WIDTH, Backdrop, Rng
from bench.motion.camera import Clock, Noise, Shake
from bench.motion.scene import Kind, Scene

from coop.frame.sim.animals import Pose
from coop.frame.sim.flock import Plumage, make_flock

HEADINGS_RIGHT, HEADINGS_LEFT = (0, 1, 15), (8, 7, 9)
_WIDE = 1.05  # a hen is about so wide for each pixel of height
_PREDATORS = (("fox", 0.98), ("marten", 0.46), ("cat", 0.70), ("rat", 0.30))
_EGGS = ((236, 230, 218), (205, 160, 120), (186, 138, 98), (186, 212, 204))


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What a scene is built from: its dice, its length, and the seconds before it is scored."""

    rng: Rng
    seconds: float
    warm: float

    def at(self, share: float) -> float:
        """The moment at a share of the scored time."""
        return self.warm + (self.seconds - self.warm) * share


Parts = dict[str, Any]
Builder = Callable[[Brief], Parts]


def build(name: str, seed: int, seconds: float) -> Scene:
    """A scene of the suite; KeyError with the names there are if it is unknown."""
    if name not in SCENES:
        raise KeyError(f"There is no scene {name!r}; there are {', '.join(SCENES)}")
    dice = [seed, zlib.crc32(name.encode())]
    brief = Brief(rng=np.random.default_rng(dice), seconds=seconds, warm=min(10.0, seconds * 0.3))
    kind = Kind.DETECT if name in DETECT else Kind.IGNORE
    parts: Parts = {"noise": Noise(2.0, 5.5), "light": light.day(brief.rng)} | SCENES[name](brief)
    return Scene(name=name, kind=kind, seed=dice[0] ^ dice[1], seconds=seconds, warm=brief.warm, **parts)


# --- to be found ------------------------------------------------------------


def hen_day(b: Brief) -> Parts:
    place = backdrop.coop(b.rng)
    return {"backdrop": place, "actors": _visits(b, place, _flock(b.rng), (150, 260), (90, 220))}


def hen_infrared(b: Brief) -> Parts:
    return hen_day(b) | {"light": light.infrared(b.rng)}


def hen_near(b: Brief) -> Parts:
    """A quarter of the picture."""
    place = replace(backdrop.coop(b.rng), ground=(690, 716))
    return {"backdrop": place, "actors": _visits(b, place, _flock(b.rng), (560, 600), (260, 420))}


def hen_far(b: Brief) -> Parts:
    """A tenth of a percent of the picture."""
    place = backdrop.run(b.rng)
    near = replace(place, ground=(place.ground[0] - 20, place.ground[0] + 40))
    actors = _visits(b, near, _flock(b.rng), (37, 42), (55, 90), reach=(0.25, 0.5))
    return {"backdrop": place, "actors": actors}


def hen_fast(b: Brief) -> Parts:
    """Running, chased by another or towards food: across the picture in a second or two."""
    place = backdrop.run(b.rng)
    actors = _visits(b, place, _flock(b.rng), (130, 210), (750, 1050), pauses=False, rest=(1.0, 2.5))
    return {"backdrop": place, "actors": actors}


def hen_slow(b: Brief) -> Parts:
    place = backdrop.coop(b.rng)
    actors = _visits(b, place, _flock(b.rng), (170, 230), (17, 26), pauses=False, reach=(0.3, 0.5))
    return {"backdrop": place, "actors": actors}


def brown_on_straw(b: Brief) -> Parts:
    """A hen of the straw's own colour."""
    place = backdrop.coop(b.rng)
    low = replace(place, ground=(place.ground[0] + 150, place.ground[1]))
    rows = slice(low.ground[0] - 120, low.ground[1])
    blue, green, red = (float(v) for v in place.picture[rows].mean(axis=(0, 1)))
    body = tuple(round(min(255, c * 1.12 + b.rng.uniform(-6, 6))) for c in (red, green, blue))
    red, green, blue = body
    darker = (round(red * 0.88), round(green * 0.86), round(blue * 0.84))
    brown = Plumage(name="straw brown", body=body, wing=darker, hackle=body, tail=darker)
    return {"backdrop": place, "actors": _visits(b, low, [brown], (140, 190), (70, 150))}


def egg_appears(b: Brief) -> Parts:
    """Two eggs that are just there, and one that a hen leaves behind."""
    place = backdrop.nest(b.rng)
    spots = [(360, 270), (860, 250), (600, 420)]
    lasting = (b.seconds - b.warm) * 0.25
    moments = (b.at(0.02), b.at(0.25), b.at(0.6))  # the last one under the hen, who rises later
    actors: list[Actor] = [
        Egg(
            colour=_EGGS[int(b.rng.integers(len(_EGGS)))],
            x=x + int(b.rng.integers(-30, 30)),
            y=y + int(b.rng.integers(-30, 20)),
            width=int(b.rng.integers(56, 80)),
            start=start,
            new_s=lasting if number < 2 else b.seconds,
        )
        for number, ((x, y), start) in enumerate(zip(spots, moments, strict=True))
    ]
    sits, rises = b.at(0.5), b.at(0.72)
    tall, spot, out = 330.0, (640.0, 500.0), (WIDTH + 200.0, 560.0)
    way = 2.0
    legs = [
        Leg(start=sits - way, end=sits, a=out, b=spot, tall=(tall, tall), heading=8),
        Leg(start=sits, end=rises, a=spot, b=spot, tall=(tall, tall), act="sit", heading=8),
        Leg(start=rises, end=rises + way, a=spot, b=out, tall=(tall, tall), heading=0),
    ]
    actors.append(Animal(sprite_of=hen(_flock(b.rng)[0]), legs=legs))
    return {"backdrop": place, "actors": actors}


def predator_dusk(b: Brief) -> Parts:
    place = backdrop.run(b.rng)
    actors: list[Actor] = []
    start = b.warm + 0.5
    kinds = [_PREDATORS[i] for i in b.rng.permutation(len(_PREDATORS))]
    while start < b.seconds - 4:
        kind, share = kinds[len(actors) % len(kinds)]
        tall = (round(170 * share), round(210 * share))
        animal, start = _visit(b, place, visitor(kind), start, tall, (130, 240), wide=3.0 * max(share, 0.6))
        actors.append(animal)
        start += b.rng.uniform(1, 3)
    return {"backdrop": place, "actors": actors, "light": light.dusk(b.rng), "noise": Noise(6.0, 5.5)}


def two_hens(b: Brief) -> Parts:
    """Side by side, with a gap that always shows."""
    place = backdrop.coop(b.rng)
    plumages = _flock(b.rng)
    actors: list[Actor] = []
    start = b.warm + 0.5
    while start < b.seconds - 6 or not actors:
        first = plumages[len(actors) % len(plumages)]
        animal, end = _visit(b, place, hen(first), start, (170, 220), (130, 200))
        second = plumages[(len(actors) + 1) % len(plumages)]
        walk = animal.legs[0]
        leftwards = walk.b[0] < walk.a[0]
        reaches = _reach(hen(first), walk.heading), _reach(hen(second), walk.heading)
        # The second walks behind: her front stays clear of the first one's tail.
        touching = reaches[0][1] + reaches[1][0] if leftwards else reaches[0][0] + reaches[1][1]
        behind = (1 if leftwards else -1) * (touching * walk.tall[0] + b.rng.uniform(16, 44))
        legs = [
            replace(leg, a=(leg.a[0] + behind, leg.a[1]), b=(leg.b[0] + behind, leg.b[1]))
            for leg in animal.legs
        ]
        actors += [animal, Animal(sprite_of=hen(second), legs=legs)]
        start = end + b.rng.uniform(0.5, 2)
    return {"backdrop": place, "actors": actors}


def hen_stands(b: Brief) -> Parts:
    """She comes, stands for most of the scene, hardly moving and for a while not at all, and goes."""
    place = backdrop.coop(b.rng)
    tall = float(b.rng.integers(180, 240))
    y = float(b.rng.integers(*place.ground))
    middle, out = (b.rng.uniform(450, 830), y), (-0.6 * tall, y)
    comes, goes, way = b.warm + 0.5, b.at(0.86), 3.0
    stands = comes + way
    naps = stands + (goes - stands) * 0.4
    wakes = stands + (goes - stands) * 0.75
    height = (tall, tall)
    legs = [
        Leg(start=comes, end=stands, a=out, b=middle, tall=height, heading=0),
        Leg(start=stands, end=naps, a=middle, b=middle, tall=height, act="look", heading=0),
        Leg(start=naps, end=wakes, a=middle, b=middle, tall=height, act="stand", heading=0),
        Leg(start=wakes, end=goes, a=middle, b=middle, tall=height, act="look", heading=0),
        Leg(start=goes, end=goes + way, a=middle, b=out, tall=height, heading=8),
    ]
    return {"backdrop": place, "actors": [Animal(sprite_of=hen(_flock(b.rng)[0]), legs=legs)]}


def hen_switch(b: Brief) -> Parts:
    """The filter switches while a hen is there."""
    place = backdrop.coop(b.rng)
    lit = light.switching(b.rng, [b.at(0.3)], [b.at(0.65)], begins=False)
    return {"backdrop": place, "actors": [_stays(b, place)], "light": lit}


def hen_lamp(b: Brief) -> Parts:
    """A lamp goes on and off while a hen is there."""
    place = backdrop.coop(b.rng)
    return {
        "backdrop": place,
        "actors": [_stays(b, place)],
        "light": light.lamp(b.rng, [b.at(0.3), b.at(0.65)], begins=False),
    }


def hen_wind(b: Brief) -> Parts:
    """A hen in the run while bushes sway: what is learned of leaves must not swallow her."""
    place = backdrop.run(b.rng)
    actors = _visits(b, place, _flock(b.rng), (110, 180), (90, 200))
    return {"backdrop": place, "actors": actors, "under": [weather.Leaves(b.rng, place)]}


def hen_rain(b: Brief) -> Parts:
    place = backdrop.run(b.rng)
    actors = _visits(b, place, _flock(b.rng), (110, 180), (90, 200))
    return {"backdrop": place, "actors": actors, "over": [weather.Rain(b.rng)]}


def hen_compressed(b: Brief) -> Parts:
    return hen_day(b) | {"kilobits": int(b.rng.integers(350, 500))}


# --- to be ignored ------------------------------------------------------------


def quiet_day(b: Brief) -> Parts:
    return {"backdrop": backdrop.run(b.rng)}


def noise_infrared(b: Brief) -> Parts:
    return {
        "backdrop": backdrop.coop(b.rng),
        "light": light.infrared(b.rng),
        "noise": Noise(2.0, b.rng.uniform(6, 9)),
    }


def infrared_on(b: Brief) -> Parts:
    lit = light.switching(b.rng, [b.at(b.rng.uniform(0.2, 0.5))], [], begins=False)
    return {"backdrop": backdrop.coop(b.rng), "light": lit, "noise": Noise(4.0, 5.5)}


def infrared_off(b: Brief) -> Parts:
    lit = light.switching(b.rng, [], [b.at(b.rng.uniform(0.2, 0.5))], begins=True)
    return {"backdrop": backdrop.coop(b.rng), "light": lit, "noise": Noise(4.0, 5.5)}


def lamp(b: Brief) -> Parts:
    begins = bool(b.rng.random() < 0.5)
    switches = [b.at(b.rng.uniform(0.1, 0.3)), b.at(b.rng.uniform(0.5, 0.7))]
    return {"backdrop": backdrop.coop(b.rng), "light": light.lamp(b.rng, switches, begins)}


def cloud(b: Brief) -> Parts:
    passes = [b.at(b.rng.uniform(0.05, 0.15)), b.at(b.rng.uniform(0.4, 0.5)), b.at(b.rng.uniform(0.7, 0.8))]
    return {"backdrop": backdrop.run(b.rng), "light": light.clouds(b.rng, passes)}


def sun_patch(b: Brief) -> Parts:
    place = backdrop.coop(b.rng)
    return {"backdrop": place, "light": light.sun_patch(b.rng, b.seconds, place.ground)}


def web(b: Brief) -> Parts:
    return _at_night(b) | {"over": [weather.Web(b.rng)]}


def moths(b: Brief) -> Parts:
    return _at_night(b) | {"over": [weather.Moths(b.rng, b.seconds)]}


def rain(b: Brief) -> Parts:
    return {"backdrop": backdrop.run(b.rng), "over": [weather.Rain(b.rng, b.rng.uniform(0.9, 1.3))]}


def snow(b: Brief) -> Parts:
    return {
        "backdrop": backdrop.run(b.rng),
        "light": light.infrared(b.rng),
        "over": [weather.Snow(b.rng, int(b.rng.integers(110, 170)))],
    }


def leaves(b: Brief) -> Parts:
    place = backdrop.run(b.rng)
    return {"backdrop": place, "under": [weather.Leaves(b.rng, place)]}


def hanging_straw(b: Brief) -> Parts:
    place = backdrop.coop(b.rng)
    return {"backdrop": place, "under": [weather.HangingStraw(b.rng, place)]}


def compression(b: Brief) -> Parts:
    return {
        "backdrop": backdrop.coop(b.rng),
        "noise": Noise(3.0, 5.5),
        "kilobits": int(b.rng.integers(200, 350)),
    }


def shaking_mount(b: Brief) -> Parts:
    return {"backdrop": backdrop.coop(b.rng), "shake": Shake(b.rng, b.seconds, b.warm)}


def auto_exposure(b: Brief) -> Parts:
    return {"backdrop": backdrop.run(b.rng), "light": light.hunting_exposure(b.rng, b.seconds, b.warm)}


def clock(b: Brief) -> Parts:
    return {"backdrop": backdrop.coop(b.rng), "clock": Clock(b.rng)}


def _at_night(b: Brief) -> Parts:
    return {"backdrop": backdrop.coop(b.rng), "light": light.infrared(b.rng)}


# --- ways ------------------------------------------------------------


def _reach(sprite_of: SpriteOf, heading: int) -> tuple[float, float]:
    """How far a hen gets to the left and to the right of her foot in any pose, in heights."""
    poses = [Pose(stride=stride) for stride in range(8)] + [Pose(head=0.5), Pose(head=0.92)]
    sprites = [sprite_of(pose, heading, 100) for pose in poses]
    left = max(sprite.foot[0] for sprite in sprites)
    return left / 100, max(sprite.width - sprite.foot[0] for sprite in sprites) / 100


def _flock(rng: Rng) -> list[Plumage]:
    """Plumages of a flock, in any order."""
    return [h.plumage for h in make_flock(int(rng.integers(10_000)), 8).hens]


def _visits(
    b: Brief,
    place: Backdrop,
    plumages: Sequence[Plumage],
    tall: tuple[int, int],
    speed: tuple[float, float],
    *,
    pauses: bool = True,
    rest: tuple[float, float] = (0.8, 2.0),
    reach: tuple[float, float] | None = None,
) -> list[Actor]:
    """One hen after the other, for as long as the scene lasts."""
    actors: list[Actor] = []
    start = b.warm + 0.5
    while start < b.seconds - 2:
        plumage = plumages[len(actors) % len(plumages)]
        animal, start = _visit(b, place, hen(plumage), start, tall, speed, pauses=pauses, reach=reach)
        actors.append(animal)
        start += b.rng.uniform(*rest)
    return actors


def _visit(
    b: Brief,
    place: Backdrop,
    sprite_of: SpriteOf,
    start: float,
    tall: tuple[int, int],
    speed: tuple[float, float],
    *,
    pauses: bool = True,
    reach: tuple[float, float] | None = None,
    wide: float = _WIDE,
) -> tuple[Animal, float]:
    """In at one side, a pause to peck and to look, and out at the other, or back where ``reach`` is given.

    ``reach``: how far into the picture it goes, as shares of the width. Returns it and when it is gone.
    """
    height = float(b.rng.integers(tall[0], tall[1] + 1))
    y = float(b.rng.integers(*place.ground))
    leftwards = bool(b.rng.random() < 0.5)
    margin = 0.55 * wide * height
    begin, end = (WIDTH + margin, -margin) if leftwards else (-margin, WIDTH + margin)
    if reach is None:
        turn, last = b.rng.uniform(0.3, 0.7) * WIDTH, end
    else:
        share = b.rng.uniform(*reach)
        turn, last = (1 - share if leftwards else share) * WIDTH, begin
    pace = b.rng.uniform(*speed)
    legs: list[Leg] = []
    t, x = start, begin
    for target in (turn, last):
        heading = int(b.rng.choice(HEADINGS_LEFT if target < x else HEADINGS_RIGHT))
        took = abs(target - x) / pace
        legs.append(
            Leg(start=t, end=t + took, a=(x, y), b=(target, y), tall=(height, height), heading=heading)
        )
        t, x = t + took, target
        if target == turn and pauses:
            for act in ("peck", "look"):
                lasts = b.rng.uniform(1.0, 2.5)
                here = (x, y)
                legs.append(
                    Leg(
                        start=t,
                        end=t + lasts,
                        a=here,
                        b=here,
                        tall=(height, height),
                        act=act,
                        heading=heading,
                    )
                )
                t += lasts
    return Animal(sprite_of=sprite_of, legs=legs), t


def _stays(b: Brief, place: Backdrop) -> Animal:
    """A hen that comes in and then goes about in the picture to the end."""
    tall = float(b.rng.integers(170, 230))
    y = float(b.rng.integers(*place.ground))
    x, t = -0.5 * tall, b.warm + 0.5
    legs: list[Leg] = []
    while t < b.seconds:
        target = b.rng.uniform(0.15, 0.85) * WIDTH
        pace = b.rng.uniform(80, 170)
        heading = int(b.rng.choice(HEADINGS_LEFT if target < x else HEADINGS_RIGHT))
        took = max(abs(target - x) / pace, 0.3)
        height = (tall, tall)
        legs.append(Leg(start=t, end=t + took, a=(x, y), b=(target, y), tall=height, heading=heading))
        t, x = t + took, target
        lasts = b.rng.uniform(1.0, 3.0)
        act = str(b.rng.choice(["peck", "look"]))
        legs.append(Leg(start=t, end=t + lasts, a=(x, y), b=(x, y), tall=height, act=act, heading=heading))
        t += lasts
    return Animal(sprite_of=hen(_flock(b.rng)[0]), legs=legs)


DETECT: Mapping[str, Builder] = {
    "hen-day": hen_day,
    "hen-infrared": hen_infrared,
    "hen-near": hen_near,
    "hen-far": hen_far,
    "hen-fast": hen_fast,
    "hen-slow": hen_slow,
    "brown-on-straw": brown_on_straw,
    "egg-appears": egg_appears,
    "predator-dusk": predator_dusk,
    "two-hens": two_hens,
    "hen-stands": hen_stands,
    "hen-switch": hen_switch,
    "hen-lamp": hen_lamp,
    "hen-wind": hen_wind,
    "hen-rain": hen_rain,
    "hen-compressed": hen_compressed,
}
IGNORE: Mapping[str, Builder] = {
    "quiet-day": quiet_day,
    "noise-infrared": noise_infrared,
    "infrared-on": infrared_on,
    "infrared-off": infrared_off,
    "lamp": lamp,
    "cloud": cloud,
    "sun-patch": sun_patch,
    "web": web,
    "moths": moths,
    "rain": rain,
    "snow": snow,
    "leaves": leaves,
    "hanging-straw": hanging_straw,
    "compression": compression,
    "shaking-mount": shaking_mount,
    "auto-exposure": auto_exposure,
    "clock": clock,
}
SCENES: Mapping[str, Builder] = {**DETECT, **IGNORE}
