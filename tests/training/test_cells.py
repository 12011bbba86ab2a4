"""A head over cells finds two that never met, says the same in its package, and knows where it belongs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LITE0, load_lite_weights
from coop.classify.preprocess import prepare
from coop.classify.runtime import Classifier
from training.augment import other_light
from training.best import _for_cells
from training.cells import CellHead, _Eye, learn_cells, suits
from training.choices import Choices
from training.head import write_head_package
from training.labelled import LabelledDataError, LabelledSet, read_labelled

HENS = {"white": (225, 235, 240), "brown": (35, 60, 100)}


def nest(folder: Path, labels: list[str], *, day: int = 0, moves: bool = False) -> LabelledSet:
    """A nest of straw by one camera; in each picture the hens of a label, anywhere, in some light."""
    place = np.random.default_rng(5)
    lines = ["path,label,group"]
    folder.mkdir(exist_ok=True)
    straw = np.full((240, 320, 3), (95, 110, 120), dtype=np.uint8)
    for _ in range(150):
        a, b = place.integers(0, 320, (2, 2))
        cv2.line(
            straw,
            (int(a[0]), int(a[1])),
            (int(b[0]), int(b[1])),
            tuple(map(int, place.integers(60, 180, 3))),
            2,
        )
    for n, label in enumerate(labels):
        random = np.random.default_rng((day, n))
        picture = np.roll(straw, int(random.integers(320)), axis=1) if moves else straw.copy()
        columns = random.permutation([70, 160, 250])
        for name, x in zip([part for part in label.split("|") if part in HENS], columns, strict=False):
            middle = (int(x), int(random.integers(90, 170)))
            cv2.ellipse(picture, middle, (44, 28), float(random.uniform(-30, 30)), 0, 360, HENS[name], -1)
        lit = np.clip(picture * random.uniform(0.6, 1.3), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), lit)
        lines.append(f"{n}.png,{label},day {day}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return read_labelled(folder / "labels.csv", mode=TaskMode.MULTI)


def test_two_hens_who_never_met_are_both_found(tmp_path: Path) -> None:
    learned = nest(tmp_path / "one", ["white", "none", "brown", "white", "brown", "none"] * 4)
    assert suits(learned)
    done: list[tuple[int, int]] = []
    trial = learn_cells(learned, draws=64, progress=lambda *at: done.append(at))
    assert 0 < trial.after < 0.6 and trial.before > 0  # guessing costs 1.39
    assert done[-1] == (64 + 24 + 5, 64 + 24 + 5) and done == sorted(done)
    assert trial.head.measured["held_out_accuracy"] >= 0.8
    package = write_head_package(
        tmp_path / "package", trial.head, task="nest", name="nest", version="1", trained_on={}, size=320
    )
    other = nest(tmp_path / "two", ["white|brown", "white", "none", "brown"] * 3, day=1)
    classifier = Classifier(package)
    pictures = [cv2.imread(str(e.path)) for e in other.examples]
    said = classifier.logits(pictures) > 0
    truth = [[name in e.answer for name in package.card.classes] for e in other.examples]
    right = (said == np.array(truth)).all(axis=1)
    assert right[::4].mean() >= 2 / 3 and right.mean() >= 0.75


def test_the_package_says_what_the_head_says(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    size, width = 96, sum(LITE0.map_channels)
    head = CellHead(
        classes=("brown", "white"), looks=random.normal(0, 0.2, (2, width)).astype(np.float32),
        whole=random.normal(0, 0.2, (2, width)).astype(np.float32), bias=np.array([1.0, -2.0], np.float32),
        temperature=1.0, thresholds={"brown": 0.5, "white": 0.5}, measured={},
    )  # fmt: skip
    package = write_head_package(
        tmp_path / "package", head, task="nest", name="nest", version="1", trained_on={}, size=size
    )
    pictures = [random.integers(0, 255, (72, 96, 3), dtype=np.uint8) // (1 + n) for n in range(4)]
    eye = _Eye(load_lite_weights(), size)
    here = head.logits(np.stack([eye(prepare(p, size)) for p in pictures]))
    there = Classifier(package).logits(pictures)
    assert there.std(axis=0).min() > 0.1  # a constant would agree with itself
    np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-3)
    assert Classifier(package).embed(pictures).shape == (4, 1280)


def test_it_is_for_fixed_cameras_and_sets_of_labels(tmp_path: Path) -> None:
    moving = nest(tmp_path / "moving", ["white", "none", "brown"] * 4, moves=True)
    assert not suits(moving)
    with pytest.raises(LabelledDataError, match=r"all by one fixed camera.*Leave --cells out"):
        _for_cells(moving, Choices(cells=True))
    assert not _for_cells(moving, Choices())
    single = nest(tmp_path / "single", ["white", "brown"] * 6)
    assert not suits(
        LabelledSet(
            source=single.source, mode=TaskMode.SINGLE, classes=single.classes, examples=single.examples
        )
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_judges_light_keeps_what_is_darker_darker(seed: int) -> None:
    steps = np.linspace(0, 1, 32, dtype=np.float32)
    picture = np.repeat(steps[:, None, None], 3, axis=2) * np.ones((1, 2, 1), np.float32)
    row = np.repeat(picture[:, :1], 2, axis=1)
    for number in range(30):
        lit = [other_light(np.full_like(row, s), np.random.default_rng((seed, number))) for s in steps]
        assert all(x.min() >= 0 and x.max() <= 1 for x in lit)
        assert (np.diff(np.stack(lit), axis=0) >= -1e-5).all()
    assert (other_light(row, np.random.default_rng(1)) != row).any()


def test_two_days_judge_each_other(tmp_path: Path) -> None:
    days = [nest(tmp_path / f"{k}", ["white", "none", "brown"] * 3, day=k) for k in range(2)]
    both = LabelledSet(
        source=tmp_path, mode=TaskMode.MULTI, classes=days[0].classes,
        examples=(*days[0].examples, *days[1].examples),
    )  # fmt: skip
    trial = learn_cells(both, draws=32)
    assert trial.head.measured["groups"] == 2
    assert np.isfinite(trial.head.looks).all()
    assert trial.before < 1.2 and trial.after < 1.2  # guessing costs 1.39
