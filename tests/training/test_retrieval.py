"""Finding a hen in the gallery, and telling a stranger: by hand, and beside the same figures in Keras."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.colours import BLUE, DARK, GREEN, RED, YELLOW, colour_package, labelled_colours
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.gallery import Gallery
from coop.classify.package import write_package
from coop.cli.main import app
from training.retrieval import apart, average_precision, in_order, recall_at


def test_an_order_by_hand() -> None:
    gallery = np.array([[0.0], [1.0], [2.0], [3.0]])
    same = np.array([[True, False, True, False], [False, False, False, True]])
    found = in_order(np.array([[1.9], [0.1]]), gallery, same)
    assert found.tolist() == [[True, False, False, True], [False, False, False, True]]
    assert recall_at(found, 1).tolist() == [1, 0] and recall_at(found, 4).tolist() == [1, 1]
    assert average_precision(found) == pytest.approx([(1 + 2 / 4) / 2, 1 / 4])


def test_apart_is_the_area_under_the_curve() -> None:
    assert apart(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert apart(np.array([1.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx((0.5 + 0 + 1 + 1) / 4)


@pytest.mark.train
def test_keras_has_the_same_figures_of_a_batch(keras_module: Any) -> None:
    from training.keras_metrics import MeanAveragePrecision, RecallAtK

    random = np.random.default_rng(3)
    labels = random.integers(0, 4, 40)
    rows = random.normal(size=(40, 8)) + 1.2 * np.eye(8)[labels]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)  # then the nearest is the most alike by cosine
    found = []
    for n in range(40):
        others = np.arange(40) != n
        found.append(in_order(unit[n : n + 1], unit[others], (labels[others] == labels[n])[None])[0])
    ranked = np.stack(found)
    for metric, ours in (
        (RecallAtK(1), recall_at(ranked, 1)),
        (RecallAtK(5), recall_at(ranked, 5)),
        (MeanAveragePrecision(), average_precision(ranked)),
    ):
        metric.update_state(labels, rows.astype(np.float32))
        assert float(metric.result()) == pytest.approx(ours.mean(), abs=1e-5)
        assert 0.2 < ours.mean() < 0.99


def test_a_package_with_a_gallery_is_asked_whom_it_finds(tmp_path: Path) -> None:
    plain = colour_package(tmp_path / "plain", TaskMode.SINGLE, ("red", "green", "blue"))
    gallery = Gallery(
        embeddings=np.array([[1, 0, 0], [0.9, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32),
        labels=("red", "red", "green", "blue"),
    )
    folder = tmp_path / "known"
    write_package(folder, replace(plain.card, familiar_within=0.5), plain.model, gallery)
    rows = (
        (RED, "red", "a"), (GREEN, "green", "a"), (BLUE, "blue", "b"), (GREEN, "red", "b"),
        (YELLOW, "duck", "b"), (DARK, "duck", "b"),
    )  # fmt: skip
    words = ["evaluate", str(folder), "--data", str(labelled_colours(tmp_path, *rows))]
    result = CliRunner().invoke(
        app, [*words, "--json", str(tmp_path / "f.json"), "--report", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["retrieval"]["n"] == 4 and figures["retrieval"]["gallery"] == 4
    assert figures["retrieval"]["recall_at_1"] == 0.75
    # The green one called red: both reds come after green, at places 3 and 4 or 2 and 3, blue as far as they.
    assert 0.75 < figures["retrieval"]["mean_average_precision"] < 0.9
    assert figures["strangers"]["n"] == 2 and figures["strangers"]["found"] == 1.0
    assert figures["strangers"]["flock_called_strange"] == 0.0 and figures["strangers"]["auc"] == 1.0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "find their hen first in the gallery" in page and "of 2 strangers" in page
