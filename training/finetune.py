"""Fine-tuning as `coop train` uses it: judged on groups held out, then learned from everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import EMBEDDING_SIZE, Lite0Weights, load_lite0_weights
from training.answers import Answers, best_shift, thresholds
from training.checkup import check_up
from training.doctor.finding import Finding
from training.head import THRESHOLDS, UNSEEN_THRESHOLD, Head, best_temperature, fit_answers, held_out
from training.labelled import LabelledSet
from training.network import ANSWER, features_of, tunable, tuned_weights
from training.quick import PARTS, RUNS, Learned, as_groups
from training.stream import Stream
from training.tune import Course, Plan, raw_outputs, task_logits, tune

Floats = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]
"""Told the name of the run, and how many of its steps are done, of how many."""

ENOUGH = 100
"""So many pictures held out can say how many epochs are best; of fewer the choice would be chance."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Tuned:
    """A tuned network, how it went, and the loss on the pictures held out: of a head on frozen features, and
    of the network. ``told``: what the training doctor found before the first step."""

    learned: Learned
    course: Course
    before: float
    after: float
    told: tuple[Finding, ...]


def fine_tune(
    pictures: LabelledSet,
    recipe: str,
    plan: Plan,
    folder: Path,
    *,
    precision: float = 0.95,
    progress: Progress | None = None,
) -> Tuned:
    """Tune the network on three quarters of the groups, judge it by the rest, then learn from all of them.

    The first run says how many epochs are best, how sure the network may be, and whether it is better than a
    head on frozen features learned from the same pictures. ``folder`` keeps both runs until they are done.
    """
    answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
    groups = as_groups([example.group for example in pictures.examples], RUNS)
    held = next(iter(held_out(groups, answers.kinds, PARTS)))
    rest, some = np.flatnonzero(~held), np.flatnonzero(held)
    published = load_lite0_weights()

    first = _stream(pictures, answers, rest, recipe, plan)
    model, plain = _started(first, published, plan, groups)
    before = _head_loss(plain, model, first, some)
    told = check_up(model, first, plan)
    watched = some if len(some) >= ENOUGH else None
    course = tune(
        model, first, plan, folder / "judged", held=watched, progress=_named("Trying it out", progress)
    )
    judged = answers.of(some)
    logits = task_logits(answers, raw_outputs(model, first.plain(some)))
    shift = best_shift(logits, judged)
    logits = logits + shift
    temperature, after = best_temperature(logits, judged)

    everything = _stream(pictures, answers, np.arange(len(pictures)), recipe, plan)
    model, _ = _started(everything, published, plan, groups)
    full = replace(plan, epochs=course.best)
    tune(model, everything, full, folder / "all", progress=_named("Learning from all", progress))
    backbone, last = tuned_weights(model, published)
    weights, bias = _as_classes(answers, last)
    return Tuned(
        learned=Learned(
            head=Head(
                mode=answers.mode,
                classes=answers.classes,
                weights=weights,
                bias=(bias + shift).astype(np.float32),
                temperature=temperature,
                thresholds=thresholds(judged, logits / temperature, precision, THRESHOLDS, UNSEEN_THRESHOLD),
                measured={
                    "pictures": len(pictures),
                    "groups": len(set(groups)),
                    "held_out_pictures": len(some),
                    "held_out_accuracy": round(judged.accuracy(logits), 4),
                    "held_out_log_loss": round(after, 4),
                    "epochs": full.epochs,
                },
            ),
            pictures=pictures,
            recipe=recipe,
            backbone=backbone,
            size=plan.side,
            manner=f"efficientnet-lite0, tuned{', with joined pictures' if everything.donors else ''}",
        ),
        course=course,
        before=before,
        after=after,
        told=tuple(told),
    )


def _stream(
    pictures: LabelledSet, answers: Answers, learned: npt.NDArray[np.intp], recipe: str, plan: Plan
) -> Stream:
    return Stream(
        examples=pictures.examples,
        answers=answers,
        learned=learned,
        side=plan.side,
        recipe=recipe,
        seed=plan.seed,
    )


def _started(
    stream: Stream, published: Lite0Weights, plan: Plan, groups: Sequence[str]
) -> tuple[keras.Model, Head]:
    """The network with the head that its frozen features make, and that head by itself."""
    answers = stream.answers.of(stream.learned)
    blank = np.zeros((len(answers.outputs), EMBEDDING_SIZE), np.float32), answers.targets.mean(axis=0)
    model = tunable(published, blank, side=plan.side, frozen=plan.frozen, dropout=plan.dropout)
    features = raw_outputs(features_of(model), stream.plain(stream.learned))
    head = fit_answers(features, answers, as_groups([groups[k] for k in stream.learned]))
    if answers.mode is not TaskMode.COUNT:  # whose head speaks of each number, where the network gives one
        model.get_layer(ANSWER).set_weights([head.weights.T / head.temperature, head.bias / head.temperature])
    return model, head


def _head_loss(head: Head, model: keras.Model, stream: Stream, held: npt.NDArray[np.intp]) -> float:
    """The loss that the head on frozen features has on pictures held out, at its best temperature."""
    logits = head.logits(raw_outputs(features_of(model), stream.plain(held)))
    return best_temperature(logits.astype(np.float64), stream.answers.of(held))[1]


def _as_classes(answers: Answers, head: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The head of the package: one row for each class, as a counted number becomes one for each number."""
    if answers.mode is not TaskMode.COUNT:
        return head
    (weights, bias), (matrix, offset) = head, answers.to_logits
    return (matrix.T @ weights).astype(np.float32), (bias @ matrix + offset).astype(np.float32)


def _named(name: str, progress: Progress | None) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(name, done, total)
