"""Tuning the network itself, where that is worth it, beside the heads that were learned already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from coop.errors import OutputError
from training.backbones import is_lite
from training.beyond import OUT_OF_FOLD, planned, tell_outside, tell_tried
from training.choices import Choices, Place, has_train_extra, need_tensorflow
from training.counting import CountHead
from training.density import DensityHead
from training.depths import DepthHead
from training.evaluating import bars, say, teller
from training.gallery import IDENTITY_TASK
from training.head import AnyHead, figure
from training.losses_by_name import require_suits
from training.quick import Learned, Trial

if TYPE_CHECKING:
    from training.live.course import Seen
    from training.live.page import LivePage
    from training.live.watching import Show


FEWEST_TUNED = 40
"""Fewer pictures teach a network nothing."""


def is_to_tune(pictures: int, choices: Choices, console: Console) -> bool:
    """Whether the network is to be tuned. Raises TrainExtraError where that is wanted and cannot be."""
    able = has_train_extra()
    if choices.fine_tune or not is_lite(choices.backbone) or choices.beyond.tunes:
        need_tensorflow()
        return True
    if choices.fine_tune is None and able and pictures > choices.most_tuned:
        say(console, f"{pictures} pictures are many to tune the network on unasked: --fine-tune does it.")
    unasked = able and FEWEST_TUNED <= pictures <= choices.most_tuned
    return unasked and choices.fine_tune is None


def tuned_too(
    best: Learned, trials: Sequence[Trial], console: Console, choices: Choices, models: Path, place: Place
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
            say(console, "Stopped. The same command goes on from the last epoch.")
            raise
    for finding in tuned.told:
        say(console, f"The doctor, {finding.severity}: {finding.kind} at {finding.where}: "
                     f"{finding.evidence}. {finding.remedy}")  # fmt: skip
    tell_tried(tuned, beyond, console)
    if beyond.folds > 1:
        tell_outside(
            tuned.outside, place.report / OUT_OF_FOLD, place.task if place.reviewed else None, console
        )
    right = figure(tuned.learned.head, "held_out_accuracy")
    beaten, also = beats(best.head, tuned.after, right)
    better = tuned.after < tuned.before and beaten
    kept = "tuned network" if better else "head"
    say(console, f"Tuned: log loss {tuned.after:.3f} on pictures held out, where a head on the frozen "
                 f"network has {tuned.before:.3f}{also}. The {kept} is kept.")  # fmt: skip
    return replace(tuned.learned, plain=best.plain) if better else best


def beats(head: AnyHead, loss: float, right: float) -> tuple[bool, str]:
    """Whether a network with that log loss, and that share right, is better than a head that took the plain
    one's place, by what that was chosen for; and how it stands beside it, in words."""
    if isinstance(head, CountHead):  # by log loss a network wins that says the usual number of anything
        own = figure(head, "held_out_accuracy")
        return right > own, f"; it counts {right:.1%} exactly right, the head that adds up {own:.1%}"
    if isinstance(head, (DepthHead, DensityHead)):
        own = figure(head, "held_out_log_loss")
        what = "of three depths" if isinstance(head, DepthHead) else "that counts by density"
        return loss < own, f", and one {what} {own:.3f}"
    return True, ""


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
                say(console, f"To watch: {page.address}")

        def show(seen: Seen, model: object) -> None:
            if page is not None:
                page.show(seen)
            if logs is not None:
                logs.show(seen, model)

        yield show
    for made in (choices.film, choices.tensorboard):
        if made is not None:
            say(console, f"Wrote {made}")


def _live_page(film: Path | None) -> LivePage:
    from training.live.page import LivePage

    try:
        return LivePage(film)
    except OSError as error:
        raise OutputError(
            film or Path("the live page"), str(error.strerror), "Choose a file that can be written"
        ) from None
