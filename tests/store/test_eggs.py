"""The ledger: eggs come in with their events, go the same way, and every attribution stays."""

from __future__ import annotations

from fakes.records import EVER, moment, new_picture

from coop.domain.egg import NOBODY, Claim, EggFate, Share
from coop.domain.event import EggGone, EggLaid, EggsCollected
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.nest import NestCount, NestReading, NestState
from coop.store.store import Store

CERTAIN = (
    Share(hen="Ida", probability=0.97, visit="v1", minutes=25, identity=0.99),
    Share(hen="", probability=0.03),
)
DOUBT = (
    Share(hen="Ida", probability=0.5),
    Share(hen="Flora", probability=0.45),
    Share(hen="", probability=0.05),
)


def laid(n: int, **more: object) -> EggLaid:
    values: dict[str, object] = {
        "time": moment(n), "camera": "coop", "place": "nest 1", "subject": "Ida", "confidence": 0.97,
        "since": moment(n - 600), "eggs": n, "shares": CERTAIN,
    }  # fmt: skip
    return EggLaid(**values | more)  # type: ignore[arg-type]


def record(store: Store, *events: EggLaid | EggsCollected | EggGone, at: int = 100) -> None:
    store.record(Findings(events=tuple(RecordedEvent(event=event) for event in events)), moment(at))


def taken(kind: type[EggsCollected] | type[EggGone], n: int, count: int) -> EggsCollected | EggGone:
    return kind(
        time=moment(n), camera="coop", place="nest 1", subject="person", since=moment(n - 60), count=count
    )


def test_eggs_come_and_go_with_their_events_and_a_repeat_changes_nothing(store: Store) -> None:
    for _ in range(2):
        record(store, laid(1), laid(2), laid(3))
        record(store, taken(EggGone, 4, 1))
        record(store, taken(EggsCollected, 5, 1))
    eggs = store.eggs(*EVER)
    assert [(egg.fate, egg.gone) for egg in eggs] == [
        (EggFate.GONE, moment(4)), (EggFate.COLLECTED, moment(5)), (EggFate.LYING, None),
    ]  # fmt: skip
    assert eggs[0].shares == CERTAIN
    assert eggs[0].likeliest.hen == "Ida"
    assert [egg.key for egg in store.lying_eggs()] == [laid(3).key]
    assert store.egg(laid(2).key) == eggs[1]
    assert store.egg("nothing") is None


def test_two_eggs_found_at_once_are_two(store: Store) -> None:
    record(store, laid(1, together=2), laid(1, together=2, number=2))
    assert len(store.eggs(*EVER)) == 2


def test_a_newer_attribution_holds_and_the_older_ones_stay(store: Store) -> None:
    record(store, laid(1), at=100)
    key = laid(1).key
    assert store.attribute_anew({key: DOUBT}, moment(200)) == 3
    assert store.attribute_anew({key: DOUBT}, moment(200)) == 0
    [egg] = store.eggs(*EVER)
    assert (egg.shares, egg.attributed) == (DOUBT, moment(200))
    assert store.attributions(key) == ((moment(100), CERTAIN), (moment(200), DOUBT))


def test_readings_stay_and_the_newer_count_holds(store: Store) -> None:
    picture = new_picture(1)
    reading = NestReading(
        camera="coop", nest="nest 1", time=moment(1), state=NestState.EGGS, eggs=2, confidence=0.9,
        chances=(0.0, 0.1, 0.9), model="nest 1", picture=picture.key,
    )  # fmt: skip
    hen = NestReading(
        camera="coop", nest="nest 1", time=moment(2), state=NestState.HEN, eggs=None, confidence=0.8
    )
    first = NestCount(camera="coop", nest="nest 1", eggs=2, time=moment(1), first=moment(1))
    later = NestCount(camera="coop", nest="nest 1", eggs=3, time=moment(9), first=moment(9))
    for findings in (
        Findings(pictures=(picture,), readings=(reading, hen), counts=(first,)),
        Findings(counts=(later,)),
        Findings(counts=(first,)),
    ):
        store.record(findings, moment(10))
    assert store.nest_readings(*EVER) == (reading, hen)
    assert store.latest_readings() == (hen,)
    assert store.nest_counts() == (
        NestCount(camera="coop", nest="nest 1", eggs=3, time=moment(9), first=moment(1)),
    )


def test_the_newest_thing_said_of_an_egg_holds_and_each_is_noted_once(store: Store) -> None:
    record(store, laid(1))
    (egg,) = store.eggs(*EVER)
    hens = ("Ida", "Flora", NOBODY)
    said = [Claim(egg=egg.key, hen=hen, who="ann", at=moment(n)) for n, hen in enumerate(hens)]
    assert egg.claim is None
    for n, claim in enumerate(said[:2]):
        assert store.claim_egg(claim, f"press {n}")
    assert not store.claim_egg(said[0], "press 0"), "a tap that came twice"
    assert store.egg(egg.key).claim == said[1]  # type: ignore[union-attr]
    assert store.claim_egg(said[2], "press 2")
    assert store.egg(egg.key).claim is None  # type: ignore[union-attr]
