"""A simulated month without pictures: visits and readings of nests as an imperfect watch would have them.

It exercises everything behind the models (counting, ledger, suspicion, roll call, store) over months in
seconds. How often the sketched models err is a parameter; `bench.coop` measures the real ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from coop.domain.findings import Findings
from coop.domain.nest import NestReading, NestState
from coop.domain.sighting import Visit
from coop.event.nests import NestBook, NestChanges
from coop.flock_watch import FlockWatch
from coop.frame.sim.scene import NESTS
from coop.frame.sim.source import SimSource
from coop.frame.sim.truth import Fact, FactKind
from coop.ledger import reattribute
from coop.settings import Settings
from coop.store.store import Store

MINUTE = timedelta(minutes=1)
EVERY = 10
"""Minutes between two pictures of a nest, and between two looks at the flock."""
MOST = 7
_VISITS = {
    FactKind.VISIT: "hen",
    FactKind.KEEPER: "person",
    FactKind.PREDATOR: "",
    FactKind.ANIMAL: "",
}


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How often the sketched models err: a wrong number of eggs, a wrong or no name, a visit nobody saw."""

    miscounted: float = 0.02
    misnamed: float = 0.02
    unnamed: float = 0.03
    unseen: float = 0.01


@dataclass(kw_only=True)
class Sketch:
    """One month into a store."""

    source: SimSource
    settings: Settings
    store: Store
    errors: Errors = Errors()
    seed: int = 0
    _waiting: list[Findings] = field(default_factory=list, init=False)

    def run(self) -> None:
        rng = random.Random(f"sketch/{self.seed}")
        repeats, thieves = self.settings.nests.repeats, self.settings.events.predators
        book = NestBook("coop", NESTS, repeats=repeats, predators=thieves)
        flock = FlockWatch(
            settings=self.settings,
            store=self.store,
            record=lambda findings, now: self.store.record(findings, now),
            hens=lambda: self.source.flock.names,
            doors=("pop door",),
        )
        visits = list(self._visits(rng))
        coming, present = sorted(visits, key=lambda v: v.began, reverse=True), list[Visit]()
        first = min(v.began for v in visits).replace(hour=0, minute=0, second=0, microsecond=0)
        last = self.source.truth.facts[-1].until
        minutes = int((last - first) / MINUTE)
        for n in range(minutes):
            now = first + n * MINUTE
            while coming and coming[-1].began <= now:
                present.append(coming.pop())
            seen = [_until(visit, now) for visit in present]
            present = [visit for visit in present if visit.last_seen > now]
            due = NESTS if n % EVERY == 0 else tuple(book.wanted(now))
            readings = list(self._readings(due, present, now, rng)) if due else []
            changes = book.update(readings, seen, now)
            ended = [visit for visit in seen if visit.ended is not None]
            self._keep(ended, changes)
            if n % EVERY == 0:
                self._flush(now)
                flock.check(now)
        self._flush(last)
        reattribute(self.store, first, last)

    def _visits(self, rng: random.Random) -> Iterator[Visit]:
        for n, fact in enumerate(self.source.truth.facts):
            if fact.kind in _VISITS and rng.random() >= self.errors.unseen:
                yield self._visit(n, fact, rng)

    def _visit(self, n: int, fact: Fact, rng: random.Random) -> Visit:
        subject, confidence = fact.subject, rng.uniform(0.93, 1.0)
        if fact.kind is FactKind.VISIT:
            lot = rng.random()
            if lot < self.errors.misnamed:
                subject, confidence = rng.choice(self.source.flock.names), rng.uniform(0.5, 0.95)
            elif lot < self.errors.misnamed + self.errors.unnamed:
                subject = "hen"
        return Visit(
            key=f"visit {n}",
            camera="coop",
            place=fact.place or "run",
            kind=_VISITS[fact.kind] or fact.subject,
            subject=subject,
            began=fact.time,
            last_seen=fact.until,
            ended=fact.until + timedelta(minutes=5),
            sightings=3,
            confidence=confidence,
        )

    def _readings(
        self, nests: Sequence[str], present: Sequence[Visit], now: datetime, rng: random.Random
    ) -> Iterator[NestReading]:
        eggs = self.source.truth.eggs(now)
        for nest in nests:
            if any(visit.place == nest for visit in present):
                yield NestReading(
                    camera="coop", nest=nest, time=now, state=NestState.HEN, eggs=None, confidence=0.95
                )
                continue
            number, sure = eggs[nest], rng.uniform(0.7, 0.99)
            if rng.random() < self.errors.miscounted:
                number, sure = max(0, number + rng.choice((-1, 1))), rng.uniform(0.4, 0.9)
            rest = (1 - sure) / (MOST - 1)
            chances = tuple(sure if k == number else rest for k in range(MOST))
            state = NestState.EGGS if number else NestState.EMPTY
            yield NestReading(
                camera="coop",
                nest=nest,
                time=now,
                state=state,
                eggs=number,
                confidence=sure,
                chances=chances,
            )

    def _keep(self, visits: Sequence[Visit], changes: NestChanges) -> None:
        if visits or changes.events or changes.counts:
            self._waiting.append(Findings(visits=tuple(visits), events=changes.events, counts=changes.counts))

    def _flush(self, now: datetime) -> None:
        """Everything of the last minutes, in its order: an egg is laid before it is collected."""
        waiting, self._waiting = self._waiting, []
        visits = tuple(v for f in waiting for v in f.visits)
        counts = {(count.camera, count.nest): count for f in waiting for count in f.counts}
        self.store.record(Findings(visits=visits, counts=tuple(counts.values())), now)
        for findings in waiting:
            if findings.events:
                self.store.record(Findings(events=findings.events), now)


def _until(visit: Visit, now: datetime) -> Visit:
    """The visit as it is known at a moment."""
    if visit.last_seen <= now:
        return visit
    return replace(visit, last_seen=now, ended=None)
