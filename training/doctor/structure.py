"""How the network is built: non-linearities, bottlenecks, dropout, batch norm, what is frozen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from training.doctor.finding import Finding, error, warning
from training.doctor.subject import CATEGORICAL, SPARSE, Subject
from training.doctor.trace import (
    CONVOLUTIONS,
    PASSING,
    WEIGHTED,
    Call,
    Trace,
    activation_name,
    as_made,
    kernel_of,
    width_of,
)
from training.doctor.untouched import value_of

L = keras.layers
_ACTIVATIONS = (L.Activation, L.ReLU, L.LeakyReLU, L.PReLU, L.ELU)


def check(subject: Subject) -> Iterator[Finding]:
    yield from _dropout(subject)
    yield from _linear_chains(subject)
    yield from _bottleneck(subject)
    yield from _batch_norm(subject)
    yield from _frozen(subject)


def _dropout(subject: Subject) -> Iterator[Finding]:
    for layer in subject.model._flatten_layers():
        if isinstance(layer, (L.Dropout, L.SpatialDropout1D, L.SpatialDropout2D)) and layer.rate >= 0.8:
            yield (error if layer.rate >= 0.9 else warning)(
                "dropout-too-high",
                layer.name,
                f"rate={layer.rate:g} leaves {1 - layer.rate:.0%} of the values",
                "Keras's rate is the share that is dropped; 0.2 to 0.5 is usual.",
            )


def _source(trace: Trace, call: Call, through: tuple[type, ...]) -> Call | None:
    """The call that feeds this one, behind layers of the given types."""
    found = trace.behind(call)
    while found is not None and isinstance(found.layer, through):
        found = trace.behind(found)
    return found


def _is_linear(layer: Any) -> bool:
    return isinstance(layer, (L.Dense, *CONVOLUTIONS)) and activation_name(layer) == "linear"


def _linear_chains(subject: Subject) -> Iterator[Finding]:
    forward = subject.forward
    weighted = [call for call in forward.calls if isinstance(call.layer, WEIGHTED)]
    pairs = []
    for call in weighted:
        source = _source(forward, call, PASSING)
        if source is None or not isinstance(call.layer, (L.Dense, *CONVOLUTIONS)):
            continue
        if _narrow(source, call) or _pointwise(source.layer) or _pointwise(call.layer):
            continue
        if _is_linear(source.layer):
            pairs.append((source, call))
    if not pairs:
        return
    hidden = {id(source.layer) for source, _ in pairs}
    whole = len(hidden) >= len({id(call.layer) for call in weighted}) - 1
    source, call = pairs[0]
    yield (error if whole else warning)(
        "missing-nonlinearity",
        source.name,
        f"{len(hidden)} of {len(weighted)} layers with weights go on linearly: into {call.name}",
        "Give it activation='relu'; two linear layers in a row can do no more than one.",
    )


def _narrow(source: Call, call: Call) -> bool:
    """A linear code between wider layers, as an autoencoder's: there the narrowness is what it is for."""
    width = width_of(source.layer) or 0
    return bool(source.inputs) and width < source.given.shape[-1] and width < (width_of(call.layer) or 0)


def _pointwise(layer: Any) -> bool:
    """A 1 × 1 convolution: linear ones are the narrow ends of inverted residual blocks."""
    return isinstance(layer, L.Conv2D) and set(layer.kernel_size) == {1}


def _bottleneck(subject: Subject) -> Iterator[Finding]:
    forward = subject.forward
    for call in forward.calls:
        if not isinstance(call.layer, WEIGHTED):
            continue
        source = _source(forward, call, (*PASSING, *_ACTIVATIONS, L.MaxPooling1D, L.MaxPooling2D))
        if source is None or not isinstance(source.layer, WEIGHTED) or not source.inputs:
            continue
        width = width_of(source.layer)
        if width is None or source.given.shape[-1] <= width or len(source.gave.shape) > 2 < call.gave.ndim:
            continue
        wanted = subject.width if subject.loss.family in (SPARSE, CATEGORICAL) else 1
        if width == 1 or width < wanted / 4:
            yield (error if width == 1 else warning)(
                "bottleneck",
                source.name,
                f"all that {call.name} learns from is {width} number{'s' if width > 1 else ''} a sample",
                "Give the layer more units, at least a few times as many as there are answers.",
            )


def _batch_norm(subject: Subject) -> Iterator[Finding]:
    forward = subject.forward
    norms = [layer for layer in subject.model._flatten_layers() if isinstance(layer, L.BatchNormalization)]
    for layer in norms:
        if layer.momentum >= 1 or layer.momentum <= 0:
            yield error(
                "batchnorm-misuse",
                layer.name,
                f"momentum={layer.momentum:g}: the statistics used after training "
                + ("never move from their start" if layer.momentum >= 1 else "are those of the last batch"),
                "Use a momentum of 0.9 to 0.99; Keras's is the share that is kept.",
            )
        elif not layer.trainable and layer.built and _at_start(layer):
            yield error(
                "batchnorm-misuse",
                layer.name,
                "it is frozen with a mean of 0 and a variance of 1, as it was made: it normalises nothing",
                "Train it, or load weights before freezing.",
            )
    if norms and subject.data.batch_size == 1:
        yield error(
            "batchnorm-misuse",
            norms[0].name,
            "batches of one sample: its mean is the sample itself",
            "Use batches of 16 or more, or LayerNormalization.",
        )
    last = forward.maker(forward.output)
    if last is not None and isinstance(last.layer, (*_ACTIVATIONS, L.Softmax)):
        last = forward.behind(last)
    if last is not None and isinstance(last.layer, L.BatchNormalization):
        yield warning(
            "batchnorm-misuse",
            last.name,
            "it normalises the answers themselves",
            "Normalise hidden layers only; the last layer must be free to be sure.",
        )


def _at_start(layer: Any) -> bool:
    return not value_of(layer.moving_mean).any() and bool(np.all(value_of(layer.moving_variance) == 1))


def _frozen(subject: Subject) -> Iterator[Finding]:
    model = subject.model
    if not model.variables:
        return
    if not model.trainable_variables:
        yield error(
            "frozen-layers",
            model.name,
            f"none of {model.count_params()} parameters can be trained",
            "Set trainable=True for what is to learn, before compile.",
        )
        return
    for layer in model._flatten_layers():
        kernel = kernel_of(layer)
        if kernel is None or layer.trainable or isinstance(layer, keras.Model) or not layer.built:
            continue
        if kernel.shape and int(np.prod(kernel.shape)) > 1 and as_made(layer, kernel):
            yield error(
                "frozen-layers",
                layer.name,
                f"its {int(np.prod(kernel.shape))} weights are random, as they were made, and may not learn",
                "Set trainable=True, or load trained weights before freezing.",
            )
