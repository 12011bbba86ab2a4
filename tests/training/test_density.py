"""Counting by density: balls that hide one another are counted where they are."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from coop.classify.card import TaskMode
from coop.classify.preprocess import prepare
from coop.classify.runtime import Classifier
from coop.domain.frame import Picture
from training import density_fit
from training.answers import Answers
from training.best import FEWEST_DENSE, _by_density, _for_density
from training.choices import Choices
from training.density import SIDE
from training.density_fit import learn_density, worth_learning
from training.depths import DepthEye
from training.head import fit_head, write_head_package
from training.labelled import Example, LabelledSet, read_labelled
from training.maps import MapEye
from training.quick import Learned

pytestmark = pytest.mark.timeout(300)
SHADES = ((40, 60, 160), (200, 200, 210), (60, 160, 200), (150, 110, 60))
HEIGHT, WIDTH, RADIUS = 100, 140, 13


def nest(balls: int, random: np.random.Generator) -> Picture:
    """A dark box with so many balls in a row, of which each hides up to half of the one before."""
    picture = random.normal(60, 8, (HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8)
    x = int(random.integers(20, 50))
    for _ in range(balls):
        shade = SHADES[int(random.integers(len(SHADES)))]
        cv2.circle(picture, (x, 70 + int(random.integers(-4, 5))), RADIUS, shade, -1, cv2.LINE_AA)
        x += int(random.integers(RADIUS, 2 * RADIUS + 8))
    return picture


def nests(count: int, seed: int) -> tuple[list[Picture], npt.NDArray[np.intp], list[str]]:
    random = np.random.default_rng(seed)
    numbers = random.integers(0, 5, count)
    return [nest(int(n), random) for n in numbers], numbers, [str(k % 6) for k in range(count)]


def test_the_package_adds_up_what_keras_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = []
    fitted = density_fit._fitted
    monkeypatch.setattr(density_fit, "EPOCHS", 2)
    monkeypatch.setattr(density_fit, "_fitted", lambda *a: networks.append(fitted(*a)) or networks[-1])
    pictures, numbers, groups = nests(24, 3)
    answers = Answers(mode=TaskMode.COUNT, labels=tuple(f"balls={n}|hens={n % 2}" for n in numbers))
    told: list[tuple[int, int]] = []
    head = learn_density(
        pictures.__getitem__, answers, groups, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(n + 1, len(told)) for n in range(len(told))], "all work is told, step by step"
    package = write_head_package(
        tmp_path / "two", head, task="two", name="two", version="1", trained_on={}, size=SIDE
    )
    cells = np.stack([MapEye(SIDE)(prepare(picture, SIDE)) for picture in pictures]).astype(np.float16)
    sums = density_fit._predicted(networks[-1], cells, density_fit._Scale.of(cells))
    expected = sums @ head.numbers.T + head.bias
    np.testing.assert_allclose(Classifier(package).logits(pictures), expected, rtol=0.02, atol=0.1)


def test_of_the_commonest_answer_not_more_are_taken_than_of_all_others() -> None:
    kinds = np.array([0] * 90 + [1] * 6 + [2] * 4)
    chosen = worth_learning(kinds, 1000)
    assert np.bincount(kinds[chosen]).tolist() == [10, 6, 4]
    assert (np.diff(chosen) > 0).all()
    assert len(worth_learning(kinds, 12)) == 12
    assert len(worth_learning(np.zeros(8, dtype=np.intp), 1000)) == 8


@pytest.mark.parametrize("before", ["hopeless", "perfect"])
def test_the_better_head_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    monkeypatch.setattr(density_fit, "EPOCHS", 2)
    pictures, numbers, groups = nests(30, 4)
    lines = ["path,label,group"]
    for k, (picture, number, group) in enumerate(zip(pictures, numbers, groups, strict=True)):
        cv2.imwrite(str(tmp_path / f"{k}.png"), picture)
        lines.append(f"{k}.png,balls={number},{group}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    labelled = read_labelled(tmp_path / "labels.csv")
    head = fit_head(
        DepthEye().embed(pictures),
        [example.label for example in labelled.examples],
        [example.group for example in labelled.examples],
        mode=TaskMode.COUNT,
    )
    assert head.folded is not None
    truth = Answers(mode=TaskMode.COUNT, labels=tuple(e.label for e in labelled.examples)).truth
    said = 6.0 * (truth if before == "perfect" else ~truth)
    known = replace(head, temperature=1.0, folded=replace(head.folded, logits=said))
    told = io.StringIO()
    best = _by_density(Learned(head=known, pictures=labelled, recipe=""), Console(file=told), Choices())
    if before == "perfect":
        assert best.head is known
        assert "The plain head is kept." in " ".join(told.getvalue().split())
        return
    assert "The one by density is kept." in " ".join(told.getvalue().split())
    package = best.write(tmp_path / "balls", task="balls", name="balls", version="1")
    assert package.card.preprocessing.size == SIDE
    assert package.card.trained_on["backbone"] == "efficientnet-lite0, frozen, counted by density"


def test_it_is_tried_where_pictures_are_enough_and_keras_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = tuple(
        Example(path=Path(f"{k}.png"), answer=frozenset({"balls=1"}), group="a") for k in range(FEWEST_DENSE)
    )
    enough = LabelledSet(source=Path(), mode=TaskMode.COUNT, classes=("balls",), examples=examples)
    assert _for_density(enough, Choices())
    assert not _for_density(replace(enough, examples=examples[1:]), Choices())
    assert not _for_density(replace(enough, mode=TaskMode.SINGLE), Choices())
    for other in (Choices(fine_tune=False), Choices(cells=False), Choices(backbone="efficientnet-lite1")):
        assert not _for_density(enough, other)
