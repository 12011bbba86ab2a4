"""The sweep, and asking for pictures."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from fakes.records import EVER, NOON, findings, moment, new_picture

from coop.domain.findings import Findings
from coop.domain.picture import PictureKind
from coop.store.store import Store

HOUR = timedelta(hours=1)


def put_file(media_dir: Path, name: str, age: timedelta) -> str:
    place = media_dir / "2026/05/01/nest" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x")
    now = place.stat().st_mtime
    os.utime(place, (now, now - age.total_seconds()))
    return str(place.relative_to(media_dir))


def test_the_sweep_removes_old_files_that_no_row_names(store: Store, media_dir: Path) -> None:
    store.record(findings(1), NOON)
    old = put_file(media_dir, "old.jpg", 2 * HOUR)
    half = put_file(media_dir, ".part-xyz", 2 * HOUR)
    young = put_file(media_dir, "young.jpg", timedelta(0))
    swept = store.sweep(HOUR)
    assert set(swept.removed) == {old, half}
    assert (swept.spared, swept.missing) == ((), ())
    assert (media_dir / young).exists()
    found = store.picture("picture-1")
    assert found is not None and found[1].exists()


def test_the_sweep_reports_rows_whose_file_is_gone(store: Store) -> None:
    store.record(findings(1), NOON)
    store.record(findings(2), NOON)
    found = store.picture("picture-2")
    assert found is not None
    found[1].unlink()
    assert store.sweep(HOUR).missing == ("picture-2",)


def test_the_sweep_does_not_empty_a_folder_for_a_database_that_knows_nothing(
    store: Store, media_dir: Path
) -> None:
    paths = {put_file(media_dir, f"{n}.jpg", 2 * HOUR) for n in range(101)}
    swept = store.sweep(HOUR)
    assert swept.removed == ()
    assert set(swept.spared) == paths
    assert set(store.sweep(HOUR, bulk=True).removed) == paths


def test_nothing_to_sweep(store: Store) -> None:
    swept = store.sweep(HOUR)
    assert swept.removed == swept.spared == swept.missing == ()


def test_asking_for_pictures(store: Store) -> None:
    pictures = (
        new_picture(1),
        new_picture(2, kind=PictureKind.FRAME, track_id=None, box=None),
        new_picture(3, camera="run"),
    )
    store.record(Findings(pictures=pictures), NOON)

    def keys(*args: object, **kwargs: object) -> list[str]:
        return [picture.key for picture in store.pictures(*args, **kwargs)]  # type: ignore[arg-type]

    assert keys(*EVER) == ["picture-1", "picture-2", "picture-3"]
    assert keys(moment(2), moment(3)) == ["picture-2"]
    assert keys(*EVER, kind=PictureKind.FRAME) == ["picture-2"]
    assert keys(*EVER, camera="run") == ["picture-3"]
    assert keys(*EVER, track_id="track-1") == ["picture-1"]
