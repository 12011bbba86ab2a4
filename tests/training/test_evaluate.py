"""Evaluating a package: a model whose answers are known, on pictures whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.colours import BLUE, DARK, GREEN, RED, YELLOW, colour_package, labelled_colours
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.runtime import Classifier
from coop.cli.main import app
from training.evaluate import report, score
from training.labelled import LabelledDataError, read_labelled
from training.views import views_for


def test_one_class_a_picture(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.SINGLE, ("red", "green", "blue"))
    file = labelled_colours(
        tmp_path, (RED, "red", "a"), (GREEN, "green", "a"), (BLUE, "blue", "b"), (BLUE, "red", "b")
    )
    figures = report(score(package, read_labelled(file)))
    assert (figures["n"], figures["accuracy"]) == (4, 0.75)
    assert figures["per_class"]["red"] == {"n": 2, "precision": 1.0, "recall": 0.5, "f1": 2 / 3}
    assert figures["per_group"]["a"]["accuracy"] == 1.0
    assert figures["per_group"]["b"]["accuracy"] == 0.5
    assert figures["confusion"]["red"] == {"blue": 1, "red": 1}
    assert figures["balanced_accuracy"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert figures["known_share"] == 1.0
    low, high = figures["accuracy_interval"]
    assert 0 <= low <= 0.75 <= high <= 1


def test_sets_of_classes_are_right_only_as_a_whole(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.MULTI, ("red", "green", "blue"))
    file = labelled_colours(
        tmp_path,
        (YELLOW, "red|green", "a"),
        (RED, "red|green", "a"),
        (DARK, "none", "a"),
        (DARK, "blue", "a"),
    )
    figures = report(score(package, read_labelled(file)))
    assert figures["accuracy"] == 0.5
    assert figures["confusion"] == {
        "blue": {"none": 1},
        "green|red": {"green|red": 1, "red": 1},
        "none": {"none": 1},
    }


def test_counts_are_also_scored_within_one(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.COUNT, ("eggs=0", "eggs=1", "eggs=2"))
    file = labelled_colours(
        tmp_path, (RED, "eggs=0", "a"), (GREEN, "eggs=0", "a"), (BLUE, "eggs=0", "a"), (BLUE, "eggs=3", "a")
    )
    counts = report(score(package, read_labelled(file)))["counts"]["eggs"]
    assert (counts["exact"], counts["within_one"]) == (0.25, 0.75)
    assert (counts["mean_error"], counts["best_constant_exact"]) == (1.0, 0.75)


def test_a_class_that_the_model_does_not_know_is_never_right(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.SINGLE, ("red", "green", "blue"))
    file = labelled_colours(tmp_path, (RED, "red", "a"), (YELLOW, "yellow", "a"))
    assert report(score(package, read_labelled(file)))["accuracy"] == 0.5


def test_labels_of_another_task_are_refused(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.SINGLE, ("red", "green", "blue"))
    with pytest.raises(LabelledDataError, match=r"its classes are hen, the model's blue, green, red"):
        score(package, read_labelled(labelled_colours(tmp_path, (RED, "hen", "a"))))
    counts = replace(read_labelled(labelled_colours(tmp_path, (RED, "red", "a"))), mode=TaskMode.COUNT)
    with pytest.raises(
        LabelledDataError, match="labels are those of a count task, but the model is a single"
    ):
        score(package, counts)


def test_the_command_prints_and_writes_the_figures(tmp_path: Path) -> None:
    colour_package(tmp_path / "p", TaskMode.MULTI, ("red", "green", "blue"))
    # No "|" and no "none": the model decides that these are sets.
    file = labelled_colours(tmp_path, (RED, "red", "a"), (GREEN, "green", "b"))
    out = tmp_path / "figures.json"
    result = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "p"), "--data", str(file), "--json", str(out)]
    )
    assert result.exit_code == 0, result.output
    assert "100.0% right (the whole set)" in result.output
    figures = json.loads(out.read_text())
    assert {"n", "accuracy", "macro_f1", "ece", "per_class", "per_group"} <= figures.keys()
    assert not (tmp_path / "figures.json.part").exists()


def test_hours_and_cameras_are_told_where_the_csv_knows_them(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.SINGLE, ("red", "green", "blue"))
    file = labelled_colours(
        tmp_path, (RED, "red", "a"), (GREEN, "green", "a"), (BLUE, "blue", "b"), (BLUE, "red", "b")
    )
    assert not {"per_hour", "per_camera"} & set(report(score(package, read_labelled(file))))
    head, *lines = file.read_text().splitlines()
    more = ("2016-10-02T07:05:00,nest", "2016-10-02T07:55:00+02:00,", "2016-10-03T19:00:00,nest", ",door")
    rows = [f"{head},time,camera", *(f"{line},{end}" for line, end in zip(lines, more, strict=True))]
    file.write_text("\n".join(rows) + "\n")
    figures = report(score(package, read_labelled(file)))
    assert {hour: (x["n"], x["accuracy"]) for hour, x in figures["per_hour"].items()} == {
        "07": (2, 1.0),
        "19": (1, 1.0),
    }
    assert {name: (x["n"], x["accuracy"]) for name, x in figures["per_camera"].items()} == {
        "door": (1, 0.0),
        "nest": (2, 1.0),
    }
    assert figures["per_camera"]["nest"]["accuracy_interval"] == [1.0, 1.0]
    out = CliRunner().invoke(app, ["evaluate", str(package.folder), "--data", str(file)]).output
    assert "By hour" in out and "By camera" in out
    file.write_text("\n".join([rows[0], f"{lines[0]},at noon,nest"]) + "\n")
    with pytest.raises(LabelledDataError, match="line 2: 'at noon' is no time such as"):
        read_labelled(file)


def test_a_picture_is_asked_several_times_where_that_is_wanted(tmp_path: Path) -> None:
    """A red edge outweighs the dim green middle, until the middle is asked for by itself too."""
    package = colour_package(tmp_path / "p", TaskMode.SINGLE, ("red", "green", "blue"))
    file = labelled_colours(tmp_path, (RED, "green", "a"), (BLUE, "blue", "a"))
    picture = np.full((40, 40, 3), (0, 0, 255), dtype=np.uint8)
    picture[2:38, 2:38] = (0, 56, 0)
    cv2.imwrite(str(tmp_path / "0.png"), picture)
    out = tmp_path / "figures.json"
    words = ["evaluate", str(package.folder), "--data", str(file), "--json", str(out)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert "tta" not in json.loads(out.read_text())
    result = CliRunner().invoke(app, [*words, "--tta"])
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert (figures["accuracy"], figures["tta"]["accuracy"], figures["tta"]["difference"]) == (0.5, 1.0, 0.5)
    told = " ".join(result.output.split())
    assert "Each picture asked 4 times, varied: 100.0% right" in told and "+50.0 points" in told
    assert "for 4 times the work" in told

    asked = score(package, read_labelled(file), views=views_for("places"))
    logits = np.mean([Classifier(package).logits([view(picture)])[0] for view in views_for("places")], axis=0)
    assert asked.probabilities[0] == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=1e-5)


def test_only_crops_are_asked_from_the_other_side_too() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    shown = {name: [view(picture) for view in views_for(name)] for name in ("crops", "places", None)}
    assert [any(np.array_equal(x, picture[:, ::-1]) for x in views) for views in shown.values()] == [
        True, False, False,
    ]  # fmt: skip
    assert all(np.array_equal(views[0], picture) for views in shown.values())
    assert all(any(np.array_equal(x, picture[1:19, 2:38]) for x in views) for views in shown.values())
    darker, brighter = shown["places"][2:]
    assert darker.mean() < picture.mean() < brighter.mean()
