"""What readings of a nest add up to: numbers in, events out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coop.domain.egg import NOBODY
from coop.domain.event import EggGone, EggLaid, EggsCollected, Event
from coop.domain.nest import INFRARED, NestReading, NestState
from coop.domain.sighting import Visit
from coop.event.nests import NestBook

START = datetime(2026, 5, 1, 6, tzinfo=UTC)
NEST = "nest 1"


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def bare(minutes: float, eggs: int, sure: float = 0.95) -> NestReading:
    rest = (1 - sure) / 5
    chances = tuple(sure if n == eggs else rest for n in range(6))
    state = NestState.EGGS if eggs else NestState.EMPTY
    return NestReading(
        camera="coop",
        nest=NEST,
        time=at(minutes),
        state=state,
        eggs=eggs,
        confidence=sure,
        chances=chances,
        picture=f"picture {minutes}",
    )


def by_night(minutes: float, eggs: int) -> NestReading:
    return replace(bare(minutes, eggs), reason=INFRARED)


def blind(minutes: float, state: NestState, reason: str = "") -> NestReading:
    return NestReading(
        camera="coop", nest=NEST, time=at(minutes), state=state, eggs=None, confidence=0.9, reason=reason
    )


def visit(
    subject: str, began: float, ended: float, kind: str = "hen", place: str = NEST, confidence: float = 0.98
) -> Visit:
    return Visit(
        key=f"{subject} {began}",
        camera="coop",
        place=place,
        kind=kind,
        subject=subject,
        began=at(began),
        last_seen=at(ended),
        ended=at(ended + 5),
        sightings=5,
        confidence=confidence,
    )


def story(*parts: NestReading | Visit, book: NestBook | None = None) -> list[Event]:
    book = book or NestBook("coop", [NEST], predators=["fox"])
    return list(_events(book, parts))


def _events(book: NestBook, parts: Sequence[NestReading | Visit]) -> Iterator[Event]:
    for part in parts:
        if isinstance(part, Visit):
            changes = book.update((), (part,), part.last_seen)
        else:
            changes = book.update((part,), (), part.time)
        yield from (found.event for found in changes.events)


EMPTY = [bare(n, 0) for n in (0, 1, 2)]


def test_an_egg_is_laid_by_the_one_hen_that_was_there() -> None:
    [egg] = story(*EMPTY, visit("Ida", 10, 35), *(bare(n, 1) for n in (36, 37, 38)))
    assert isinstance(egg, EggLaid)
    assert (egg.subject, egg.eggs, egg.together, egg.place) == ("Ida", 1, 1, NEST)
    assert egg.confidence > 0.95
    assert (egg.since, egg.time) == (at(2), at(36))
    assert egg.visit is None  # a correction of the visit must not rewrite what was found


def test_one_picture_is_not_enough_and_what_was_before_says_nothing_after_a_visit() -> None:
    assert story(*EMPTY, visit("Ida", 10, 35), bare(36, 1), bare(37, 1)) == []
    assert story(bare(0, 0), bare(1, 0), visit("Ida", 2, 9), bare(10, 0)) == []


@pytest.mark.parametrize(
    "cannot_see",
    [
        blind(40, NestState.HEN),
        blind(40, NestState.UNSEEN, "dark"),
        blind(40, NestState.UNSEEN, "covered"),
    ],
)
def test_what_cannot_be_seen_is_not_an_empty_nest(cannot_see: NestReading) -> None:
    one = [*EMPTY, visit("Ida", 10, 35), *(bare(n, 1) for n in (36, 37, 38))]
    blinds = [replace(cannot_see, time=at(n)) for n in range(40, 60)]
    [egg] = story(*one, *blinds)
    assert isinstance(egg, EggLaid)


def test_two_hens_since_the_last_count_share_the_egg() -> None:
    [egg] = story(*EMPTY, visit("Ida", 10, 35), visit("Flora", 30, 55), *(bare(n, 1) for n in (56, 57, 58)))
    assert isinstance(egg, EggLaid)
    shares = {share.hen: share.probability for share in egg.shares}
    assert shares["Ida"] == pytest.approx(shares["Flora"])
    assert shares[NOBODY] < 0.05


def test_two_eggs_of_two_hens_are_two_events() -> None:
    eggs = story(*EMPTY, visit("Ida", 10, 35), visit("Flora", 30, 55), *(bare(n, 2) for n in (56, 57, 58)))
    assert [type(event) for event in eggs] == [EggLaid, EggLaid]
    assert len({event.key for event in eggs}) == 2


def test_a_hen_that_laid_this_morning_hardly_laid_at_noon() -> None:
    events = story(
        *EMPTY,
        visit("Ida", 10, 35),
        *(bare(n, 1) for n in (36, 37, 38)),
        visit("Ida", 60, 85),
        visit("Flora", 70, 95),
        *(bare(n, 2) for n in (96, 97, 98)),
    )
    assert [event.subject for event in events] == ["Ida", "Flora"]
    assert events[1].confidence > 0.85


def test_a_person_collects_and_without_one_eggs_are_gone() -> None:
    three = [bare(n, 3) for n in (0, 1, 2)]
    none = [bare(n, 0) for n in (20, 21, 22)]
    [taken] = story(*three, visit("person", 10, 11, kind="person", place="run"), *none)
    assert isinstance(taken, EggsCollected)
    assert (taken.count, taken.left) == (3, 0)
    two = [bare(n, 2) for n in (20, 21, 22)]
    [gone] = story(*three, visit("fox", 10, 11, kind="fox", place="run"), *two)
    assert isinstance(gone, EggGone)
    assert (gone.count, gone.left, gone.suspects, gone.subject) == (1, 2, ("fox",), "fox")
    assert gone.visit == visit("fox", 10, 11, kind="fox", place="run").key, "its alarm tells of it"
    packs = [visit("fox", n, n + 1, kind="fox", place="run") for n in (10, 12)]
    [gone] = story(*three, *packs, *two)
    assert gone.visit is None, "which of them took it, nobody knows"


def test_eggs_that_lay_there_at_the_beginning_were_laid_by_nobody() -> None:
    assert story(*(bare(n, 2) for n in (0, 1, 2))) == []


def test_a_first_count_by_night_is_corrected_by_day_in_silence() -> None:
    night = [by_night(n, 1) for n in range(0, 60, 10)]
    day = [bare(n, 2, 0.99) for n in range(60, 180, 10)]
    assert story(*night, *day) == []
    [egg] = story(*night, *day, visit("Ida", 190, 220), *(bare(n, 3) for n in (221, 222, 223)))
    assert (egg.subject, egg.time) == ("Ida", at(221))


def test_an_egg_that_infrared_hid_is_not_laid_by_the_first_hen_of_the_morning() -> None:
    night = [by_night(n, 0) for n in range(0, 60, 10)]
    [egg] = story(*night, visit("Ida", 70, 100), *(bare(n, 2, 0.99) for n in (101, 102, 103)))
    assert (egg.subject, egg.together, egg.eggs) == ("Ida", 1, 2), "one lay there"
    assert story(*night, visit("Ida", 70, 72), *(bare(n, 1, 0.99) for n in (73, 74, 75))) == []
    day = [bare(n, 0, 0.99) for n in range(60, 130, 10)]
    later = [bare(n, 2, 0.99) for n in (171, 172, 173)]
    two = story(*night, *day, visit("Ida", 140, 170), *later)
    assert len(two) == 2, "in colour none lay there"


def test_an_egg_without_a_visitor_is_found_where_the_pictures_are_clear() -> None:
    day = [bare(n, 0) for n in range(0, 100, 10)]
    [egg] = story(*day, *(bare(n, 1, 0.99) for n in range(100, 240, 10)))
    assert isinstance(egg, EggLaid)
    assert egg.subject == "hen"
    assert egg.since < egg.time


def test_with_nobody_near_a_model_that_errs_is_not_believed() -> None:
    wavering = [bare(n, n % 3 == 0, 0.6) for n in range(10, 40)]
    assert story(*EMPTY, *wavering) == []
    mistaken = [bare(n, 1, 0.7) for n in range(10, 40)]
    assert story(*EMPTY, *mistaken) == []


def test_a_picture_is_wanted_until_the_number_is_sure() -> None:
    book = NestBook("coop", [NEST])
    assert book.wanted(at(0)) == {NEST}
    story(*EMPTY, book=book)
    assert book.wanted(at(60)) == frozenset()
    story(visit("Ida", 70, 71), book=book)
    assert book.wanted(at(72)) == {NEST}
    story(bare(72, 0), book=book)
    assert book.wanted(at(72.1)) == frozenset()
    assert book.wanted(at(73)) == {NEST}


def test_in_the_dark_it_asks_later_and_later() -> None:
    book = NestBook("coop", [NEST])
    looks = 0
    for n in range(12 * 60):
        if book.wanted(at(n)):
            looks += 1
            story(blind(n, NestState.UNSEEN, "dark"), book=book)
    assert 20 < looks < 80


def test_after_a_restart_it_goes_on_with_count_visits_and_eggs() -> None:
    first = NestBook("coop", [NEST])
    first.update((), (), at(0))
    counts = [c for reading in EMPTY for c in first.update((reading,), (), reading.time).counts]
    second = NestBook("coop", [NEST])
    second.restore(counts, [visit("Ida", 10, 35)], [])
    [egg] = story(*(bare(n, 1) for n in (36, 37, 38)), book=second)
    assert isinstance(egg, EggLaid)
    assert egg.subject == "Ida"


def test_eggs_that_were_taken_while_the_camera_could_not_see_are_perhaps_collected() -> None:
    """The keeper came while the picture was frozen, and for a minute nobody knew that it was."""
    book = NestBook("coop", [NEST], predators=["fox"])
    story(*EMPTY, visit("Ida", 10, 35), *(bare(n, 1) for n in (36, 37, 38)), book=book)
    assert story(*(bare(n, 1) for n in (40, 41)), book=book) == []
    for now in range(42, 48):
        book.could_not_see(at(39.5), at(now))
        assert NEST in book.wanted(at(now)), "as soon as it sees again"
    [gone] = story(*(bare(n, 0) for n in (48, 49, 50)), book=book)
    assert isinstance(gone, EggGone)
    assert (gone.unseen, gone.count, gone.suspects) == (True, 1, ())
    [later] = story(
        visit("Flora", 60, 80),
        *(bare(n, 1) for n in (81, 82, 83)),
        visit("Ida", 90, 92),
        *(bare(n, 0) for n in (100, 101, 102, 103, 104)),
        book=book,
    )[1:]
    assert isinstance(later, EggGone)
    assert (later.unseen, later.suspects) == (False, ("Ida",)), "that was seen"


def test_an_egg_that_was_laid_while_the_camera_could_not_see_is_found() -> None:
    book = NestBook("coop", [NEST])
    story(*EMPTY, book=book)
    book.could_not_see(at(3), at(12))
    [egg] = story(*(bare(n, 1) for n in (13, 14, 15)), book=book)
    assert isinstance(egg, EggLaid)
    assert [share.hen for share in egg.shares] == [NOBODY]
    assert story(*EMPTY, *(bare(n, 1, 0.9) for n in (13, 14, 15))) == [], (
        "with nobody near it is not believed"
    )
