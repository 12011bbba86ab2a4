"""What a model is measured beside: each row is what it says it is, on the same pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.colours import BLUE, GREEN, RED, colour_package, labelled_colours
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.package import ModelPackage
from coop.cli.main import app
from training.evaluate import Scores, answered_at, report, score
from training.head import Head
from training.labelled import read_labelled
from training.yardsticks import HEAD_FILE, FrozenHead, Human, beside, counted, keep_head, kept_head

CLASSES = ("red", "green", "blue")
ROWS = ((RED, "red", "a"), (GREEN, "green", "a"), (BLUE, "blue", "b"), (BLUE, "red", "b"))


def scored(folder: Path, answers: dict[str, int] | None = None) -> Scores:
    """A model that calls colours by their names, three of four pictures right; ``answers``: learned from."""
    package = colour_package(folder / "p", TaskMode.SINGLE, CLASSES)
    scores = score(package, read_labelled(labelled_colours(folder, *ROWS)))
    return replace(scores, card=replace(scores.card, trained_on={"answers": answers or {}}))


def rows(scores: Scores, human: Human | None = None) -> dict[str, dict[str, object]]:
    return {row["kind"]: row for row in beside(scores, human=human)}


def test_what_does_not_look_is_measured_too(tmp_path: Path) -> None:
    found = rows(scored(tmp_path, counted(["blue"] * 6 + ["red"] * 3 + ["green"])))
    assert found["model"]["accuracy"] == 0.75 and found["model"]["difference"] is None
    assert (found["constant"]["accuracy"], found["constant"]["difference"]) == (0.5, 0.25)
    blind = found["no-input"]
    assert (blind["accuracy"], blind["difference"]) == (0.25, 0.5), "it would always say blue"
    shares = np.array([0.3, 0.1, 0.6, 0.3])
    assert blind["log_loss"] == pytest.approx(float(-np.log(shares).mean()))


def test_a_card_without_counts_has_no_such_row(tmp_path: Path) -> None:
    assert set(rows(scored(tmp_path))) == {"model", "constant"}


def test_a_person_is_measured_on_the_pictures_they_judged(tmp_path: Path) -> None:
    scores = scored(tmp_path)
    elsewhere = Human(accuracy=0.9, interval=(0.8, 0.95), n=30)
    assert rows(scores, elsewhere)["human"]["accuracy"] == 0.9
    second = (None, frozenset({"green"}), frozenset({"red"}), frozenset({"red"}))
    examples = tuple(replace(e, second=s) for e, s in zip(scores.examples, second, strict=True))
    here = rows(replace(scores, examples=examples), elsewhere)["human"]
    assert (here["n"], here["accuracy"]) == (3, pytest.approx(2 / 3))
    assert here["difference"] == pytest.approx(0), "the model is wrong about another one of the three"


def test_the_second_column_of_a_csv_is_a_person(tmp_path: Path) -> None:
    colour_package(tmp_path / "p", TaskMode.SINGLE, CLASSES)
    file = labelled_colours(tmp_path, *ROWS)
    lines = file.read_text().splitlines()
    file.write_text(
        "\n".join([f"{lines[0]},second", f"{lines[1]},red", f"{lines[2]},blue", *lines[3:]]) + "\n"
    )
    result = CliRunner().invoke(app, ["evaluate", str(tmp_path / "p"), "--data", str(file)])
    assert result.exit_code == 0, result.output
    assert any(
        "a person" in line and " 2 " in line and "50.0%" in line for line in result.output.splitlines()
    )


def test_a_kept_head_is_the_same_one(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "models" / "p", TaskMode.SINGLE, CLASSES)
    assert kept_head(package) is None
    random = np.random.default_rng(0)
    head = Head(
        classes=CLASSES, weights=random.normal(size=(3, 1280)).astype(np.float32),
        bias=random.normal(size=3).astype(np.float32), temperature=0.5, thresholds={}, measured={},
    )  # fmt: skip
    keep_head(tmp_path / "reports" / "p", FrozenHead(head=head, backbone="efficientnet-lite0"))
    found = kept_head(ModelPackage.load(package.folder))
    assert found is not None and found.backbone == "efficientnet-lite0"
    features = random.normal(size=(4, 1280)).astype(np.float32)
    assert np.array_equal(found.head.logits(features), head.logits(features))
    assert (found.head.classes, found.head.temperature) == (CLASSES, 0.5)
    kept = tmp_path / "reports" / "p" / HEAD_FILE
    for damaged in (kept.read_bytes()[:500], b"", b"PK and no more"):
        kept.write_bytes(damaged)
        assert kept_head(ModelPackage.load(package.folder)) is None, "no reason to leave a model unmeasured"


def test_so_much_may_be_answered_for_a_precision() -> None:
    """By hand: of the surest first, right, right, wrong, right, and two that are equally sure, one right."""
    confidence, right = np.array([0.99, 0.9, 0.8, 0.7, 0.6, 0.6]), np.array([1, 1, 0, 1, 1, 0], dtype=bool)
    scores = object.__new__(Scores)
    scores.__dict__.update(confidence=confidence, right=right)
    assert answered_at(scores, 1.0) == pytest.approx(2 / 6)
    assert answered_at(scores, 0.75) == pytest.approx(4 / 6)
    assert answered_at(scores, 0.8) == pytest.approx(2 / 6), (
        "of the equally sure ones both or none are answered"
    )
    assert answered_at(scores, 0.6) == 1.0


def test_limits_are_told_with_what_came_of_them(tmp_path: Path) -> None:
    told = report(scored(tmp_path))["sure_from"]
    assert told["blue"] == {"limit": 0.9, "decided": 2, "right": 0.5}
    assert told["red"] == {"limit": 0.9, "decided": 1, "right": 1.0}
