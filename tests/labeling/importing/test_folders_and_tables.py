"""Folders and labelled CSVs: what goes in comes out, once, and bad files stop nothing."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from fakes.importing import bring_in
from fakes.pictures import drawn, encoded, jpeg
from fakes.records import NOON, new_picture

from coop.domain.label import Label
from coop.domain.picture import PictureKind
from coop.domain.task import NONE, Task, TaskClass, TaskKind
from coop.errors import LabelError
from coop.store.store import Store
from labeling.importing.formats import Format
from labeling.importing.found import ImportProblem


def folder_of(root: Path, names: dict[str, int]) -> Path:
    for name, seed in names.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(seed))
    return root


def table(root: Path, lines: str, names: dict[str, int]) -> Path:
    folder_of(root, names)
    file = root / "labels.csv"
    file.write_text(lines)
    return file


def names_of(store: Store, task: str | None = None) -> list[str]:
    return sorted(entry.name for entry in store.entries(task=task))


def by_name(store: Store, task: str) -> dict[str, str]:
    named = {entry.picture: entry.name for entry in store.entries(task=task)}
    kind = store.task(task)
    return {named[key]: kind.shown(value) for key, value in store.current_labels(task).items()}


def test_a_folder_with_what_is_below_it(store: Store, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "photos", {"a.jpg": 1, "deep/b.JPG": 2, ".hidden.jpg": 3, ".git/c.jpg": 4})
    (root / "notes.txt").write_text("not a picture")
    report = bring_in(store, root)
    assert (report.found, report.new, report.undated) == (2, 2, 2)
    assert names_of(store) == ["a.jpg", "deep/b.JPG"]
    assert {entry.source for entry in store.entries()} == {"photos"}
    assert {entry.visit for entry in store.entries()} == {
        f"photos/picture/{entry.picture}" for entry in store.entries()
    }


def test_a_repeat_adds_nothing_twice_and_only_what_is_new(store: Store, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "photos", {"a.jpg": 1})
    bring_in(store, root)
    folder_of(root, {"b.jpg": 2, "copy of a.jpg": 1})
    report = bring_in(store, root)
    assert (report.new, report.known, report.twice) == (1, 1, 1)
    assert names_of(store) == ["a.jpg", "b.jpg"]


def test_bad_files_are_listed_and_the_rest_comes_in(store: Store, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "photos", {"good.jpg": 1, "cut.jpg": 2})
    (root / "cut.jpg").write_bytes(jpeg(2)[:-200])
    (root / "empty.jpg").touch()
    (root / "text.jpg").write_text("hello")
    (root / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "really a png.jpg").write_bytes(encoded(drawn(3), "PNG"))
    report = bring_in(store, root)
    assert names_of(store) == ["good.jpg", "really a png.jpg"]
    assert {bad.name: bad.reason for bad in report.unusable} == {
        "cut.jpg": "the file is cut off",
        "empty.jpg": "the file is empty (0 bytes)",
        "text.jpg": "it is no JPEG, PNG, WebP, GIF, TIFF, BMP or PPM, whatever its name says",
    }


def test_nothing_outside_the_folder_is_read(store: Store, tmp_path: Path) -> None:
    folder_of(tmp_path, {"secret.jpg": 1})
    root = folder_of(tmp_path / "photos", {"own.jpg": 2, "sub/own2.jpg": 3})
    (root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "inner.jpg").symlink_to(root / "sub" / "own2.jpg")
    (root / "folder").symlink_to(tmp_path, target_is_directory=True)
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    (root / "gone.jpg").symlink_to(root / "nowhere.jpg")
    report = bring_in(store, root)
    assert len(names_of(store)) == 2
    assert sorted(bad.name for bad in report.unusable) == ["gone.jpg", "link.jpg", "loop.jpg"]
    csv = root / "labels.csv"
    csv.write_text(f"path,label\n../secret.jpg,hen\n{tmp_path}/secret.jpg,hen\nlink.jpg,hen\nown.jpg,hen\n")
    report = bring_in(store, csv, task="kinds")
    assert by_name(store, "kinds") == {"own.jpg": "hen"}
    assert len(report.unusable) == 3


def test_what_cannot_be_read_is_listed(store: Store, tmp_path: Path) -> None:
    csv = table(
        tmp_path, "path,label\n\0.jpg,hen\n,hen\nfolder,hen\n" + "x" * 300 + ",hen\na.jpg,hen\n", {"a.jpg": 1}
    )
    (tmp_path / "folder").mkdir()
    report = bring_in(store, csv, task="kinds")
    assert len(report.unusable) == 4
    assert by_name(store, "kinds") == {"a.jpg": "hen"}


def test_class_folders(store: Store, tmp_path: Path) -> None:
    root = folder_of(
        tmp_path / "tree",
        {"hen/1.jpg": 1, "hen/deep/2.jpg": 2, "fox/3.jpg": 3, "none/4.jpg": 4, "stray.jpg": 5},
    )
    report = bring_in(store, root, Format.IMAGEFOLDER, task="kinds")
    assert by_name(store, "kinds") == {
        "hen/1.jpg": "hen", "hen/deep/2.jpg": "hen", "fox/3.jpg": "fox", "none/4.jpg": NONE,
    }  # fmt: skip
    assert [cls.name for cls in store.task("kinds").classes] == ["fox", "hen"]
    assert [bad.name for bad in report.unusable] == ["stray.jpg"]
    split = folder_of(tmp_path / "split", {"train/hen/11.jpg": 11, "val/fox/12.jpg": 12})
    bring_in(store, split, Format.IMAGEFOLDER, task="split")
    assert by_name(store, "split") == {"train/hen/11.jpg": "hen", "val/fox/12.jpg": "fox"}


def test_a_table_makes_a_task_of_the_kind_that_its_labels_need(store: Store, tmp_path: Path) -> None:
    pictures = {f"{n}.jpg": n for n in range(4)}
    single = table(
        tmp_path / "s", "path,label,group\n0.jpg,hen,a\n1.jpg,none,a\n2.jpg,unsure,b\n3.jpg,,b\n", pictures
    )
    report = bring_in(store, single, task="one")
    assert by_name(store, "one") == {"0.jpg": "hen", "1.jpg": "none", "2.jpg": "unsure"}
    assert (report.labels, report.groups, report.visits) == (3, 2, 2)
    multi = table(tmp_path / "m", "path;label\n0.jpg;white|brown\n1.jpg;none\n2.jpg;brown\n", pictures)
    bring_in(store, multi, task="many")
    assert by_name(store, "many") == {"0.jpg": "brown|white", "1.jpg": "none", "2.jpg": "brown"}
    count = table(tmp_path / "c", "path,label\n0.jpg,eggs=3\n1.jpg,eggs=0|hens=1\n2.jpg,none\n", pictures)
    bring_in(store, count, task="eggs")
    assert by_name(store, "eggs") == {"0.jpg": "eggs=3", "1.jpg": "eggs=0|hens=1", "2.jpg": "none"}
    kinds = {task.name: task.kind for task in store.tasks()}
    assert kinds == {"one": TaskKind.SINGLE, "many": TaskKind.MULTI, "eggs": TaskKind.COUNT}
    assert not store.task("one").daemon
    assert {label.how for label in store.labels()} == {"imported"}
    assert {label.who for label in store.labels()} == {"import"}


def test_a_table_as_a_spreadsheet_writes_it(store: Store, tmp_path: Path) -> None:
    lines = '\ufeff"Path";"Label";"remark"\r\n"sub\\0.jpg";"hen";"a; b"\r\n"1.jpg";" hen ";\r\n'
    bring_in(store, table(tmp_path, lines, {"sub/0.jpg": 0, "1.jpg": 1}), task="kinds")
    assert set(by_name(store, "kinds").values()) == {"hen"}
    assert len(by_name(store, "kinds")) == 2


def test_days_and_times_of_a_table_count(store: Store, tmp_path: Path) -> None:
    lines = (
        "path,label,day,time,visit\n0.jpg,hen,2016-10-02,,\n1.jpg,hen,,2016-10-04T23:30:00,\n"
        "2.jpg,hen,,2016-10-04T23:30:00+00:00,v1\n3.jpg,hen,2016-13-02,,\n4.jpg,hen,,,v1\n"
    )
    report = bring_in(store, table(tmp_path, lines, {f"{n}.jpg": n for n in range(5)}), task="kinds")
    found = {entry.name: entry for entry in store.entries()}
    assert [found[f"{n}.jpg"].day for n in (0, 1, 2, 4)] == [
        date(2016, 10, 2), date(2016, 10, 4), date(2016, 10, 5), None,
    ]  # fmt: skip
    assert found["2.jpg"].visit == found["4.jpg"].visit
    assert [bad.name for bad in report.unusable] == ["3.jpg"]
    sheet = {s.name: s.picture.time.isoformat() for s in store.sheet("kinds")}
    assert sheet["0.jpg"] == "2016-10-02T11:00:00+00:00"  # noon of the day in London
    assert sheet["1.jpg"] == "2016-10-04T22:30:00+00:00"
    assert sheet["4.jpg"] == NOON.isoformat()


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [("", "no column path"), ("file,label\n0.jpg,hen\n", "no column path"), ("path\n\xff", "not UTF-8")],
)
def test_no_table_at_all(store: Store, tmp_path: Path, lines: str, complaint: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(lines.encode("latin-1"))
    with pytest.raises(ImportProblem, match=complaint):
        bring_in(store, file, task="kinds")
    assert store.tasks() == ()


def test_times_in_names_make_visits_and_days(store: Store, tmp_path: Path) -> None:
    names = {
        "20161002120000.jpg": 1,
        "20161002120400.jpg": 2,
        "20161002121000.jpg": 3,
        "20161004120000.jpg": 4,
    }
    report = bring_in(store, folder_of(tmp_path / "nest", names))
    assert (report.visits, report.days, report.undated) == (3, 2, 0)
    visits = {entry.name: entry.visit for entry in store.entries()}
    assert visits["20161002120000.jpg"] == visits["20161002120400.jpg"]


def test_folders_as_groups(store: Store, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "x", {"monday/1.jpg": 1, "monday/2.jpg": 2, "tuesday/3.jpg": 3, "4.jpg": 4})
    report = bring_in(store, root, groups=True)
    assert (report.groups, report.visits) == (2, 3)
    assert {entry.name: entry.group for entry in store.entries()}["4.jpg"] is None


def test_labels_of_people_stay_unless_told_otherwise(store: Store, tmp_path: Path) -> None:
    csv = table(tmp_path, "path,label\n0.jpg,hen\n1.jpg,hen\n", {"0.jpg": 0, "1.jpg": 1})
    bring_in(store, csv, task="kinds", add_classes=True)
    store.add_classes("kinds", ["fox"], "Anna", NOON)
    key = next(entry.picture for entry in store.entries() if entry.name == "0.jpg")
    store.add_label(
        Label(picture=key, task="kinds", value="fox", who="Anna", at=NOON, how="picture", batch="b")
    )
    report = bring_in(store, csv, task="kinds", batch="import-2")
    assert (report.labels, report.labels_kept) == (0, 1)
    assert by_name(store, "kinds") == {"0.jpg": "fox", "1.jpg": "hen"}
    report = bring_in(store, csv, task="kinds", batch="import-3", override=True, who="Ben")
    assert (report.labels, report.labels_kept) == (1, 0)
    assert by_name(store, "kinds") == {"0.jpg": "hen", "1.jpg": "hen"}
    assert store.undo("import-1", who="Anna", at=NOON, as_batch="undo").left == (key,)


def test_labels_that_the_task_lacks_are_refused_before_anything_is_stored(
    store: Store, tmp_path: Path
) -> None:
    store.add_task(
        Task(name="kinds", kind=TaskKind.SINGLE, classes=(TaskClass(code="hen", name="hen"),)), "A", NOON
    )
    csv = table(tmp_path, "path,label\n0.jpg,hen\n1.jpg,wolf\n", {"0.jpg": 0, "1.jpg": 1})
    with pytest.raises(LabelError, match=r"no class 'wolf'. It has: hen.*--add-classes"):
        bring_in(store, csv, task="kinds")
    assert store.entries() == ()
    bring_in(store, csv, task="kinds", add_classes=True)
    assert by_name(store, "kinds") == {"0.jpg": "hen", "1.jpg": "wolf"}
    multi = table(tmp_path / "m", "path,label\n0.jpg,hen|wolf\n", {"0.jpg": 0})
    with pytest.raises(LabelError, match="allows one class"):
        bring_in(store, multi, task="kinds", add_classes=True)


def test_a_task_about_other_pictures_is_refused(store: Store, tmp_path: Path) -> None:
    store.add_task(Task(name="nest", kind=TaskKind.COUNT, pictures=PictureKind.ZONE), "Anna", NOON)
    root = folder_of(tmp_path / "x", {"1.jpg": 1})
    with pytest.raises(LabelError, match="about zone pictures"):
        bring_in(store, root, task="nest", kind=PictureKind.CROP)
    bring_in(store, root, task="nest")
    assert store.sheet("nest")[0].picture.kind is PictureKind.ZONE


def test_the_same_picture_with_two_labels(store: Store, tmp_path: Path) -> None:
    csv = table(
        tmp_path, "path,label\n0.jpg,\n1.jpg,hen\n2.jpg,fox\n3.jpg,hen\n", {f"{n}.jpg": 7 for n in range(4)}
    )
    report = bring_in(store, csv, task="kinds")
    assert (report.new, report.twice, report.labels) == (1, 3, 1)
    assert [(bad.name, "0.jpg" in bad.reason) for bad in report.contradictions] == [("2.jpg (fox)", True)]
    assert list(by_name(store, "kinds").values()) == ["hen"]


def test_a_picture_that_the_daemon_has_is_not_kept_twice(store: Store, tmp_path: Path) -> None:
    store.import_pictures([new_picture(0, data=jpeg(5))], [])
    bring_in(store, table(tmp_path, "path,label\na.jpg,hen\n", {"a.jpg": 5}), task="kinds")
    assert store.current_labels("kinds") == {"picture-0": "hen"}


def test_near_duplicates_are_counted(store: Store, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "x", {f"{n}.jpg": n for n in range(5)})
    (root / "2 again.jpg").write_bytes(jpeg(2, quality=60))
    assert bring_in(store, root).near == 1


def test_a_file_that_may_not_be_read(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder_of(tmp_path / "x", {"1.jpg": 1, "2.jpg": 2})
    real = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        if self.name == "1.jpg":
            raise PermissionError(13, os.strerror(13))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    report = bring_in(store, root)
    assert [(bad.name, bad.reason) for bad in report.unusable] == [
        ("1.jpg", "it cannot be read (Permission denied)")
    ]
    assert names_of(store) == ["2.jpg"]


def test_real_pictures_with_their_labels_and_days(store: Store, test_data: Path) -> None:
    report = bring_in(store, test_data / "nestcam" / "labels.csv", task="nest", kind=PictureKind.ZONE)
    assert (report.new, report.labels, report.days, report.groups) == (207, 207, 2, 2)
    task = store.task("nest")
    assert (task.kind, [cls.name for cls in task.classes]) == (TaskKind.MULTI, ["brown", "white"])
    eggs = bring_in(store, test_data / "nestboxes" / "eggs.csv", task="eggs", kind=PictureKind.ZONE)
    assert (eggs.labels, store.task("eggs").kind) == (15, TaskKind.COUNT)
