"""Every export, read back by that format's own or a common reader: all but what was announced as lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fakes.importing import bring_in, silent
from fakes.labelling import KINDS, entry, label
from fakes.pictures import jpeg
from fakes.records import NOON, new_picture

from coop.domain.dataset import DatasetVersion
from coop.domain.picture import PictureKind
from coop.errors import OutputError
from coop.store.store import Store
from labeling.datasets.make import VersionWanted, make_version
from labeling.exporting.content import Export, Losses, current_export, version_export
from labeling.exporting.hugging_face import plain
from labeling.exporting.run import ABOUT, Exported, ExportFormat, write_export
from labeling.importing.formats import Format


@dataclass(frozen=True)
class Told:
    """What a reader learns of one picture; None for what is not told."""

    label: str
    part: str | None = None
    group: str | None = None
    visit: str | None = None
    day: str | None = None


def make(store: Store, task: str, **wanted: Any) -> DatasetVersion:
    return make_version(store, store.task(task), VersionWanted(**wanted), "Anna", NOON)[0]


def new_store(folder: Path, database: Path) -> Store:
    folder.mkdir(parents=True)
    shutil.copy(database, folder / "coop.db")
    return Store.open(f"sqlite:///{folder}/coop.db", folder / "media")


@pytest.fixture(scope="module")
def exports(
    tmp_path_factory: pytest.TempPathFactory, empty_database: Path, test_data: Path
) -> Iterator[dict[str, Export]]:
    """Versions of real pictures with several labels and with counts, and of drawn ones with one label."""
    with new_store(tmp_path_factory.mktemp("exports") / "data", empty_database) as store:
        bring_in(store, test_data / "nestcam" / "labels.csv", task="nest", kind=PictureKind.ZONE)
        bring_in(store, test_data / "nestboxes" / "eggs.csv", task="eggs", kind=PictureKind.ZONE)
        names = replace(
            KINDS, classes=tuple(replace(c, name=n) for c, n in zip(KINDS.classes, NAMES, strict=True))
        )
        store.add_task(names, "Anna", NOON)
        store.import_pictures([new_picture(n, data=jpeg(n)) for n in range(12)], [])
        store.catalogue(
            [
                entry(n, visit=f"v{n}", day=date(2026, 5, 1 + n), group="g|1" if n < 2 else None)
                for n in range(12)
            ]
        )
        values = [*NAMES, "none"]
        store.add_labels([label(n, values[n % 4], f"b{n}") for n in range(12)])
        store.add_labels([label(11, "unsure", "b-last")])
        yield {
            "several": version_export(make(store, "nest", near=1000)),
            "counts": version_export(make(store, "eggs", near=1000)),
            "one": version_export(make(store, "kinds")),
            "current": current_export(store.task("kinds"), store.labelled_pictures("kinds")),
        }


NAMES = ("hen", "tom cat / she-cat", "Füchsin")
CASES = ["several", "counts", "one", "current"]


def write(export: Export, form: ExportFormat, out: Path, **how: Any) -> Exported:
    return write_export(export, form, out, NOON, progress=silent, **how)


def expected(export: Export, losses: Losses) -> dict[str, Told]:
    """What is left once exactly that is gone which was announced."""
    told = {}
    for item in export.items:
        if item.picture in losses.pictures:
            continue
        fields = {
            "part": item.part and item.part.value,
            "group": item.group or "",
            "visit": item.visit,
            "day": item.day.isoformat() if item.day else "",
        }
        kept = {name: None if name in losses.fields else value for name, value in fields.items()}
        told[item.file] = Told(losses.labels.get(item.label, item.label), **kept)
    return told


def read_imagefolder(folder: Path) -> dict[str, Told]:
    datasets = pytest.importorskip("datasets")
    told = {}
    for part, rows in _splits(datasets.load_dataset("imagefolder", data_dir=str(folder), **_quietly(folder))):
        names = rows.features["label"].names
        for row in rows.cast_column("image", datasets.Image(decode=False)):
            told[Path(row["image"]["path"]).name] = Told(names[row["label"]], part)
    return told


def read_hugging_face(folder: Path) -> dict[str, Told]:
    datasets = pytest.importorskip("datasets")
    told = {}
    read = datasets.load_dataset("imagefolder", data_dir=str(folder / "data"), **_quietly(folder))
    for part, rows in _splits(read):
        for row in rows.cast_column("image", datasets.Image(decode=False)):
            told[Path(row["image"]["path"]).name] = Told(
                row["label"], part, row["group"], row["visit"], row["day"]
            )
            if "labels" in row and row["label"] != "none":
                assert "|".join(row["labels"]) == row["label"]
            if row.get("counts") and row["label"] != "none":
                counts = sorted((name, n) for name, n in row["counts"].items() if n is not None)
                assert "|".join(f"{name}={n}" for name, n in counts) == row["label"]
    return told


def _splits(read: Any) -> Iterator[tuple[str, Any]]:
    for name, rows in read.items():
        yield {"validation": "val"}.get(name, name), rows


def _quietly(folder: Path) -> dict[str, Any]:
    return {"cache_dir": str(folder.parent / "cache")}


def read_csv(folder: Path) -> dict[str, Told]:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(folder / "labels.csv", keep_default_na=False, dtype=str)
    assert list(table.columns[:3]) == ["path", "label", "group"]
    assert all((folder / path).is_file() for path in table["path"])
    return {
        Path(row.path).name: Told(row.label, row.part or None, row.group, row.visit, row.day)
        for row in table.itertuples()
    }


def read_coco(folder: Path) -> dict[str, Told]:
    coco_module = pytest.importorskip("pycocotools.coco")
    told = {}
    for file in (folder / "annotations").glob("instances_*.json"):
        coco = coco_module.COCO(str(file))
        names = {entry["id"]: entry["name"] for entry in coco.loadCats(coco.getCatIds())}
        for image in coco.loadImgs(coco.getImgIds()):
            boxes = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
            assert all(box["bbox"] == [0, 0, image["width"], image["height"]] for box in boxes)
            assert (folder / "images" / image["file_name"]).is_file()
            label = "|".join(sorted(names[box["category_id"]] for box in boxes)) or "none"
            part = file.stem.partition("_")[2]
            told[image["file_name"]] = Told(label, None if part == "all" else part)
    return told


def read_label_studio(folder: Path) -> dict[str, Told]:
    told = {}
    for task in json.loads((folder / "tasks.json").read_text()):
        data = task["data"]
        results = task["annotations"][0]["result"]
        parts = [f"{r['from_name']}={r['value']['number']}" for r in results if r["type"] == "number"]
        parts += [choice for r in results if r["type"] == "choices" for choice in r["value"]["choices"]]
        assert (folder / data["image"]).is_file()
        told[Path(data["image"]).name] = Told(
            "|".join(parts), data.get("part"), data.get("group", ""), data["visit"], data.get("day", "")
        )
    return told


def read_tfrecord(folder: Path) -> dict[str, Told]:
    tf = pytest.importorskip("tensorflow")
    classes = (folder / "classes.txt").read_text().splitlines()
    told = {}
    for file in sorted(folder.glob("*.tfrecord")):
        for record in tf.data.TFRecordDataset(str(file)):  # it checks every checksum
            feature = tf.train.Example.FromString(record.numpy()).features.feature

            def text(name: str, feature: Any = feature) -> str:
                return str(feature[name].bytes_list.value[0].decode())

            names = [classes[n] for n in feature["image/class/label"].int64_list.value]
            assert names == [name.decode() for name in feature["image/class/text"].bytes_list.value]
            counts = list(feature["image/class/count"].int64_list.value)
            if counts:
                assert "|".join(f"{n}={c}" for n, c in zip(names, counts, strict=True)) == text("label")
            assert tf.io.decode_image(feature["image/encoded"].bytes_list.value[0]).shape[-1] == 3
            part = file.name.partition("-")[0]
            told[text("image/filename")] = Told(
                text("label"), None if part == "all" else part, text("group"), text("visit"), text("day")
            )
    return told


READERS: dict[ExportFormat, Callable[[Path], dict[str, Told]]] = {
    ExportFormat.IMAGEFOLDER: read_imagefolder,
    ExportFormat.YOLO: read_imagefolder,
    ExportFormat.CSV: read_csv,
    ExportFormat.COCO: read_coco,
    ExportFormat.LABEL_STUDIO: read_label_studio,
    ExportFormat.TFRECORD: read_tfrecord,
    ExportFormat.HUGGING_FACE: read_hugging_face,
}


@pytest.mark.filterwarnings("ignore")  # readers of others warn of their own affairs
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, marks=pytest.mark.train) if form is ExportFormat.TFRECORD else form
        for form in READERS
    ],
)
def test_exactly_what_was_announced_is_lost(
    exports: dict[str, Export], tmp_path: Path, form: ExportFormat, case: str
) -> None:
    done = write(exports[case], form, tmp_path / "out")
    told = READERS[form](tmp_path / "out")
    wanted = expected(exports[case], done.losses)
    if form is ExportFormat.HUGGING_FACE:  # as its note says
        wanted = {
            name: replace(each, group=plain(str(each.group)), day=plain(str(each.day)))
            for name, each in wanted.items()
        }
    if "part" in done.losses.fields:
        told = {name: replace(each, part=None) for name, each in told.items()}
    assert told == wanted
    about = json.loads((tmp_path / "out" / ABOUT).read_text())
    assert about["losses"] == done.losses.as_json()
    assert (about["pictures"], about["digest"]) == (len(told), exports[case].digest)
    assert done.pictures == len(told) > 0


def test_the_losses_are_those_that_the_formats_have(exports: dict[str, Export], tmp_path: Path) -> None:
    """So that the test above cannot pass by announcing everything."""
    several = write(exports["several"], ExportFormat.IMAGEFOLDER, tmp_path / "a").losses
    assert len(several.pictures) == sum("|" in item.label for item in exports["several"].items) > 0
    assert several.labels == {}
    counts = write(exports["counts"], ExportFormat.COCO, tmp_path / "b").losses
    assert counts.pictures == {} and counts.labels["eggs=7"] == "eggs"
    assert not write(exports["counts"], ExportFormat.IMAGEFOLDER, tmp_path / "c").losses.labels
    for number, form in enumerate((ExportFormat.CSV, ExportFormat.LABEL_STUDIO, ExportFormat.TFRECORD)):
        for case in ("several", "counts", "one"):
            assert write(exports[case], form, tmp_path / f"{number}{case}").losses.sentences() == []
    current = write(exports["current"], ExportFormat.YOLO, tmp_path / "d").losses
    assert len(current.pictures) == 1 and "part" in current.fields


def known(export: Export) -> set[tuple[str, str, str | None, date | None]]:
    return {(item.sha256, item.label, item.group, item.day) for item in export.items}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", [ExportFormat.CSV, ExportFormat.LABEL_STUDIO])
def test_what_comes_back_by_our_own_import_is_the_same(
    exports: dict[str, Export], tmp_path: Path, empty_database: Path, form: ExportFormat, case: str
) -> None:
    """Labels, groups, days and which pictures are one visit, without any difference."""
    folder = write(exports[case], form, tmp_path / "out").folder
    source = folder / ("labels.csv" if form is ExportFormat.CSV else "tasks.json")
    read_as = Format.CSV if form is ExportFormat.CSV else Format.LABEL_STUDIO
    with new_store(tmp_path / "data", empty_database) as store:
        bring_in(store, source, read_as, task="again")
        back = current_export(store.task("again"), store.labelled_pictures("again"))
        assert known(back) == known(exports[case])

        def visits(export: Export) -> set[frozenset[str]]:
            found: dict[str, set[str]] = {}
            for item in export.items:
                found.setdefault(item.visit, set()).add(item.sha256)
            return {frozenset(each) for each in found.values()}

        assert visits(back) == visits(exports[case])
        if case != "current":
            assert known(version_export(make(store, "again", near=1000))) == known(exports[case])


def test_an_export_is_there_wholly_or_not_at_all(
    exports: dict[str, Export], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        with pytest.raises(OutputError, match="No space left"):
            write(exports["one"], ExportFormat.CSV, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_only_an_export_is_ever_replaced(exports: dict[str, Export], tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(exports["one"], ExportFormat.CSV, out)
    with pytest.raises(OutputError, match="is there already"):
        write(exports["one"], ExportFormat.COCO, out)
    write(exports["one"], ExportFormat.COCO, out, replace_old=True)
    assert (out / "annotations").is_dir() and not (out / "labels.csv").exists()
    precious = tmp_path / "photos"
    precious.mkdir()
    (precious / "only copy.jpg").touch()
    with pytest.raises(OutputError, match="is no export"):
        write(exports["one"], ExportFormat.CSV, precious, replace_old=True)
    (tmp_path / "link").symlink_to(out)
    with pytest.raises(OutputError, match="is no export"):
        write(exports["one"], ExportFormat.CSV, tmp_path / "link", replace_old=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "out", "photos"]


def test_links_instead_of_copies(exports: dict[str, Export], tmp_path: Path) -> None:
    item = exports["one"].items[0]
    copied = write(exports["one"], ExportFormat.CSV, tmp_path / "copied").folder
    assert (copied / "pictures" / item.file).stat().st_ino != item.path.stat().st_ino
    linked = write(exports["one"], ExportFormat.CSV, tmp_path / "linked", link=True).folder
    assert (linked / "pictures" / item.file).read_bytes() == item.path.read_bytes()


def test_files_that_are_gone_or_changed_are_left_out_and_named(
    exports: dict[str, Export], tmp_path: Path
) -> None:
    items = list(exports["one"].items)
    changed = tmp_path / "changed.jpg"
    changed.write_bytes(jpeg(99))
    items[0] = replace(items[0], path=changed)
    items[1] = replace(items[1], path=tmp_path / "gone.jpg")
    export = replace(exports["one"], items=items)
    done = write(export, ExportFormat.CSV, tmp_path / "out")
    assert done.losses.pictures == {
        items[0].picture: "the file is not what was labelled",
        items[1].picture: "the file is gone",
    }
    assert read_csv(tmp_path / "out") == expected(export, done.losses)
