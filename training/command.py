"""`coop train`: from labelled pictures to a model package, with what a keeper should know of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from coop.classify.decide import probabilities
from coop.classify.package import ModelPackage, report_beside, report_folder
from coop.domain.dataset import DatasetVersion, Part
from coop.domain.training import Outcome
from coop.errors import CoopError, ModelPackageError
from coop.store.store import Store
from training.best import learn_best
from training.beyond import with_unlabelled
from training.choices import Choices, Place
from training.evaluate import Scores, report, score
from training.evaluating import bars, say, teller
from training.gallery import IDENTITY_TASK
from training.head import Head
from training.judging import judge, sentences, usable
from training.labelled import LabelledDataError, LabelledSet, read_labelled
from training.lesson import lesson
from training.quick import Learned
from training.tracks import Run, runs
from training.yardsticks import Human, beside, keep_head

DRAFTS = ".training-"


def train_on_file(
    data: Path, out: Path, models: Path, console: Console, *, task: str | None, choices: Choices
) -> ModelPackage:
    """Learn from a labelled CSV or class folders, and write the package ``out``.

    ``models``: where the starter is, or is written. Raises LabelledDataError, HeadError, or ModelPackageError
    where ``out`` exists.
    """
    if out.exists():
        raise ModelPackageError(out, "it exists already", "Choose another folder, or remove it first")
    running = out.with_name(f".{out.name}.tuning")
    name = task or out.name
    best = learn_best(read_labelled(data), models, console, choices, Place(running, report_beside(out), name))
    package = best.write(out, task=name, name=name, version="1")
    shutil.rmtree(running, ignore_errors=True)
    console.print(
        f"Wrote {out}: {len(best.head.classes)} classes, {best.accuracy:.1%} right on groups held out. "
        f"To use it: coop model install {out}",
        highlight=False,
        soft_wrap=True,
    )
    folded = folded_scores(package, best)
    if folded is not None:
        _draw(report_beside(out), package, best, folded, console, folded=True)
    return package


def train_task(
    store: Store,
    task: str,
    models: Path,
    console: Console,
    clock: Callable[[], datetime],
    *,
    version: int | None,
    choices: Choices,
    never_lose: Collection[str] = (),
    stand_in: str = "",
    human: Human | None = None,
) -> None:
    """Learn from a dataset version, install the package, and put it to work if it is better than what is.

    Better: more of the pictures held out are right. Both models are judged by the same ones. ``stand_in`` is
    the package that works where none was ever chosen. ``human``: how good a person is at the task. A training
    that was killed is overtaken.
    """
    dataset = store.dataset(task, version)
    overtaken = store.open_training(task)
    if overtaken is not None:
        store.end_training(overtaken.id, Outcome.FAILED, clock(), reason="overtaken by `coop train`")
    name = free_name(models, task, dataset.version)
    newest = store.newest_label_of(task, dataset.made)
    choices = replace(
        choices,
        beyond=with_unlabelled(choices.beyond, store, task),
        unnamed=unnamed_tracks(store, dataset),
    )
    training = store.begin_training(task, dataset.version, name, newest, "coop train", clock())
    try:
        at_work = store.active(task) or stand_in
        other_folder = models / at_work if at_work else None
        learn_version(dataset, models / name, console, choices, other=other_folder, human=human)
        current = store.active(task)
        other = current or stand_in or None
        verdict = judge(dataset, models / name, models / other if other else None, never_lose)
    except CoopError as error:
        store.end_training(training.id, Outcome.FAILED, clock(), reason=str(error))
        raise
    outcome = Outcome.PROMOTED if verdict.better else Outcome.KEPT
    if not store.end_training(
        training.id, outcome, clock(), verdict=verdict, at_work=current, instead=other or ""
    ):
        reason = "another model went to work meanwhile"
        store.end_training(training.id, Outcome.FAILED, clock(), reason=reason)
        say(console, f"Nothing was changed: {reason}. To use the new one: coop model use {name}")
        return
    for sentence in sentences(name, task, other, verdict):
        say(console, sentence)


def unnamed_tracks(store: Store, dataset: DatasetVersion) -> tuple[Run, ...]:
    """The tracks of an identity task that nobody named, without those of the days to be judged by."""
    if dataset.task != IDENTITY_TASK:
        return ()
    named = {item.picture for part in Part for item in dataset.part(part)}
    days = {item.group for item in dataset.part(Part.TEST)}
    return tuple(runs(store.tracked(dataset.task), named, days))


def learn_version(
    dataset: DatasetVersion,
    folder: Path,
    console: Console,
    choices: Choices,
    *,
    other: Path | None = None,
    human: Human | None = None,
) -> ModelPackage:
    """Learn from a dataset version and write the package ``folder``, its card with what its test part says.

    Its report has ``other``, the package at work, and ``human``, a person, beside it where they are known.
    A run that was stopped goes on. Raises LabelledDataError, HeadError or ModelPackageError.
    """
    models, task = folder.parent, dataset.task
    number = folder.name.removeprefix(f"{task}-")
    learned, judged = lesson(dataset)
    best = learn_best(
        learned,
        models,
        console,
        choices,
        Place(models / f".tuning-{task}", report_folder(folder), task, reviewed=True),
    )
    with tempfile.TemporaryDirectory(dir=models, prefix=DRAFTS) as drafts:
        draft = best.write(Path(drafts) / "draft", task=task, name=task, version=number)
        scores = score(draft, judged)
    figures = report(scores)
    package = best.write(
        folder, task=task, name=task, version=number,
        measured={
            "held_out_accuracy": round(figures["accuracy"], 4),
            "held_out_interval": [round(p, 4) for p in figures["accuracy_interval"]],
            "held_out_pictures": figures["n"],
            "macro_f1": round(figures["macro_f1"], 4),
            "calibration_error": round(figures["ece"], 4),
        },
    )  # fmt: skip
    shutil.rmtree(models / f".tuning-{task}", ignore_errors=True)
    low, high = figures["accuracy_interval"]
    say(console, f"{package.card.model}: {figures['accuracy']:.1%} right ({low:.1%} to {high:.1%}) of "
                 f"{figures['n']} pictures of days that it never saw.")  # fmt: skip
    rival = _scores_of(other, package, judged)
    _draw(report_folder(package.folder), package, best, scores, console, other=rival, human=human)
    return package


def _scores_of(folder: Path | None, package: ModelPackage, judged: LabelledSet) -> Scores | None:
    """Another package on the same pictures; None where it cannot be used for them."""
    rival = usable(folder, package)
    if rival is None:
        return None
    with suppress(LabelledDataError):
        return score(rival, judged)
    return None


def folded_scores(package: ModelPackage, best: Learned) -> Scores | None:
    """What was answered of the pictures held out while it was learned, as if by the package."""
    folded = best.head.folded
    if folded is None:
        return None
    return Scores(
        card=package.card,
        examples=tuple(best.pictures.examples[k] for k in folded.numbers),
        probabilities=np.stack([probabilities(package.card, row) for row in folded.logits]),
    )


def _draw(
    folder: Path,
    package: ModelPackage,
    best: Learned,
    scores: Scores,
    console: Console,
    *,
    other: Scores | None = None,
    human: Human | None = None,
    folded: bool = False,
) -> None:
    """The report, beside the model: worth a look, but no reason to lose what was learned."""
    from training.report.page import Learning, write_report  # draws, which costs a second to load

    with bars(console) as bar:
        tell = teller(bar)
        frozen = None
        if best.plain is not None:
            frozen = (
                _folded_plain(best.plain.head, scores, best)
                if folded
                else best.plain.scores(scores, progress=partial(tell, "Asking a plain head"))
            )
        figures = report(scores) | {"beside": beside(scores, other=other, frozen=frozen, human=human)}
        learning = Learning(figures=best.figures, folded=folded)
        try:
            page = write_report(folder, package, scores, figures, learning=learning, tell=tell)
            if best.plain is not None:
                keep_head(folder, best.plain)
        except OSError as error:
            say(console, f"No report was written: {error}")
            return
    say(console, f"Its report: {page}")


def _folded_plain(head: Head, scores: Scores, best: Learned) -> Scores | None:
    """What the plain head said of the same pictures held out, where it said something of all of them."""
    own, ours = head.folded, best.head.folded
    if own is None or ours is None or len(own.numbers) != len(best.pictures):
        return None
    card = replace(scores.card, classes=head.classes, temperature=head.temperature,
                   thresholds=dict.fromkeys(head.classes, 0.5))  # fmt: skip
    rows = [probabilities(card, row) for row in own.logits[ours.numbers]]
    return Scores(card=card, examples=scores.examples, probabilities=np.stack(rows))


def free_name(models: Path, task: str, version: int) -> str:
    """Task and dataset version, with another number behind them where a model of that name is there."""
    number, name = 1, f"{task}-{version}"
    while (models / name).exists():
        number += 1
        name = f"{task}-{version}.{number}"
    return name
