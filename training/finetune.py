"""Fine-tuning as `coop train` uses it: judged on groups held out, then learned from everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import EMBEDDING_SIZE, LITE0, LITES, LiteWeights, load_lite_weights
from coop.classify.judge import is_coloured
from training.answers import Answers, best_shift, thresholds
from training.applications import tunable_application
from training.backbones import is_lite
from training.checkup import check_up
from training.doctor.finding import Finding
from training.export import Export, better, float32, serving
from training.folds import Folded, held_out
from training.gallery import Familiar, Flock, TooFewKnownError, get_familiar_tuned
from training.head import THRESHOLDS, UNSEEN_THRESHOLD, Head, best_temperature, fit_answers, head_model
from training.inside import Following, Together, look_inside
from training.labelled import LabelledSet
from training.live.watching import Show, Watching
from training.network import ANSWER, features_of, tunable, tuned_weights
from training.quick import PARTS, RUNS, Learned, as_groups
from training.stream import Stream
from training.tune import Course, Plan, raw_outputs, task_logits, tune

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]
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
    network: str = LITE0.name,
    identity: bool = False,
    show: Show | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Tune the network on three quarters of the groups, judge it by the rest, then learn from all of them.

    The first run says how many epochs are best, how sure the network may be, and whether it is better than a
    head on frozen features learned from the same pictures. ``folder`` keeps both runs until they are done.
    ``network``: an EfficientNet-Lite, or one of `keras.applications`. ``identity``: strangers are to be told.
    ``show`` is told what there is to see of the first run, the one that is judged.
    The file is float32 or int8, whichever `training.export` finds better.
    """
    answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
    groups = as_groups([example.group for example in pictures.examples], RUNS)
    held = next(iter(held_out(groups, answers.kinds, PARTS)))
    rest, some = np.flatnonzero(~held), np.flatnonzero(held)
    published = load_lite_weights(LITES[network]) if is_lite(network) else None
    build = partial(_built, network, published, plan)

    first = _stream(pictures, answers, rest, recipe, plan)
    model, plain = _started(first, build, groups)
    before = _head_loss(plain, model, first, some)
    told = check_up(model, first, plan)
    watched = some if len(some) >= ENOUGH else None
    following = Following(first, some, task_logits)
    lookers = [following] if show is None else [following, Watching(network, first, some, show, task_logits)]
    course = tune(
        model, first, plan, folder / "judged", held=watched, progress=_named("Trying it out", progress),
        watching=Together(*lookers),
    )  # fmt: skip
    figures = look_inside(model, first, some, task_logits, following)
    judged = answers.of(some)
    logits = task_logits(answers, raw_outputs(model, first.plain(some)))
    shift = best_shift(logits, judged)
    logits = logits + shift
    temperature, after = best_temperature(logits, judged)
    seen = _Features.of(model, first, pictures, groups) if identity else None

    everything = _stream(pictures, answers, np.arange(len(pictures)), recipe, plan)
    model, _ = _started(everything, build, groups)
    full = replace(plan, epochs=course.best)
    tune(model, everything, full, folder / "all", progress=_named("Learning from all", progress))
    kernel, offset = model.get_layer(ANSWER).get_weights()
    weights, bias = _as_classes(answers, (np.ascontiguousarray(kernel.T), offset))
    head = Head(
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
        familiar=seen.familiar(_Features.of(model, everything, pictures, groups), rest, some)
        if seen
        else None,
        folded=Folded(numbers=some, logits=logits),
    )
    backbone = None if published is None else tuned_weights(model, published)
    exported = _exported(model, head, backbone, everything, plan)
    return Tuned(
        learned=Learned(
            head=replace(head, measured={**head.measured, "export": exported.about}),
            pictures=pictures,
            recipe=recipe,
            size=plan.side,
            model=exported.model,
            manner=f"{network}, tuned{', with joined pictures' if everything.donors else ''}",
            precision=precision,
            figures=figures,
        ),
        course=course,
        before=before,
        after=after,
        told=tuple(told),
    )


def _built(network: str, published: LiteWeights | None, plan: Plan, outputs: int) -> keras.Model:
    """The network as it was published, with a head that says nothing yet."""
    if published is None:
        return tunable_application(network, outputs, side=plan.side, dropout=plan.dropout)
    blank = np.zeros((outputs, EMBEDDING_SIZE), np.float32), np.zeros(outputs, np.float32)
    return tunable(published, blank, side=plan.side, frozen=plan.frozen, dropout=plan.dropout)


def _exported(
    model: keras.Model, head: Head, backbone: LiteWeights | None, stream: Stream, plan: Plan
) -> Export:
    """The file that the package gets. One that tells strangers stays as exact as its gallery is."""
    served = serving(model, head)
    about = f"{model.name}, tuned"
    plain = float32(served) if backbone is None else head_model(head, backbone, plan.side, about)
    if head.familiar is not None:
        return Export(model=plain, about={"taken": "float32", "int8": "not tried: it tells strangers"})
    prepared = [p.astype(np.uint8) for p in stream.plain(stream.learned)]
    return better(plain, served, prepared, stream.answers)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Features:
    """What a network that was tuned makes of all pictures, (n, d), and what strangers are told by."""

    rows: Floats
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    coloured: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, model: keras.Model, stream: Stream, pictures: LabelledSet, groups: Sequence[str]
    ) -> _Features:
        seen = stream.plain(np.arange(len(pictures)))
        return cls(
            rows=raw_outputs(features_of(model), seen),
            labels=tuple(e.label for e in pictures.examples),
            groups=tuple(groups),
            coloured=np.array([is_coloured(picture.astype(np.uint8)) for picture in seen]),
        )

    def familiar(self, last: _Features, rest: Numbers, some: Numbers) -> Familiar | None:
        """Judged by this network, which was tuned on ``rest``, for the last one, which was tuned on all."""
        with suppress(TooFewKnownError):
            flock = last._flock().checked(last.labels)
            return get_familiar_tuned(flock, self._flock(rest), self._flock(some))
        return None

    def _flock(self, chosen: Numbers | None = None) -> Flock:
        k = np.arange(len(self.labels)) if chosen is None else chosen
        return Flock.of(
            self.rows[k], [self.labels[n] for n in k], [self.groups[n] for n in k],
            [bool(self.coloured[n]) for n in k],
        )  # fmt: skip


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
    stream: Stream, build: Callable[[int], keras.Model], groups: Sequence[str]
) -> tuple[keras.Model, Head]:
    """The network with the head that its frozen features make, and that head by itself."""
    answers = stream.answers.of(stream.learned)
    model = build(len(answers.outputs))
    features = raw_outputs(features_of(model), stream.plain(stream.learned))
    head = fit_answers(features, answers, as_groups([groups[k] for k in stream.learned]))
    if answers.mode is TaskMode.COUNT:  # whose head speaks of each number, where the network gives one
        blank = np.zeros((features.shape[1], len(answers.outputs)), np.float32)
        model.get_layer(ANSWER).set_weights([blank, answers.targets.mean(axis=0)])
    else:
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
