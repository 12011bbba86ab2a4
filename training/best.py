"""The best of heads and, where it is worth it, of a tuned network, for the pictures at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LITE0, LITES, BackboneError, LiteWeights, load_lite_weights
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from training.answers import Answers
from training.augment import RECIPES, contact_sheet, titled
from training.backbones import Eye, is_lite
from training.cells import SIDE as CELL_SIDE
from training.cells import CellHead, learn_cells, suits
from training.choices import Choices, Place, has_train_extra, need_tensorflow
from training.counting import SIDE as COUNT_SIDE
from training.counting import CountHead, learn_counts
from training.counting import suits as suits_counting
from training.density import SIDE as DENSITY_SIDE
from training.density import DensityHead
from training.depths import DepthEye, DepthHead
from training.evaluating import bars, say, teller
from training.examine import examine
from training.found import drop_found
from training.gallery import IDENTITY_TASK, Flock, TooFewKnownError, get_familiar
from training.head import AnyHead, Head, figure, fit_head
from training.labelled import LabelledDataError, LabelledSet, read_picture
from training.naming import better_named
from training.quick import Embeds, Learned, Looked, Trial, as_groups, learn
from training.tracks import Run, look
from training.tuning import is_to_tune, tuned_too
from training.unnamed import Tracks
from training.yardsticks import FrozenHead

_SHOWN = 8  # pictures of a contact sheet
_TUNE_IT = "Leave --no-fine-tune out"
FEWEST_DENSE = 200
"""Pictures from which on counting by density is tried."""
FEWEST_CELLS, MOST_CELLS = 30, 600
"""Pictures for which a head over cells is tried: few suffice, and of many it takes minutes."""


def learn_best(found: LabelledSet, models: Path, console: Console, choices: Choices, place: Place) -> Learned:
    """The best of heads and, where it is worth it, of a tuned network."""
    task = place.task
    if choices.beyond.drop_search:
        there = drop_found(models, task)
        say(
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
        say(console, f"Wrote {choices.sheet}")
    name = LITE0.name if weights is None else weights.plan.name
    best = Learned(
        head=_telling_strangers(
            looked, examined.pictures, _tracks(choices.unnamed, eye, console), choices.precision, console
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
    if examined.pictures.mode is TaskMode.COUNT and weights is None:
        best = _by_depths(best, console)
    if _for_counting(examined.pictures, choices):
        best = _by_counting(best, console, choices)
    elif _for_density(examined.pictures, choices):
        best = _by_density(best, console, choices)
    # Minutes of tuning in their place were no better on days that were never seen.
    enough = isinstance(best.head, (CellHead, CountHead, DensityHead))
    unasked = choices.fine_tune is None and not choices.beyond.tunes
    if (enough and unasked) or not is_to_tune(len(examined.pictures), choices, console):
        if choices.watched:
            say(console, "No network was tuned, so there was nothing to watch: --fine-tune does it.")
        return best
    return tuned_too(best, trials, console, choices, models, place)


def _eye(models: Path, choices: Choices) -> tuple[Embeds, LiteWeights | None]:
    """What looks at the pictures first, and its weights where it is not the starter.

    Raises BackboneError or TrainExtraError where the network that is asked for cannot be had.
    """
    if not is_lite(choices.backbone):
        if choices.fine_tune is False:
            raise BackboneError(choices.backbone, "a head alone is learned on an EfficientNet-Lite", _TUNE_IT)
        need_tensorflow()
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
    looked: Looked, pictures: LabelledSet, tracks: Tracks | None, precision: float, console: Console
) -> Head:
    """The best head with a gallery of the flock, if there is enough to tell strangers by; one that names hens
    by where they differ, if that is better."""
    head = looked.trials[0].head
    labels, groups = [e.label for e in pictures.examples], [e.group for e in pictures.examples]
    try:
        flock = Flock.of(looked.features, labels, as_groups(groups), looked.coloured).checked(labels)
        familiar = get_familiar(flock, tracks=tracks)
    except TooFewKnownError as error:
        say(console, str(error))
        return head
    named = better_named(head, flock, looked.features, labels, as_groups(groups), tracks, precision=precision)
    if named is not head:
        say(console, "Hens are named by the nearest middle: log loss "
                     f"{named.measured['held_out_log_loss']} on groups held out, where the head had "
                     f"{head.measured['held_out_log_loss']}.")  # fmt: skip
    figures = "; ".join(f"{share:.1%} {what}" for what, share in familiar.measured.items())
    say(console, f"Strangers, judged on groups held out: {figures}.")
    if tracks is not None:
        did = "so they teach too" if familiar.tracks else "so they teach nothing of strangers"
        found = "more" if familiar.tracks else "no more"
        say(console, f"{len(tracks.looks)} tracks that nobody named: with them {found} are found, {did}.")
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
        trial = learn_cells(
            best.pictures,
            seed=choices.seed,
            precision=choices.precision,
            progress=partial(teller(bar), "Looking cell by cell"),
        )
    better = trial.after < trial.before
    say(console, f"One fixed camera: a head over cells has log loss {trial.after:.3f} on pictures held out, "
                 f"in their own light and in others, where a plain head has {trial.before:.3f}. "
                 f"The {'head over cells' if better else 'plain head'} is kept.")  # fmt: skip
    return _with(best, trial.head, "looked at cell by cell", "places", CELL_SIDE) if better else best


def _by_depths(best: Learned, console: Console) -> Learned:
    """A head on features of three depths for what is counted, if the pictures held out speak for it."""
    examples = best.pictures.examples
    eye = DepthEye(threads=2)
    with bars(console) as bar:
        looking = bar.add_task("Looking at three depths", total=len(examples))
        seen = []
        for example in examples:
            seen.append(eye.embed([read_picture(example.path)])[0])
            bar.advance(looking)
    deep = fit_head(
        np.stack(seen),
        [example.label for example in examples],
        as_groups([example.group for example in examples]),
        mode=best.pictures.mode,
        precision=best.precision,
    )
    after, before = (figure(head, "held_out_log_loss") for head in (deep, best.head))
    better = after < before
    say(console, f"Counts: a head on features of three depths has log loss {after:.3f} on pictures held out, "
                 f"where a plain head has {before:.3f}. "
                 f"The {'one of three depths' if better else 'plain head'} is kept.")  # fmt: skip
    return _with(best, DepthHead.of(deep), "looked at in three depths") if better else best


def _for_counting(pictures: LabelledSet, choices: Choices) -> bool:
    """Whether to count cell by cell: where it is eggs, nothing else, and the pictures are not too many."""
    if choices.cells is False or (choices.cells is None and choices.backbone != LITE0.name):
        return False
    return suits_counting(pictures) and (choices.cells is True or len(pictures) <= MOST_CELLS)


def _by_counting(best: Learned, console: Console, choices: Choices) -> Learned:
    """Judged by what is exactly right: by log loss a head wins that says the usual number of anything."""
    with bars(console) as bar:
        trial = learn_counts(
            best.pictures,
            seed=choices.seed,
            precision=choices.precision,
            progress=partial(teller(bar), "Counting cell by cell"),
        )
    counted, before = (figure(h, "held_out_accuracy") for h in (trial.head, best.head))
    within = figure(trial.head, "held_out_within_one")
    better = counted >= before
    other = "one of three depths" if isinstance(best.head, DepthHead) else "plain head"
    say(console, f"Eggs: a head that adds up cells has {counted:.1%} of those held out right "
                 f"({within:.1%} within one), the {other} {before:.1%}. "
                 f"The {'head that adds up' if better else other} is kept.")  # fmt: skip
    return _with(best, trial.head, "eggs counted cell by cell", "places", COUNT_SIDE) if better else best


def _for_density(pictures: LabelledSet, choices: Choices) -> bool:
    """Whether to count by density: where the pictures are enough, and Keras is there and wanted."""
    wanted = choices.cells is not False and choices.fine_tune is not False and choices.backbone == LITE0.name
    enough = pictures.mode is TaskMode.COUNT and len(pictures) >= FEWEST_DENSE
    return wanted and enough and has_train_extra()


def _by_density(best: Learned, console: Console, choices: Choices) -> Learned:
    """Judged on the pictures that it learned from, by networks that had not seen their groups."""
    from training.density_fit import learn_density

    examples = best.pictures.examples
    answers = Answers(mode=best.pictures.mode, labels=tuple(example.label for example in examples))
    with bars(console) as bar:
        head = learn_density(
            lambda k: read_picture(examples[k].path),
            answers,
            as_groups([example.group for example in examples]),
            seed=choices.seed,
            precision=choices.precision,
            threads=2,
            progress=partial(teller(bar), "Counting by density"),
        )
    after, before = (_loss_on(head.folded.numbers, h, answers) for h in (head, best.head))
    better = after < before
    other = "one of three depths" if isinstance(best.head, DepthHead) else "plain head"
    say(console, f"Counts: a head that counts by density has log loss {after:.3f} on pictures held out, "
                 f"where the {other} has {before:.3f}. "
                 f"The {'one by density' if better else other} is kept.")  # fmt: skip
    return _with(best, head, "counted by density", "places", DENSITY_SIDE) if better else best


def _loss_on(numbers: npt.NDArray[np.intp], head: AnyHead, answers: Answers) -> float:
    """The log loss of what a head says of some of the pictures that were held out."""
    assert head.folded is not None
    logits = head.folded.logits[np.searchsorted(head.folded.numbers, numbers)]
    return answers.of(numbers).loss(logits / head.temperature)


def _with(best: Learned, head: AnyHead, manner: str, recipe: str = "", size: int | None = None) -> Learned:
    """The same pictures with a better head; ``manner``: how that looks, for the card."""
    return replace(best, head=head, recipe=recipe, size=size, manner=f"{LITE0.name}, frozen, {manner}")


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
