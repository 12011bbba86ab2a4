"""Making room: the oldest first, never what a person labelled or what is still to be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.records import EVER, NOON, findings, moment, new_picture, note

from coop.domain.findings import Findings
from coop.domain.label import Label
from coop.store import retention as module
from coop.store.store import Store

SIZE = 1000
DAY = 86400


def disk(media_dir: Path, size: int) -> Callable[[], int]:
    """Free bytes on a disk of ``size`` that holds nothing but the media."""
    return lambda: size - sum(place.stat().st_size for place in media_dir.rglob("*") if place.is_file())


def plenty() -> int:
    return 10**12


@pytest.fixture
def ten(store: Store, media_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Ten pictures of 1,000 bytes, one a day, the last one today."""
    monkeypatch.setattr(module, "_BATCH", 3)
    for n in range(10):
        picture = new_picture(n, data=bytes([n]) * SIZE, time=moment((n - 9) * DAY))
        store.record(Findings(pictures=(picture,)), NOON)
    return store


def kept(store: Store) -> list[int]:
    return [int(picture.key.removeprefix("picture-")) for picture in store.pictures(*EVER)]


def files(media_dir: Path) -> int:
    return sum(place.is_file() for place in media_dir.rglob("*"))


def label(store: Store, n: int) -> None:
    store.add_label(
        Label(picture=f"picture-{n}", task="kinds", value="hen", who="Anna", at=NOON, how="picture")
    )


def test_without_limits_nothing_goes(ten: Store) -> None:
    summary = ten.retain(NOON, free_bytes=plenty)
    assert (summary.deleted, summary.kept, summary.kept_bytes, summary.short) == (0, 10, 10 * SIZE, False)


def test_by_age(ten: Store, media_dir: Path) -> None:
    summary = ten.retain(NOON, max_age_days=4, free_bytes=plenty)
    assert kept(ten) == [5, 6, 7, 8, 9]
    assert files(media_dir) == 5
    assert (summary.deleted, summary.deleted_bytes, summary.short) == (5, 5 * SIZE, False)


def test_by_size(ten: Store, media_dir: Path) -> None:
    ten.retain(NOON, max_bytes=3 * SIZE + 1, free_bytes=plenty)
    assert kept(ten) == [7, 8, 9]
    assert files(media_dir) == 3


def test_by_free_space(ten: Store, media_dir: Path) -> None:
    ten.retain(NOON, min_free_bytes=5 * SIZE, free_bytes=disk(media_dir, 11 * SIZE))
    assert kept(ten) == [4, 5, 6, 7, 8, 9]


def test_a_disk_that_somebody_else_fills_does_not_cost_everything(ten: Store) -> None:
    summary = ten.retain(NOON, min_free_bytes=2 * SIZE, free_bytes=lambda: 0)
    assert kept(ten) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert summary.deleted == 2


def test_labelled_pictures_are_never_deleted(ten: Store) -> None:
    label(ten, 0)
    label(ten, 5)
    summary = ten.retain(NOON, max_age_days=0, max_bytes=0, free_bytes=plenty)
    assert kept(ten) == [0, 5]
    assert summary.short, "a limit is exceeded and nothing more may go"


def test_pictures_of_waiting_messages_stay_until_they_are_sent(ten: Store) -> None:
    messages = tuple(note(f"note-{n}", picture=f"picture-{n}") for n in (1, 2, 3))
    ten.record(Findings(notifications=messages), NOON)
    one, two, _ = ten.due(NOON, 10)
    for item in (one, two):
        ten.begin_sending(item.id, NOON)
    ten.finish_sent(one.id, "1", NOON)
    ten.retain(NOON, max_bytes=0, free_bytes=plenty)
    assert kept(ten) == [2, 3]


def test_what_happened_remains_on_record(store: Store) -> None:
    store.record(replace(findings(1), notifications=()), NOON)
    before = [(found.event, found.picture) for found in store.events(*EVER)]
    store.retain(NOON, max_bytes=0, free_bytes=plenty)
    assert [(found.event, found.picture) for found in store.events(*EVER)] == before
    assert store.visits(*EVER) != ()
    assert store.picture("picture-1") is None
    store.record(findings(1), NOON)
    assert store.picture("picture-1") is None, "the same findings again do not bring the picture back"
    assert store.sweep(timedelta(0)).missing == ()


def test_a_crash_between_rows_and_files_is_repaired_by_the_sweep(
    ten: Store, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(batch: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ten, "_remove_files", crash)
        with pytest.raises(KeyboardInterrupt):
            ten.retain(NOON, max_bytes=8 * SIZE, free_bytes=plenty)
    assert (kept(ten), files(media_dir)) == ([2, 3, 4, 5, 6, 7, 8, 9], 10)
    swept = ten.sweep(timedelta(-1))
    assert (len(swept.removed), swept.missing, files(media_dir)) == (2, (), 8)
