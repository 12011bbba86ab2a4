"""Everything a probe could change, put back: weights, optimizer, metrics, random numbers, names."""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

PROBE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    tf.errors.OpError,
)
"""What a stranger's model may raise where it is called in a way its author did not foresee."""


@contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Whatever happens within leaves the model, its optimizer and all random numbers as they were."""
    kept = [(variable, value_of(variable)) for variable in _variables(model)]
    trainable = [(layer, layer.trainable) for layer in model._flatten_layers()]
    with randomness_kept():
        try:
            yield
        finally:
            for variable, value in kept:
                variable.assign(value)
            for layer, state in trainable:
                if layer.trainable != state:
                    layer.trainable = state


@contextmanager
def randomness_kept() -> Iterator[None]:
    """Python's, NumPy's, TensorFlow's and Keras's random states, and Keras's counters of names."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    of_tensorflow = context.context()._rng.getstate() if hasattr(context.context(), "_rng") else None
    generator = tf.random.get_global_generator() if _global_generator_made() else None
    of_generator = None if generator is None else generator.state.numpy()
    seeds = global_state.get_global_attribute("global_seed_generator")
    of_keras = None if seeds is None else value_of(seeds.state)
    names = dict(global_state.get_global_attribute("object_name_uids") or {})
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
        if of_tensorflow is not None:
            context.context()._rng.setstate(of_tensorflow)
        if generator is not None:
            generator.state.assign(of_generator)
        if seeds is not None:
            seeds.state.assign(of_keras)
        counters = global_state.get_global_attribute("object_name_uids")
        if counters is not None:
            counters.clear()
            counters.update(names)


@contextmanager
def quiet() -> Iterator[None]:
    """What the model prints or warns of while it is probed is not for the script's output."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def without_dropout(model: Any) -> Iterator[None]:
    rates = [(layer, layer.rate) for layer in model._flatten_layers() if _drops(layer)]
    for layer, _ in rates:
        layer.rate = 0.0
    try:
        yield
    finally:
        for layer, rate in rates:
            layer.rate = rate


def weights_of(model: Any) -> list[npt.NDArray[Any]]:
    return [value_of(variable) for variable in model.variables]


def give_weights(model: Any, values: list[npt.NDArray[Any]]) -> None:
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)


def _drops(layer: Any) -> bool:
    return isinstance(
        layer, (keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.GaussianDropout)
    )


def _variables(model: Any) -> list[Any]:
    optimizer = getattr(model, "optimizer", None)
    found = [*model.variables, *model.metrics_variables, *(optimizer.variables if optimizer else ())]
    return list({id(variable): variable for variable in found}.values())


def value_of(variable: Any) -> npt.NDArray[Any]:
    """A copy of a variable's numbers."""
    return np.array(tf.convert_to_tensor(variable).numpy())


def _global_generator_made() -> bool:
    from tensorflow.python.ops import stateful_random_ops

    return stateful_random_ops.global_generator is not None
