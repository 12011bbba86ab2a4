"""From readings of nest boxes to eggs: laid, collected, gone.

**A state counts once it has repeated.** Between two disturbances (a hen on the nest, a person or a predator
in sight) nothing can change, so all readings of that stretch show the same number of eggs. It counts once
``repeats`` of them say it, and if it is the number n of greatest probability

    P(n | readings) ~ P(n | what happened since the last count) * exp(min(m, 2) * mean log P(reading | n))

where m is how many readings there are: they are pictures of the same scene, so more than two tell no more
than two. It is believed from 95% on; below that, more pictures are asked for, and nothing is said.

**What can have happened** (`_explanations`): every hen that was on the nest may have laid an egg, with the
chance of `coop.domain.egg.laying_chance`; a person takes all (50%), some (10%) or none; a predator or,
rarely, a hen takes one or more. With nobody near, a change is very improbable, and it takes very clear
pictures to be believed, unless the nest could not be counted for long. Infrared light hides eggs: where
there are readings in colour they alone count.

The first count of all is no news. Until it was read in colour, a change with nobody near corrects it in
silence, and where somebody was near, eggs may have been hidden that lay there before.

While the camera's picture was dark, covered or frozen, or there was none, anybody may have been there. A
change is then as credible as after a long time without a count, and eggs that are gone may be collected ones.

Only bare nests count. A hen on the nest, darkness or a hand says nothing of eggs, however often it repeats.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from coop.domain.egg import (
    HEN,
    NOBODY,
    REST,
    UNSEEN_CHANCE,
    Egg,
    Share,
    attribute,
    distribution,
    laid_lately,
    laying_chance,
    stays_at,
)
from coop.domain.event import EggGone, EggLaid, EggsCollected, Event
from coop.domain.findings import RecordedEvent
from coop.domain.nest import INFRARED, NestCount, NestReading
from coop.domain.sighting import Visit

PERSON = "person"
BELIEVED = 0.95
MOST_INDEPENDENT = 2
LEAST_CHANCE = 0.005
"""No reading says that a number is less probable than this: every model errs."""
MOST_KEPT = 12
LONGEST_PAUSE = 6
"""Doublings of the pause between two pictures of a nest: of 20 s they make 21 minutes."""
_KEPT_FOR = timedelta(days=2)

PROOF = 6
"""Readings in colour that prove a first count; a nest seen only by infrared proves it in two days."""
ONLY_INFRARED = timedelta(days=2)

_PERSON_TAKES_ALL, _PERSON_TAKES_SOME = 0.5, 0.1
_PREDATOR_TAKES = 0.3
_HEN_EATS = 0.01
BLIND = timedelta(minutes=45)
"""A nest that could not be counted for so long may have had visitors that no camera saw."""
_NOBODY_TAKES, _BLIND_TAKES = 0.0005, 0.01
_HIDDEN = (0.75, 0.2, 0.05)
"""The chance that a count by infrared light alone overlooked so many eggs."""
_NOBODY_LAYS, _BLIND_LAYS = 0.001, 0.05
"""With nobody near in one interval between counts; with somebody near it is `UNSEEN_CHANCE`."""


@dataclass(kw_only=True)
class _Nest:
    """One nest: its last reliable count, and the readings of the present stretch.

    ``proven``: the count was read in colour, or it was read in no other light for long.
    """

    count: NestCount | None = None
    stretch: list[NestReading] = field(default_factory=list)
    settled: bool = False
    proven: bool = False
    looked: datetime | None = None
    looks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NestChanges:
    """What one update found: counts that are reliable now, and what they tell."""

    counts: tuple[NestCount, ...] = ()
    events: tuple[RecordedEvent, ...] = ()


class NestBook:
    """The nests of one camera. ``predators`` are the kinds that take eggs.

    ``again`` is how soon another picture is wanted of a nest whose count is not reliable yet; where more
    pictures do not help, as in the dark, later and later.
    """

    def __init__(
        self,
        camera: str,
        nests: Iterable[str],
        *,
        repeats: int = 3,
        again: timedelta = timedelta(seconds=20),
        predators: Collection[str] = (),
    ) -> None:
        self._camera = camera
        self._nests = {name: _Nest() for name in nests}
        self._repeats = repeats
        self._again = again
        self._predators = frozenset(predators)
        self._visits: dict[str, Visit] = {}
        self._eggs: list[Egg] = []
        self._unseen: list[tuple[datetime, datetime]] = []

    def restore(self, counts: Iterable[NestCount], visits: Iterable[Visit], eggs: Iterable[Egg]) -> None:
        """Go on where the program last stopped: with the visits since the counts, and the eggs of late."""
        for count in counts:
            if count.camera == self._camera and count.nest in self._nests:
                self._nests[count.nest].count = count
                self._nests[count.nest].proven = True
        self._visits.update((visit.key, visit) for visit in visits if visit.camera == self._camera)
        self._eggs += [egg for egg in eggs if egg.camera == self._camera]

    def wanted(self, now: datetime) -> frozenset[str]:
        """The nests of which a picture is wanted now, besides those that are due anyway."""
        return frozenset(
            name
            for name, nest in self._nests.items()
            if not nest.settled and (nest.looked is None or abs(now - nest.looked) >= self._pause(nest))
        )

    def _pause(self, nest: _Nest) -> timedelta:
        doubled = min(LONGEST_PAUSE, nest.looks // (2 * self._repeats))
        return self._again * float(2**doubled)

    def could_not_see(self, since: datetime, until: datetime) -> None:
        """From ``since`` to ``until`` nobody can say who was there; may be told again as it goes on.

        What was read meanwhile is worth nothing: it may be what lay there before.
        """
        if self._unseen and self._unseen[-1][0] == since:
            self._unseen.pop()
        self._unseen.append((since, until))
        for nest in self._nests.values():
            nest.stretch = []
            nest.settled, nest.looks = False, 0

    def _was_unseen(self, count: NestCount | None, until: datetime) -> bool:
        """Whether the camera saw nothing for a while since a count."""
        return count is not None and any(first < until and last > count.time for first, last in self._unseen)

    def update(self, readings: Sequence[NestReading], visits: Iterable[Visit], now: datetime) -> NestChanges:
        """Take what was read and who came, in any order; what changed may show only later."""
        changed = tuple(visits)
        self._visits.update((visit.key, visit) for visit in changed)
        for visit in changed:
            for name in self._disturbed_by(visit):
                nest = self._nests[name]
                nest.stretch = [r for r in nest.stretch if r.time > visit.last_seen]
                nest.settled, nest.looks = False, 0
        counts: list[NestCount] = []
        events: list[RecordedEvent] = []
        for reading in readings:
            if reading.nest in self._nests:
                found, told = self._read(self._nests[reading.nest], reading)
                counts += found
                events += told
        self._forget(now)
        return NestChanges(counts=tuple(counts), events=tuple(events))

    def _disturbed_by(self, visit: Visit) -> Iterator[str]:
        if visit.kind == PERSON or visit.kind in self._predators:
            yield from self._nests
        elif visit.place in self._nests:
            yield visit.place

    def _read(self, nest: _Nest, reading: NestReading) -> tuple[list[NestCount], list[RecordedEvent]]:
        nest.looked, nest.looks = reading.time, nest.looks + 1
        if not reading.counts:
            return [], []
        if nest.stretch and reading.time - nest.stretch[-1].time > BLIND:
            nest.stretch = []  # who knows who was there meanwhile
        nest.stretch = [*nest.stretch, reading][-MOST_KEPT:]
        if len(nest.stretch) < self._repeats:
            return [], []
        first = nest.stretch[0].time
        if nest.count is not None and first <= nest.count.time:
            first = reading.time  # the stretch goes on: whatever changed did so only now
        there = self._between(nest.count, reading.nest, first)
        recount = not nest.proven and not there  # the first count may be a mistake of the night, not an egg
        long = nest.count is not None and first - nest.count.time > BLIND
        blind = long or self._was_unseen(nest.count, first)
        why = _Explainer(None if recount else nest.count, there, self._predators, blind, nest.proven)
        best = why.best(_best_lit(nest.stretch))
        if best is None or sum(r.eggs == best.eggs for r in nest.stretch) < self._repeats:
            return [], []
        nest.settled = True
        before, nest.count = nest.count, self._counted(nest.count, reading, best.eggs)
        nest.proven = nest.proven or _is_proof(nest.stretch, nest.count)
        if before is None or not (best.laid or best.taken):
            return [nest.count], []
        events = [
            RecordedEvent(event=event, picture=reading.picture)
            for event in self._told(before, reading.nest, first, best)
        ]
        return [nest.count], events

    def _between(self, count: NestCount | None, nest: str, until: datetime) -> tuple[Visit, ...]:
        """Who may have changed the nest since its last count."""
        if count is None:
            return ()
        return tuple(
            visit
            for visit in self._visits.values()
            if nest in self._disturbed_by(visit) and visit.last_seen > count.time and visit.began <= until
        )

    def _counted(self, before: NestCount | None, reading: NestReading, eggs: int) -> NestCount:
        if before is None:
            return NestCount(
                camera=self._camera, nest=reading.nest, eggs=eggs, time=reading.time, first=reading.time
            )
        return replace(before, eggs=eggs, time=max(before.time, reading.time))

    def _told(self, before: NestCount, nest: str, found: datetime, what: Explanation) -> list[Event]:
        visits = self._between(before, nest, found)
        events: list[Event] = []
        if what.taken:
            events.append(self._taken(before, nest, found, what, visits))
        if what.laid:
            events += self._laid(before, nest, found, what)
        return events

    def _taken(
        self, before: NestCount, nest: str, found: datetime, what: Explanation, visits: Sequence[Visit]
    ) -> EggsCollected | EggGone:
        left = what.eggs - what.laid
        if any(visit.kind == PERSON for visit in visits):
            return EggsCollected(
                time=found,
                camera=self._camera,
                place=nest,
                subject=PERSON,
                confidence=what.probability,
                since=before.time,
                count=what.taken,
                left=left,
            )
        there = tuple(dict.fromkeys(visit.subject for visit in visits))
        return EggGone(
            time=found,
            camera=self._camera,
            place=nest,
            subject=there[0] if len(there) == 1 else nest,
            confidence=what.probability,
            since=before.time,
            visit=self._the_predators(visits),
            count=what.taken,
            left=left,
            suspects=there,
            unseen=self._was_unseen(before, found),
        )

    def _the_predators(self, visits: Sequence[Visit]) -> str | None:
        """The visit that an egg went with, where only one visit of a predator comes into question."""
        predators = [visit.key for visit in visits if visit.kind in self._predators]
        return predators[0] if len(predators) == 1 else None

    def _laid(self, before: NestCount, nest: str, found: datetime, what: Explanation) -> list[EggLaid]:
        stays = stays_at(self._visits.values(), nest, before.time, found)
        shares = attribute(stays, what.laid, laid_lately(self._eggs, found))
        likeliest = next((share for share in shares if share.hen != NOBODY), None)
        laid = [
            EggLaid(
                time=found,
                camera=self._camera,
                place=nest,
                subject=likeliest.hen if likeliest is not None else HEN,
                confidence=likeliest.probability if likeliest is not None else 0.0,
                since=before.time,
                eggs=what.eggs,
                number=number,
                together=what.laid,
                shares=shares,
            )
            for number in range(1, what.laid + 1)
        ]
        self._eggs += [_egg(event, shares) for event in laid]
        return laid

    def _forget(self, now: datetime) -> None:
        """What no attribution can need any more. A nest that was not counted for days keeps its visits."""
        counts = [nest.count.time for nest in self._nests.values() if nest.count is not None]
        oldest = min([now - timedelta(hours=1), *counts]) if counts else now - _KEPT_FOR
        if len(self._visits) > 200:
            kept = self._visits.items()
            self._visits = {key: v for key, v in kept if v.ended is None or v.last_seen > oldest}
        self._eggs = [egg for egg in self._eggs if now - egg.time < REST]
        self._unseen = [span for span in self._unseen if span[1] > oldest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """So many eggs lie there since so many were taken and so many laid."""

    eggs: int
    laid: int
    taken: int
    probability: float


@dataclass(frozen=True)
class _Explainer:
    """What became of a nest since its last count. ``blind``: others than these may have been there.
    ``proven``: whether the count was made in colour.
    """

    count: NestCount | None
    visits: Sequence[Visit]
    predators: frozenset[str]
    blind: bool
    proven: bool

    def best(self, stretch: Sequence[NestReading]) -> Explanation | None:
        """The explanation of the number that is believed; None while none is."""
        most = max(len(reading.chances) for reading in stretch)
        likelihood = [math.exp(_weight(stretch, n)) for n in range(most)]
        if self.count is None:
            found = [Explanation(eggs=n, laid=0, taken=0, probability=1 / most) for n in range(most)]
        else:
            found = list(self._explanations(self.count, most))
        weights: dict[int, float] = {}
        for e in found:
            weights[e.eggs] = weights.get(e.eggs, 0.0) + e.probability * likelihood[e.eggs]
        total = sum(weights.values())
        best = max(weights, key=weights.__getitem__)
        if total <= 0.0 or weights[best] < BELIEVED * total:
            return None
        chosen = max((e for e in found if e.eggs == best), key=lambda e: e.probability)
        return replace(chosen, probability=weights[best] / total)

    def _explanations(self, count: NestCount, most: int) -> Iterator[Explanation]:
        stays = [v for v in self.visits if v.kind == HEN]
        minutes = [(v.last_seen - max(v.began, count.time)).total_seconds() / 60 for v in stays]
        unseen = _BLIND_LAYS if self.blind else UNSEEN_CHANCE if self.visits else _NOBODY_LAYS
        laying = distribution([*(laying_chance(m) for m in minutes), unseen])
        for hidden, share in enumerate((1.0,) if self.proven else _HIDDEN):
            there = count.eggs + hidden
            for taken, chance in self._taking(there, bool(stays)):
                for laid, p in enumerate(laying):
                    eggs = there - taken + laid
                    if eggs < most:
                        yield Explanation(eggs=eggs, laid=laid, taken=taken, probability=share * chance * p)

    def _taking(self, eggs: int, hens: bool) -> Iterator[tuple[int, float]]:
        """How many were taken, with what probability."""
        if eggs == 0:
            yield 0, 1.0
            return
        chances = [0.0] * (eggs + 1)
        if any(v.kind == PERSON for v in self.visits):
            for taken in range(1, eggs):
                chances[taken] = _PERSON_TAKES_SOME / (eggs - 1)
            chances[eggs] += _PERSON_TAKES_ALL
        else:
            some = (_BLIND_TAKES if self.blind else _NOBODY_TAKES) + (_HEN_EATS if hens else 0.0)
            if any(v.kind in self.predators for v in self.visits):
                some += _PREDATOR_TAKES
            weights = [0.5**taken for taken in range(1, eggs + 1)]
            for taken, weight in enumerate(weights, start=1):
                chances[taken] = some * weight / sum(weights)
        chances[0] = 1.0 - sum(chances)
        yield from enumerate(chances)


def _best_lit(stretch: Sequence[NestReading]) -> Sequence[NestReading]:
    """The readings in colour where there are any: infrared light hides eggs."""
    return [reading for reading in stretch if reading.reason != INFRARED] or stretch


def _is_proof(stretch: Sequence[NestReading], count: NestCount) -> bool:
    coloured = sum(reading.reason != INFRARED for reading in stretch)
    return coloured >= min(len(stretch), PROOF) or count.time - count.first > ONLY_INFRARED


def _weight(stretch: Sequence[NestReading], eggs: int) -> float:
    """The logarithm of how well all readings fit a number of eggs."""
    logs = [math.log(max(LEAST_CHANCE, _chance(reading, eggs))) for reading in stretch]
    return min(len(logs), MOST_INDEPENDENT) * sum(logs) / len(logs)


def _chance(reading: NestReading, eggs: int) -> float:
    return reading.chances[eggs] if eggs < len(reading.chances) else 0.0


def _egg(event: EggLaid, shares: tuple[Share, ...]) -> Egg:
    return Egg(
        key=event.key,
        camera=event.camera,
        nest=event.place,
        time=event.time,
        since=event.since,
        together=event.together,
        shares=shares,
        attributed=event.time,
    )
