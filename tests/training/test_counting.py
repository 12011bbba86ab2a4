"""A head that counts eggs cell by cell: on real nest boxes, in its package, and where it belongs."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from coop.classify.card import TaskMode
from coop.classify.preprocess import prepare
from coop.classify.runtime import Classifier
from training.answers import Answers
from training.best import _for_counting, learn_best
from training.beyond import Beyond
from training.choices import Choices, Place
from training.counting import SIDE, CountHead, CountTrial, _cells, _parts, learn_counts, suits
from training.depths import DepthHead
from training.eggs import with_eggs
from training.examine import examine
from training.head import Head, write_head_package
from training.labelled import LabelledSet, read_labelled, read_picture
from training.maps import MapEye
from training.quick import Learned
from training.tuning import beats


@pytest.mark.timeout(600)  # twenty seconds of one core, which a busy machine may not give
def test_eggs_of_a_day_that_nothing_was_learned_from(test_data: Path, tmp_path: Path) -> None:
    """Seven pictures with five to seven eggs are learned from; the day has eight, ten and one.

    The whole of it, all days and sizes, is `make bench-nestboxes`; this guards the floor.
    """
    everything = read_labelled(test_data / "nestboxes" / "eggs.csv")
    day = "2016-06-18"
    learned = examine(everything.of_groups(set(everything.groups) - {day})).pictures
    done: list[tuple[int, int]] = []
    trial = learn_counts(learned, draws=98, progress=lambda *at: done.append(at))
    assert done[-1][0] == done[-1][1] == len(done) and done == sorted(done)
    assert trial.head.classes == tuple(f"eggs={n}" for n in range(12))
    package = write_head_package(
        tmp_path / "package", trial.head, task="eggs", name="eggs", version="1", trained_on={}, size=SIDE
    )
    scored = everything.of_groups([day])
    logits = Classifier(package, threads=1).logits([read_picture(e.path) for e in scored.examples])
    said = logits.argmax(axis=1)
    truth = np.array([int(e.label.partition("=")[2]) for e in scored.examples])
    assert (np.abs(said - truth) <= 1).sum() >= 7, (said, truth)
    assert said[truth == 1].max() < said[truth == 10].min() - 4, (said, truth)  # whatever constant has none


def test_the_package_says_what_the_head_says(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    eye = MapEye(SIDE)
    head = CountHead(
        classes=tuple(f"eggs={n}" for n in range(5)), bias=-0.5, temperature=1.0, measured={},
        looks=random.normal(0, 0.05, (1, eye.width)).astype(np.float32),
        thresholds={f"eggs={n}": 0.5 for n in range(5)},
    )  # fmt: skip
    package = write_head_package(
        tmp_path / "package", head, task="eggs", name="eggs", version="1", trained_on={}, size=SIDE
    )
    pictures = [random.integers(0, 255, (48, 64, 3), dtype=np.uint8) // (1 + n) for n in range(3)]
    counts = head.counts(np.stack([_cells(eye, prepare(p, SIDE)) for p in pictures]))
    assert np.ptp(counts) > 1  # a constant would agree with itself
    there = Classifier(package).logits(pictures)
    np.testing.assert_allclose(there, head.logits(counts), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("seed", range(4))
def test_drawn_eggs_are_as_many_and_as_large_as_wanted(seed: int) -> None:
    floor = np.full((200, 320, 3), 0.2, np.float32)
    random, count, length = np.random.default_rng(seed), 5, 0.03
    changed = np.abs(with_eggs(floor, count, length, random) - floor).max(axis=2) > 0.02
    one = np.pi * (length * 320) ** 2 / 1.26
    assert 0.4 * count * one < changed.sum() < 2.5 * count * one
    assert (with_eggs(floor, 0, length, random) == floor).all()
    same = [with_eggs(floor, 3, length, np.random.default_rng(seed)) for _ in range(2)]
    assert (same[0] == same[1]).all() and same[0].min() >= 0 and same[0].max() <= 1


def test_it_is_for_eggs_and_for_few_pictures(test_data: Path) -> None:
    eggs = read_labelled(test_data / "nestboxes" / "eggs.csv")
    assert suits(eggs) and _for_counting(eggs, Choices())
    assert not _for_counting(eggs, Choices(cells=False))
    hens = LabelledSet(
        source=eggs.source, mode=TaskMode.COUNT, classes=("eggs", "hens"), examples=eggs.examples
    )
    assert not suits(hens)
    assert not suits(read_labelled(test_data / "nestboxes" / "hens.csv"))


def few_eggs(folder: Path) -> LabelledSet:
    lines = ["path,label,group"]
    for n in range(9):
        picture = np.random.default_rng(n).integers(90, 130, (96, 96, 3), dtype=np.uint8)
        for egg in range(n % 3):
            cv2.circle(picture, (24 + 40 * egg, 40 + n), 10, (235, 235, 235), -1)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        lines.append(f"{n}.png,eggs={n % 3},day {n // 3}")
    (folder / "eggs.csv").write_text("\n".join(lines) + "\n")
    return read_labelled(folder / "eggs.csv")


def exact(share: float) -> CountHead:
    return CountHead(
        classes=("eggs=0", "eggs=1"), looks=np.zeros((1, 2), np.float32), bias=0.0, temperature=1.0,
        thresholds={},
        measured={"held_out_accuracy": share, "held_out_within_one": 1.0, "held_out_log_loss": 2.0},
    )  # fmt: skip


@pytest.mark.parametrize(("asked", "tunes"), [(Beyond(), False), (Beyond(folds=2), True)])
def test_what_is_asked_of_a_training_is_done_where_eggs_are_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Beyond, tunes: bool
) -> None:
    """The precision reaches the head that adds up; folds are not left out in silence, which only a tuned
    network has."""
    precisions: list[float] = []
    tuned: list[Learned] = []

    def counts(pictures: LabelledSet, *, precision: float, **_: object) -> CountTrial:
        precisions.append(precision)
        return CountTrial(head=exact(1.0), loss=2.0)

    def tune(best: Learned, *_: object) -> Learned:
        tuned.append(best)
        return best

    monkeypatch.setattr("training.best.learn_counts", counts)
    monkeypatch.setattr("training.best.tuned_too", tune)
    monkeypatch.setattr("training.tuning.has_train_extra", lambda: True)
    monkeypatch.setattr("training.choices.has_train_extra", lambda: True)
    best = learn_best(
        few_eggs(tmp_path), tmp_path / "models", Console(file=io.StringIO()),
        Choices(precision=0.8, beyond=asked), Place(tmp_path / "run", tmp_path / "report", "nest"),
    )  # fmt: skip
    assert precisions == [0.8] and isinstance(best.head, CountHead)
    assert bool(tuned) is tunes


def test_a_tuned_network_takes_no_better_head_of_another_kind_s_place() -> None:
    """Each by what it was chosen for, whatever the plain head has that the network is judged beside."""
    count = exact(0.8)
    assert beats(count, loss=0.1, right=0.7)[0] is False
    assert beats(count, loss=3.0, right=0.9) == (
        True, "; it counts 90.0% exactly right, the head that adds up 80.0%",
    )  # fmt: skip
    plain = Head(
        mode=TaskMode.COUNT, classes=count.classes, weights=np.zeros((2, 2), np.float32),
        bias=np.zeros(2, np.float32), temperature=1.0, thresholds={}, measured=count.measured,
    )  # fmt: skip
    assert beats(DepthHead.of(plain), loss=2.1, right=0.9) == (False, ", and one of three depths 2.000")
    assert beats(plain, loss=2.1, right=0.0) == (True, "")


def test_days_are_held_out_where_enough_is_left_to_learn_from() -> None:
    answers = Answers(mode=TaskMode.COUNT, labels=("eggs=1", "eggs=2") * 6)
    even, uneven = ["a", "b", "c"] * 4, ["a"] * 10 + ["b", "c"]
    for part in _parts(answers, even):
        assert len({even[k] for k in np.flatnonzero(part)}) == 1 and part.sum() == 4
    assert all(part.sum() <= 6 for part in _parts(answers, uneven))
    assert sum(_parts(answers, uneven)).all()  # type: ignore[union-attr]
