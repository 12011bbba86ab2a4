"""Clips on record: a file moved into its place, a row, and the events that it shows."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.records import EVER, NOON, arrival, findings, moment

from coop.domain.clip import NewClip
from coop.domain.findings import Findings
from coop.domain.label import Label
from coop.domain.picture import PictureKind, StoredPicture
from coop.store import media
from coop.store.restore import restore
from coop.store.store import Store

FILM = b"film" * 1000


def a_clip(store: Store, n: int = 1, **changes: Any) -> NewClip:
    store.clips_under_way.mkdir(parents=True, exist_ok=True)
    file = store.clips_under_way / f"clip-{n}.mp4"
    file.write_bytes(FILM)
    values: dict[str, Any] = {
        "key": f"clip-{n}",
        "file": file,
        "camera": "nest",
        "time": moment(n - 5),
        "seconds": 12.5,
        "width": 640,
        "height": 360,
        "events": (arrival(n).key,),
    }
    return NewClip(**values | changes)


def with_clip(store: Store, n: int = 1) -> NewClip:
    store.record(findings(n), NOON)
    clip = a_clip(store, n)
    assert store.record(Findings(clips=(clip,)), NOON)
    return clip


def clips_of(store: Store) -> list[str | None]:
    return [recorded.clip for recorded in store.events(*EVER)]


def test_a_clip_is_a_file_a_row_and_a_link_from_its_events(store: Store, media_dir: Path) -> None:
    store.record(findings(2), NOON)
    clip = with_clip(store, 1)
    [kept] = store.pictures(*EVER, kind=PictureKind.CLIP)
    assert kept == StoredPicture(
        key="clip-1",
        kind=PictureKind.CLIP,
        path="2026/05/01/nest/115956-clip-clip-1.mp4",
        sha256=hashlib.sha256(FILM).hexdigest(),
        bytes=len(FILM),
        camera="nest",
        time=moment(-4),
        width=640,
        height=360,
        seconds=12.5,
    )
    assert (media_dir / kept.path).read_bytes() == FILM
    assert not clip.file.exists()
    assert clips_of(store) == ["clip-1", None]


def test_recording_it_again_changes_nothing(store: Store) -> None:
    clip = with_clip(store)
    before = store.pictures(*EVER)
    assert not store.record(Findings(clips=(clip,)), NOON)
    again = a_clip(store, 1, seconds=3.0)
    assert not store.record(Findings(clips=(again,)), NOON)
    assert not again.file.exists(), "what is known already is not kept twice"
    assert store.pictures(*EVER) == before


def test_a_crash_between_file_and_row_is_made_good_by_the_retry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.record(findings(1), NOON)
    clip = a_clip(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_write", lambda work: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.record(Findings(clips=(clip,)), NOON)
    assert not clip.file.exists()
    assert store.record(Findings(clips=(clip,)), NOON)
    assert clips_of(store) == ["clip-1"]


def test_a_crash_before_the_retry_leaves_a_file_for_the_sweep_and_no_row(
    store: Store, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = a_clip(store)
    monkeypatch.setattr(store, "_write", lambda work: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.record(Findings(clips=(clip,)), NOON)
    assert store.pictures(*EVER) == ()
    assert len(store.sweep(timedelta(-1)).removed) == 1
    assert not [place for place in media_dir.rglob("*") if place.is_file()]


def test_a_clip_whose_file_is_gone_is_said_and_has_no_row(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.record(findings(1), NOON)
    clip = a_clip(store)
    clip.file.unlink()
    assert not store.record(Findings(clips=(clip,)), NOON)
    assert "The clip clip-1 is lost" in caplog.text
    assert clips_of(store) == [None]


def test_the_sweep_leaves_clips_under_way_alone_and_a_start_tidies_them(store: Store) -> None:
    clip = a_clip(store)
    (store.clips_under_way / "clip-2.mp4.part").write_bytes(b"half")
    assert store.sweep(timedelta(-1)).removed == ()
    assert store.tidy_clips() == 2
    assert not clip.file.exists()
    assert store.tidy_clips() == 0


def test_retention_knows_clips(store: Store) -> None:
    with_clip(store, 1)
    with_clip(store, 2)
    store.retain(NOON, max_bytes=len(FILM) + 2500, free_bytes=lambda: 10**12)
    assert [clip.key for clip in store.pictures(*EVER, kind=PictureKind.CLIP)] == ["clip-2"]
    assert clips_of(store) == ["clip-1", "clip-2"], "the record still says that there was one"
    assert store.picture("clip-1") is None


def test_a_labelled_clip_is_backed_up_and_restored_and_another_is_recorded_as_deleted(
    store: Store, tmp_path: Path
) -> None:
    with_clip(store, 1)
    with_clip(store, 2)
    label = Label(picture="clip-1", task="kinds", value="hen", who="Anna", at=NOON, how="picture")
    store.add_label(label)
    store.backup(tmp_path / "b.tar.gz", now=NOON)
    url, folder = f"sqlite:///{tmp_path}/new/coop.db", tmp_path / "new" / "media"
    restore(
        tmp_path / "b.tar.gz", url=url, media_dir=folder, models_dir=tmp_path / "new" / "models",
        settings_file=tmp_path / "new" / "coop.toml", now=NOON,
    )  # fmt: skip
    with Store.open(url, folder) as other:
        assert clips_of(other) == ["clip-1", "clip-2"]
        found = other.picture("clip-1")
        assert found is not None
        assert (found[0].seconds, found[1].read_bytes()) == (12.5, FILM)
        assert other.picture("clip-2") is None


def test_a_folder_that_retention_removes_meanwhile_is_made_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, make, calls = a_clip(store), media._make_folder, list[Path]()

    def made_and_removed(folder: Path) -> None:
        make(folder)
        if folder.name == "nest" and not calls:
            folder.rmdir()
            calls.append(folder)

    monkeypatch.setattr(media, "_make_folder", made_and_removed)
    assert store.record(Findings(clips=(clip,)), NOON)
    found = store.picture("clip-1")
    assert found is not None and found[1].read_bytes() == FILM
