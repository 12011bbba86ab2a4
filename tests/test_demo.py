"""`coop demo` for one day, with a shorter lesson, against the truth of the simulated coop."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest
from rich.console import Console

from coop.commands import demo
from coop.domain.egg import Egg
from coop.domain.event import HenArrived
from coop.domain.sighting import Sighting
from coop.errors import SettingsError
from coop.frame.sim.source import SimSource, open_sim
from coop.frame.sim.truth import FactKind
from coop.store.store import Store
from training.baseline import teach_head, teach_numbers

pytestmark = pytest.mark.timeout(600)  # the demo itself, on a machine that has other work

SEED = 7
DAY = datetime(2026, 5, 4, tzinfo=UTC)
WRONG_NAMES = 0.05
"""At most this share of the sightings with a name may be of another hen, or of none."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one demo left behind."""

    out: Path
    text: str
    sightings: tuple[Sighting, ...]
    arrivals: tuple[HenArrived, ...]
    messages: tuple[str, ...]
    eggs: tuple[Egg, ...]


@pytest.fixture(scope="module")
def truth() -> SimSource:
    """The same day as the demo watches."""
    return open_sim(f"sim://?flock={demo.FLOCK}&seed={SEED}&days=1&start={DAY:%Y-%m-%d}", demo.CAMERA)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    out, stream = tmp_path_factory.mktemp("demo") / "out", io.StringIO()

    def shorter(seed: int, days: int) -> SimSource:
        hours = "" if seed == SEED else "&from=4&to=12"  # the lesson, which is on other days
        return open_sim(
            f"sim://?flock={demo.FLOCK}&seed={seed}&days={days}&start={DAY:%Y-%m-%d}{hours}", demo.CAMERA
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "LESSON_DAYS", 3)
        patch.setattr(demo, "_source", shorter)
        demo.run_demo(out, 1, SEED, teach_head, teach_numbers, Console(file=stream, width=120))
    data = out / "data"
    with Store.open(f"sqlite:///{data / 'coop.db'}", data / "media") as store:
        span = DAY, DAY + timedelta(days=2)
        arrivals = [r.event for r in store.events(*span) if isinstance(r.event, HenArrived)]
        sightings, eggs = store.sightings(*span), store.eggs(*span)
    notes = sorted((out / "messages").glob("*.json"))
    yield Shown(
        out=out,
        text=stream.getvalue(),
        sightings=sightings,
        arrivals=tuple(arrivals),
        eggs=eggs,
        messages=tuple(json.loads(note.read_text())["text"] for note in notes),
    )


def test_every_hens_arrival_is_told(shown: Shown, truth: SimSource) -> None:
    first = {event.subject for event in shown.arrivals if event.first_of_day}
    assert first >= set(truth.flock.names)
    for name in truth.flock.names:
        assert any(name in message for message in shown.messages), name


def test_an_arrival_is_the_first_of_the_day_once(shown: Shown) -> None:
    first = [event.subject for event in shown.arrivals if event.first_of_day]
    assert len(first) == len(set(first))


def test_hardly_any_hen_is_called_by_anothers_name(shown: Shown, truth: SimSource) -> None:
    named = [s for s in shown.sightings if s.subject in truth.flock.names]
    assert len(named) > 100
    wrong = [s for s in named if s.subject not in {seen.subject for seen in truth.truth.at(s.time)}]
    assert len(wrong) / len(named) <= WRONG_NAMES, wrong


def test_most_sightings_of_hens_have_a_name(shown: Shown, truth: SimSource) -> None:
    hens = [s for s in shown.sightings if s.kind == "hen"]
    assert len(hens) > 200
    assert sum(s.subject in truth.flock.names for s in hens) / len(hens) > 0.8


def test_places_are_the_zones_the_hens_are_in(shown: Shown, truth: SimSource) -> None:
    zones = {zone.name for zone in truth.zones}
    assert {s.place for s in shown.sightings} <= zones | {demo.CAMERA}
    assert len({s.place for s in shown.sightings} & zones) >= 4


def test_todays_eggs_are_found_with_the_hens_that_laid_them(shown: Shown, truth: SimSource) -> None:
    laid = list(truth.truth.of(FactKind.EGG_LAID))
    assert len(laid) >= 4
    right = 0
    for egg in shown.eggs:
        fact = next((f for f in laid if f.place == egg.nest and egg.since <= f.time <= egg.time), None)
        assert fact is not None, f"no egg: {egg}"
        laid.remove(fact)
        right += egg.likeliest.hen == fact.subject
    assert len(laid) <= 1, f"not found: {laid}"
    assert right >= len(shown.eggs) - 1
    assert "Which hen laid the eggs?" in shown.text
    assert any("laid an egg" in message for message in shown.messages)


def test_at_dusk_all_are_home(shown: Shown) -> None:
    assert any("All 8 hens are home" in message for message in shown.messages)


def test_the_messages_and_the_digest_are_there_to_look_at(shown: Shown) -> None:
    folder = shown.out / "messages"
    page = (folder / "index.html").read_text()
    assert any("Monday 4 May" in message for message in shown.messages), "the digest"
    pictures = sorted([*folder.glob("*.jpg"), *folder.glob("*.png")])
    assert pictures
    assert all(cv2.imread(str(picture)) is not None for picture in pictures)
    assert all(picture.name in page for picture in pictures)
    (digest,) = (shown.out / "data" / "media").rglob("*digest-2026-05-04*.png")
    assert cv2.imread(str(digest)) is not None


def test_it_ends_with_what_to_type_next(shown: Shown) -> None:
    for words in (
        "coop init",
        "coop check",
        "coop run",
        "coop pair",
        str(shown.out / "messages" / "index.html"),
    ):
        assert words in shown.text


def test_a_folder_of_somebody_elses_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("mine")
    with pytest.raises(SettingsError, match="not of an earlier demo"):
        demo.run_demo(tmp_path, 1, SEED, teach_head, teach_numbers, Console(file=io.StringIO()))
    assert (tmp_path / "holiday.jpg").read_text() == "mine"
