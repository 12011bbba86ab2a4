"""Labelled pictures: what the labels mean, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from coop.classify.card import TaskMode
from training.labelled import LabelledDataError, read_labelled, read_picture, unreadable


def write(folder: Path, text: str, *, pictures: str = "abc") -> Path:
    for name in pictures:
        cv2.imwrite(str(folder / f"{name}.png"), np.full((4, 5, 3), ord(name), dtype=np.uint8))
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("labels", "mode", "classes"),
    [
        (("hen", "cat", "hen"), TaskMode.SINGLE, ("cat", "hen")),
        (("white|brown", "white", "none"), TaskMode.MULTI, ("brown", "white")),
        (("white", "brown", "none"), TaskMode.MULTI, ("brown", "white")),
        (("eggs=3", "eggs=0", "eggs=12"), TaskMode.COUNT, ("eggs",)),
        (("eggs=3|hens=1", "eggs=0|hens=0", "eggs=1|hens=0"), TaskMode.COUNT, ("eggs", "hens")),
    ],
)
def test_the_labels_say_what_kind_of_task_it_is(
    tmp_path: Path, labels: tuple[str, ...], mode: TaskMode, classes: tuple[str, ...]
) -> None:
    rows = "".join(f"{name}.png,{label},day\n" for name, label in zip("abc", labels, strict=True))
    found = read_labelled(write(tmp_path, f"path,label,group\n{rows}"))
    assert (found.mode, found.classes, found.groups) == (mode, classes, ("day",))
    assert [example.label for example in found.examples] == ["|".join(sorted(x.split("|"))) for x in labels]


def test_the_model_decides_where_the_labels_could_mean_either(tmp_path: Path) -> None:
    file = write(tmp_path, "path,label\na.png,white\nb.png,brown\n")
    assert read_labelled(file).mode is TaskMode.SINGLE
    assert read_labelled(file, mode=TaskMode.MULTI).mode is TaskMode.MULTI


def test_a_picture_without_a_group_is_one_of_its_own(tmp_path: Path) -> None:
    found = read_labelled(write(tmp_path, "path,label,group\na.png,hen,\nb.png,cat,2026-05-01\n"))
    assert found.groups == ("2026-05-01", "a.png")
    assert len(found.of_groups(["2026-05-01"])) == 1
    assert found.of_groups(["2026-05-01"]).classes == ("cat", "hen")


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for name in ("hen", "cat"):
        (tmp_path / "set" / name).mkdir(parents=True)
        write(tmp_path / "set" / name, "", pictures="ab")
    found = read_labelled(tmp_path / "set")
    assert (found.mode, found.classes, len(found)) == (TaskMode.SINGLE, ("cat", "hen"), 4)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("file,label\na.png,hen\n", "lacks the column path"),
        ("path,label\n", "names no pictures"),
        ("path,label\na.png,\n", "line 2 has no label"),
        ("path,label\n,hen\n", "line 2 has no path"),
        ("path,label\nz.png,hen\n", "line 2: there is no file z.png"),
        ("path,label\na.png,eggs=3\nb.png,hen\n", "line 3: 'hen' is no count"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(LabelledDataError, match=problem):
        read_labelled(write(tmp_path, text))


def test_only_the_first_problems_are_told(tmp_path: Path) -> None:
    rows = "".join(f"x{n}.png,hen\n" for n in range(9))
    with pytest.raises(LabelledDataError, match=r"x4\.png \(and 4 more\)"):
        read_labelled(write(tmp_path, f"path,label\n{rows}"))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="no such file or folder"):
        read_labelled(tmp_path / "nowhere.csv")


def test_pictures_that_cannot_be_read(tmp_path: Path) -> None:
    file = write(tmp_path, "path,label\na.png,hen\nb.png,cat\nc.png,cat\n")
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "c.png").write_bytes(b"")
    assert [path.name for path in unreadable(read_labelled(file))] == ["b.png", "c.png"]
    with pytest.raises(LabelledDataError, match="no picture, or is cut off"):
        read_picture(tmp_path / "b.png")
    assert read_picture(tmp_path / "a.png").shape == (4, 5, 3)
