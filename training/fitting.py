"""One network tuned on some of the pictures: what folds, ensembles, pseudo-labels and searches repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import EMBEDDING_SIZE, LITE0, LITES, LiteWeights, load_lite_weights
from training.angular import angular, linear
from training.answers import Answers, Doubles
from training.applications import tunable_application
from training.backbones import is_lite
from training.head import Head, fit_answers
from training.labelled import Example, LabelledSet
from training.losses import ArcFace, ClassBalanced, Focal, SoftAnswers
from training.losses_by_name import LossName
from training.network import ANSWER, features_of, tunable
from training.quick import RUNS, as_groups
from training.stream import Stream
from training.tune import Course, EachEpoch, Plan, Teacher, Watches, loss_of, raw_outputs, task_logits, tune

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]
Tell = Callable[[int, int], None]

HALF = "mixed_bfloat16"
MARGIN, SCALE, CENTRES = 0.3, 16.0, 3
"""Of ArcFace; centres of its sub-centre form."""
SOFTNESS = 2.0
"""The temperature at which a network learns from what an ensemble says."""


@dataclass(frozen=True, kw_only=True)
class FitPlan(Plan):
    """A plan with what may be chosen beside it. ``strength`` of the variations; ``mixed``: most of the
    network reckons in numbers of 16 bits, which graphics cards are faster with."""

    loss: LossName = LossName.CROSS_ENTROPY
    strength: float = 1.0
    mixed: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """A tuned network with a linear head, how it went, its batches; the head on frozen features before."""

    model: keras.Model
    course: Course
    stream: Stream
    plain: Head

    def logits(self, numbers: Numbers) -> Doubles:
        """What it says of pictures, (n, classes)."""
        return task_logits(self.stream.answers, raw_outputs(self.model, self.stream.plain(numbers)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Ground:
    """Labelled pictures, and how a network is tuned on some of them."""

    pictures: LabelledSet
    answers: Answers
    groups: tuple[str, ...]
    recipe: str
    plan: FitPlan
    network: str = LITE0.name

    @classmethod
    def of(cls, pictures: LabelledSet, recipe: str, plan: FitPlan, network: str = LITE0.name) -> Ground:
        return cls(
            pictures=pictures,
            answers=Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples)),
            groups=tuple(as_groups([example.group for example in pictures.examples], RUNS)),
            recipe=recipe,
            plan=plan,
            network=network,
        )

    @cached_property
    def published(self) -> LiteWeights | None:
        """The weights that an EfficientNet-Lite begins with."""
        return load_lite_weights(LITES[self.network]) if is_lite(self.network) else None

    def with_more(self, examples: Sequence[Example]) -> tuple[Ground, Numbers]:
        """The same with more pictures behind, and their numbers."""
        pictures = replace(self.pictures, examples=(*self.pictures.examples, *examples))
        answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
        answers.__dict__.update(outputs=self.answers.outputs, classes=self.answers.classes)
        groups = (*self.groups, *(example.group for example in examples))
        more = replace(self, pictures=pictures, answers=answers, groups=groups)
        return more, np.arange(len(self.groups), len(groups))

    def stream(self, learned: Numbers, plan: FitPlan | None = None) -> Stream:
        plan = plan or self.plan
        return Stream(
            examples=self.pictures.examples,
            answers=self.answers,
            learned=learned,
            side=plan.side,
            recipe=self.recipe,
            seed=plan.seed,
            strength=plan.strength,
            balanced=plan.loss is not LossName.CLASS_BALANCED,  # whose weights do it instead
        )

    def started(self, learned: Numbers, plan: FitPlan | None = None) -> Fitted:
        """The network with the head that its frozen features make, and that head by itself."""
        plan = plan or self.plan
        stream = self.stream(learned, plan)
        answers = self.answers.of(learned)
        with _precision(plan.mixed):
            model = self._built(plan)
        features = raw_outputs(features_of(model), stream.plain(learned))
        head = fit_answers(features, answers, as_groups([self.groups[k] for k in learned]))
        if answers.mode is TaskMode.COUNT:  # whose head speaks of each number, where the network gives one
            blank = np.zeros((features.shape[1], len(answers.outputs)), np.float32)
            weights = [blank, answers.targets.mean(axis=0)]
        else:
            weights = [head.weights.T / head.temperature, head.bias / head.temperature]
        model.get_layer(ANSWER).set_weights(weights)
        return Fitted(model=model, course=Course(), stream=stream, plain=head)

    def fitted(
        self,
        learned: Numbers,
        folder: Path,
        *,
        plan: FitPlan | None = None,
        started: Fitted | None = None,
        held: Numbers | None = None,
        teacher: Teacher | None = None,
        tell: Tell | None = None,
        watching: Watches | None = None,
        each_epoch: EachEpoch | None = None,
    ) -> Fitted:
        """Tune a network on some pictures. ``teacher``: learn what it says of them, not what labels say."""
        plan = plan or self.plan
        began = started or self.started(learned, plan)
        model, stream = began.model, began.stream
        if plan.loss.angular and teacher is None:
            features = raw_outputs(features_of(model), stream.plain(learned))
            centres = CENTRES if plan.loss is LossName.SUB_CENTRES else 1
            truth = self.answers.of(learned).targets.argmax(axis=1)
            outputs = len(self.answers.outputs)
            model = angular(
                model, features, truth, outputs, centres=centres, scale=SCALE, dropout=plan.dropout
            )
        course = tune(
            model, stream, plan, folder, held=held, progress=tell, watching=watching,
            loss=self.loss(stream, plan, taught=teacher is not None), teacher=teacher, each_epoch=each_epoch,
        )  # fmt: skip
        if plan.loss.angular and teacher is None:
            model = self._with_head(model, stream, learned)
        if plan.mixed:
            exact = self._built(plan)
            exact.set_weights(model.get_weights())
            model = exact
        return replace(began, model=model, course=course)

    def loss(self, stream: Stream, plan: FitPlan, *, taught: bool = False) -> keras.losses.Loss:
        """What is made small."""
        mode = self.answers.mode
        multi = mode is TaskMode.MULTI
        if taught and mode is not TaskMode.COUNT:
            return SoftAnswers(temperature=SOFTNESS, multi=multi)
        match plan.loss:
            case LossName.FOCAL:
                return Focal(multi=multi)
            case LossName.CLASS_BALANCED:
                there = self.answers.of(stream.learned).targets.sum(axis=0)
                return ClassBalanced([max(1, int(n)) for n in there])
            case LossName.ARCFACE | LossName.SUB_CENTRES:
                return ArcFace(margin=MARGIN, scale=SCALE, scaled=True)
            case _:
                return loss_of(mode, plan.smoothing)

    def _built(self, plan: FitPlan) -> keras.Model:
        """The network as it was published, with a head that says nothing yet."""
        outputs = len(self.answers.outputs)
        if self.published is None:
            return tunable_application(self.network, outputs, side=plan.side, dropout=plan.dropout)
        blank = np.zeros((outputs, EMBEDDING_SIZE), np.float32), np.zeros(outputs, np.float32)
        return tunable(self.published, blank, side=plan.side, frozen=plan.frozen, dropout=plan.dropout)

    def _with_head(self, model: keras.Model, stream: Stream, learned: Numbers) -> keras.Model:
        """The network that angles were learned with, with a linear head on its features, as packages have."""
        features = raw_outputs(features_of(model), stream.plain(learned))
        head = fit_answers(features, self.answers.of(learned), as_groups([self.groups[k] for k in learned]))
        return linear(model, head.weights / head.temperature, head.bias / head.temperature)


def head_logits(began: Fitted, held: Numbers) -> Doubles:
    """What the head on frozen features says of pictures held out. To be asked before the network is tuned."""
    return began.plain.logits(raw_outputs(features_of(began.model), began.stream.plain(held))).astype(
        np.float64
    )


@contextmanager
def _precision(mixed: bool) -> Iterator[None]:
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(HALF if mixed else before)
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)
