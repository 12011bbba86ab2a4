"""`coop train`: from labelled pictures to a model package, with what a keeper should know of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.errors import ModelPackageError
from training.augment import RECIPES, contact_sheet
from training.examine import examine
from training.labelled import LabelledSet, read_labelled, read_picture
from training.quick import Trial, learn, write_quick_package

_SHOWN = 8  # pictures of a contact sheet


def run_training(
    data: Path, out: Path, models: Path, console: Console, *, task: str | None, seed: int, sheet: Path | None
) -> ModelPackage:
    """Learn from a labelled CSV or class folders, and write the package ``out``.

    ``models``: where the starter is, or is written. ``sheet``: a PNG of the variations, as the network gets
    them. Raises LabelledDataError, HeadError, or ModelPackageError where ``out`` exists.
    """
    if out.exists():
        raise ModelPackageError(out, "it exists already", "Choose another folder, or remove it first")
    found = examine(read_labelled(data))
    for warning in found.warnings:
        console.print(f"[yellow]![/yellow] {warning}", highlight=False)
    starter = Classifier(ModelPackage.load(ensure_starter(models)), threads=2)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    ) as bar:  # fmt: skip
        looking = bar.add_task("Looking at pictures", total=len(found.pictures))
        trials = learn(
            found.pictures, starter, seed=seed, progress=lambda done, _: bar.update(looking, completed=done)
        )
    console.print(_trials_table(trials))
    best = trials[0]
    name = task or out.name
    package = write_quick_package(out, best, found.pictures, task=name, name=name, version="1")
    if sheet is not None:
        _write_sheet(sheet, found.pictures, best, seed)
        console.print(f"Wrote {sheet}", highlight=False, soft_wrap=True)
    console.print(
        f"Wrote {out}: {len(best.head.classes)} classes, {best.accuracy:.1%} right on groups held out. "
        f"To use it: coop model install {out}",
        highlight=False,
        soft_wrap=True,
    )
    return package


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
