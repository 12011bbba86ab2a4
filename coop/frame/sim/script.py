"""One simulated day: who is where when. Pure: the same seed, flock and date give the same day.

Times are ticks of a fifth of a second from the day's local midnight, places are points of the scene.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from coop.frame.sim import scene
from coop.frame.sim.flock import Flock, Hen

TICKS = 5
"""Ticks in a second, and frames in a second while anything moves."""
MINUTE = 60 * TICKS
HOUR = 60 * MINUTE
DAY = 24 * HOUR

STRANGER = "stranger"
"""The kind of a hen that is none of the flock."""
PREDATORS = frozenset({"fox", "marten", "rat"})
_FRAMES_A_DAY = 3_250
"""Strolls are only added while the day has fewer frames, so that thirty days stay under 100,000."""

_QUIET_FROM, _QUIET_TO = HOUR // 2, 22 * HOUR + HOUR // 2
"""Everything happens between these: a day of 23 or 25 hours then loses or repeats nothing."""


class Act(StrEnum):
    WALK = "walk"
    HOP = "hop"
    STAND = "stand"
    PECK = "peck"
    LOOK = "look"
    SIT = "sit"
    FIDGET = "fidget"
    SLEEP = "sleep"
    REACH = "reach"


_STILL = frozenset({Act.SIT, Act.SLEEP, Act.STAND})


class Layer(StrEnum):
    """What may hide an actor: the wall beside the door, the nest's boards, or nothing."""

    OUTSIDE = "outside"
    NEST = "nest"
    ROOST = "roost"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where feet are, and the height of a usual hen there, in scene points."""

    x: float
    y: float
    tall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One thing an actor does from tick ``start`` up to, not including, ``end``.

    ``heading``: degrees, 0 right, 90 away from the camera; for a walk it follows from the spots.
    """

    start: int
    end: int
    act: Act
    a: Spot
    b: Spot
    heading: float
    layer: Layer
    place: str

    @property
    def moves(self) -> bool:
        return self.act not in _STILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A hen (``kind`` "hen") or a visitor (``subject`` is its ``kind``) and its day, in order, with gaps."""

    subject: str
    kind: str
    segments: tuple[Segment, ...]
    starts: tuple[int, ...] = field(repr=False)

    def at(self, tick: int) -> Segment | None:
        """What the actor does at ``tick``; None while it is away."""
        index = bisect_right(self.starts, tick) - 1
        if index < 0 or tick >= self.segments[index].end:
            return None
        return self.segments[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """An egg: ``nest`` counts from 0; ``spot`` is where it lies, -1 to 1 across the nest."""

    tick: int
    nest: int
    hen: str
    spot: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stolen:
    """An egg that a thief takes."""

    tick: int
    egg: Laid


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The camera is "dark" or "frozen" from ``start`` up to, not including, ``end``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScript:
    """Everything that happens on one day. ``collected`` is the tick at which each nest is emptied."""

    day: date
    sunrise: int
    sunset: int
    door_opens: int
    door_closed: int
    infrared_off: int
    infrared_on: int
    cloudiness: float
    actors: tuple[Actor, ...]
    laid: tuple[Laid, ...]
    collected: tuple[int, int, int]
    faults: tuple[Fault, ...]
    stolen: tuple[Stolen, ...]
    out: str | None
    """The hen that does not come home this evening."""
    moving: tuple[tuple[int, int], ...]
    """Disjoint spans of ticks in which something moves, in order; both ends belong to them."""

    def infrared(self, tick: int) -> bool:
        return not self.infrared_off <= tick < self.infrared_on

    def fault(self, tick: int) -> Fault | None:
        return next((fault for fault in self.faults if fault.start <= tick < fault.end), None)

    def shown(self, tick: int) -> int:
        """The tick whose picture the camera gives at ``tick``: another one only while it is frozen."""
        fault = self.fault(tick)
        return fault.start if fault is not None and fault.kind == "frozen" else tick


def sun_times(day: date) -> tuple[int, int]:
    """Sunrise and sunset at about 50 degrees north, in ticks; noon is at twelve."""
    season = math.sin(2 * math.pi * (day.timetuple().tm_yday - 80) / 365.25)
    half = (12.1 + 4.1 * season) / 2
    return round((12 - half) * HOUR), round((12 + half) * HOUR)


def write_day(
    seed: int, flock: Flock, day: date, *, faults: bool = False, trouble: bool = False
) -> DayScript:
    """The script of one day. ``trouble``: on some days thieves, strangers, faults, a hen that stays out."""
    return _Writer(seed, flock, day, faults, trouble).write()


def frame_ticks(script: DayScript, length: int = DAY) -> list[int]:
    """The ticks of a day of ``length`` ticks that have a frame, in order.

    Each full minute, and every tick while something moves.
    """
    ticks = set(range(0, length, MINUTE))
    for first, last in script.moving:
        ticks.update(range(first, min(last + 1, length)))
    return sorted(ticks)


# --- places ------------------------------------------------------------

_BEHIND_DOOR = Spot(81, 232, 50)
_IN_DOOR = Spot(82, 247, 62)
_HOLE = Spot(668, 282, 74)
"""Where rats and martens slip in, to the right of the picture."""


def _floor(x: float, y: float) -> Spot:
    return Spot(x, y, scene.hen_height(y))


def _bed(nest: int, offset: float) -> Spot:
    left, _, right, _ = scene.nest_opening(nest)
    return Spot((left + right) / 2 + offset, scene.NEST_BED, 70)


def _under_nest(nest: int, offset: float) -> Spot:
    left, _, right, _ = scene.nest_opening(nest)
    return _floor((left + right) / 2 + offset, 292)


def _perch(slot: int, hens: int) -> Spot:
    left, top, right, _ = scene.ROOST_BAR
    pitch = (right - left - 74) / max(hens - 1, 7)
    return Spot(left + 34 + pitch * slot, top + 3, 64)


# --- movement ------------------------------------------------------------


class _Path:
    """Segments of one actor, one after the other."""

    def __init__(self, start: int, spot: Spot, pace: float = 1.0) -> None:
        self.tick = start
        self.spot = spot
        self.segments: list[Segment] = []
        self._pace = pace

    def _add(self, ticks: int, act: Act, to: Spot, heading: float, layer: Layer, place: str) -> None:
        end = self.tick + max(1, ticks)
        self.segments.append(
            Segment(
                start=self.tick,
                end=end,
                act=act,
                a=self.spot,
                b=to,
                heading=heading,
                layer=layer,
                place=place,
            )
        )
        self.tick, self.spot = end, to

    def walk(self, to: Spot, *, layer: Layer = Layer.FLOOR, place: str = scene.RUN) -> None:
        dx, dy = to.x - self.spot.x, to.y - self.spot.y
        # The floor is seen at a slant: a step away from the camera covers more of it than of the picture.
        distance = math.hypot(dx, 1.6 * dy)
        speed = 0.95 * (self.spot.tall + to.tall) / 2 * self._pace
        heading = math.degrees(math.atan2(-2.2 * dy, dx))
        self._add(round(distance / speed * TICKS), Act.WALK, to, heading, layer, place)

    def hop(self, to: Spot, seconds: float, place: str) -> None:
        heading = math.degrees(math.atan2(-(to.y - self.spot.y), to.x - self.spot.x))
        heading = max(-30.0, min(30.0, heading)) if to.x >= self.spot.x else 180.0
        self._add(round(seconds * TICKS), Act.HOP, to, heading, Layer.FLOOR, place)

    def do(self, act: Act, ticks: int, heading: float, *, layer: Layer, place: str) -> None:
        self._add(ticks, act, self.spot, heading, layer, place)


class _Writer:
    def __init__(self, seed: int, flock: Flock, day: date, faults: bool, trouble: bool) -> None:
        self._rng = random.Random(f"day/{seed}/{flock.number}/{len(flock.hens)}/{day.isoformat()}")
        self._seed, self._flock, self._day, self._faulty = seed, flock, day, faults
        # Lots of their own, so that the same day without trouble stays what it is.
        self._troubled = trouble
        self._lots = random.Random(f"trouble/{seed}/{flock.number}/{day.isoformat()}")
        self._stolen: list[Stolen] = []
        self._sunrise, self._sunset = sun_times(day)
        self._hens: dict[str, list[Segment]] = {hen.name: [] for hen in flock.hens}
        self._visitors: list[Actor] = []
        self._laid: list[Laid] = []
        self._sits: list[tuple[int, int, int, float]] = []  # nest, from, to, offset
        self._business = 0, 0
        self._scenes: list[tuple[int, int]] = []  # times at which visitors keep the hens outside

    def write(self) -> DayScript:
        rng = self._rng
        opens = self._sunrise + rng.randrange(6, 12) * MINUTE
        closed = self._sunset + rng.randrange(20, 26) * MINUTE
        door = ((opens, opens + 3 * TICKS), (closed - 3 * TICKS, closed))
        # When hens go in and out: after the morning's rush, before the evening's.
        self._business = self._mornings(opens) + 5 * MINUTE, self._evenings() - 5 * MINUTE
        collected = self._collection()
        self._predator(opens, closed)
        self._cat()
        self._layings()
        self._strolls(door)
        if self._troubled:
            self._trouble(collected)
        actors = self._actors()
        return DayScript(
            day=self._day,
            sunrise=self._sunrise,
            sunset=self._sunset,
            door_opens=opens,
            door_closed=closed,
            infrared_off=self._sunrise - 14 * MINUTE,
            infrared_on=self._sunset + 34 * MINUTE,
            cloudiness=rng.random(),
            actors=actors,
            laid=tuple(sorted(self._laid, key=lambda egg: egg.tick)),
            collected=collected,
            faults=self._camera_faults() if self._has_faults() else (),
            stolen=tuple(self._stolen),
            out=self._out(self._day),
            moving=_moving(actors, door),
        )

    def _has_faults(self) -> bool:
        return self._faulty or (self._troubled and self._lots.random() < 0.25)

    def _out(self, night: date) -> str | None:
        """Who stays out in a night, which both its days must know; on about one night in five."""
        if not self._troubled:
            return None
        lots = random.Random(f"out/{self._seed}/{self._flock.number}/{night.toordinal()}")
        name = lots.choice(list(self._hens))
        return name if lots.random() < 0.2 else None

    # The roost's order must be the same before and after midnight, so it hangs on the night, not on the day.
    def _perches(self, night: date) -> dict[str, int]:
        slots = list(range(len(self._flock.hens)))
        random.Random(f"night/{self._seed}/{self._flock.number}/{night.toordinal()}").shuffle(slots)
        return dict(zip(self._hens, slots, strict=True))

    def _perch_heading(self, slot: int) -> float:
        """Sideways or facing the camera, mixed along the bar, and the same every night."""
        return (-68.0, -112.0, -30.0, -90.0, -150.0)[slot % 5]

    def _mornings(self, opens: int) -> int:
        """Down from the roost and out, one after the other; returns when the last one is out."""
        night = date.fromordinal(self._day.toordinal() - 1)
        slots, out = self._perches(night), self._out(night)
        leave = opens + MINUTE // 2
        for name in self._rng.sample(list(slots), len(slots)):
            slot = slots[name]
            if name == out:
                continue
            path = _Path(0, _perch(slot, len(slots)))
            facing = self._perch_heading(slot)
            path.do(Act.SLEEP, self._sunrise, facing, layer=Layer.ROOST, place=scene.ROOST)
            path.do(Act.SIT, leave - path.tick, facing, layer=Layer.ROOST, place=scene.ROOST)
            landing = _floor(
                max(150.0, path.spot.x - self._rng.uniform(40, 130)), self._rng.uniform(286, 326)
            )
            path.hop(landing, 0.8, scene.RUN)
            self._to_door(path)
            self._hens[name] += path.segments
            leave += round(self._rng.uniform(0.3, 2.2) * MINUTE)
        return max(own[-1].end for own in self._hens.values() if own)

    def _evenings(self) -> int:
        """Home before the sun sets and up to the roost; returns when the first one comes."""
        slots = self._perches(self._day)
        first = arrive = self._sunset - round((4 + 2.0 * len(slots)) * MINUTE)
        out = self._out(self._day)
        for name in self._rng.sample(list(slots), len(slots)):
            slot = slots[name]
            if name == out:
                continue
            path = self._from_door(arrive)
            perch = _perch(slot, len(slots))
            path.walk(_floor(max(190.0, perch.x - self._rng.uniform(0, 60)), self._rng.uniform(284, 300)))
            path.hop(perch, 0.8, scene.ROOST)
            facing = self._perch_heading(slot)
            path.do(Act.FIDGET, 2 * TICKS, facing, layer=Layer.ROOST, place=scene.ROOST)
            asleep = self._sunset + 12 * MINUTE
            path.do(Act.SIT, max(1, asleep - path.tick), facing, layer=Layer.ROOST, place=scene.ROOST)
            # An hour too many covers a day of 25 hours.
            path.do(Act.SLEEP, DAY + HOUR - path.tick, facing, layer=Layer.ROOST, place=scene.ROOST)
            self._hens[name] += path.segments
            arrive += round(self._rng.uniform(0.3, 2.0) * MINUTE)
        return first

    def _from_door(self, start: int, pace: float = 1.0) -> _Path:
        path = _Path(start, _BEHIND_DOOR, pace)
        path.walk(_IN_DOOR, layer=Layer.OUTSIDE, place=scene.POP_DOOR)
        path.walk(_floor(self._rng.uniform(96, 130), self._rng.uniform(276, 290)), place=scene.POP_DOOR)
        return path

    def _to_door(self, path: _Path) -> None:
        path.walk(_floor(self._rng.uniform(92, 126), self._rng.uniform(274, 290)))
        path.walk(_IN_DOOR, place=scene.POP_DOOR)
        path.walk(_BEHIND_DOOR, layer=Layer.OUTSIDE, place=scene.POP_DOOR)

    # --- the day's business

    def _free(self, first: int, last: int) -> bool:
        """Whether no visitor is about and no one is asked to be in two places."""
        return not any(first < b + 2 * MINUTE and last > a - 2 * MINUTE for a, b in self._scenes)

    def _hen_is_out(self, name: str, first: int, last: int) -> bool:
        return not any(first <= s.end + MINUTE and last >= s.start - MINUTE for s in self._hens[name])

    def _collection(self) -> tuple[int, int, int]:
        """The keeper's arm takes the eggs out of one nest after the other."""
        first, last = self._business
        start = round(first + (last - first) * self._rng.uniform(0.66, 0.8))
        path = _Path(start, Spot(470, 500, 100))
        taken = []
        for nest in self._rng.choice(((0, 1, 2), (2, 1, 0))):
            left, _, right, _ = scene.nest_opening(nest)
            reach = Spot((left + right) / 2, 212, 100)
            path._add(6, Act.REACH, reach, 0, Layer.FLOOR, scene.NESTS[nest])
            path.do(Act.REACH, 3, 0, layer=Layer.FLOOR, place=scene.NESTS[nest])
            taken.append((nest, path.tick - 1))
            path._add(5, Act.REACH, Spot(reach.x + 14, 290, 100), 0, Layer.FLOOR, scene.RUN)
        path._add(6, Act.REACH, Spot(500, 520, 100), 0, Layer.FLOOR, scene.RUN)
        self._visitor("person", path)
        by_nest = dict(taken)
        return by_nest[0], by_nest[1], by_nest[2]

    def _visitor(self, kind: str, path: _Path) -> None:
        self._scenes.append((path.segments[0].start, path.tick))
        self._visitors.append(_actor(kind, kind, path.segments))

    def _predator(self, opens: int, closed: int) -> None:
        """On every second day: a fox while the door is open at dusk, a marten or a rat in the night."""
        if (self._day.toordinal() + self._seed) % 2:
            return
        kind = self._rng.choices(("fox", "marten", "rat"), (5, 2, 3))[0]
        if kind == "fox":
            self._fox(round(self._rng.uniform(self._sunset + 4 * MINUTE, closed - 4 * MINUTE)))
        else:
            start = round(
                self._rng.uniform(self._sunset + 60 * MINUTE, min(_QUIET_TO, self._sunset + 200 * MINUTE))
            )
            if self._rng.random() < 0.5:
                start = round(self._rng.uniform(_QUIET_FROM, self._sunrise - 60 * MINUTE))
            self._prowler(kind, start)

    def _fox(self, start: int) -> None:
        path = self._from_door(start, pace=1.1)
        path.do(Act.LOOK, 5, -20, layer=Layer.FLOOR, place=scene.RUN)
        path.walk(_floor(self._rng.uniform(300, 420), self._rng.uniform(312, 336)))
        path.do(Act.LOOK, 7, 10, layer=Layer.FLOOR, place=scene.RUN)
        path.walk(_floor(self._rng.uniform(470, 540), self._rng.uniform(300, 330)))
        path.do(Act.PECK, 6, 40, layer=Layer.FLOOR, place=scene.RUN)
        self._to_door(path)
        self._visitor("fox", path)

    def _prowler(self, kind: str, start: int) -> None:
        path = _Path(start, _HOLE, pace=1.5 if kind == "rat" else 1.9)
        for _ in range(2):
            path.walk(_floor(self._rng.uniform(230, 560), self._rng.uniform(270, 335)))
            path.do(
                Act.LOOK,
                self._rng.randrange(4, 9),
                path.segments[-1].heading,
                layer=Layer.FLOOR,
                place=scene.RUN,
            )
        path.walk(_HOLE)
        self._visitor(kind, path)

    def _cat(self) -> None:
        """On about one day in three a cat comes in, sits for some minutes, and leaves."""
        if self._rng.random() > 0.35:
            return
        first, last = self._business
        stay = self._rng.randrange(2, 7) * MINUTE
        start = self._find(first, last - stay - MINUTE, stay + MINUTE, lambda a, b: self._free(a, b))
        if start is None:
            return
        path = self._from_door(start, pace=1.1)
        path.walk(_floor(self._rng.uniform(200, 420), self._rng.uniform(305, 335)))
        path.do(Act.LOOK, 5, -40, layer=Layer.FLOOR, place=scene.RUN)
        path.do(Act.SIT, stay, -40, layer=Layer.FLOOR, place=scene.RUN)
        self._to_door(path)
        self._visitor("cat", path)

    def _layings(self) -> None:
        """Each layer on most days, mostly in the morning; now and then a hen only tries a nest."""
        first, last = self._business
        for hen in self._rng.sample(self._flock.hens, len(self._flock.hens)):
            lays = hen.lays and self._rng.random() < 0.84
            if not lays and self._rng.random() > 0.3:
                continue
            stay = (
                round(self._rng.uniform(14, 40) * MINUTE)
                if lays
                else round(self._rng.uniform(10, 16) * MINUTE)
            )
            late = round(first + (last - first) * self._rng.uniform(0.45, 0.95)) - stay
            self._nest_visit(hen, first, max(first + MINUTE, late), stay, lays)

    def _nest_visit(self, hen: Hen, first: int, last: int, stay: int, lays: bool) -> None:
        """Take a nest that is free, or shared with one other hen; best liked is the middle one."""
        for _ in range(60):
            start = self._rng.randrange(first, last)
            end = start + stay + MINUTE
            nest = self._rng.choices((0, 1, 2), (3, 5, 2))[0]
            others = [s for s in self._sits if s[0] == nest and s[1] < end + MINUTE and s[2] > start - MINUTE]
            if not self._free(start, end) or not self._hen_is_out(hen.name, start, end):
                continue
            if len(others) > 1 or (others and self._rng.random() > 0.35):
                continue
            side = -1.0 if others and others[0][3] > 0 else 1.0
            offset = side * self._rng.uniform(22, 25)
            self._sit(hen, nest, offset, start, stay, lays)
            return

    def _sit(self, hen: Hen, nest: int, offset: float, start: int, stay: int, lays: bool) -> None:
        place = scene.NESTS[nest]
        path = self._from_door(start)
        path.walk(_under_nest(nest, offset - 26))
        path.hop(_bed(nest, offset), 0.8, place)
        entered = path.tick
        end = entered + stay
        # Looking into the nest's corner or out of it, always a little towards the camera.
        facing = self._rng.choice((-18.0, -45.0)) if offset < 0 else self._rng.choice((-162.0, -135.0))
        path.do(Act.FIDGET, round(1.6 * TICKS), facing, layer=Layer.NEST, place=place)
        laid_at = round(entered + stay * self._rng.uniform(0.6, 0.9))
        stirs = [laid_at] if lays else []
        if stay > 20 * MINUTE:
            stirs.append(round(entered + stay * self._rng.uniform(0.2, 0.5)))
        for stir in sorted(stirs):
            path.do(Act.SIT, stir - path.tick, facing, layer=Layer.NEST, place=place)
            path.do(Act.FIDGET, round(2.2 * TICKS), facing, layer=Layer.NEST, place=place)
            if stir == laid_at:
                # The egg lies where she sits, so that it shows only after she has gone.
                spot = self._egg_spot(nest, offset)
                self._laid.append(Laid(tick=path.tick - 2, nest=nest, hen=hen.name, spot=spot))
        path.do(Act.SIT, max(1, end - path.tick), facing, layer=Layer.NEST, place=place)
        path.hop(_under_nest(nest, offset - 40), 0.6, scene.RUN)
        self._to_door(path)
        self._hens[hen.name] += path.segments
        self._sits.append((nest, start, path.tick, offset))

    def _egg_spot(self, nest: int, offset: float) -> tuple[float, float]:
        """Under the hen, and as far from the nest's other eggs as chance allows."""
        others = [egg.spot[0] for egg in self._laid if egg.nest == nest]
        tries = [(offset + self._rng.uniform(-14, 12)) / 50 for _ in range(6)]
        best = max(tries, key=lambda x: min((abs(x - other) for other in others), default=0.0))
        return best, self._rng.random()

    def _strolls(self, door: Sequence[tuple[int, int]]) -> None:
        """Hens drop in alone or in twos, peck, sometimes rest, and leave, while the day's frames last."""
        first, last = self._business
        names = [hen.name for hen in self._flock.hens]
        for _ in range(7):
            if _frame_count(_moving(self._actors(), door)) > _FRAMES_A_DAY - 260:
                return
            party = self._rng.sample(names, min(len(names), self._rng.choice((1, 2, 2, 3))))
            rest = self._rng.randrange(3, 12) * MINUTE if self._rng.random() < 0.4 else 0
            long = rest + MINUTE
            start = self._find(
                first,
                last - long,
                long,
                lambda a, b, party=party: self._free(a, b) and all(self._hen_is_out(n, a, b) for n in party),  # type: ignore[misc]
            )
            if start is None:
                continue
            for rank, name in enumerate(party):
                self._stroll(name, start + rank * 9, rest, rank)

    def _stroll(self, name: str, start: int, rest: int, rank: int) -> None:
        path = self._from_door(start)
        path.walk(
            _floor(self._rng.uniform(170, 250) + 110 * rank, 292 + 22 * rank + self._rng.uniform(-8, 8))
        )
        heading = self._rng.choice((0.0, -25.0, -155.0, 180.0))
        path.do(Act.PECK, 8, heading, layer=Layer.FLOOR, place=scene.RUN)
        if rest:
            path.do(Act.SIT, rest, heading, layer=Layer.FLOOR, place=scene.RUN)
        path.do(Act.LOOK, 4, heading, layer=Layer.FLOOR, place=scene.RUN)
        self._to_door(path)
        self._hens[name] += path.segments

    def _trouble(self, collected: Sequence[int]) -> None:
        """On some days a stranger looks in, and a rat takes an egg in broad daylight."""
        first, last = self._business
        if self._lots.random() < 0.15:
            start = self._find_lot(first, last - 4 * MINUTE, 3 * MINUTE)
            if start is not None:
                self._stranger(self._lots.choice(self._flock.strangers).name, start)
        if self._lots.random() < 0.3:
            self._theft(collected)

    def _stranger(self, name: str, start: int) -> None:
        path = self._from_door(start)
        path.walk(_floor(self._lots.uniform(200, 300), self._lots.uniform(296, 320)))
        path.do(Act.PECK, 30, -25.0, layer=Layer.FLOOR, place=scene.RUN)
        path.walk(_floor(self._lots.uniform(380, 480), self._lots.uniform(300, 324)))
        path.do(Act.LOOK, 20, -155.0, layer=Layer.FLOOR, place=scene.RUN)
        self._to_door(path)
        self._scenes.append((path.segments[0].start, path.tick))
        self._visitors.append(_actor(name, STRANGER, path.segments))

    def _theft(self, collected: Sequence[int]) -> None:
        """A rat climbs into a nest that no hen is near, and is gone with an egg."""
        for egg in self._lots.sample(self._laid, len(self._laid)):
            last = collected[egg.nest] - 20 * MINUTE
            sits = [s for s in self._sits if s[0] == egg.nest]
            start = self._find_lot(egg.tick + 10 * MINUTE, last, MINUTE)
            if start is None or any(a - 8 * MINUTE < start < b + 8 * MINUTE for _, a, b, _ in sits):
                continue
            path = _Path(start, _HOLE, pace=1.5)
            path.walk(_under_nest(egg.nest, -20))
            place = scene.NESTS[egg.nest]
            path.hop(_bed(egg.nest, 48 * egg.spot[0]), 0.8, place)
            path.do(Act.PECK, 3 * TICKS, -30.0, layer=Layer.NEST, place=place)
            self._stolen.append(Stolen(tick=path.tick - 2, egg=egg))
            path.hop(_under_nest(egg.nest, 20), 0.6, scene.RUN)
            path.walk(_HOLE)
            self._visitor("rat", path)
            return

    def _find_lot(self, first: int, last: int, long: int) -> int | None:
        """A time of ``long`` ticks at which nobody else is about."""
        busy = [(s.start, s.end) for own in self._hens.values() for s in own if s.moves]
        for _ in range(60):
            if last - long <= first:
                return None
            start = self._lots.randrange(first, last - long)
            near = any(start < b + MINUTE and start + long > a - MINUTE for a, b in busy)
            if not near and self._free(start, start + long):
                return start
        return None

    def _find(self, first: int, last: int, long: int, free: Callable[[int, int], bool]) -> int | None:
        for _ in range(80):
            if last <= first:
                return None
            start = self._rng.randrange(first, last)
            if free(start, start + long):
                return start
        return None

    def _camera_faults(self) -> tuple[Fault, ...]:
        first, last = self._business
        third = (last - first) // 3
        dark = first + self._rng.randrange(third)
        frozen = last - third + self._rng.randrange(third // 2)
        return (
            Fault(kind="dark", start=dark, end=dark + self._rng.randrange(3, 9) * MINUTE),
            Fault(kind="frozen", start=frozen, end=frozen + self._rng.randrange(4, 10) * MINUTE),
        )

    def _actors(self) -> tuple[Actor, ...]:
        hens = [_actor(name, "hen", own) for name, own in self._hens.items()]
        return (*hens, *self._visitors)


def _actor(subject: str, kind: str, segments: Iterable[Segment]) -> Actor:
    ordered = tuple(sorted(segments, key=lambda segment: segment.start))
    return Actor(subject=subject, kind=kind, segments=ordered, starts=tuple(s.start for s in ordered))


def _moving(actors: Iterable[Actor], door: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans of movement, joined; each ends one tick later, so that the settled picture is seen once."""
    spans = sorted([(s.start, s.end) for actor in actors for s in actor.segments if s.moves] + list(door))
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def _frame_count(moving: Iterable[tuple[int, int]]) -> int:
    """An upper bound of the frames of a day."""
    return DAY // MINUTE + sum(last - first + 1 for first, last in moving)
