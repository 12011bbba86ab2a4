"""The first forward and backward pass: loss, activations, gradients, and whether samples stay apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.doctor.finding import Finding, error, warning
from training.doctor.samples import Array
from training.doctor.subject import CATEGORICAL, REGRESSION, SPARSE, Subject
from training.doctor.trace import WEIGHTED, Call, activation_name, kernel_of
from training.doctor.untouched import PROBE_ERRORS, value_of

L = keras.layers
_DEAD = 0.9
_VANISHED = 2e-4
_EXPLODED = 50.0
_ASIDE = ("embedding", "attention", "query", "key", "recurrent")
"""Weights beside the way through the layers: their gradients are small in healthy networks too."""


def check(subject: Subject) -> Iterator[Finding]:
    """To be called where the model may be changed and is put back afterwards."""
    yield from softmax_axis(subject)
    yield from _mixed_samples(subject)
    yield from _growth(subject)
    yield from _units(subject)
    yield from _gradients(subject)


def softmax_axis(subject: Subject) -> Iterator[Finding]:
    """Shares that sum to one along another axis than the last."""
    for call in subject.forward.calls:
        if activation_name(call.layer) == "softmax" and call.outputs:
            yield from _summed(call.gave, call.name)
    if subject.output is not None and subject.loss.family in (SPARSE, CATEGORICAL):
        yield from _summed(subject.output, subject.answer_layer)


def _summed(values: Array, where: str) -> Iterator[Finding]:
    if values.ndim < 2 or values.min() < 0 or values.shape[-1] == 1 or np.ptp(values.sum(axis=-1)) < 1e-3:
        return
    for axis in range(values.ndim - 1):
        sums = values.sum(axis=axis)
        if np.allclose(sums, 1, atol=1e-3) and values.shape[axis] > 1:
            yield error(
                "softmax-axis",
                where,
                f"outputs of shape {values.shape} sum to one along axis {axis}, not the last",
                "Take the softmax over the classes: axis=-1.",
            )
            return


def _mixed_samples(subject: Subject) -> Iterator[Finding]:
    """The gradient of one sample's answer for another sample's input: it must be nothing."""
    inputs = keras.tree.flatten(subject.x)
    if subject.output is None or len(subject.output) != len(inputs[0]) or len(subject.output) < 2:
        return
    few = [part[:8] for part in inputs]
    mixed = _by_gradient(subject, few) if all(p.dtype.kind == "f" for p in few) else _by_change(subject, few)
    if mixed:
        yield error(
            "mixed-samples",
            subject.model.name,
            f"the answer to one sample changes with the inputs of {mixed} other samples of its batch",
            "Keep the first axis for the samples: look for a reshape, softmax or mean over axis 0.",
        )


def _by_gradient(subject: Subject, inputs: list[Array]) -> int:
    given = [tf.convert_to_tensor(part) for part in inputs]
    with tf.GradientTape() as tape:
        tape.watch(given)
        answer = subject.model(subject.data.train.shape_x(given), training=False)
        one = tf.reduce_sum(answer[1] * tf.random.stateless_normal(answer[1].shape, [1, 2]))
    others: set[int] = set()
    for gradient in tape.gradient(one, given):
        if gradient is not None:
            size = np.abs(np.asarray(gradient)).reshape(len(gradient), -1).max(axis=1)
            others |= {i for i in np.flatnonzero(size > 1e-9 + 1e-4 * size[1]).tolist() if i != 1}
    return len(others)


def _by_change(subject: Subject, inputs: list[Array]) -> int:
    """For inputs without gradients: one sample's answer beside other companions."""
    shape = subject.data.train.shape_x
    turned = [np.concatenate([part[:1], part[:0:-1]]) for part in inputs]
    a = np.asarray(subject.model(shape(inputs), training=False))[0]
    b = np.asarray(subject.model(shape(turned), training=False))[0]
    doubled = [np.concatenate([part[:1]] * len(part)) for part in inputs]
    c = np.asarray(subject.model(shape(doubled), training=False))[0]
    apart = np.allclose(a, b, rtol=1e-3, atol=1e-5) and np.allclose(a, c, rtol=1e-3, atol=1e-5)
    return 0 if apart else len(inputs[0]) - 1


def _growth(subject: Subject) -> Iterator[Finding]:
    """Activations that grow from layer to layer, and a first loss far above that of knowing nothing."""
    sizes = []
    for call in subject.forward.calls:
        if isinstance(call.layer, WEIGHTED) and call.outputs and call.inputs:
            into = (
                float(np.sqrt(np.mean(np.square(call.given, dtype=np.float64)))) if call.given.size else 0.0
            )
            out = float(np.sqrt(np.mean(np.square(call.gave, dtype=np.float64))))
            if into > 0 and np.isfinite(out) and activation_name(call.layer) in ("linear", "relu"):
                sizes.append((out / into, call, out))
    grown = [(factor, call) for factor, call, out in sizes if factor > 8 and out > 5]
    if len(grown) >= 2 or any(factor > 30 for factor, _ in grown):
        factor, call = max(grown, key=lambda pair: pair[0])
        yield error(
            "exploding-initialisation",
            call.name,
            f"{len(grown)} layers make their input more than 8 times as large, this one {factor:.0f} times",
            "Initialise with he_normal (ReLU) or glorot_uniform, which keep the size.",
        )


def first_loss(subject: Subject, loss: float) -> Iterator[Finding]:
    """Against ln(classes), the loss of knowing nothing."""
    classes = subject.width
    if subject.loss.family not in (SPARSE, CATEGORICAL) or classes < 2 or subject.activation is None:
        return
    expected = float(np.log(classes))
    if np.isfinite(loss) and loss > 3 * expected + 1:
        yield warning(
            "loss-at-initialisation",
            subject.answer_layer,
            f"the first loss is {loss:.3g}; knowing nothing costs ln {classes} = {expected:.3g}",
            "Scale the inputs and initialise the last layer small: it begins sure and wrong.",
        )


def _units(subject: Subject) -> Iterator[Finding]:
    final = subject.forward.maker(subject.forward.output)
    for call in subject.forward.calls:
        if call is final or not call.outputs:
            continue
        yield from dead_units(call)
        name = activation_name(call.layer)
        if name in ("tanh", "sigmoid"):
            values = call.gave
            ends = np.abs(values) > 0.995 if name == "tanh" else np.abs(values - 0.5) > 0.4975
            if ends.mean() > 0.5:
                yield warning(
                    "saturated-units",
                    call.name,
                    f"{ends.mean():.0%} of its values are at the ends of {name}, without a gradient",
                    "Scale the inputs, and initialise with glorot_uniform.",
                )


def dead_units(call: Call) -> Iterator[Finding]:
    """ReLU units that are zero for every sample."""
    if activation_name(call.layer) != "relu" or not call.outputs:
        return
    values = call.gave
    silent = ~(values != 0).reshape(-1, values.shape[-1]).any(axis=0)
    kernel = kernel_of(call.layer)
    if kernel is not None and not value_of(kernel).any():
        return  # told of as an initialisation
    if silent.mean() >= _DEAD and len(silent) > 1:
        yield error(
            "dead-units",
            call.name,
            f"{int(silent.sum())} of {len(silent)} units give 0 for all of {len(values)} samples",
            "Start biases at 0, lower the rate, or use leaky_relu: a dead ReLU has no gradient.",
        )


def _gradients(subject: Subject) -> Iterator[Finding]:
    model = subject.model
    variables = model.trainable_variables
    if not variables or not subject.has_loss:
        return
    try:
        loss, gradients = gradients_of(model, subject.x, subject.y)
    except PROBE_ERRORS:
        return
    yield from first_loss(subject, loss)
    yield from _penalty(subject, loss)
    named = list(zip(_paths(model, variables), variables, gradients, strict=True))
    unreached = [name for name, _, gradient in named if gradient is None]
    if unreached and len(unreached) < len(named):
        yield error(
            "disconnected-layer",
            unreached[0],
            f"{len(unreached)} of {len(named)} trainable weights have no gradient from the loss: "
            + ", ".join(unreached[:3]),
            "Look for stop_gradient, argmax, rounding or a layer not called; freeze what is meant so.",
        )
    elif unreached:
        yield error(
            "disconnected-layer",
            model.name,
            "no trainable weight has a gradient from the loss",
            "Look for stop_gradient, argmax or rounding between the weights and the loss.",
        )
    known = [(name, value_of(v), value_of(tf.convert_to_tensor(g))) for name, v, g in named if g is not None]
    if all(np.isfinite(g).all() for _, _, g in known):
        yield from _symmetric(known)
        yield from _flow(subject, known)


def gradients_of(model: Any, x: Any, y: Any) -> tuple[float, list[Any]]:
    """The loss in training mode, and its gradient for each trainable weight."""
    with tf.GradientTape() as tape:
        answer = model(x, training=True)
        loss = model.compute_loss(x=x, y=y, y_pred=answer, sample_weight=None, training=True)
    wanted = [variable.value for variable in model.trainable_variables]
    return float(loss), tape.gradient(loss, wanted)


def _paths(model: Any, variables: list[Any]) -> list[str]:
    return [str(v.path).removeprefix(f"{model.name}/") for v in variables]


def _penalty(subject: Subject, loss: float) -> Iterator[Finding]:
    penalty = float(sum(float(part) for part in subject.model.losses))
    if penalty > 10 * max(loss - penalty, 0.05):
        heaviest = _most_punished(subject.model)
        yield error(
            "regularisation-too-strong",
            heaviest,
            f"penalties are {penalty:.3g} of a first loss of {loss:.3g}",
            "Use a factor of 1e-5 to 1e-3: the network learns to have no weights.",
        )


def _most_punished(model: Any) -> str:
    for layer in model._flatten_layers():
        if getattr(layer, "kernel_regularizer", None) is not None:
            return str(layer.name)
    return str(model.name)


Known = list[tuple[str, Array, Array]]
"""Name, weights and gradient of each trainable variable."""


def _symmetric(known: Known) -> Iterator[Finding]:
    for name, value, gradient in known:
        if value.ndim < 2 or value.size < 4 or value.shape[-1] < 2 or np.ptp(value) != 0:
            continue
        if "bias" in name:  # a GRU has two, side by side
            continue
        columns = gradient.reshape(-1, gradient.shape[-1])
        alike = np.ptp(columns, axis=1).max() <= 1e-6 * max(float(np.abs(columns).max()), 1e-12)
        if alike:
            yield error(
                "symmetric-initialisation",
                name,
                f"all {value.size} weights are {value.flat[0]:g}, and so are their gradients: "
                f"{value.shape[-1]} units learn the same or nothing",
                "Use a random initializer for weights; zeros are for biases.",
            )


def _flow(subject: Subject, known: Known) -> Iterator[Finding]:
    """Gradient sizes from the last kernel back to the first, each beside its weights."""
    kernels = [
        (n, v, g)
        for n, v, g in known
        if v.ndim >= 2 and np.ptp(v) > 0 and not any(part in n.lower() for part in _ASIDE)
    ]
    if len(kernels) < 2:
        return
    sizes = [float(np.linalg.norm(g) / np.sqrt(g.size)) for _, _, g in kernels]
    last = sizes[-1]
    if last == 0:
        return
    ratios = [size / last for size in sizes]
    # It fades from layer to layer: the first two have the least of it.
    if max(ratios[:2]) < _VANISHED and len(kernels) >= 4 and _deep(subject) and not _has_dead(subject):
        yield error(
            "vanishing-gradient",
            kernels[0][0],
            f"its gradient is {ratios[0]:.1e} of that of the last layer ({kernels[-1][0]})",
            "Use ReLU instead of sigmoid or tanh, batch normalisation, or residual connections.",
        )
    biggest = max(
        range(len(kernels)),
        key=lambda i: float(np.linalg.norm(kernels[i][2]) / np.linalg.norm(kernels[i][1])),
    )
    name, value, gradient = kernels[biggest]
    ratio = float(np.linalg.norm(gradient) / np.linalg.norm(value))
    if ratio > _EXPLODED and subject.loss.family != REGRESSION:
        yield warning(
            "exploding-gradient",
            name,
            f"its gradient is {ratio:.0f} times its weights at the first step",
            "Scale the inputs, initialise smaller, or clip gradients (clipnorm=1).",
        )


def _deep(subject: Subject) -> bool:
    return sum(isinstance(call.layer, WEIGHTED) for call in subject.forward.calls) >= 4


def _has_dead(subject: Subject) -> bool:
    return any(True for call in subject.forward.calls for _ in dead_units(call))
