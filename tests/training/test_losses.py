"""Losses and metrics against plain NumPy: values, and gradients against difference quotients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from training.metrics import balanced_accuracy, expected_calibration_error, macro_f1

pytestmark = pytest.mark.train

Array = np.ndarray[Any, np.dtype[np.float64]]
RANDOM = np.random.default_rng(5)
LOGITS = RANDOM.normal(0, 2, (6, 4))
ONE = np.eye(4)[[0, 1, 2, 3, 1, 1]]
SETS = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], float)
COSINES = np.clip(RANDOM.uniform(-1, 1, (6, 8)), -0.99, 0.99)
COSINES[0, 0] = -0.97  # beyond pi - margin
COSINES[0, 1] = -0.98


def log_softmax(z: Array) -> Array:
    return np.asarray(
        z - z.max(1, keepdims=True) - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1))[:, None]
    )


def cross_entropy(t: Array, z: Array, smoothing: float) -> Array:
    return np.asarray(-((t * (1 - smoothing) + smoothing / z.shape[1]) * log_softmax(z)).sum(1))


def sigmoid_entropy(t: Array, z: Array, smoothing: float) -> Array:
    p, t = 1 / (1 + np.exp(-z)), t * (1 - smoothing) + smoothing / 2
    return np.asarray(-(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(1))


def focal(t: Array, z: Array, gamma: float) -> Array:
    p = np.exp(log_softmax(z))
    return np.asarray(-(t * (1 - p) ** gamma * np.log(p)).sum(1))


def focal_sets(t: Array, z: Array, gamma: float) -> Array:
    p = 1 / (1 + np.exp(-z))
    right = np.where(t > 0, p, 1 - p)
    return np.asarray(-((1 - right) ** gamma * np.log(right)).sum(1))


def balanced(t: Array, z: Array, counts: Array, beta: float) -> Array:
    weights = 1 / ((1 - beta**counts) / (1 - beta))
    return np.asarray(-(t * weights / weights.mean() * log_softmax(z)).sum(1))


def arcface(t: Array, c: Array, margin: float, scale: float, centres: int) -> Array:
    c = c.reshape(len(c), -1, centres).max(2)
    angle = np.arccos(c)
    moved = np.where(angle < math.pi - margin, np.cos(angle + margin), c - margin * math.sin(margin))
    return np.asarray(-(t * log_softmax(scale * np.where(t > 0, moved, c))).sum(1))


def soft(t: Array, z: Array, temperature: float) -> Array:
    return np.asarray(
        -(temperature**2) * (np.exp(log_softmax(t / temperature)) * log_softmax(z / temperature)).sum(1)
    )


def soft_sets(t: Array, z: Array, temperature: float) -> Array:
    q, p = (1 / (1 + np.exp(-x / temperature)) for x in (t, z))
    return np.asarray(-(temperature**2) * (q * np.log(p) + (1 - q) * np.log(1 - p)).sum(1))


TEACHER = RANDOM.normal(0, 2, (6, 4))
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Array, Array], Array], Array, Array]] = {
    "cross-entropy": (
        lambda m: m.SmoothedCrossEntropy(smoothing=0.1),
        lambda t, z: cross_entropy(t, z, 0.1), ONE, LOGITS,
    ),
    "cross-entropy of sets": (
        lambda m: m.SmoothedCrossEntropy(smoothing=0.1, multi=True),
        lambda t, z: sigmoid_entropy(t, z, 0.1), SETS, LOGITS,
    ),
    "focal": (lambda m: m.Focal(gamma=2.0), lambda t, z: focal(t, z, 2.0), ONE, LOGITS),
    "focal of sets": (
        lambda m: m.Focal(gamma=1.5, multi=True), lambda t, z: focal_sets(t, z, 1.5), SETS, LOGITS,
    ),
    "class-balanced": (
        lambda m: m.ClassBalanced((1, 3, 50, 9), beta=0.99),
        lambda t, z: balanced(t, z, np.array([1.0, 3, 50, 9]), 0.99), ONE, LOGITS,
    ),
    "arcface": (
        lambda m: m.ArcFace(margin=0.5, scale=8), lambda t, z: arcface(t, z, 0.5, 8, 1), ONE, COSINES[:, :4],
    ),
    "sub-centre arcface": (
        lambda m: m.ArcFace(margin=0.4, scale=8, centres=2),
        lambda t, z: arcface(t, z, 0.4, 8, 2), ONE, COSINES,
    ),
    "arcface of logits": (
        lambda m: m.ArcFace(margin=0.5, scale=8, scaled=True),
        lambda t, z: arcface(t, z / 8, 0.5, 8, 1), ONE, 8 * COSINES[:, :4],
    ),
    "soft answers": (lambda m: m.SoftAnswers(), lambda t, z: soft(t, z, 2.0), TEACHER, LOGITS),
    "soft answers of sets": (
        lambda m: m.SoftAnswers(temperature=1.5, multi=True),
        lambda t, z: soft_sets(t, z, 1.5), TEACHER, LOGITS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_numpy(keras_module: Any, name: str) -> None:
    import keras
    import tensorflow as tf

    from training import losses

    make, reference, truth, predicted = CASES[name]
    loss = make(losses)
    given = tf.constant(predicted)
    with tf.GradientTape() as tape:
        tape.watch(given)
        each = loss.call(tf.constant(truth), given)
        total = tf.reduce_sum(each)
    assert each.numpy() == pytest.approx(reference(truth, predicted), rel=1e-5)
    gradient = tape.gradient(total, given).numpy()
    step = 1e-5
    for place in np.ndindex(predicted.shape):
        more, less = predicted.copy(), predicted.copy()
        more[place] += step
        less[place] -= step
        slope = (reference(truth, more).sum() - reference(truth, less).sum()) / (2 * step)
        assert gradient[place] == pytest.approx(slope, abs=2e-4), place
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize(
    "make",
    [
        lambda m: m.SmoothedCrossEntropy(smoothing=1.0),
        lambda m: m.Focal(gamma=-1),
        lambda m: m.ClassBalanced((3, 0)),
        lambda m: m.ArcFace(margin=2.0),
        lambda m: m.SoftAnswers(temperature=0.0),
    ],
)
def test_impossible_settings_are_refused(keras_module: Any, make: Callable[[Any], Any]) -> None:
    from training import losses

    with pytest.raises(ValueError, match="Received"):
        make(losses)


def test_cosine_centres_are_cosines(keras_module: Any) -> None:
    from training.losses import CosineCentres

    layer = CosineCentres(3, centres=2)
    embeddings = RANDOM.normal(size=(5, 7)).astype(np.float32)
    given = np.asarray(layer(embeddings))
    kernel = np.asarray(layer.kernel)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    cosines = unit @ (kernel / np.linalg.norm(kernel, axis=0))
    assert given == pytest.approx(cosines, abs=1e-6)
    scaled = CosineCentres(3, centres=2, scale=8.0)
    scaled.build(embeddings.shape)
    scaled.set_weights([kernel])
    nearest = 8 * cosines.reshape(5, 3, 2).max(axis=2)
    assert np.asarray(scaled(embeddings)) == pytest.approx(nearest, abs=1e-5)


def test_metrics_gather_over_batches_as_numpy_does(keras_module: Any) -> None:
    from training import keras_metrics as metrics

    truth = RANDOM.integers(0, 3, 40)
    p = RANDOM.dirichlet(np.ones(4), 40).astype(np.float32)
    p[np.arange(20), truth[:20]] += 1.0  # half of them right
    p /= p.sum(1, keepdims=True)
    one, said = np.eye(4)[truth], np.eye(4)[p.argmax(1)]
    expected = {
        metrics.MacroF1(4): macro_f1(one > 0, said > 0),
        metrics.BalancedAccuracy(4): balanced_accuracy([*map(str, truth)], [*map(str, p.argmax(1))]),
        metrics.CalibrationError(): expected_calibration_error(p.max(1).astype(float), p.argmax(1) == truth),
    }
    for metric, value in expected.items():
        for part in (slice(0, 13), slice(13, 40)):
            metric.update_state(one[part], p[part])
        assert float(metric.result()) == pytest.approx(value, abs=1e-5)
        metric.reset_state()
        assert float(metric.result()) == 0.0
    sets = metrics.MacroF1(4, multi=True)
    guesses = RANDOM.uniform(size=SETS.shape).astype(np.float32)
    sets.update_state(SETS, guesses)
    assert float(sets.result()) == pytest.approx(macro_f1(SETS > 0, guesses >= 0.5), abs=1e-6)


def test_retrieval_is_that_of_numpy(keras_module: Any) -> None:
    from training import keras_metrics as metrics

    labels = RANDOM.integers(0, 4, 30)
    labels[0] = 9  # alone: it asks nothing
    found = RANDOM.normal(size=(30, 5)).astype(np.float32) + 1.2 * np.eye(10, 5)[labels]
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    recall, precision = [], []
    for query in range(1, 30):
        order = [n for n in np.argsort(-(unit @ unit[query])) if n != query]
        right = labels[order] == labels[query]
        recall.append(bool(right[:3].any()))
        precision.append(np.mean([right[: n + 1].mean() for n in np.flatnonzero(right)]))
    three, average = metrics.RecallAtK(3), metrics.MeanAveragePrecision()
    for metric, value in ((three, np.mean(recall)), (average, np.mean(precision))):
        metric.update_state(labels, found)
        assert float(metric.result()) == pytest.approx(value, abs=1e-5)
