"""Which changes of visits are facts worth telling."""

from datetime import UTC, datetime, timedelta

import pytest

from coop.domain.event import (
    AnimalSeen,
    Event,
    HenArrived,
    MotionSeen,
    PredatorSeen,
    StrangerSeen,
    VisitEnded,
)
from coop.domain.sighting import Sighting
from coop.event.diary import Diary
from coop.event.rules import EventRules, Policy
from coop.event.visits import VisitBook

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
POLICY = Policy(predators={"fox"}, motion_cooldown=timedelta(minutes=10))


class Coop:
    """One camera's visits and rules, fed by hand."""

    def __init__(self) -> None:
        self.arrived: set[str] = set()
        self.rules = EventRules(POLICY, lambda subject, _: subject not in self.arrived)
        self.diary = Diary(VisitBook(timedelta(minutes=5)), self.rules, ignored={"vehicle"})

    def see(self, seconds: float, kind: str, subject: str | None = None, place: str = "run") -> list[Event]:
        now = START + timedelta(seconds=seconds)
        sighting = Sighting(
            camera="coop", place=place, track_id="t", time=now, kind=kind, subject=subject or kind,
            confidence=0.8,
        )  # fmt: skip
        _, events = self.diary.update([sighting], now)
        self.arrived |= {event.subject for event in events if isinstance(event, HenArrived)}
        return list(events)


def test_a_hens_first_arrival_of_the_day_is_marked() -> None:
    coop = Coop()
    (first,) = coop.see(0, "hen", "Alba")
    assert isinstance(first, HenArrived)
    assert first.first_of_day
    assert (first.subject, first.place, first.confidence) == ("Alba", "run", 0.8)
    ended, second = coop.see(1000, "hen", "Alba")
    assert isinstance(ended, VisitEnded)
    assert isinstance(second, HenArrived)
    assert not second.first_of_day


def test_a_hen_that_walks_on_arrives_at_the_next_place_but_not_first() -> None:
    coop = Coop()
    coop.see(0, "hen", "Alba", "run")
    (event,) = coop.see(5, "hen", "Alba", "nest 1")
    assert isinstance(event, HenArrived)
    assert not event.first_of_day


@pytest.mark.parametrize(("kind", "event"), [("fox", PredatorSeen), ("cat", AnimalSeen)])
def test_an_animal_that_crosses_zones_came_once(kind: str, event: type[Event]) -> None:
    coop = Coop()
    assert [type(e) for e in coop.see(0, kind, place="run")] == [event]
    assert coop.see(2, kind, place="nest 1") == []
    assert [type(e) for e in coop.see(2000, kind, place="run")] == [VisitEnded, VisitEnded, event]


def test_what_does_not_live_makes_no_visit_and_no_event() -> None:
    coop = Coop()
    assert coop.see(0, "vehicle") == []
    assert coop.diary.close() == ((), ())


def test_motion_without_a_model_is_told_once_in_a_cool_down() -> None:
    coop = Coop()
    assert [type(e) for e in coop.see(0, "motion")] == [MotionSeen]
    assert [type(e) for e in coop.see(400, "motion")] == [VisitEnded]
    assert [type(e) for e in coop.see(1000, "motion")] == [VisitEnded, MotionSeen]


def test_the_cool_down_survives_a_restart() -> None:
    coop = Coop()
    coop.diary.restore((), START - timedelta(minutes=1))
    assert coop.see(0, "motion") == []


def test_a_visit_that_ended_tells_how_long_it_was() -> None:
    coop = Coop()
    coop.see(0, "hen", "Alba")
    coop.see(120, "hen", "Alba")
    (ended,) = (e for e in coop.see(1000, "hen", "Berta") if isinstance(e, VisitEnded))
    assert (ended.began, ended.duration, ended.sightings) == (START, timedelta(seconds=120), 2)
    assert ended.time == START + timedelta(seconds=420)
    assert ended.visit is not None


def test_the_same_fact_has_the_same_key() -> None:
    one, two = Coop(), Coop()
    assert [e.key for e in one.see(0, "fox")] == [e.key for e in two.see(0, "fox")]


def test_what_an_animal_is_worth_is_set() -> None:
    coop = Coop()
    coop.rules = EventRules(Policy(predators={"fox"}, warnings={"dog"}), lambda subject, _: False)
    coop.diary = Diary(VisitBook(timedelta(minutes=5)), coop.rules)
    (fox,), (dog,), (cat,) = coop.see(0, "fox"), coop.see(1, "dog"), coop.see(2, "cat")
    assert isinstance(fox, PredatorSeen)
    assert isinstance(dog, PredatorSeen)
    assert (fox.severity, dog.severity, type(cat)) == ("alarm", "warning", AnimalSeen)


def test_a_stranger_is_told_once_however_many_places_it_crosses() -> None:
    coop = Coop()
    assert [type(e) for e in coop.see(0, "hen", "hen")] == [HenArrived]
    assert [type(e) for e in coop.see(4, "hen", "stranger")] == [StrangerSeen]
    assert coop.see(8, "hen", "stranger", "pop door") == []


def test_a_wing_of_a_hen_that_leaves_her_nest_is_no_rat_but_a_rat_that_stays_is() -> None:
    coop = Coop()
    policy = Policy(predators={"rat"}, nests={"nest 1"})
    coop.rules = EventRules(policy, lambda subject, _: False)
    coop.diary = Diary(VisitBook(timedelta(minutes=5)), coop.rules)
    coop.see(0, "hen", "Alba", "nest 1")
    assert coop.see(5, "rat", place="nest 1") == []
    assert coop.see(6, "rat", place="nest 1") == []
    (rat,) = coop.see(9, "rat", place="nest 1")
    assert isinstance(rat, PredatorSeen)
    assert coop.see(12, "rat", place="nest 1") == []


def test_a_doubtful_rat_that_is_seen_elsewhere_is_told_there_and_once() -> None:
    coop = Coop()
    policy = Policy(predators={"rat"}, nests={"nest 1"})
    coop.rules = EventRules(policy, lambda subject, _: False)
    coop.diary = Diary(VisitBook(timedelta(minutes=5)), coop.rules)
    coop.see(0, "hen", "Alba", "nest 1")
    assert coop.see(5, "rat", place="nest 1") == []
    assert [type(e) for e in coop.see(7, "rat", place="run")] == [PredatorSeen]
    assert coop.see(9, "rat", place="nest 1") == []


def test_a_rat_where_no_hen_was_just_now_is_told_at_once() -> None:
    coop = Coop()
    coop.rules = EventRules(Policy(predators={"rat"}, nests={"nest 1"}), lambda subject, _: False)
    coop.diary = Diary(VisitBook(timedelta(minutes=5)), coop.rules)
    coop.see(0, "hen", "Alba", "nest 1")
    assert [type(e) for e in coop.see(5, "rat", place="run")] == [PredatorSeen]
    assert [type(e) for e in coop.see(400, "rat", place="nest 1")][-1] is PredatorSeen
