"""A backup restores into an empty place, on either kind of database, and nothing else passes for one."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.labelling import KINDS, entry
from fakes.records import EVER, NOON, findings, moment, new_picture, note, visit
from sqlalchemy import insert, select, text

from coop.domain.catalogue import Suggestion
from coop.domain.chat import Mute
from coop.domain.findings import Findings
from coop.domain.health import DaemonStatus
from coop.domain.label import Label
from coop.domain.notification import OutboxState
from coop.domain.training import Outcome, Verdict
from coop.errors import BackupError, StoreCorrupt, StoreUnavailable
from coop.store.models import (
    Base,
    ClusterPictureRow,
    ClusterRow,
    CorrectionRow,
    DatasetItemRow,
    DatasetRow,
    EggClaimRow,
    EggRow,
    EggShareRow,
    LoginRow,
    LoginTokenRow,
    MemberRow,
    NestCountRow,
    NestReadingRow,
    PreferencesRow,
    TellingRow,
)
from coop.store.restore import Restored, restore
from coop.store.store import Store
from coop.store.writer import Writer

LATER = moment(3600)


def populate(store: Store) -> None:
    """Something in every table; picture 1 is labelled."""
    for n in range(5):
        store.record(findings(n), NOON)
    store.record(Findings(visits=(visit(0, ended=moment(9)),)), NOON)
    store.record(Findings(pictures=(new_picture(9, box=None, track_id=None),)), NOON)
    store.record(Findings(notifications=(note("ümlaut\nline", text="🦊 ünterwegs", alarm=True),)), NOON)
    store.add_label(Label(picture="picture-1", task="kinds", value="hen", who="Anna", at=NOON, how="visit"))
    store.pair(store.new_pairing_code(NOON, timedelta(hours=1)), "42", "Anna", NOON)
    store.new_pairing_code(NOON, timedelta(hours=1))
    store.note_stranger("66", NOON)
    store.activate("kinds", "kinds-1", NOON)
    store.activate("kinds", "kinds-2", NOON)
    verdict = Verdict(right=0.9, before=0.8, pictures=20, days=2, lacks=("fox",))
    learned = store.begin_training("kinds", 1, "kinds-3", 1, "nightly", NOON)
    store.end_training(learned.id, Outcome.KEPT, NOON, verdict=verdict, at_work="kinds-2")
    store.set_last_run("digest", NOON)
    store.put_status(
        DaemonStatus(pid=1, started=NOON, refreshed=NOON, version="0.1", cameras=(), model="kinds-2")
    )
    store.begin_sending(store.due(NOON, 1)[0].id, NOON)
    populate_labelling(store)
    populate_nests(store)
    populate_chats(store)


def populate_nests(store: Store) -> None:
    """An egg in a nest that was read and counted, and who laid it."""
    event = store.events(*EVER)[0].event.key
    place = {"camera": "run", "nest": "nest 1", "time": NOON}
    reading = {"state": "free", "eggs": 1, "confidence": 0.9, "chances": {"1": 0.9}, "reason": ""}
    share = {"egg": event, "made": NOON, "hen": "Berta", "probability": 0.8}
    bare(
        store,
        (NestReadingRow, place | reading | {"id": 1, "model": "nest 1", "picture": "picture-1"}),
        (NestCountRow, place | {"eggs": 1, "first": NOON}),
        (EggRow, place | {"event": event, "since": NOON, "together": 1, "gone": None, "fate": "lying"}),
        (EggClaimRow, {"id": 1, "egg": share["egg"], "hen": "Ida", "who": "ann", "at": NOON, "batch": "b"}),
        (EggShareRow, share | {"id": 1, "visit": None, "minutes": 12.5, "identity": 0.9}),
    )


def populate_chats(store: Store) -> None:
    """What chats chose, said and were told."""
    store.set_mute(Mute(chat="42", topic="Berta", until=LATER), "Anna", NOON)
    store.acknowledge("visit-0", "Anna", NOON)
    was = {"was_kind": "hen", "was_subject": "Alba", "who": "Anna", "at": NOON, "batch": "telegram-1"}
    person = {"chat": "-100", "person": "7", "name": "Änne", "role": "keeper", "since": NOON}
    chosen = {"language": "ru", "thread": 5, "arrivals": True, "daily": True, "weekly": False}
    bare(
        store,
        (CorrectionRow, {"id": 1, "visit": "visit-0", "kind": "hen", "subject": "Berta"} | was),
        (MemberRow, person),
        (PreferencesRow, {"chat": "42"} | chosen | {"quiet_from": "22:00", "quiet_to": "07:00"}),
        (TellingRow, {"chat": "42", "visit": "visit-0", "message": "m", "made": NOON}),
    )


def populate_labelling(store: Store) -> None:
    """Pictures 0 to 4 in the catalogue and in a task, a cluster, a dataset version and a login."""
    store.add_task(KINDS, "Anna", NOON)
    store.catalogue([entry(n) for n in range(5)])
    store.next_visits("kinds", "Anna", NOON, count=1, lease=timedelta(minutes=5))
    store.suggest(
        "kinds", [Suggestion(picture="picture-1", value="hen", confidence=0.9, margin=0.8, model="starter 1")]
    )
    cluster = {"task": "kinds", "made": NOON, "model": "starter 1", "parent": None, "ended": None}
    dataset = {
        "task": "kinds",
        "version": 1,
        "made": NOON,
        "who": "Anna",
        "kind": "single",
        "classes": ["hen"],
    }
    item = {"task": "kinds", "version": 1, "picture": "picture-1", "sha256": "x", "value": "hen"}
    token = {"hash": "h", "login": "Anna", "kind": "session", "made": NOON, "expires": NOON}
    bare(
        store,
        (ClusterRow, {"id": 1} | cluster),
        (ClusterPictureRow, {"cluster": 1, "picture": "picture-1", "distance": 0.25}),
        (DatasetRow, dataset | {"digest": "d", "about": {"note": "ü"}}),
        (DatasetItemRow, item | {"part": "train", "grouping": "g", "visit": "visit-0", "day": "2026-05-01"}),
        (LoginRow, {"name": "Anna", "secret": "", "since": NOON, "disabled": None}),
        (LoginTokenRow, token),
    )


def bare(store: Store, *rows: tuple[type[Base], dict[str, Any]]) -> None:
    """Rows as they stand in the database, where going through the program would take too many others."""
    for row, values in rows:
        store._write(lambda session, row=row, values=values: session.execute(insert(row).values(values)))


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    with store._engine.connect() as connection:
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in Base.metadata.sorted_tables
        }


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "models"
    (folder / "kinds-2").mkdir(parents=True)
    (folder / "kinds-2" / "model.tflite").write_bytes(bytes(range(256)) * 40)
    (folder / "kinds-2" / "card.json").write_text("{}")
    return folder


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "coop.toml"
    file.write_text('timezone = "Europe/Berlin"\n')
    return file


@pytest.fixture
def file(store: Store, tmp_path: Path, models_dir: Path, settings_file: Path) -> Path:
    """A backup of a store with something in every table."""
    populate(store)
    made = store.backup(
        tmp_path / "coop.tar.gz", now=NOON, models_dir=models_dir, settings_file=settings_file
    )
    assert (made.pictures, made.missing, made.damaged) == (1, (), ())
    return made.file


class Place:
    """Somewhere to restore to."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.url = url or f"sqlite:///{folder}/coop.db"
        self.media_dir = folder / "media"
        self.models_dir = folder / "models"
        self.settings_file = folder / "coop.toml"

    def restore(self, file: Path, **changes: Any) -> Restored:
        return restore(
            file,
            url=self.url,
            media_dir=self.media_dir,
            models_dir=self.models_dir,
            settings_file=self.settings_file,
            now=changes.pop("now", LATER),
            **changes,
        )

    def open(self) -> Store:
        return Store.open(self.url, self.media_dir)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "new")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.external_service)])
def any_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place with a database of either kind, whatever kind the backup came from."""
    if request.param == "sqlite":
        yield Place(tmp_path / "new")
        return
    server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield Place(tmp_path / "new", url)
    server.drop(url)


def test_what_was_backed_up_is_restored_on_any_database(
    store: Store, file: Path, any_place: Place, models_dir: Path, settings_file: Path
) -> None:
    before = rows(store)
    restored = any_place.restore(file)
    assert (restored.made, restored.pictures, restored.without_file) == (NOON, 1, 5)
    assert restored.rows == sum(map(len, before.values()))
    with any_place.open() as other:
        after = rows(other)
        gone = {"deleted": LATER}
        for row in before["pictures"]:
            row |= {} if row["key"] == "picture-1" else gone
        # What waits for a label is counted anew: only the labelled picture has its file.
        before["task_visits"] = [row | {"pictures": 1, "open": 0} for row in before["task_visits"]]
        assert after == before
        assert all(after.values()), "every table was put to the test"
        found, original = other.picture("picture-1"), store.picture("picture-1")
        assert found is not None and original is not None
        assert found[1].read_bytes() == original[1].read_bytes()
        assert other.sweep(timedelta(0)).missing == ()
    kept = {p.relative_to(models_dir): p.read_bytes() for p in models_dir.rglob("*") if p.is_file()}
    put = any_place.models_dir
    assert {p.relative_to(put): p.read_bytes() for p in put.rglob("*") if p.is_file()} == kept
    assert any_place.settings_file.read_text() == settings_file.read_text()
    assert list(put.parent.glob(".restore-*")) == []


def test_life_goes_on_after_a_restore(file: Path, any_place: Place) -> None:
    any_place.restore(file)
    with any_place.open() as other:
        assert not other.record(findings(1), LATER), "keys are known"
        assert other.record(findings(77), LATER), "ids go on where they were"
        other.add_label(
            Label(picture="picture-77", task="kinds", value="cat", who="A", at=LATER, how="visit")
        )
        assert len(other.labels()) == 2
        with other._engine.connect() as connection:
            boxless = connection.scalar(text("SELECT key FROM pictures WHERE box IS NULL"))
        assert boxless == "picture-9", "nothing is NULL, not JSON's null"
        assert [item.state for item in other.recover_outbox(LATER)] == [OutboxState.UNCERTAIN]


def test_a_backup_is_the_owner_s_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        assert {member.mode for member in tar} == {0o600}


@pytest.mark.parametrize("name", ["coop.zip", "coop"])
def test_the_name_says_the_format(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(BackupError, match=r"Let it end in \.tar\.gz"):
        store.backup(tmp_path / name, now=NOON)


def test_a_plain_tar_and_an_almost_empty_store(store: Store, tmp_path: Path, place: Place) -> None:
    file = store.backup(tmp_path / "coop.tar", now=NOON, models_dir=tmp_path / "none").file
    restored = place.restore(file)
    assert (restored.rows, restored.settings) == (0, None)
    assert not place.models_dir.exists()


def test_a_missing_folder(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="its folder does not exist"):
        store.backup(tmp_path / "not mounted" / "coop.tar.gz", now=NOON)


def test_a_full_backup_disk_leaves_nothing_behind(store: Store, small_disk: Path, models_dir: Path) -> None:
    (models_dir / "big").write_bytes(bytes(8 << 20))
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.backup(small_disk / "coop.tar", now=NOON, models_dir=models_dir)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("after", [0, 1, 100, 500])
def test_a_program_that_ends_does_not_wait_for_its_backup(
    store: Store, tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    populate(store)
    looks = 0

    def stopped_later() -> bool:
        nonlocal looks
        looks += 1
        if looks > after:
            store.hurry()
        return store._writer._closing.is_set()

    (models_dir / "kinds-2" / "model.tflite").write_bytes(bytes(20 << 20))
    monkeypatch.setattr(Writer, "hurries", property(lambda writer: stopped_later()))
    with pytest.raises(BackupError, match="about to end"):
        store.backup(tmp_path / "coop.tar.gz", now=NOON, models_dir=models_dir)
    assert looks == after + 1, "nothing is written any more"
    assert not list(tmp_path.glob("*coop.tar*"))


def test_labelled_pictures_that_are_gone_or_changed_are_reported(store: Store, tmp_path: Path) -> None:
    for n in (1, 2, 3):
        store.record(findings(n), NOON)
        label = Label(picture=f"picture-{n}", task="kinds", value="hen", who="Anna", at=NOON, how="visit")
        store.add_label(label)
    places = [store.picture(f"picture-{n}") for n in (1, 2)]
    assert places[0] is not None and places[1] is not None
    places[0][1].unlink()
    places[1][1].write_bytes(b"rotten")
    made = store.backup(tmp_path / "coop.tar.gz", now=NOON)
    assert (made.missing, made.damaged, made.pictures) == (("picture-1",), ("picture-2",), 2)


def test_an_occupied_place_is_refused_and_left_alone(file: Path, any_place: Place) -> None:
    with any_place.open() as other:
        other.record(findings(50), NOON)
        before = rows(other)
        with pytest.raises(BackupError, match=r"is not empty\. Say that it shall be replaced"):
            any_place.restore(file)
        assert rows(other) == before
        for picture in other.pictures(*EVER):
            (any_place.media_dir / picture.path).unlink()
    for place in sorted(any_place.media_dir.rglob("*"), reverse=True):
        place.rmdir()
    with pytest.raises(BackupError, match=r"Database .* is not empty"):
        any_place.restore(file)


def test_replacing_an_occupied_place(store: Store, file: Path, any_place: Place) -> None:
    with any_place.open() as other:
        other.record(findings(50), NOON)
    any_place.models_dir.mkdir(parents=True)
    (any_place.models_dir / "old").write_text("old")
    any_place.settings_file.write_text("mine = 1\n")
    restored = any_place.restore(file, replace=True)
    with any_place.open() as other:
        assert rows(other)["events"] == rows(store)["events"]
    assert [found.name for found in any_place.models_dir.iterdir()] == ["kinds-2"]
    assert any_place.settings_file.read_text() == "mine = 1\n"
    assert restored.settings == any_place.settings_file.with_name("coop.toml.restored")


def test_a_damaged_database_is_moved_aside_not_thrown_away(file: Path, place: Place) -> None:
    place.open().close()
    database = Path(place.url.removeprefix("sqlite:///"))
    database.write_bytes(b"rubbish" * 1000)
    with pytest.raises(StoreCorrupt):
        place.restore(file)
    restored = place.restore(file, replace=True)
    assert [found.read_bytes() for found in restored.aside] == [b"rubbish" * 1000]
    with place.open() as other:
        assert len(other.events(*EVER)) == 5


def test_not_under_a_running_daemon(store: Store, file: Path, place: Place) -> None:
    place.restore(file)
    with pytest.raises(BackupError, match="the daemon is running"):
        place.restore(file, replace=True, now=NOON + timedelta(seconds=2))


def test_a_restore_that_fails_half_way_changes_nothing(
    file: Path, any_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    any_place.models_dir.mkdir(parents=True)
    (any_place.models_dir / "old").write_text("old")
    with any_place.open() as other:
        other.record(findings(50), NOON)
        before = rows(other)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", _only_first(Path.rename, fail))
    with pytest.raises(StoreUnavailable, match="Input/output error"):
        any_place.restore(file, replace=True)
    monkeypatch.undo()
    assert (any_place.models_dir / "old").read_text() == "old"
    with any_place.open() as other:
        assert rows(other) == before


def _only_first(real: Callable[..., Any], after: Callable[..., Any]) -> Callable[..., Any]:
    """The real thing for the first and from the third call on; the second one fails."""
    calls: list[int] = []

    def rename(*args: Any) -> Any:
        calls.append(1)
        return after(*args) if len(calls) == 2 else real(*args)

    return rename


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of a backup with other contents, its manifest as it was unless changed too."""
    with tarfile.open(file) as tar:
        contents = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    change(contents)
    forged = file.with_name("forged.tar.gz")
    with tarfile.open(forged, "w:gz") as tar:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return forged


def manifest(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        contents["manifest.json"] = json.dumps(json.loads(contents["manifest.json"]) | changes).encode()

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.update({"database/events.jsonl": b""}), "events.jsonl is not what the manifest says"),
        (lambda c: c.pop("database/events.jsonl"), "events.jsonl is missing"),
        (lambda c: c.pop("manifest.json"), "it has no manifest"),
        (lambda c: c.update({"manifest.json": b"{"}), "its manifest cannot be read"),
        (lambda c: c.update({"manifest.json": b"{}"}), "its manifest cannot be read"),
        (lambda c: c.update({"models/extra": b"x"}), "models/extra is not what the manifest says"),
        (lambda c: c.update({"../outside": b"x"}), "'../outside', which no backup of ours does"),
        (lambda c: c.update({"media/../../outside": b"x"}), "which no backup of ours does"),
        (lambda c: c.update({"/etc/coop": b"x"}), "'/etc/coop', which no backup of ours does"),
        (lambda c: c.update({"elsewhere/x": b"x"}), "which no backup of ours does"),
        (manifest(format=2), "its format is 2, known is 1. Restore it with a newer program"),
        (manifest(revision="9999"), "its tables are '9999'"),
        (manifest(tables={"events": 7}), "table events has 5 rows instead of 7"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_backup_that_was_changed_is_refused_and_nothing_written(
    file: Path,
    place: Place,
    change: Callable[[dict[str, bytes]], None],
    problem: str,
    kind: str,
    tmp_path: Path,
) -> None:
    forged = rewritten(file, change)
    with pytest.raises(BackupError) as caught:
        place.restore(forged)
    assert problem in str(caught.value)
    assert not place.models_dir.exists() and not place.media_dir.exists()
    assert not (tmp_path / "outside").exists()
    assert list(place.media_dir.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.9])
def test_a_backup_that_was_cut_off_is_refused(file: Path, place: Place, share: float, kind: str) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BackupError, match=r"no whole archive.*Use another backup"):
        place.restore(file)
    assert list(place.media_dir.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("type", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, place: Place, type: bytes, kind: str) -> None:
    forged = tmp_path / "forged.tar"
    with tarfile.open(forged, "w") as tar:
        info = tarfile.TarInfo("media/link")
        info.type, info.linkname = type, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(BackupError, match="which no backup of ours does"):
        place.restore(forged)


def test_no_such_file(tmp_path: Path, place: Place) -> None:
    with pytest.raises(BackupError, match="there is no such file"):
        place.restore(tmp_path / "coop.tar.gz")
