"""`coop label quality` and `coop label card`, and predictions that come as a file."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from fakes.labelling import KINDS, entry, label, stock
from fakes.records import NOON, moment, new_picture
from rich.console import Console

from coop.domain.task import Task, TaskClass, TaskKind
from coop.errors import LabelError, OutputError
from coop.settings import Settings
from coop.store.store import Store
from labeling.card.missing import what_is_missing
from labeling.card.numbers import data_card
from labeling.commands.card import run_card
from labeling.commands.quality import run_quality
from labeling.quality.predictions import read_predictions
from labeling.quality.review import errors_file, kept_errors
from training.head import fit_head

COLOURS = Task(name="t", kind=TaskKind.MULTI, classes=(TaskClass(code="b", name="brown"),))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path / "data", "timezone": "UTC"})


def quiet() -> Console:
    return Console(file=StringIO(), width=200)


def test_predictions_of_both_forms_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "picture,class,probability\np1,brown,0.9\np1,none,0.1\np2,none,0.7\np2,brown,0.3\n"
    )
    np.savez(
        tmp_path / "p.npz",
        pictures=np.array(["p1", "p2"]),
        classes=np.array(["brown", "none"]),
        probabilities=np.array([[0.9, 0.1], [0.3, 0.7]], dtype=np.float32),
    )
    for name in ("p.csv", "p.npz"):
        found = read_predictions(tmp_path / name, COLOURS)
        assert (found.pictures, found.classes, found.model) == (("p1", "p2"), ("b", "none"), name)
        assert found.probabilities == pytest.approx(np.array([[0.9, 0.1], [0.3, 0.7]]))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("picture,class\np1,brown\n", "needs the columns"),
        ("picture,class,probability\np1,brown,much\n", "line 2: 'much' is no probability"),
        ("picture,class,probability\np1,brown,1.5\n", "from 0 to 1"),
        ("picture,class,probability\np1,gnome,0.5\n", "no class 'gnome'"),
    ],
)
def test_predictions_that_cannot_be_used_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(LabelError, match=problem):
        read_predictions(tmp_path / "p.csv", COLOURS)


def test_a_file_that_is_not_there_or_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read"):
        read_predictions(tmp_path / "nowhere.csv", COLOURS)
    (tmp_path / "p.npz").write_bytes(b"no archive")
    with pytest.raises(LabelError, match="pictures, classes and probabilities"):
        read_predictions(tmp_path / "p.npz", COLOURS)


def test_errors_found_by_predictions_wait_on_the_page(
    store: Store, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock(store, 16)
    store.add_labels([label(n, "hen" if n < 8 else "cat", f"b{n}") for n in range(16)])
    store.add_labels([label(3, "cat", "wrong")])
    lines = [f"picture-{n},{name},{p}" for n in range(16) for name, p in _p(n)]
    (tmp_path / "p.csv").write_text("\n".join(["picture,class,probability", *lines]))
    run_quality(store, "kinds", settings, fit_head, quiet(), predictions=tmp_path / "p.csv", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [(error["picture"], error["label"], error["better"]) for error in told["likely_errors"]] == [
        ("picture-3", "cat", "hen")
    ]
    assert told["human_baseline"]["n"] == 0 and told["kappa"]["value"] is None
    kept = kept_errors(errors_file(tmp_path / "data" / "cache" / "labeling", "kinds"), store, KINDS)
    assert kept is not None and kept[0] == "p.csv" and [e.picture for e in kept[1]] == ["picture-3"]


def _p(n: int) -> list[tuple[str, float]]:
    return [("hen", 0.9 if n < 8 else 0.1), ("cat", 0.1 if n < 8 else 0.9)]


def test_too_few_labels_to_find_errors_with_are_no_failure(store: Store, settings: Settings) -> None:
    stock(store, 8)
    console = quiet()
    run_quality(store, "kinds", settings, fit_head, console, predictions=None, as_json=False)
    assert "Likely errors: Task 'kinds' has 0 usable labels" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_card_in_every_form(
    store: Store, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock(store, 16)
    store.add_labels([label(n, "hen", f"b{n}") for n in range(8)])
    run_card(store, "kinds", settings, quiet(), png=tmp_path / "card.png", json_wanted=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["labelled"], told["days"]) == (16, 8, ["2026-05-01"])
    (hen, *_) = told["classes"]
    assert (hen["name"], hen["pictures"], hen["visits"], hen["hours"][12]) == ("hen", 8, 1, 8)
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")
    console = quiet()
    run_card(store, "kinds", settings, console, png=None, json_wanted=False)
    assert "hen has 8 pictures from one visit only" in console.file.getvalue()  # type: ignore[attr-defined]
    with pytest.raises(OutputError, match="cannot be written"):
        run_card(store, "kinds", settings, quiet(), png=tmp_path / "no" / "card.png", json_wanted=False)


def test_what_is_missing_is_said_in_sentences(store: Store, settings: Settings) -> None:
    """Hens by day and night from two cameras, foxes by day from one of them, on three days."""
    store.add_task(KINDS, "Anna", NOON)
    pictures, entries, labels = [], [], []
    for n in range(120):
        day, night = n % 3, n % 2
        time = moment(day * 86_400 + (11 * 3600 if night else 0))
        camera = "run" if n % 4 == 0 else "nest"
        day_of = (time + timedelta()).date()
        pictures.append(new_picture(n, time=time, camera=camera))
        entries.append(entry(n, visit=f"visit-{n // 4}", day=day_of))
        labels.append(label(n, "fox" if n % 4 == 0 and n < 30 else "hen", f"b{n}"))
    store.import_pictures(pictures, entries)
    store.join_task("kinds")
    store.add_labels(labels)
    card = data_card(store.task("kinds"), store.survey("kinds"), settings.zone)
    told = " ".join(what_is_missing(card))
    assert "No picture of cat." in told
    assert "No fox by night." in told
    assert "No fox from the camera nest." in told
    assert "hen has 14 times the pictures of fox" in told
    assert "No picture of nothing (none)" in told
    assert "No picture at all from 00:00 to 12:00." in told
    assert card.imbalance == pytest.approx(112 / 8)
