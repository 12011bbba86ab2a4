"""Full, read-only and damaged: real file systems, clear words, and nothing recorded is lost."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.records import EVER, NOON, findings, moment, new_picture

from coop.domain.findings import Findings
from coop.errors import StoreCorrupt, StoreUnavailable
from coop.store.store import Store


def fill(disk: Path) -> Path:
    """Leave not one free byte on a disk."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return ballast


def open_on(disk: Path) -> Store:
    return Store.open(f"sqlite:///{disk}/coop.db", disk / "media")


def part_files(disk: Path) -> list[Path]:
    return list(disk.rglob(".part-*"))


def test_a_full_disk(small_disk: Path) -> None:
    with open_on(small_disk) as store:
        store.record(findings(1), NOON)
        ballast = fill(small_disk)
        with pytest.raises(StoreUnavailable, match=r"the disk is full\. Free some space"):
            store.record(findings(2), NOON)
        assert part_files(small_disk) == []
        assert [found.event.subject for found in store.events(*EVER)] == ["hen 1"]
        ballast.unlink()
        assert store.record(findings(2), NOON)
        assert len(store.events(*EVER)) == 2
        assert store.sweep(timedelta(0)).missing == ()


def test_a_disk_full_for_rows_alone(small_disk: Path, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{small_disk}/coop.db", tmp_path / "media") as store:
        fill(small_disk)
        written = 0
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            while True:
                store.record(findings(written), NOON)
                written += 1
        assert len(store.events(*EVER)) == written


def test_retention_frees_a_disk_that_has_no_room_even_for_its_rows(small_disk: Path) -> None:
    with open_on(small_disk) as store:
        for n in range(20):
            store.record(Findings(pictures=(new_picture(n, data=bytes([n]) * 50_000, time=moment(n)),)), NOON)
        fill(small_disk)
        summary = store.retain(NOON, max_bytes=500_000, free_bytes=lambda: 0)
        assert (summary.deleted, summary.kept) == (10, 10)
        assert store.sweep(timedelta(0)).missing == ()


def test_opening_on_a_full_disk(small_disk: Path) -> None:
    open_on(small_disk).close()
    ballast = fill(small_disk)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        open_on(small_disk)
    ballast.unlink()
    open_on(small_disk).close()


def test_a_read_only_disk(small_disk: Path) -> None:
    with open_on(small_disk) as store:
        store.record(findings(1), NOON)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StoreUnavailable, match=r"read-only|unable to open"):
        open_on(small_disk).close()


def test_a_disk_that_becomes_read_only(small_disk: Path, tmp_path: Path) -> None:
    media = small_disk / "media"
    with Store.open(f"sqlite:///{tmp_path}/coop.db", media) as store:
        store.record(findings(1), NOON)
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        with pytest.raises(StoreUnavailable, match=r"it is read-only\. Give the program's user the right"):
            store.record(findings(2), NOON)
        assert [found.event.subject for found in store.events(*EVER)] == ["hen 1"]
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        assert store.record(findings(2), NOON)


def filled_database(folder: Path) -> Path:
    with Store.open(f"sqlite:///{folder}/coop.db", folder / "media") as store:
        for n in range(50):
            store.record(findings(n), NOON)
    return folder / "coop.db"


@pytest.mark.parametrize("damage", ["header", "not a database", "cut in half", "cut to the header"])
def test_a_damaged_database_is_refused(tmp_path: Path, damage: str) -> None:
    database = filled_database(tmp_path)
    content = database.read_bytes()
    database.write_bytes(
        {
            "header": b"\0" * 100 + content[100:],
            "not a database": b"hello" * 1000,
            "cut in half": content[: len(content) // 2],
            "cut to the header": content[:100],
        }[damage]
    )
    with pytest.raises(StoreCorrupt, match=r"it is damaged.*coop restore"):
        Store.open(f"sqlite:///{database}", tmp_path / "media").close()


def test_damage_inside_is_found_by_the_check(tmp_path: Path) -> None:
    database = filled_database(tmp_path)
    content = bytearray(database.read_bytes())
    page = (
        content.rfind(b"text of note-40") // 4096 * 4096
    )  # a page of the outbox: far from the list of tables
    content[page : page + 200] = b"\xff" * 200
    database.write_bytes(content)
    with (
        Store.open(f"sqlite:///{database}", tmp_path / "media") as store,
        pytest.raises(StoreCorrupt, match="it is damaged"),
    ):
        store.check()


def test_a_sound_database_passes_the_check(store: Store) -> None:
    store.record(findings(1), NOON)
    store.check()
