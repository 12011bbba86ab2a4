"""An import that broke off, however hard, is mended by repeating it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.importing import bring_in
from fakes.pictures import jpeg

from coop.domain.picture import NewPicture
from coop.store.store import Store
from labeling.importing import run

COUNT = 400
COOP = Path(sys.executable).parent / "coop"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A labelled CSV of many pictures, one of them damaged."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n in range(COUNT):
        (folder / f"{n}.jpg").write_bytes(jpeg(n, (48, 32)))
    (folder / "5.jpg").write_bytes(b"no picture")
    lines = [f"{n}.jpg,{'hen' if n % 3 else 'none'}" for n in range(COUNT)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *lines]))
    return folder / "labels.csv"


def command(table: Path, data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COOP, "label", "import", table, "--task", "kinds"],
        env={**os.environ, "COOP_DATA_DIR": str(data), "COOP_TIMEZONE": "Europe/London"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=data.parent,
    )  # fmt: skip


def assert_complete(store: Store) -> None:
    labels = store.current_labels("kinds")
    assert len(labels) == len(store.labels()) == len(store.entries()) == COUNT - 1
    assert store.progress("kinds").open_pictures == 0
    assert all(store.locate_picture(sheet.picture).exists() for sheet in store.sheet("kinds"))


def test_killed_and_repeated(tmp_path: Path, table: Path) -> None:
    data = tmp_path / "killed"
    running = command(table, data)
    while running.poll() is None and len(list((data / "media").rglob("*.jpg"))) < 100:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    with Store.open(f"sqlite:///{data}/coop.db", data / "media") as store:
        kept = len(store.entries())
    repeated = command(table, data)
    said, _ = repeated.communicate()
    assert repeated.returncode == 0, said
    assert f"{kept} were there already" in said
    assert "5.jpg: it is no JPEG" in said
    with Store.open(f"sqlite:///{data}/coop.db", data / "media") as store:
        assert_complete(store)


def test_interrupted_between_lots_and_repeated(
    store: Store, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lots = store.import_pictures, iter(range(99))

    def interrupted(pictures: list[NewPicture], *rest: object, **more: object) -> int:
        if next(lots) == 2:
            raise KeyboardInterrupt
        return real(pictures, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(store, "import_pictures", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bring_in(store, table, task="kinds")
    assert len(store.entries()) == 2 * run.LOT
    assert len(store.current_labels("kinds")) == 2 * run.LOT
    bring_in(store, table, task="kinds", batch="import-2")
    assert_complete(store)
    assert bring_in(store, table, task="kinds", batch="import-3").labels == 0
    assert_complete(store)


def test_a_file_that_is_damaged_while_it_is_imported(store: Store, table: Path) -> None:
    def steps() -> Iterator[None]:
        yield
        (table.parent / "7.jpg").write_bytes(jpeg(7, (48, 32))[:100])
        (table.parent / "8.jpg").unlink()
        while True:
            yield

    acting = steps()
    looked_at = False

    def progress(step: str, done: int, total: int) -> None:
        nonlocal looked_at
        if done == total and not looked_at:
            looked_at = True
            next(acting), next(acting)

    report = bring_in(store, table, task="kinds", progress=progress)
    assert [bad.name for bad in report.unusable] == ["5.jpg", "7.jpg", "8.jpg"]
    assert len(store.current_labels("kinds")) == COUNT - 3
