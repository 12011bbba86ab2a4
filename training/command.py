"""`coop train`: from labelled pictures to a model package, with what a keeper should know of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.errors import ModelPackageError
from coop.store.store import Store
from training.augment import RECIPES, contact_sheet
from training.evaluate import Scores, report, score
from training.examine import examine
from training.labelled import LabelledSet, read_labelled, read_picture
from training.lesson import lesson
from training.quick import Trial, learn, write_quick_package

_SHOWN = 8  # pictures of a contact sheet


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user may choose. ``sheet``: a PNG of the variations, as the network gets them."""

    seed: int = 0
    sheet: Path | None = None


def train_on_file(
    data: Path, out: Path, models: Path, console: Console, *, task: str | None, choices: Choices
) -> ModelPackage:
    """Learn from a labelled CSV or class folders, and write the package ``out``.

    ``models``: where the starter is, or is written. Raises LabelledDataError, HeadError, or ModelPackageError
    where ``out`` exists.
    """
    if out.exists():
        raise ModelPackageError(out, "it exists already", "Choose another folder, or remove it first")
    best, pictures = _learned(read_labelled(data), models, console, choices)
    name = task or out.name
    package = write_quick_package(out, best, pictures, task=name, name=name, version="1")
    console.print(
        f"Wrote {out}: {len(best.head.classes)} classes, {best.accuracy:.1%} right on groups held out. "
        f"To use it: coop model install {out}",
        highlight=False,
        soft_wrap=True,
    )
    return package


def train_task(
    store: Store,
    task: str,
    models: Path,
    console: Console,
    now: datetime,
    *,
    version: int | None,
    choices: Choices,
) -> ModelPackage:
    """Learn from a dataset version, install the package, and put it to work if it is better than what is.

    Better: more of the pictures held out are right. Both models are judged by the same ones.
    """
    learned, judged = lesson(store.dataset(task, version))
    best, pictures = _learned(learned, models, console, choices)
    number = _free_version(models, task, str(store.dataset(task, version).version))
    with tempfile.TemporaryDirectory(dir=models, prefix=".training-") as folder:
        draft = write_quick_package(
            Path(folder) / "draft", best, pictures, task=task, name=task, version=number
        )
        scores = score(draft, judged)
    figures = report(scores)
    package = write_quick_package(
        models / f"{task}-{number}", best, pictures, task=task, name=task, version=number,
        measured={
            "held_out_accuracy": round(figures["accuracy"], 4),
            "held_out_interval": [round(p, 4) for p in figures["accuracy_interval"]],
            "held_out_pictures": figures["n"],
            "macro_f1": round(figures["macro_f1"], 4),
            "calibration_error": round(figures["ece"], 4),
        },
    )  # fmt: skip
    low, high = figures["accuracy_interval"]
    _say(console, f"{package.card.model}: {figures['accuracy']:.1%} right ({low:.1%} to {high:.1%}) of "
                  f"{figures['n']} pictures of days that it never saw.")  # fmt: skip
    _promote(store, package, scores, models, console, now)
    return package


def _learned(
    found: LabelledSet, models: Path, console: Console, choices: Choices
) -> tuple[Trial, LabelledSet]:
    examined = examine(found)
    for warning in examined.warnings:
        console.print(f"[yellow]![/yellow] {warning}", highlight=False, soft_wrap=True)
    starter = Classifier(ModelPackage.load(ensure_starter(models)), threads=2)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    ) as bar:  # fmt: skip
        looking = bar.add_task("Looking at pictures", total=len(examined.pictures))
        trials = learn(
            examined.pictures,
            starter,
            seed=choices.seed,
            progress=lambda done, _: bar.update(looking, completed=done),
        )
    console.print(_trials_table(trials))
    if choices.sheet is not None:
        _write_sheet(choices.sheet, examined.pictures, trials[0], choices.seed)
        _say(console, f"Wrote {choices.sheet}")
    return trials[0], examined.pictures


def _promote(
    store: Store, package: ModelPackage, scores: Scores, models: Path, console: Console, now: datetime
) -> None:
    """Put the package to work unless the one that is at work is as good on the same pictures."""
    task, current = package.card.task, store.active(package.card.task)
    name = package.folder.name
    if current is not None:
        before = _accuracy_of(models / current, scores)
        now_right = float(scores.right.mean())
        if before is not None and before >= now_right:
            _say(console, f"{current} stays at work: it has {before:.1%} of the same pictures right. "
                          f"To use the new one all the same: coop model use {name}")  # fmt: skip
            return
        _say(console, f"{current} had {'nothing' if before is None else f'{before:.1%}'} of them right.")
    store.activate(task, name, now)
    _say(console, f"{name} is at work now. To go back: coop model rollback {task}")


def _accuracy_of(folder: Path, scores: Scores) -> float | None:
    """How much of the same pictures another package has right; None where it cannot be used for them."""
    try:
        other = ModelPackage.load(folder)
    except ModelPackageError:
        return None
    if other.card.mode is not scores.card.mode:
        return None
    pictures = LabelledSet(source=folder, mode=other.card.mode, classes=(), examples=scores.examples)
    return float(score(other, pictures).right.mean())


def _free_version(models: Path, task: str, version: str) -> str:
    """The dataset version's number, with another one behind it where a model of that name is there."""
    number, name = 1, version
    while (models / f"{task}-{name}").exists():
        number += 1
        name = f"{version}.{number}"
    return name


def _trials_table(trials: Sequence[Trial]) -> Table:
    table = Table("variations", title="Tried, judged on groups held out", caption="The first one is kept")
    table.add_column("log loss", justify="right")
    table.add_column("right", justify="right")
    for trial in trials:
        table.add_row(trial.recipe or "none", f"{trial.loss:.3f}", f"{trial.accuracy:.1%}")
    return table


def _write_sheet(file: Path, pictures: LabelledSet, best: Trial, seed: int) -> None:
    step = max(1, len(pictures) // _SHOWN)
    some = [read_picture(example.path) for example in pictures.examples[::step][:_SHOWN]]
    recipe = RECIPES[best.recipe] if best.recipe else ()
    file.write_bytes(cv2.imencode(".png", contact_sheet(some, recipe, seed=seed))[1].tobytes())


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
