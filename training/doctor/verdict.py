"""After training: did it learn, and if not, is it the rate, the labels or the network?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from training.doctor.baseline import as_rows, constant_loss, simple_skill, skill
from training.doctor.finding import Finding, error, note, warning
from training.doctor.samples import Array, Sample
from training.doctor.settings_check import rate_of
from training.doctor.signals import dead_units
from training.doctor.subject import BINARY, REGRESSION, SPARSE, Subject
from training.doctor.trace import trace
from training.doctor.trial import RATE, Course, Trial, batches
from training.doctor.untouched import give_weights, weights_of, without_dropout
from training.doctor.watch import Record

_ROWS = 512
_POOR = 0.15
"""Share of a constant answer's loss that training must take away, to have learned anything."""
_MOVED_LITTLE = 3e-4
_MOVED_FAR = 0.05
_LEAPT = 0.5
_BY_HEART = 0.5
"""Share of a constant answer's loss that a network has taken away which knows its training rows."""
_CHANCE = 3.0
"""Standard deviations above chance below which nothing is proved."""
_STEPS = 240
_LAGS = 0.1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``constant``: the loss of the best constant answer, or where it is not known that of the start.

    ``loss``: the network's, on training rows.
    """

    constant: float
    known: bool
    loss: float

    @property
    def progress(self) -> float:
        if not np.isfinite(self.loss):
            return -np.inf
        return 1 - self.loss / max(self.constant, 1e-9)


def check(subject: Subject, record: Record, start: list[Array], told: list[Finding]) -> Iterator[Finding]:
    """To be called where the model may be changed and is put back. ``start``: the weights before training."""
    if not record.batch_losses or not subject.model.trainable_variables or not subject.has_loss:
        return
    spoiled = any(f.kind in ("not-finite", "label-range", "optimizer-setting") for f in told)
    trained = weights_of(subject.model)
    outcome = _outcome(subject, record, start)
    looks: list[Callable[[], Iterator[Finding]]] = [lambda: _rate(subject, record, outcome, start, spoiled)]
    if not spoiled and not record.diverged:
        looks += [
            lambda: _unrelated(subject, outcome, start),
            lambda: _one_class(subject, record),
            lambda: _dead(subject),
            lambda: _fit(subject, record, outcome),
        ]
    for look in looks:
        give_weights(subject.model, trained)  # the look before may have trained on trial
        yield from look()


def _outcome(subject: Subject, record: Record, start: list[Array]) -> Outcome:
    y = subject.data.train.rows(_ROWS)[1]
    constant = None
    weighted = subject.data.class_weight or subject.data.train.weighted
    if subject.target is not None and hasattr(y, "shape") and not weighted:
        constant = constant_loss(subject.loss, subject.model, np.asarray(y))
    reached = np.nan if record.diverged else _loss(subject)
    if constant is None:  # then what it cost at the start stands for knowing nothing
        give_weights(subject.model, start)
    return Outcome(
        constant=_loss(subject) if constant is None else constant,
        known=constant is not None,
        loss=reached,
    )


def _loss(subject: Subject) -> float:
    """On training rows without dropout: as in prediction or as in training, whichever is less."""
    x, y = subject.data.train.rows(_ROWS)
    model = subject.model
    losses = []
    with without_dropout(model):
        for training in (False, True):
            answer = model(x, training=training)
            loss = model.compute_loss(x=x, y=y, y_pred=answer, sample_weight=None, training=False)
            losses.append(float(loss))
    finite = [loss for loss in losses if np.isfinite(loss)]
    return min(finite) if finite else np.nan


def _rate(
    subject: Subject, record: Record, outcome: Outcome, start: list[Array], spoiled: bool
) -> Iterator[Finding]:
    rate = rate_of(subject.model.optimizer)
    at = "learning_rate" if rate is None else f"learning_rate={rate:.3g}"
    leap = record.typical_move(slice(0, 3))
    move = record.typical_move()
    losses = np.array(record.batch_losses)
    calm = max(float(losses[0]), outcome.constant)
    worst = float(np.nanmax(losses)) if np.isfinite(losses).any() else np.nan
    if spoiled:
        return
    if leap is not None and leap > _LEAPT:
        rough = record.diverged or worst > 3 * calm or outcome.progress < 0.5
        yield (error if rough else warning)(
            "learning-rate-too-high",
            at,
            f"the first steps moved the weights by {leap:.0%} of their size; the loss went up to {worst:.3g} "
            f"from {losses[0]:.3g}, and ended at {losses[-1]:.3g}",
            f"Divide it by {_power_of_ten(leap / 0.005)}: a step should move weights by about a thousandth.",
        )
    elif record.diverged or worst > 100 * calm:
        fast = move is not None and move > _MOVED_FAR / 10
        yield error(
            "learning-rate-too-high" if fast or worst > 100 * calm else "divergence",
            at,
            f"the loss went from {losses[0]:.3g} to {losses[-1]:.3g}, at worst {worst:.3g}",
            "Divide the rate by ten, scale inputs and targets; clipnorm=1 helps against wild batches.",
        )
    elif outcome.progress < _POOR:
        yield from _poor(subject, record, outcome, start, at, move)


def _poor(
    subject: Subject, record: Record, outcome: Outcome, start: list[Array], at: str, move: float | None
) -> Iterator[Finding]:
    """The network learned next to nothing: would it have at another rate?"""
    steps = min(len(record.batch_losses), _STEPS)
    course = _trial(subject, start, steps)
    if course.cut:
        return
    trained = course.last
    ours = Outcome(constant=outcome.constant, known=True, loss=trained).progress
    told = (
        f"after {len(record.batch_losses)} steps the loss is {outcome.loss:.3g} (a constant answer: "
        f"{outcome.constant:.3g}); steps moved the weights by {_share(move)} of their size"
    )
    beside = f"; {steps} steps of Adam at {RATE} from the same start gave {trained:.3g}"
    if move is not None and move < _MOVED_LITTLE and ours > outcome.progress + 0.02:
        yield error(
            "learning-rate-too-low",
            at,
            told + beside,
            "Raise it ten- to a thousandfold; try 0.001 with Adam.",
        )
    elif ours > max(_POOR, outcome.progress + 0.1) and move is not None and move > _MOVED_FAR:
        yield error("learning-rate-too-high", at, told + beside, "Divide it by ten or more.")
    elif ours > max(_POOR, outcome.progress + 0.1):
        yield warning("plateau", at, told + beside, "Train longer, or with Adam at about 0.001.")
    elif outcome.known:
        yield warning(
            "underfitting",
            str(subject.model.name),
            told + beside,
            "Another rate does no better: look at data and layers, or give the network more units.",
        )


def _trial(subject: Subject, start: list[Array], steps: int) -> Course:
    give_weights(subject.model, start)
    trial = Trial(subject.model)
    size = subject.data.train.affordable(min(max(subject.data.batch_size, 8), 64))
    return trial.run(batches(subject.data.train, size), steps)


def _unrelated(subject: Subject, outcome: Outcome, start: list[Array]) -> Iterator[Finding]:
    """Neither the network nor a simple look at the rows does better than chance on rows held out."""
    known = subject.data.validation
    train = subject.data.train
    loss = subject.loss
    if known is None or len(known) < 30 or len(train) < 60 or len(train.y) != 1 or len(known.y) != 1:
        return
    if (
        not (loss.of_classes or loss.family == REGRESSION)
        or subject.output is None
        or subject.output.ndim != 2
    ):
        return
    if loss.family == SPARSE and (train.y[0].min() < 0 or train.y[0].max() >= subject.width):
        return
    if loss.family in (BINARY, REGRESSION) and train.y[0].reshape(len(train), -1).shape[1] != subject.width:
        return
    if not all(np.isfinite(part).all() for part in (*train.x, *known.x) if part.dtype.kind == "f"):
        return
    if train.y[0].std() == 0 or known.y[0].std() == 0:
        return
    own = _held_out_skill(subject, known)
    if own >= _CHANCE:
        return
    simple = simple_skill(train, known, loss)
    if simple >= _CHANCE:
        return
    give_weights(subject.model, start)
    if Trial(subject.model).run(batches(train, train.affordable(32)), _STEPS).cut:
        return
    ours = _held_out_skill(subject, known)
    if ours >= _CHANCE:
        return
    unit = "of 20 for a perfect answer" if loss.family == REGRESSION else "standard deviations above chance"
    # Neighbours and lines tell little of pictures, and a network that did not even learn its rows no more.
    proved = outcome.progress >= _BY_HEART or not _like_pictures(train)
    yield (error if proved else warning)(
        "labels-unrelated",
        "y",
        f"on {len(known)} validation samples the network is {own:.1f}, a second training {ours:.1f}, "
        f"neighbours or a straight line {simple:.1f} {unit}; the training loss is {outcome.loss:.3g}",
        "Show some pairs: are inputs and labels in the same order, or was one shuffled alone?",
    )


def _like_pictures(sample: Sample) -> bool:
    """Whether an input has two dimensions in which neighbours belong together."""
    return any(part.ndim >= 4 or (part.ndim == 3 and min(part.shape[1:]) >= 16) for part in sample.x)


def _held_out_skill(subject: Subject, sample: Sample) -> float:
    part = sample.rows(_ROWS)
    answer = np.asarray(subject.model(part[0], training=False)).astype(np.float64)
    if not np.isfinite(answer).all():
        return 0.0
    truth = as_rows(np.asarray(part[1]), subject.loss, subject.width)
    trained = as_rows(subject.data.train.y[0], subject.loss, subject.width)
    return skill(answer, truth, subject.loss, trained)


def _one_class(subject: Subject, record: Record) -> Iterator[Finding]:
    classes = subject.classes
    if classes is None or not subject.loss.of_classes or subject.width < 1 or subject.output is None:
        return
    if subject.output.ndim != 2:
        return
    x, _ = subject.data.train.rows(_ROWS)
    answer = np.asarray(subject.model(x, training=False))
    if subject.width > 1:
        given = answer.argmax(axis=1)
    else:
        given = (answer[:, 0] > (0.0 if subject.loss.from_logits else 0.5)).astype(int)
    names, counts = np.unique(classes, return_counts=True)
    if len(names) < 2 or len(np.unique(given)) > 1 or counts.max() / counts.sum() >= 0.8:
        return
    evidence = (
        f"after training every one of {len(given)} samples is called class {int(given[0])}, which "
        f"{np.mean(classes == given[0]):.0%} are"
    )
    behind = _lagging(subject.model, len(record.batch_losses))
    if behind is None:
        yield error(
            "predicts-one-class",
            subject.answer_layer,
            evidence,
            "It has found one answer and nothing else: see the other findings for what holds it there.",
        )
    else:
        yield warning(
            "predicts-one-class",
            str(behind.name),
            f"{evidence}; its moving averages, with momentum {behind.momentum:g}, are still "
            f"{behind.momentum ** len(record.batch_losses):.0%} of what they began with",
            "Train longer, or take momentum=0.9: it predicts by averages that training has not filled yet.",
        )


def _lagging(model: Any, steps: int) -> Any | None:
    """A BatchNormalization whose moving averages are still more of their beginning than a tenth."""
    layers = (x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization))
    return next((x for x in layers if x.trainable and x.momentum**steps > _LAGS), None)


def _dead(subject: Subject) -> Iterator[Finding]:
    x, _ = subject.data.train.rows(128)
    forward = trace(subject.model, x)
    final = forward.maker(forward.output)
    for call in forward.calls:
        if call is not final:
            yield from dead_units(call)


def _fit(subject: Subject, record: Record, outcome: Outcome) -> Iterator[Finding]:
    judged, trained = record.of("val_loss"), record.of("loss")
    if len(judged) < 4 or len(judged) != len(trained):
        return
    best = int(np.argmin(judged))
    gap = judged[-1] - outcome.loss
    worse = judged[-1] > 1.25 * judged[best] and trained[-1] < 0.8 * trained[best]
    far = outcome.progress > 0.6 and gap > 0.5 * outcome.constant and judged[-1] > 3 * outcome.loss
    if worse or far:
        yield warning(
            "overfitting",
            f"epoch {best + 1}",
            f"validation loss was {judged[best]:.3g} there and is {judged[-1]:.3g} at the end, "
            f"training loss {outcome.loss:.3g}",
            "Stop there (EarlyStopping, restore_best_weights), add data or dropout, or take fewer units.",
        )
    elif (
        best == len(judged) - 1
        and len(trained) >= 3
        and trained[-1] < 0.9 * trained[-3]
        and outcome.progress < 0.5
    ):
        yield note(
            "undertrained",
            "epochs",
            f"the loss still fell from {trained[-3]:.3g} to {trained[-1]:.3g} in the last two epochs",
            "Train longer.",
        )


def _share(move: float | None) -> str:
    return "an unknown share" if move is None else f"{move:.1e}"


def _power_of_ten(factor: float) -> int:
    return int(10 ** max(1, round(float(np.log10(factor)))))
