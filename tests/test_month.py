"""Ten days of a flock with thieves, shared nests and hens that do not lay, told by a watch that errs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from fakes.sketch import Sketch

from coop.domain.egg import suspects
from coop.frame.sim.source import SimSource, open_sim
from coop.frame.sim.truth import FactKind
from coop.places import open_store
from coop.settings import CoopSettings, Settings
from coop.store.store import Store

DAYS = 10


@pytest.fixture(scope="module")
def source() -> SimSource:
    return open_sim(f"sim://?flock=1&seed=11&days={DAYS}&start=2026-05-04&trouble=1", "coop")


@pytest.fixture(scope="module")
def store(source: SimSource, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The record after the ten days."""
    folder = tmp_path_factory.mktemp("month")
    coop = CoopSettings(latitude=50, longitude=0)
    settings = Settings(data_dir=folder, timezone="UTC", coop=coop)
    with open_store(settings) as opened:
        Sketch(source=source, settings=settings, store=opened).run()
        yield opened


@pytest.fixture
def span(source: SimSource) -> tuple[datetime, datetime]:
    facts = source.truth.facts
    return facts[0].time - timedelta(days=1), facts[-1].until + timedelta(days=1)


def test_nearly_every_egg_is_found_once_with_the_hen_that_laid_it(
    source: SimSource, store: Store, span: tuple[datetime, datetime]
) -> None:
    laid = list(source.truth.of(FactKind.EGG_LAID))
    wrong = right = 0
    for egg in store.eggs(*span):
        here = [f for f in laid if f.place == egg.nest and egg.since <= f.time <= egg.time]
        if not here:
            wrong += 1
            continue
        fact = max(here, key=lambda f: egg.share_of(f.subject))
        laid.remove(fact)
        right += egg.share_of(fact.subject) * egg.together > 0.5
    found = len(source.truth.of(FactKind.EGG_LAID)) - len(laid)
    assert found > 40
    assert len(laid) <= 2
    assert wrong <= 2
    assert right >= 0.9 * found


def test_what_is_collected_and_what_is_stolen_is_told_apart(
    source: SimSource, store: Store, span: tuple[datetime, datetime]
) -> None:
    for kind, name in ((FactKind.COLLECTED, "EggsCollected"), (FactKind.STOLEN, "EggGone")):
        facts = source.truth.of(kind)
        found = [recorded.event for recorded in store.events(*span, (name,))]
        soon = timedelta(hours=3)
        told = [
            fact
            for fact in facts
            if any(e.place == fact.place and fact.time <= e.time < fact.time + soon for e in found)
        ]
        assert len(facts) - len(told) <= 1
        assert len(found) <= len(facts) + 1


def test_the_list_of_suspects_holds_every_hen_that_does_not_lay_and_no_other(
    source: SimSource, store: Store, span: tuple[datetime, datetime]
) -> None:
    began = min(count.first for count in store.nest_counts())
    evening = began.replace(hour=22) + timedelta(days=DAYS - 1)
    listed = suspects(store.eggs(*span), source.flock.names, began, evening, 7)
    assert set(listed) == {hen.name for hen in source.flock.hens if not hen.lays}
    assert set(store.suspected()) == set(listed)
