"""`coop train`: from labelled pictures to a model package, with what a keeper should know of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.errors import CoopError, ModelPackageError
from coop.store.store import Store
from training.augment import RECIPES, contact_sheet
from training.evaluate import Scores, report, score
from training.examine import examine
from training.labelled import LabelledSet, read_labelled, read_picture
from training.lesson import lesson
from training.quick import Learned, Trial, learn

_SHOWN = 8  # pictures of a contact sheet
FEWEST_TUNED = 40
MOST_TUNED_UNASKED = 600
"""Fewer pictures than the first teach a network nothing; more than this take more than some minutes."""


class TrainExtraError(CoopError, RuntimeError):
    """Fine-tuning without TensorFlow."""

    def __init__(self) -> None:
        super().__init__(
            "Fine-tuning needs TensorFlow, which is not installed. Install it with "
            "pip install 'neurocoop[train]', or leave --fine-tune out for a head on the frozen network"
        )


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user may choose. ``sheet``: a PNG of the variations, as the network gets them.

    ``fine_tune``: whether the network itself is tuned; None where the pictures and the machine decide.
    """

    seed: int = 0
    sheet: Path | None = None
    fine_tune: bool | None = None
    epochs: int | None = None


def train_on_file(
    data: Path, out: Path, models: Path, console: Console, *, task: str | None, choices: Choices
) -> ModelPackage:
    """Learn from a labelled CSV or class folders, and write the package ``out``.

    ``models``: where the starter is, or is written. Raises LabelledDataError, HeadError, or ModelPackageError
    where ``out`` exists.
    """
    if out.exists():
        raise ModelPackageError(out, "it exists already", "Choose another folder, or remove it first")
    best = _learned(read_labelled(data), models, console, choices, out.with_name(f".{out.name}.tuning"))
    name = task or out.name
    package = best.write(out, task=name, name=name, version="1")
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
    best = _learned(learned, models, console, choices, models / f".tuning-{task}")
    number = _free_version(models, task, str(store.dataset(task, version).version))
    with tempfile.TemporaryDirectory(dir=models, prefix=".training-") as folder:
        draft = best.write(Path(folder) / "draft", task=task, name=task, version=number)
        scores = score(draft, judged)
    figures = report(scores)
    package = best.write(
        models / f"{task}-{number}", task=task, name=task, version=number,
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


def _learned(found: LabelledSet, models: Path, console: Console, choices: Choices, running: Path) -> Learned:
    """The best of heads and, where it is worth it, of a tuned network. ``running`` keeps a stopped run."""
    examined = examine(found)
    for warning in examined.warnings:
        console.print(f"[yellow]![/yellow] {warning}", highlight=False, soft_wrap=True)
    starter = Classifier(ModelPackage.load(ensure_starter(models)), threads=2)
    with _progress(console) as bar:
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
    best = Learned(head=trials[0].head, pictures=examined.pictures, recipe=trials[0].recipe)
    if not _to_tune(len(examined.pictures), choices, console):
        return best
    return _tuned(best, trials, console, choices, running)


def _to_tune(pictures: int, choices: Choices, console: Console) -> bool:
    """Whether the network is to be tuned. Raises TrainExtraError where that is wanted and cannot be."""
    able = importlib.util.find_spec("tensorflow") is not None
    if choices.fine_tune and not able:
        raise TrainExtraError
    if choices.fine_tune is None and able and pictures > MOST_TUNED_UNASKED:
        _say(console, f"{pictures} pictures are many to tune the network on unasked: --fine-tune does it.")
    unasked = able and FEWEST_TUNED <= pictures <= MOST_TUNED_UNASKED
    return unasked if choices.fine_tune is None else choices.fine_tune


def _tuned(
    best: Learned, trials: Sequence[Trial], console: Console, choices: Choices, running: Path
) -> Learned:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what TensorFlow tells of graphics cards
    from training.finetune import fine_tune
    from training.tune import Plan

    plan = Plan(seed=choices.seed)
    if choices.epochs is not None:
        plan = replace(plan, epochs=choices.epochs)
    recipe = min((trial for trial in trials if trial.recipe), key=lambda trial: trial.loss).recipe
    with _progress(console) as bar:
        shown: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in shown:
                shown[name] = bar.add_task(name, total=total)
            bar.update(shown[name], completed=done, total=total)

        try:
            tuned = fine_tune(best.pictures, recipe, plan, running, progress=tell)
        except KeyboardInterrupt:
            _say(console, "Stopped. The same command goes on from the last epoch.")
            raise
    shutil.rmtree(running)
    for finding in tuned.told:
        _say(console, f"The doctor, {finding.severity}: {finding.kind} at {finding.where}: "
                      f"{finding.evidence}. {finding.remedy}")  # fmt: skip
    better = tuned.after < tuned.before
    kept = "tuned network" if better else "head"
    _say(console, f"Tuned: log loss {tuned.after:.3f} on pictures held out, where a head on the frozen "
                  f"network has {tuned.before:.3f}. The {kept} is kept.")  # fmt: skip
    return tuned.learned if better else best


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    )  # fmt: skip


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
