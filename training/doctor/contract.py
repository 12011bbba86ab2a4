"""Do loss, output, targets and metrics speak the same language?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from training.doctor.finding import Finding, error, warning
from training.doctor.samples import Array
from training.doctor.subject import BINARY, CATEGORICAL, REGRESSION, SPARSE, Subject, outputs_of

_KIND = "loss-label-mismatch"


def check(subject: Subject) -> Iterator[Finding]:
    yield from output_form(subject)
    yield from _loss_and_labels(subject)
    yield from _label_range(subject)
    yield from _activation_and_loss(subject)
    yield from _reach(subject)
    yield from _metrics(subject)
    for name, one in outputs_of(subject):
        yield from _of_one(name, one)


def _of_one(name: str, subject: Subject) -> Iterator[Finding]:
    """One output of several; what is told of it names it."""
    for look in (output_form, _loss_and_labels, _label_range, _activation_and_loss, _reach):
        for finding in look(subject):
            named = finding.where == name or f"[{name}]" in finding.where
            yield finding if named else replace(finding, where=f"{finding.where} [{name}]")


def output_form(subject: Subject) -> Iterator[Finding]:
    """The shapes of answers and targets, and the axis that a softmax is taken over."""
    output, y = subject.output, subject.y
    if output is None or not hasattr(y, "shape") or not output.ndim:
        return
    if len(output) != len(y):
        yield error(
            "mixed-samples",
            subject.answer_layer,
            f"{len(y)} samples give {len(output)} answers",
            "Keep the first axis for the samples; reshape with (batch, …) and only behind it.",
        )
        return
    if subject.loss.family == REGRESSION and _squeezed(output.shape) != _squeezed(y.shape):
        yield error(
            "shape-mismatch",
            subject.answer_layer,
            f"answers of shape {output.shape} against targets of shape {y.shape} are spread over each other",
            "Give the last layer as many outputs as a target has; of a sequence return the last step only.",
        )


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Keras itself adds or drops one last axis of length one."""
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape


def _loss_and_labels(subject: Subject) -> Iterator[Finding]:
    loss, labels, target, output = subject.loss, subject.labels, subject.target, subject.output
    if target is None or output is None or labels is None:
        return
    where = f"loss={loss.name}"
    like = f"targets of shape {target.shape} are {_in_words(labels)}, e.g. {_example(target)}"
    if loss.family == SPARSE:
        if labels in ("one-hot", "multi-hot", "shares") and target.shape[-1] == subject.width:
            yield error(_KIND, where, like, "Use categorical_crossentropy, or give class numbers as targets.")
        elif labels == "number" and not _whole(target):
            yield error(_KIND, where, like, "Use a loss for numbers (mse, mae), or give class numbers.")
    elif loss.family == CATEGORICAL:
        if labels in ("index", "binary", "signs") and (target.ndim == 1 or target.shape[-1] == 1):
            remedy = "Use sparse_categorical_crossentropy, or one-hot targets (keras.utils.to_categorical)."
            if subject.width == 1:
                remedy = "For a yes or no use binary_crossentropy with one sigmoid unit."
            yield error(_KIND, where, like + f"; the network gives {subject.width} numbers", remedy)
        elif labels == "multi-hot":
            yield error(
                "softmax-for-multi-label",
                where,
                like,
                "Several labels for one sample need sigmoid units and binary_crossentropy.",
            )
        elif labels == "number":
            yield error(_KIND, where, like, "Use a loss for numbers (mse, mae), or one-hot targets.")
    elif loss.family == BINARY:
        finite = target[np.isfinite(target)] if target.dtype.kind == "f" else target
        outside = finite.size and (finite.min() < 0 or finite.max() > 1)
        if outside and labels == "number":
            yield error(_KIND, where, like, "Use a loss for numbers (mse, mae) and a linear output.")
        elif outside and labels == "index":
            yield error(
                _KIND, where, like, "For several classes use sparse_categorical_crossentropy with a softmax."
            )
    elif loss.family == REGRESSION:
        yield from _regression_of_classes(subject, where, like)


def _regression_of_classes(subject: Subject, where: str, like: str) -> Iterator[Finding]:
    labels, width = subject.labels, subject.width
    if labels == "one-hot" and subject.activation in ("softmax", "sigmoid", "linear", "relu"):
        yield warning(
            _KIND, where, like, "Use categorical_crossentropy with a softmax: mse learns classes slowly."
        )
    elif labels in ("index", "binary") and subject.activation == "softmax" and width > 1:
        yield error(
            _KIND, where, like + f"; the softmax gives {width}", "Use sparse_categorical_crossentropy."
        )
    elif labels in ("binary", "multi-hot"):
        yield warning(_KIND, where, like, "Use binary_crossentropy with a sigmoid for a yes or no.")


def _label_range(subject: Subject) -> Iterator[Finding]:
    target, loss = subject.target, subject.loss
    if target is None or not target.size or target.dtype.kind not in "biuf":
        return
    finite = target[np.isfinite(target)] if target.dtype.kind == "f" else target
    if not finite.size:
        return
    low, high = finite.min(), finite.max()
    if loss.family == BINARY and subject.labels == "signs":
        yield error(
            "label-range", "y", "labels are -1 and 1", "Give 0 and 1 as labels of binary_crossentropy."
        )
        return
    one_hot = subject.labels in ("one-hot", "multi-hot", "shares")
    if (
        loss.family == SPARSE
        and not one_hot
        and _whole(target)
        and subject.width
        and (low < 0 or high >= subject.width)
    ):
        yield error(
            "label-range",
            "y",
            f"labels go from {low:g} to {high:g}, the network has classes 0 to {subject.width - 1}",
            "Number the classes from 0, and give the last layer as many units as there are classes.",
        )


def _whole(target: Array) -> bool:
    return bool(np.all(target == np.round(target)))


def _activation_and_loss(subject: Subject) -> Iterator[Finding]:
    loss, activation, width = subject.loss, subject.activation, subject.width
    if activation is None or not loss.of_classes or subject.output is None:
        if activation == "softmax" and width == 1:
            yield _one_unit(subject)
        return
    where = subject.answer_layer
    told = f"{loss.name} with from_logits={loss.from_logits} gets a {activation} output"
    if activation == "softmax" and width == 1:
        yield _one_unit(subject)
    elif activation in ("softmax", "sigmoid") and loss.from_logits:
        yield error(
            "activation-twice", where, told, f"Drop the {activation}, or set from_logits=False, not both."
        )
    elif activation == "linear" and not loss.from_logits:
        wanted = "sigmoid" if loss.family == BINARY else "softmax"
        low, high = subject.output.min(), subject.output.max()
        yield error(
            "missing-output-activation",
            where,
            f"{told}, with values from {low:.3g} to {high:.3g}",
            f"Give the last layer activation={wanted!r}, or the loss from_logits=True.",
        )
    elif activation in ("relu", "tanh"):
        wanted = "sigmoid" if loss.family == BINARY else "softmax"
        yield error(
            "output-range", where, told, f"Probabilities need activation={wanted!r} in the last layer."
        )
    elif activation == "sigmoid" and loss.family in (SPARSE, CATEGORICAL):
        yield error(
            "sigmoid-with-categorical",
            where,
            f"{told}; its {width} values need not sum to one",
            "For one class of several use a softmax; for several labels at once binary_crossentropy.",
        )
    elif activation == "softmax" and loss.family == BINARY and subject.labels == "multi-hot":
        yield error(
            "softmax-for-multi-label",
            where,
            f"{told}, and a sample has up to {int(subject.target.sum(axis=-1).max())} labels"
            if subject.target is not None
            else told,
            "Several labels for one sample need sigmoid units.",
        )


def _one_unit(subject: Subject) -> Finding:
    return error(
        "softmax-over-one-unit",
        subject.answer_layer,
        "a softmax over one unit is 1 whatever the input",
        "Use a sigmoid for one unit, or as many units as there are classes.",
    )


def _reach(subject: Subject) -> Iterator[Finding]:
    """Can the output take the values that the targets have?"""
    target = subject.target
    bounds = {"relu": (0.0, np.inf), "sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}
    known = bounds.get(subject.activation or "")
    if subject.loss.family != REGRESSION or target is None or known is None or not target.size:
        return
    outside = float(np.mean((target < known[0] - 1e-6) | (target > known[1] + 1e-6)))
    if outside > 0.01:
        yield error(
            "output-range",
            subject.answer_layer,
            f"{outside:.0%} of the targets are out of the reach of a {subject.activation} output",
            "Leave the last layer of a regression linear, or bring the targets into its range.",
        )
    elif subject.activation == "relu" and subject.labels == "one-hot":
        yield error(
            "output-range",
            subject.answer_layer,
            "classes are answered by a ReLU",
            "Use a softmax for classes.",
        )


_ACCURACIES = {
    "acc",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "auc",
    "precision",
    "recall",
}


def _metrics(subject: Subject) -> Iterator[Finding]:
    """Metrics that do not measure what the loss learns."""
    for metric in _compiled_metrics(subject.model):
        name = _metric_name(metric)
        if name not in _ACCURACIES:
            continue
        if subject.loss.family == REGRESSION and subject.labels in ("number", "index"):
            if subject.activation == "softmax":
                continue
            yield warning(
                "wrong-metric",
                f"metrics={name}",
                "the targets are numbers, which are hardly ever equal to an answer",
                "Measure a regression by mae or r2.",
            )
        elif name == "categorical_accuracy" and subject.labels in ("multi-hot", "index", "binary"):
            yield warning(
                "wrong-metric",
                f"metrics={name}",
                f"the targets are {_in_words(subject.labels)}",
                "Use binary_accuracy for several labels, sparse_categorical_accuracy for class numbers.",
            )
        elif name == "binary_accuracy" and subject.loss.family in (SPARSE, CATEGORICAL) and subject.width > 2:
            yield warning(
                "wrong-metric",
                f"metrics={name}",
                f"the network tells {subject.width} classes apart",
                "Use 'accuracy', which fits the loss.",
            )
        elif _threshold_on_logits(subject, metric, name):
            yield warning(
                "wrong-metric",
                f"metrics={name}",
                "the outputs are logits, and the metric's threshold is 0.5",
                "Use keras.metrics.BinaryAccuracy(threshold=0.0).",
            )


def _threshold_on_logits(subject: Subject, metric: Any, name: str) -> bool:
    logits = subject.loss.family == BINARY and subject.loss.from_logits and subject.activation == "linear"
    return (
        logits and name in ("accuracy", "acc", "binary_accuracy") and getattr(metric, "threshold", 0.5) == 0.5
    )


def _compiled_metrics(model: Any) -> list[Any]:
    compiled = getattr(model, "_compile_metrics", None)
    return list(keras.tree.flatten(getattr(compiled, "_user_metrics", None) or []))


def _metric_name(metric: Any) -> str:
    if isinstance(metric, str):
        return metric.lower()
    function = getattr(metric, "_fn", None) or metric
    name = getattr(function, "__name__", None) or type(metric).__name__
    return str(name).lower() if str(name).islower() else keras.src.utils.naming.to_snake_case(str(name))


def _in_words(labels: str) -> str:
    return {
        "index": "class numbers",
        "binary": "0 and 1",
        "signs": "-1 and 1",
        "one-hot": "one-hot rows",
        "multi-hot": "rows with several ones",
        "shares": "rows of shares",
        "number": "numbers that are no classes",
    }[labels]


def _example(target: Any) -> str:
    return np.array2string(np.asarray(target[0]), precision=3, threshold=6)
