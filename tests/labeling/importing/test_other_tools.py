"""COCO, YOLO and Label Studio, as those tools write them and as strangers damage them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.importing import LONDON, bring_in
from fakes.pictures import drawn, encoded, jpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from coop.domain.box import Box
from coop.domain.task import TaskKind
from coop.errors import CoopError
from coop.store.store import Store
from labeling.importing.coco import read_coco
from labeling.importing.formats import Format, format_of
from labeling.importing.found import ImportProblem, Manifest, Part
from labeling.importing.label_studio import read_label_studio
from labeling.importing.yolo import read_yolo
from labeling.pictures import whole_picture


def labels_of(store: Store, task: str) -> dict[str, str]:
    named = {entry.picture: entry.name for entry in store.entries(task=task)}
    kind = store.task(task)
    return {named[key]: kind.shown(value) for key, value in store.current_labels(task).items()}


def pictures(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(seed, (200, 100)))


def coco(folder: Path, **changes: Any) -> Path:
    pictures(folder / "images", "a.jpg", "b.jpg", "c.jpg")
    document = {
        "images": [
            {"id": n, "file_name": f"{name}.jpg", "width": 200, "height": 100} for n, name in enumerate("abc")
        ],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 7, "bbox": [10, 20, 40, 30]},
            {"id": 2, "image_id": 0, "category_id": 9, "bbox": [100.4, 10, 60, 60]},
            {"id": 3, "image_id": 1, "category_id": 7, "bbox": [0, 0, 200, 100]},
        ],
        "categories": [{"id": 7, "name": "hen"}, {"id": 9, "name": "fox"}],
    }
    file = folder / "instances.json"
    file.write_text(json.dumps(document | changes))
    return file


def test_boxes_of_coco_become_crops(store: Store, tmp_path: Path) -> None:
    report = bring_in(store, coco(tmp_path), task="kinds")
    assert labels_of(store, "kinds") == {"a.jpg#1": "hen", "a.jpg#2": "fox", "b.jpg#1": "hen"}
    assert (report.groups, report.visits) == (2, 3)
    sheet = {s.name: s for s in store.sheet("kinds")}
    assert sheet["a.jpg#1"].group == sheet["a.jpg#2"].group == "a.jpg"
    assert sheet["a.jpg#1"].picture.box == Box(10, 20, 40, 30)
    # As the daemon cuts: the square around the box with 15% of its longer side on each side.
    assert (sheet["a.jpg#1"].picture.width, sheet["a.jpg#1"].picture.height) == (52, 52)
    there = store.picture(sheet["a.jpg#1"].picture.key)
    assert there is not None
    seen = np.asarray(whole_picture(there[1].read_bytes()), float)
    source = np.asarray(Image.open(tmp_path / "images/a.jpg"), float)[9:61, 4:56]
    assert np.abs(seen - source).mean() < 3
    again = bring_in(store, tmp_path / "instances.json", task="kinds")
    assert (again.new, again.known, again.labels) == (0, 3, 0)


def test_whole_pictures_of_coco(store: Store, tmp_path: Path) -> None:
    bring_in(store, coco(tmp_path), task="kinds", whole=True)
    assert labels_of(store, "kinds") == {"a.jpg": "fox|hen", "b.jpg": "hen", "c.jpg": "none"}
    assert store.task("kinds").kind is TaskKind.MULTI


def test_bad_entries_of_coco_are_listed(store: Store, tmp_path: Path) -> None:
    boxes: list[Any] = [
        {"image_id": 0, "category_id": 7, "bbox": [10, 20, 40, 30]},
        {"image_id": 0, "category_id": 8, "bbox": [10, 20, 40, 30]},
        {"image_id": 0, "category_id": 7, "bbox": [10, 20, "40", 30]},
        {"image_id": 0, "category_id": 7, "bbox": [500, 500, 40, 30]},
        {"image_id": 0, "category_id": 7, "bbox": [1e300, 5, 0, 0]},
        {"image_id": 0, "category_id": [], "bbox": None},
        "nonsense",
    ]
    report = bring_in(store, coco(tmp_path, annotations=boxes), task="kinds")
    assert labels_of(store, "kinds") == {"a.jpg#1": "hen"}
    assert sorted(bad.name for bad in report.unusable) == [f"a.jpg#{n}" for n in range(2, 7)]
    outside = coco(tmp_path, images=[{"id": 0, "file_name": "../../etc/passwd"}])
    assert [bad.name for bad in bring_in(store, outside, task="kinds").unusable] == ["../../etc/passwd"]


def yolo(folder: Path, names: str = "names: [hen, fox]\n") -> Path:
    pictures(folder, "images/train/a.jpg", "images/val/b.jpg", "images/val/c.jpg", "d.jpg", "e.jpg")
    (folder / "data.yaml").write_text(f"train: images/train\nval: images/val\n{names}")
    for name, text in {
        "labels/train/a.txt": "0 0.15 0.35 0.2 0.3\n1 0.65 0.4 0.3 0.6\n",
        "labels/val/b.txt": "",
        "d.txt": "1 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n",
        "e.txt": "7 0.5 0.5 0.1 0.1\n0 x 1 1 1\n0 0.5 0.5\n0 nan 0.5 0.1 0.1\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    "names", ["names: [hen, fox]\n", "names:\n  0: hen\n  1: fox\n", "names:\n- hen\n- fox\n"]
)
def test_boxes_of_yolo_become_crops(store: Store, tmp_path: Path, names: str) -> None:
    folder = yolo(tmp_path / "set", names)
    assert format_of(folder) is Format.YOLO
    report = bring_in(store, folder, task="kinds")
    a = "images/train/a.jpg"
    assert labels_of(store, "kinds") == {f"{a}#1": "hen", f"{a}#2": "fox", "d.jpg#1": "fox"}
    boxes = {s.name: s.picture.box for s in store.sheet("kinds")}
    assert boxes[f"{a}#1"] == Box(10, 20, 40, 30)
    assert boxes["d.jpg#1"] == Box(20, 10, 80, 40)
    assert [bad.name for bad in report.unusable] == [f"e.jpg, line {n} of its text" for n in range(1, 5)]


def test_whole_pictures_of_yolo(store: Store, tmp_path: Path) -> None:
    folder = yolo(tmp_path / "set")
    bring_in(store, folder, task="kinds", whole=True)
    assert labels_of(store, "kinds") == {
        "images/train/a.jpg": "fox|hen", "images/val/b.jpg": "none", "d.jpg": "fox", "e.jpg": "none",
    }  # fmt: skip
    assert len(store.sheet("kinds")) == 5  # c.jpg has no text: it came in without a label


def test_names_of_yolo_in_a_text_file(tmp_path: Path) -> None:
    folder = yolo(tmp_path)
    (folder / "data.yaml").unlink()
    with pytest.raises(ImportProblem, match="names the classes"):
        read_yolo(folder)
    (folder / "classes.txt").write_text("hen\nfox\n")
    assert read_yolo(folder).classes == ("hen", "fox")


def studio(folder: Path, tasks: list[Any]) -> Path:
    pictures(folder, "a.jpg", "b.jpg", "c.jpg", "images/d.jpg")
    file = folder / "project.json"
    file.write_text(json.dumps(tasks))
    return file


def choices(*names: str, **more: Any) -> dict[str, Any]:
    return {"result": [{"type": "choices", "from_name": "label", "value": {"choices": list(names)}}], **more}


def test_a_label_studio_project(store: Store, tmp_path: Path) -> None:
    file = studio(
        tmp_path,
        [
            {"data": {"image": "/data/upload/3/1a2b3c4d-a.jpg"}, "annotations": [choices("hen", "fox")]},
            {"data": {"image": "/data/local-files/?d=birds/b.jpg"}, "annotations": [choices("none")]},
            {
                "data": {"image": "c.jpg", "group": "monday", "day": "2016-10-02"},
                "annotations": [
                    choices("fox", created_at="2026-01-02"),
                    choices("hen", created_at="2026-01-03"),
                    choices("fox", created_at="2026-01-04", was_cancelled=True),
                ],
            },
            {"data": {"image": "https://example.org/media/d.jpg"}, "annotations": []},
            {"data": {"image": "https://example.org/media/gone.jpg"}},
            {"data": {"text": "no picture"}},
            17,
        ],
    )
    assert format_of(file) is Format.LABEL_STUDIO
    report = bring_in(store, file, task="kinds")
    named = {name.rpartition("/")[2]: value for name, value in labels_of(store, "kinds").items()}
    assert named == {"1a2b3c4d-a.jpg": "fox|hen", "b.jpg": "none", "c.jpg": "hen"}
    assert len(store.sheet("kinds")) == 4
    found = {entry.name: entry for entry in store.entries()}["c.jpg"]
    assert (found.group, str(found.day)) == ("monday", "2016-10-02")
    assert [bad.name for bad in report.unusable] == ["https://example.org/media/gone.jpg", "task 6", "task 7"]


def test_counts_of_label_studio(store: Store, tmp_path: Path) -> None:
    def eggs(amount: Any) -> list[Any]:
        return [{"result": [{"type": "number", "from_name": "eggs", "value": {"number": amount}}]}]

    file = studio(
        tmp_path,
        [
            {"data": {"image": "a.jpg"}, "annotations": eggs(3)},
            {"data": {"image": "b.jpg"}, "annotations": eggs(2.5)},
        ],
    )
    report = bring_in(store, file, task="eggs")
    assert labels_of(store, "eggs") == {"a.jpg": "eggs=3"}
    assert store.task("eggs").kind is TaskKind.COUNT
    assert [bad.name for bad in report.unusable] == ["b.jpg"]


def test_short_exports_and_plain_tasks_of_label_studio(store: Store, tmp_path: Path) -> None:
    file = studio(
        tmp_path,
        [
            {"image": "a.jpg", "id": 1, "choice": "hen"},
            {"image": "b.jpg", "id": 2, "choice": {"choices": ["fox", "hen"]}},
            {"image": "c.jpg", "id": 3},
        ],
    )
    bring_in(store, file, task="kinds")
    assert labels_of(store, "kinds") == {"a.jpg": "hen", "b.jpg": "fox|hen"}
    assert len(store.sheet("kinds")) == 3


def test_pictures_in_another_folder(store: Store, tmp_path: Path) -> None:
    file = coco(tmp_path / "x")
    (tmp_path / "x/images").rename(tmp_path / "elsewhere")
    bring_in(store, file, task="kinds", images=tmp_path / "elsewhere")
    assert len(labels_of(store, "kinds")) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["images", "annotations", "categories", "id", "image_id", "category_id", "bbox", "name", "data",
             "file_name", "image", "result", "value", "choices", "type", "day", "time", "number", "choice"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JSON, st.sampled_from(["coco", "studio"]))
def test_whatever_a_json_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, document: Any, kind: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps(document))
    try:
        found = read_coco(file) if kind == "coco" else read_label_studio(file, LONDON)
    except CoopError:
        return
    assert isinstance(found, Manifest)


@settings(deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.booleans())
def test_a_box_never_leaves_its_picture(x: float, y: float, w: float, h: float, relative: bool) -> None:
    box = Part(x=x, y=y, w=w, h=h, relative=relative).in_picture(64, 48)
    assert box is None or (box.x >= 0 and box.y >= 0 and box.right <= 64 and box.bottom <= 48)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ufeff{}"])
def test_damaged_json_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(ImportProblem):
        read_coco(file)


def test_yaml_runs_nothing(tmp_path: Path) -> None:
    folder = yolo(tmp_path, "names: !!python/object/apply:os.system ['touch /tmp/never']\n")
    with pytest.raises(ImportProblem, match="no YAML"):
        read_yolo(folder)


def test_boxes_of_a_turned_photograph_count_from_its_upright_corner(store: Store, tmp_path: Path) -> None:
    file = coco(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = drawn(0, (200, 100)).transpose(Image.Transpose.ROTATE_90)
    (tmp_path / "images/a.jpg").write_bytes(encoded(lying, "JPEG", exif=exif))
    bring_in(store, file, task="kinds")
    box = {s.name: s.picture.box for s in store.sheet("kinds")}["a.jpg#2"]
    assert box == Box(100, 10, 60, 60)
