"""What really happened in the simulated coop, exactly, for tests to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from coop.frame.sim import scene
from coop.frame.sim.script import DAY, PREDATORS, STRANGER, Actor, DayScript
from coop.frame.sim.stage import EGG, PERSON, Seen, Stage
from coop.frame.sim.world import World


class FactKind(StrEnum):
    EGG_LAID = "egg laid"
    VISIT = "visit"
    PREDATOR = "predator"
    ANIMAL = "animal"
    KEEPER = "keeper"
    COLLECTED = "collected"
    INFRARED = "infrared"
    FAULT = "fault"
    STRANGER = "stranger"
    STOLEN = "stolen"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened from ``time`` to ``until`` (the same for a moment).

    ``subject``: the hen's name; a visitor's class ("fox"); "dark" or "frozen" for a fault. ``place``: the
    name of a zone, or "". ``count``: eggs taken, for a collection.
    """

    kind: FactKind
    time: datetime
    until: datetime
    subject: str
    place: str = ""
    count: int = 1


class SimTruth:
    """The truth of one simulated source, for any moment of its days, with a frame or without."""

    def __init__(self, world: World, stage: Stage) -> None:
        self._world = world
        self._stage = stage

    def at(self, time: datetime) -> tuple[Seen, ...]:
        """Hens and visitors that can be seen, with boxes in source pixels, whatever the camera's faults."""
        return tuple(seen for seen in self._look(time) if seen.kind != EGG)

    def egg_boxes(self, time: datetime) -> tuple[Seen, ...]:
        """The eggs that can be seen."""
        return tuple(seen for seen in self._look(time) if seen.kind == EGG)

    def _look(self, time: datetime) -> tuple[Seen, ...]:
        script, tick = self._world.locate(time)
        return self._stage.look(self._stage.place(script, tick, self._world.eggs(script, tick)))

    def eggs(self, time: datetime) -> dict[str, int]:
        """Eggs in each nest, seen or hidden under a hen."""
        script, tick = self._world.locate(time)
        counts = dict.fromkeys(scene.NESTS, 0)
        for egg in self._world.eggs(script, tick):
            counts[scene.NESTS[egg.nest]] += 1
        return counts

    def places(self, time: datetime) -> dict[str, str]:
        """Where each hen is that is in the coop at all: her name and the zone's."""
        script, tick = self._world.locate(time)
        hens = ((actor, actor.at(tick)) for actor in script.actors if actor.kind == "hen")
        return {actor.subject: segment.place for actor, segment in hens if segment is not None}

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Everything that happened while there are frames, by time."""
        found = _joined([fact for script in self._world.scripts for fact in self._facts_of(script)])
        watched = [
            (self._world.moment(script, first), self._world.moment(script, last))
            for script in self._world.scripts
            for first, last in [self._world.window(script)]
        ]
        kept = [f for f in found if any(f.time < last and f.until >= first for first, last in watched)]
        return tuple(sorted(kept, key=lambda fact: (fact.time, fact.kind, fact.subject)))

    def of(self, kind: FactKind) -> tuple[Fact, ...]:
        """The facts of one kind."""
        return tuple(fact for fact in self.facts if fact.kind is kind)

    @cached_property
    def frame_count(self) -> int:
        """How many frames the source has, without rendering them."""
        return sum(1 for _ in self._world.ticks())

    def frame_times(self) -> Iterator[datetime]:
        """The time of every frame, without rendering them."""
        return (self._world.moment(script, tick) for script, tick in self._world.ticks())

    def _facts_of(self, script: DayScript) -> Iterator[Fact]:
        def fact(
            kind: FactKind, first: int, last: int, subject: str, place: str = "", count: int = 1
        ) -> Fact:
            end = min(last, self._world.length(script))
            return Fact(
                kind=kind,
                time=self._world.moment(script, first),
                until=self._world.moment(script, end),
                subject=subject,
                place=place,
                count=count,
            )

        for egg in script.laid:
            yield fact(FactKind.EGG_LAID, egg.tick, egg.tick, egg.hen, scene.NESTS[egg.nest])
        for actor in script.actors:
            if actor.kind == "hen":
                for place, first, last in _stays(actor):
                    yield fact(FactKind.VISIT, first, last, actor.subject, place)
            else:
                first, last = actor.segments[0].start, actor.segments[-1].end
                yield fact(_visitor_kind(actor.kind), first, last, actor.subject)
        for theft in script.stolen:
            yield fact(FactKind.STOLEN, theft.tick, theft.tick, "rat", scene.NESTS[theft.egg.nest])
        if script.out is not None:
            yield fact(FactKind.OUT, script.sunset, DAY, script.out)
        for nest, tick in enumerate(script.collected):
            taken = sum(egg.nest == nest for egg in self._world.eggs(script, tick - 1))
            if taken:
                yield fact(FactKind.COLLECTED, tick, tick, PERSON, scene.NESTS[nest], taken)
        length = self._world.length(script)
        yield fact(FactKind.INFRARED, 0, script.infrared_off, "camera")
        yield fact(FactKind.INFRARED, script.infrared_on, length, "camera")
        for fault in script.faults:
            yield fact(FactKind.FAULT, fault.start, fault.end, fault.kind)


def _visitor_kind(kind: str) -> FactKind:
    if kind == STRANGER:
        return FactKind.STRANGER
    if kind == PERSON:
        return FactKind.KEEPER
    return FactKind.PREDATOR if kind in PREDATORS else FactKind.ANIMAL


def _stays(actor: Actor) -> Iterator[tuple[str, int, int]]:
    """Place, from and to of each unbroken stay."""
    place, first, last = "", 0, -1
    for segment in actor.segments:
        if segment.place == place and segment.start == last:
            last = segment.end
            continue
        if place:
            yield place, first, last
        place, first, last = segment.place, segment.start, segment.end
    if place:
        yield place, first, last


def _joined(facts: list[Fact]) -> list[Fact]:
    """Stays that midnight cut in two become one again."""
    joined: list[Fact] = []
    open_ends: dict[tuple[FactKind, str, str], int] = {}
    for fact in sorted(facts, key=lambda fact: fact.time):
        key = fact.kind, fact.subject, fact.place
        index = open_ends.get(key)
        lasting = fact.kind in (FactKind.VISIT, FactKind.INFRARED)
        if lasting and index is not None and joined[index].until == fact.time:
            before = joined[index]
            joined[index] = Fact(
                kind=fact.kind, time=before.time, until=fact.until, subject=fact.subject, place=fact.place
            )
            continue
        open_ends[key] = len(joined)
        joined.append(fact)
    return joined
