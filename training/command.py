"""`coop train`: from labelled pictures to a model package, with what a keeper should know of it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from coop.classify.decide import probabilities
from coop.classify.efficientnet_lite import LITE0, LITES, BackboneError, LiteWeights, load_lite_weights
from coop.classify.package import ModelPackage, report_beside, report_folder
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.domain.dataset import DatasetVersion, Part
from coop.domain.training import Outcome
from coop.errors import CoopError, ModelPackageError, OutputError
from coop.store.store import Store
from training.augment import RECIPES, contact_sheet, titled
from training.backbones import Eye, is_lite
from training.beyond import OUT_OF_FOLD, Beyond, planned, tell_outside, tell_tried, with_unlabelled
from training.cells import SIDE as CELL_SIDE
from training.cells import CellHead, learn_cells, suits
from training.counting import SIDE as COUNT_SIDE
from training.counting import CountHead, learn_counts
from training.counting import suits as suits_counting
from training.evaluate import Scores, report, score
from training.evaluating import bars, teller
from training.examine import examine
from training.found import drop_found
from training.gallery import IDENTITY_TASK, Flock, TooFewKnownError, get_familiar
from training.head import PRECISION, Head
from training.judging import judge, sentences, usable
from training.labelled import LabelledDataError, LabelledSet, read_labelled, read_picture
from training.lesson import lesson
from training.losses_by_name import require_suits
from training.naming import better_named
from training.quick import Embeds, Learned, Looked, Trial, as_groups, learn
from training.tracks import Run, look, runs
from training.unnamed import Tracks
from training.yardsticks import FrozenHead, Human, beside, keep_head

if TYPE_CHECKING:
    from training.live.course import Seen
    from training.live.page import LivePage
    from training.live.watching import Show

_SHOWN = 8  # pictures of a contact sheet
DRAFTS = ".training-"
_TUNE_IT = "Leave --no-fine-tune out"
FEWEST_TUNED = 40
MOST_TUNED_UNASKED = 600
"""Fewer pictures than the first teach a network nothing; more than this take more than some minutes."""
FEWEST_CELLS, MOST_CELLS = 30, 600
"""The same for a head over cells, which few pictures suffice for."""


class TrainExtraError(CoopError, RuntimeError):
    """What needs TensorFlow, without it."""

    def __init__(
        self,
        what: str = "Fine-tuning",
        instead: str = ", or leave --fine-tune out for a head on the frozen network",
    ) -> None:
        super().__init__(
            f"{what} needs TensorFlow, which is not installed. Install it with "
            f"pip install 'neurocoop[train]'{instead}"
        )


def need_tensorflow(what: str) -> None:
    """Raises TrainExtraError where it is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        raise TrainExtraError(what, "")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user may choose. ``sheet``: a PNG of the variations, as the network gets them.

    ``fine_tune``: whether the network itself is tuned; None where the pictures and the machine decide: not of
    more than ``most_tuned``.
    ``cells``: whether a head over cells is tried; None where the pictures decide. ``backbone``: an
    EfficientNet-Lite, or to be tuned any of `keras.applications`. ``live``: a page that shows the tuning
    while it lasts; ``film``: an MP4 of that; ``tensorboard``: a folder for logs. ``precision``: the share of
    its sure answers that the model is to have right; what is less sure it calls *unknown*. ``beyond`` one
    fit: searches, folds, ensembles, pseudo-labels, other losses. ``unnamed``: tracks of hens that nobody
    named, which teach what hens differ in.
    """

    seed: int = 0
    sheet: Path | None = None
    fine_tune: bool | None = None
    epochs: int | None = None
    most_tuned: int = MOST_TUNED_UNASKED
    cells: bool | None = None
    backbone: str = LITE0.name
    live: bool = False
    film: Path | None = None
    tensorboard: Path | None = None
    precision: float = PRECISION
    beyond: Beyond = field(default_factory=Beyond)
    unnamed: tuple[Run, ...] = ()

    @property
    def watched(self) -> bool:
        """Whether somebody wants to look on while a network is tuned."""
        return self.live or self.film is not None or self.tensorboard is not None


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
    best = _learned(read_labelled(data), models, console, choices, _Place(running, report_beside(out), name))
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
        _say(console, f"Nothing was changed: {reason}. To use the new one: coop model use {name}")
        return
    for sentence in sentences(name, task, other, verdict):
        _say(console, sentence)


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
    best = _learned(
        learned,
        models,
        console,
        choices,
        _Place(models / f".tuning-{task}", report_folder(folder), task, reviewed=True),
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
    _say(console, f"{package.card.model}: {figures['accuracy']:.1%} right ({low:.1%} to {high:.1%}) of "
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
            _say(console, f"No report was written: {error}")
            return
    _say(console, f"Its report: {page}")


def _folded_plain(head: Head, scores: Scores, best: Learned) -> Scores | None:
    """What the plain head said of the same pictures held out, where it said something of all of them."""
    own, ours = head.folded, best.head.folded
    if own is None or ours is None or len(own.numbers) != len(best.pictures):
        return None
    card = replace(scores.card, classes=head.classes, temperature=head.temperature,
                   thresholds=dict.fromkeys(head.classes, 0.5))  # fmt: skip
    rows = [probabilities(card, row) for row in own.logits[ours.numbers]]
    return Scores(card=card, examples=scores.examples, probabilities=np.stack(rows))


@dataclass(frozen=True)
class _Place:
    """Where a training works: ``running`` keeps a stopped run, ``report`` is the folder of its report.

    ``task`` is what it is for; ``reviewed``: its labels are in the record.
    """

    running: Path
    report: Path
    task: str
    reviewed: bool = False


def _learned(found: LabelledSet, models: Path, console: Console, choices: Choices, place: _Place) -> Learned:
    """The best of heads and, where it is worth it, of a tuned network."""
    task = place.task
    if choices.beyond.drop_search:
        there = drop_found(models, task)
        _say(
            console, f"What was found for {task} is forgotten." if there else f"Nothing was found for {task}."
        )
    eye, weights = _eye(models, choices)
    examined = examine(found)
    for warning in examined.warnings:
        console.print(f"[yellow]![/yellow] {warning}", highlight=False, soft_wrap=True)
    with bars(console) as bar:
        looking = bar.add_task("Looking at pictures", total=len(examined.pictures))
        looked = learn(
            examined.pictures,
            eye,
            seed=choices.seed,
            precision=choices.precision,
            progress=lambda done, _: bar.update(looking, completed=done),
        )
    trials = looked.trials
    console.print(_trials_table(trials))
    if choices.sheet is not None:
        _write_sheet(choices.sheet, examined.pictures, trials[0], choices.seed)
        _say(console, f"Wrote {choices.sheet}")
    name = LITE0.name if weights is None else weights.plan.name
    best = Learned(
        head=_telling_strangers(
            trials[0].head, looked, examined.pictures, _tracks(choices.unnamed, eye, console), console
        )
        if task == IDENTITY_TASK
        else trials[0].head,
        pictures=examined.pictures,
        recipe=trials[0].recipe,
        backbone=weights,
        manner=f"{name}, frozen",
        precision=choices.precision,
        plain=FrozenHead(head=next(t.head for t in trials if not t.recipe), backbone=name),
    )
    if _for_cells(examined.pictures, choices):
        best = _by_cells(best, console, choices)
        if choices.fine_tune is None and not choices.beyond.tunes and isinstance(best.head, CellHead):
            return best  # minutes of tuning in its place were no better on days that it never saw
    if _for_counting(examined.pictures, choices):
        best = _by_counting(best, console, choices)
        if choices.fine_tune is None and isinstance(best.head, CountHead):
            return best
    if not _to_tune(len(examined.pictures), choices, console):
        if choices.watched:
            _say(console, "No network was tuned, so there was nothing to watch: --fine-tune does it.")
        return best
    return _tuned(best, trials, console, choices, models, place)


def _eye(models: Path, choices: Choices) -> tuple[Embeds, LiteWeights | None]:
    """What looks at the pictures first, and its weights where it is not the starter.

    Raises BackboneError or TrainExtraError where the network that is asked for cannot be had.
    """
    if not is_lite(choices.backbone):
        if choices.fine_tune is False:
            raise BackboneError(choices.backbone, "a head alone is learned on an EfficientNet-Lite", _TUNE_IT)
        _require_tensorflow()
        from training.applications import spelled

        spelled(choices.backbone)
    elif choices.backbone != LITE0.name:
        weights = load_lite_weights(LITES[choices.backbone])
        return Eye(weights, threads=2), weights
    return Classifier(ModelPackage.load(ensure_starter(models)), threads=2), None


def _tracks(found: Sequence[Run], eye: Embeds, console: Console) -> Tracks | None:
    """What tracks that nobody named teach; None where there are none."""
    if not found:
        return None
    with bars(console) as bar:
        looking = bar.add_task("Looking at tracks", total=len(found))
        tracks = look(found, eye, lambda done: bar.update(looking, completed=done))
    return tracks if tracks.looks else None


def _telling_strangers(
    head: Head, looked: Looked, pictures: LabelledSet, tracks: Tracks | None, console: Console
) -> Head:
    """The head with a gallery of the flock, if there is enough to tell strangers by; one that names hens by
    where they differ, if that is better."""
    labels, groups = [e.label for e in pictures.examples], [e.group for e in pictures.examples]
    try:
        flock = Flock.of(looked.features, labels, as_groups(groups), looked.coloured).checked(labels)
        familiar = get_familiar(flock, tracks=tracks)
    except TooFewKnownError as error:
        _say(console, str(error))
        return head
    named = better_named(head, flock, looked.features, labels, as_groups(groups), tracks)
    if named is not head:
        _say(console, "Hens are named by the nearest middle: log loss "
                      f"{named.measured['held_out_log_loss']} on groups held out, where the head had "
                      f"{head.measured['held_out_log_loss']}.")  # fmt: skip
    figures = "; ".join(f"{share:.1%} {what}" for what, share in familiar.measured.items())
    _say(console, f"Strangers, judged on groups held out: {figures}.")
    if tracks is not None:
        did = "so they teach too" if familiar.tracks else "so they teach nothing of strangers"
        found = "more" if familiar.tracks else "no more"
        _say(console, f"{len(tracks.looks)} tracks that nobody named: with them {found} are found, {did}.")
    return replace(named, familiar=familiar)


def _for_cells(pictures: LabelledSet, choices: Choices) -> bool:
    """Whether a head over cells is worth trying: for sets of labels, one fixed camera, not too many pictures.

    Raises LabelledDataError where that is wanted and cannot be.
    """
    if choices.cells is False or (choices.cells is None and choices.backbone != LITE0.name):
        return False
    if choices.cells is None and not FEWEST_CELLS <= len(pictures) <= MOST_CELLS:
        return False
    fit = suits(pictures)
    if choices.cells and not fit and not suits_counting(pictures):
        raise LabelledDataError(
            pictures.source,
            "it is not of several labels a picture, all by one fixed camera, as a head over cells needs",
            "Leave --cells out",
        )
    return fit


def _by_cells(best: Learned, console: Console, choices: Choices) -> Learned:
    with bars(console) as bar:
        looking = bar.add_task("Looking cell by cell", total=None)
        trial = learn_cells(
            best.pictures,
            seed=choices.seed,
            precision=choices.precision,
            progress=lambda done, total: bar.update(looking, completed=done, total=total),
        )
    better = trial.after < trial.before
    _say(console, f"One fixed camera: a head over cells has log loss {trial.after:.3f} on pictures held out, "
                  f"in their own light and in others, where a plain head has {trial.before:.3f}. "
                  f"The {'head over cells' if better else 'plain head'} is kept.")  # fmt: skip
    if not better:
        return best
    manner = "efficientnet-lite0, frozen, looked at cell by cell"
    return replace(best, head=trial.head, recipe="places", size=CELL_SIDE, manner=manner)


def _for_counting(pictures: LabelledSet, choices: Choices) -> bool:
    """Whether to count cell by cell: where it is eggs, nothing else, and the pictures are not too many."""
    if choices.cells is False or (choices.cells is None and choices.backbone != LITE0.name):
        return False
    return suits_counting(pictures) and (choices.cells is True or len(pictures) <= MOST_CELLS)


def _by_counting(best: Learned, console: Console, choices: Choices) -> Learned:
    """Judged by what is exactly right: by log loss a head wins that says the usual number of anything."""
    with bars(console) as bar:
        counting = bar.add_task("Counting cell by cell", total=None)
        trial = learn_counts(
            best.pictures,
            seed=choices.seed,
            progress=lambda done, total: bar.update(counting, completed=done, total=total),
        )
    counted, plain = (float(str(h.measured["held_out_accuracy"])) for h in (trial.head, best.head))
    within = float(str(trial.head.measured["held_out_within_one"]))
    better = counted >= plain
    _say(console, f"Eggs: a head that adds up cells has {counted:.1%} of those held out right "
                  f"({within:.1%} within one), a plain head {plain:.1%}. "
                  f"The {'head that adds up' if better else 'plain head'} is kept.")  # fmt: skip
    if not better:
        return best
    manner = "efficientnet-lite0, frozen, eggs counted cell by cell"
    return replace(best, head=trial.head, recipe="places", size=COUNT_SIDE, manner=manner)


def _to_tune(pictures: int, choices: Choices, console: Console) -> bool:
    """Whether the network is to be tuned. Raises TrainExtraError where that is wanted and cannot be."""
    able = importlib.util.find_spec("tensorflow") is not None
    if choices.fine_tune or not is_lite(choices.backbone) or choices.beyond.tunes:
        _require_tensorflow()
        return True
    if choices.fine_tune is None and able and pictures > choices.most_tuned:
        _say(console, f"{pictures} pictures are many to tune the network on unasked: --fine-tune does it.")
    unasked = able and FEWEST_TUNED <= pictures <= choices.most_tuned
    return unasked and choices.fine_tune is None


def _require_tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise TrainExtraError


def _tuned(
    best: Learned, trials: Sequence[Trial], console: Console, choices: Choices, models: Path, place: _Place
) -> Learned:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what TensorFlow tells of graphics cards
    beyond = choices.beyond
    require_suits(beyond.loss, best.pictures.mode)
    from training.finetune import fine_tune
    from training.fitting import FitPlan
    from training.pseudo import not_among
    from training.ways import Asked

    plan = FitPlan(seed=choices.seed)
    recipe = min((trial for trial in trials if trial.recipe), key=lambda trial: trial.loss).recipe
    plan = planned(plan, best.pictures, recipe, choices.backbone, models, place.task, beyond, console)
    if choices.epochs is not None:
        plan = replace(plan, epochs=choices.epochs)
    asked = Asked(members=beyond.members, unlabelled=not_among(beyond.unlabelled, best.pictures.examples))
    with _shown(choices, console) as show, bars(console) as bar:
        try:
            tuned = fine_tune(
                best.pictures, recipe, plan, place.running, precision=choices.precision,
                network=choices.backbone, identity=place.task == IDENTITY_TASK, folds=beyond.folds,
                asked=asked, show=show, progress=teller(bar),
            )  # fmt: skip
        except KeyboardInterrupt:
            _say(console, "Stopped. The same command goes on from the last epoch.")
            raise
    for finding in tuned.told:
        _say(console, f"The doctor, {finding.severity}: {finding.kind} at {finding.where}: "
                      f"{finding.evidence}. {finding.remedy}")  # fmt: skip
    tell_tried(tuned, beyond, console)
    if beyond.folds > 1:
        tell_outside(
            tuned.outside, place.report / OUT_OF_FOLD, place.task if place.reviewed else None, console
        )
    better = tuned.after < tuned.before
    kept = "tuned network" if better else "head"
    _say(console, f"Tuned: log loss {tuned.after:.3f} on pictures held out, where a head on the frozen "
                  f"network has {tuned.before:.3f}. The {kept} is kept.")  # fmt: skip
    return replace(tuned.learned, plain=best.plain) if better else best


@contextmanager
def _shown(choices: Choices, console: Console) -> Iterator[Show | None]:
    """Where it is shown how the tuning goes; None where nobody looks on. Raises OutputError."""
    if not choices.watched:
        yield None
        return
    from training.live.logs import Logs

    logs = None if choices.tensorboard is None else Logs(choices.tensorboard)
    with ExitStack() as stack:
        page = None
        if choices.live or choices.film is not None:
            page = stack.enter_context(_live_page(choices.film))
            if choices.live:
                _say(console, f"To watch: {page.address}")

        def show(seen: Seen, model: object) -> None:
            if page is not None:
                page.show(seen)
            if logs is not None:
                logs.show(seen, model)

        yield show
    for made in (choices.film, choices.tensorboard):
        if made is not None:
            _say(console, f"Wrote {made}")


def _live_page(film: Path | None) -> LivePage:
    from training.live.page import LivePage

    try:
        return LivePage(film)
    except OSError as error:
        raise OutputError(
            film or Path("the live page"), str(error.strerror), "Choose a file that can be written"
        ) from None


def free_name(models: Path, task: str, version: int) -> str:
    """Task and dataset version, with another number behind them where a model of that name is there."""
    number, name = 1, f"{task}-{version}"
    while (models / name).exists():
        number += 1
        name = f"{task}-{version}.{number}"
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
    sheet = titled(contact_sheet(some, recipe, seed=seed), best.recipe, len(some))
    file.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
