"""What the doctor knows of a network before judging it: its loss, its answers, its targets, its rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from training.doctor.samples import Array, FitData
from training.doctor.trace import WEIGHTED, Call, Trace, activation_name, trace
from training.doctor.untouched import PROBE_ERRORS, untouched

PROBE_ROWS = 64

SPARSE = "sparse"
CATEGORICAL = "categorical"
BINARY = "binary"
REGRESSION = "regression"

_FAMILIES = {
    "sparse_categorical_crossentropy": SPARSE,
    "categorical_crossentropy": CATEGORICAL,
    "categorical_focal_crossentropy": CATEGORICAL,
    "binary_crossentropy": BINARY,
    "binary_focal_crossentropy": BINARY,
    "mean_squared_error": REGRESSION,
    "mean_absolute_error": REGRESSION,
    "mean_absolute_percentage_error": REGRESSION,
    "mean_squared_logarithmic_error": REGRESSION,
    "huber": REGRESSION,
    "log_cosh": REGRESSION,
}


@dataclass(frozen=True, kw_only=True)
class Loss:
    name: str
    family: str | None
    from_logits: bool

    @property
    def of_classes(self) -> bool:
        return self.family in (SPARSE, CATEGORICAL, BINARY)


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """A compiled model with the data of its `fit`.

    ``output``: (n, ...) for the probed rows at the start; None where the model has several outputs or fails.
    ``activation``: of the output: softmax, sigmoid, tanh, relu, linear, or None where it is not clear.
    ``labels``: the targets' kind: index, binary, one-hot, multi-hot, signs, shares, number; None if unclear.
    """

    model: Any
    data: FitData
    loss: Loss
    x: Any
    y: Any
    forward: Trace
    output: Array | None
    activation: str | None
    labels: str | None

    @property
    def target(self) -> Array | None:
        return self.data.train.target

    @property
    def has_loss(self) -> bool:
        """Otherwise a `train_step` of its own computes one, which nobody else can."""
        return self.model.loss is not None or type(self.model).compute_loss is not keras.Model.compute_loss

    @property
    def width(self) -> int:
        """How many numbers the network answers with."""
        return 0 if self.output is None or not self.output.ndim else int(self.output.shape[-1])

    @property
    def classes(self) -> Array | None:
        """The class of each row of the training data, where each row has one."""
        return None if self.target is None else class_numbers(self.target, self.labels)

    @property
    def answer_layer(self) -> str:
        call = self.forward.last(*WEIGHTED)
        return call.name if call else str(self.model.name)


def meet(model: Any, data: FitData) -> Subject:
    """Looks the model over with some rows of its data, and leaves it as it was, save that it is built."""
    x, y = data.train.rows(PROBE_ROWS)
    build(model, x)
    with untouched(model):
        forward = trace(model, x)
        output = None
        if forward.output is not None and hasattr(forward.output, "shape"):
            output = np.asarray(forward.output)
        activation = None if output is None else _activation(model, x, forward)
    target = data.train.target
    return Subject(
        model=model,
        data=data,
        loss=loss_of(model),
        x=x,
        y=y,
        forward=forward,
        output=output,
        activation=activation,
        labels=None if target is None else label_kind(target),
    )


def build(model: Any, x: Any) -> None:
    """As `fit` would at its first batch; a model that cannot be built is told about by its trace."""
    if model.built and model.variables:
        return
    try:
        model(x)
    except PROBE_ERRORS:
        return


def outputs_of(subject: Subject) -> Iterator[tuple[str, Subject]]:
    """Of a network with several outputs each one by its name, as if it were the only one.

    Those that have a loss and targets of their own, and are what a layer gives. The whole network stays the
    ``model``, so what asks it anew is not for these.
    """
    tree = subject.forward.output
    if not isinstance(tree, (dict, list, tuple)) or subject.forward.failure is not None:
        return
    names = list(tree) if isinstance(tree, dict) else list(getattr(subject.model, "output_names", None) or ())
    tensors = list(tree.values()) if isinstance(tree, dict) else list(tree)
    if len(names) != len(tensors):
        names = [f"output {number}" for number in range(len(tensors))]
    whole, probed = subject.data.train.shape_y(subject.data.train.y), subject.y
    for number, (name, tensor) in enumerate(zip(names, tensors, strict=True)):
        given, target, y = (_of_output(part, name, number) for part in (subject.model.loss, whole, probed))
        maker = subject.forward.maker(tensor)
        if given is None or maker is None or not all(hasattr(part, "shape") for part in (tensor, target, y)):
            continue
        calls = subject.forward.calls[: subject.forward.calls.index(maker) + 1]
        target = np.asarray(target)
        train = replace(subject.data.train, y=[target], shape_y=lambda parts: parts[0])
        yield name, replace(
            subject, data=replace(subject.data, train=train, validation=None), loss=loss_from(given), y=y,
            forward=Trace(calls, tensor), output=np.asarray(tensor), activation=_own_activation(maker),
            labels=label_kind(target),
        )  # fmt: skip


def _of_output(parts: Any, name: str, number: int) -> Any:
    """What belongs to one output: by its name, by its place, or for all alike (a loss)."""
    if isinstance(parts, dict):
        return parts.get(name)
    if isinstance(parts, (list, tuple)):
        return parts[number] if number < len(parts) else None
    return None if hasattr(parts, "shape") else parts


def loss_of(model: Any) -> Loss:
    """The loss that a model was compiled with."""
    return loss_from(model.loss)


def loss_from(given: Any) -> Loss:
    """What is known of a loss, as `compile` is given it."""
    if isinstance(given, (list, tuple)) and len(given) == 1:
        given = given[0]
    if isinstance(given, str):
        try:
            given = keras.losses.get(given)
        except ValueError:
            return Loss(name=given, family=None, from_logits=False)
    function = getattr(given, "fn", given)
    name = str(getattr(function, "__name__", None) or type(given).__name__)
    settings = getattr(given, "_fn_kwargs", None) or {}
    from_logits = bool(settings.get("from_logits", getattr(given, "from_logits", False)))
    return Loss(name=name, family=_FAMILIES.get(name), from_logits=from_logits)


def label_kind(target: Array) -> str | None:
    if target.dtype.kind not in "biuf" or not target.size:
        return None
    values = target[np.isfinite(target)] if target.dtype.kind == "f" else target
    if not values.size:
        return None
    whole = bool(np.all(values == np.round(values)))
    distinct = np.unique(values[:100_000])
    vector = target.ndim >= 2 and target.shape[-1] > 1
    if vector and target.ndim == 2 and values.size == target.size and values.min() >= 0:
        sums = target.sum(axis=-1)
        if whole and distinct.max() <= 1:
            return "one-hot" if np.all(sums == 1) else "multi-hot"
        if np.allclose(sums, 1, atol=1e-3):
            return "shares"
    if not whole:
        return "number"
    if len(distinct) <= 2 and distinct.min() >= 0 and distinct.max() <= 1:
        return "binary"
    if len(distinct) == 2 and set(distinct.tolist()) == {-1, 1}:
        return "signs"
    return "index" if len(distinct) <= max(20, len(target) // 20) and not vector else "number"


def class_numbers(target: Array, labels: str | None) -> Array | None:
    if labels in ("one-hot", "shares"):
        return np.asarray(target.argmax(axis=-1))
    if labels in ("index", "binary", "signs") and (target.ndim == 1 or target.shape[1:] == (1,)):
        return np.asarray(target.reshape(-1)).astype(np.int64)
    return None


def _activation(model: Any, x: Any, forward: Trace) -> str | None:
    """By the last layer's own word, otherwise by how the output answers to a pushed bias."""
    maker = forward.maker(forward.output)
    name = None if maker is None else _own_activation(maker)
    if name is not None:
        return name
    call = forward.last(*WEIGHTED)
    return None if call is None else _by_pushing(model, x, call)


def _own_activation(maker: Call) -> str | None:
    name = activation_name(maker.layer)
    if name in ("softmax", "sigmoid", "tanh", "relu", "linear"):
        return name
    return "linear" if isinstance(maker.layer, keras.layers.BatchNormalization) else None


def _by_pushing(model: Any, x: Any, call: Call) -> str | None:
    bias = getattr(call.layer, "bias", None)
    if bias is None or not hasattr(bias, "assign"):
        return None
    size = int(np.prod(bias.shape))
    turns = np.where(np.arange(size) % 2, -1.0, 1.0)
    seen = []
    for push in (turns, -turns, np.ones(size)):
        bias.assign(np.reshape(40.0 * push, bias.shape))
        seen.append(np.asarray(model(x, training=False)))
    both = np.stack(seen)
    if not np.isfinite(both).all():
        return None
    low, high = both.min(), both.max()
    if low >= 0 and high <= 1.0001:
        shares = any(np.allclose(both.sum(axis=axis), 1, atol=1e-3) for axis in range(1, both.ndim))
        return "softmax" if shares else "sigmoid"
    if low >= 0:
        return "relu" if (both == 0).any() else None
    return "tanh" if high <= 1.0001 and low >= -1.0001 else "linear"
