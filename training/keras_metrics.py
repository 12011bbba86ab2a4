"""Metrics of coop tasks as Keras classes, gathered over batches. Predictions are probabilities or embeddings.

Each is held against plain NumPy in the tests; `training.metrics` has those of a finished evaluation.
"""

from __future__ import annotations

from typing import Any

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
from keras import ops

_TINY = 1e-7


class _ClassCounts(keras.metrics.Metric):  # type: ignore[misc,unused-ignore]
    """True positives, false positives and misses by class; base of the metrics that need nothing else."""

    def __init__(self, classes: int, *, multi: bool = False, name: str | None = None) -> None:
        super().__init__(name=name)
        self.classes, self.multi = classes, multi
        self.true, self.false, self.missed = (
            self.add_weight(shape=(classes,), initializer="zeros", name=part)
            for part in ("true", "false", "missed")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        there = ops.cast(y_true, "float32")
        said = ops.cast(y_pred >= 0.5, "float32") if self.multi else self._best(y_pred)
        weight = 1.0 if sample_weight is None else ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        for counter, hits in (
            (self.true, there * said),
            (self.false, (1 - there) * said),
            (self.missed, there * (1 - said)),
        ):
            counter.assign_add(ops.sum(weight * hits, axis=0))

    def _best(self, y_pred: Any) -> Any:
        return ops.one_hot(ops.argmax(y_pred, axis=-1), self.classes)

    def get_config(self) -> dict[str, Any]:
        return {"classes": self.classes, "multi": self.multi, "name": self.name}


@keras.saving.register_keras_serializable("neurocoop")
class MacroF1(_ClassCounts):
    """The mean F1 of the classes that occur in truth or answers. ``y_true``: one-hot or a set."""

    def result(self) -> Any:
        total = 2 * self.true + self.false + self.missed
        occurs = ops.cast(total > 0, "float32")
        f1 = 2 * self.true / ops.maximum(total, _TINY)
        return ops.sum(f1 * occurs) / ops.maximum(ops.sum(occurs), 1.0)


@keras.saving.register_keras_serializable("neurocoop")
class BalancedAccuracy(_ClassCounts):
    """The mean over the classes that occur of the share of their pictures that is found."""

    def result(self) -> Any:
        total = self.true + self.missed
        occurs = ops.cast(total > 0, "float32")
        return ops.sum(self.true / ops.maximum(total, _TINY) * occurs) / ops.maximum(ops.sum(occurs), 1.0)


@keras.saving.register_keras_serializable("neurocoop")
class CalibrationError(keras.metrics.Metric):  # type: ignore[misc,unused-ignore]
    """Expected calibration error (Guo et al. 2017) of the most probable class, in bins of equal width."""

    def __init__(self, *, bins: int = 15, name: str = "calibration_error") -> None:
        super().__init__(name=name)
        self.bins = bins
        self.sure, self.right = (
            self.add_weight(shape=(bins,), initializer="zeros", name=part) for part in ("sure", "right")
        )
        self.seen = self.add_weight(shape=(), initializer="zeros", name="seen")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        confidence = ops.max(y_pred, axis=-1)
        right = ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
        weight = ops.ones_like(confidence) if sample_weight is None else ops.cast(sample_weight, "float32")
        number = ops.clip(ops.cast(confidence * self.bins, "int32"), 0, self.bins - 1)
        bins = ops.one_hot(number, self.bins) * ops.reshape(weight, (-1, 1))
        self.sure.assign_add(ops.matmul(confidence, bins))
        self.right.assign_add(ops.matmul(ops.cast(right, "float32"), bins))
        self.seen.assign_add(ops.sum(weight))

    def result(self) -> Any:
        return ops.sum(ops.abs(self.right - self.sure)) / ops.maximum(self.seen, _TINY)

    def get_config(self) -> dict[str, Any]:
        return {"bins": self.bins, "name": self.name}


class _Retrieval(keras.metrics.Metric):  # type: ignore[misc,unused-ignore]
    """The mean of a figure over queries. In a batch every embedding asks for the others of its class.

    ``y_true``: (n,) numbers of classes; ``y_pred``: (n, d) embeddings, compared by their cosine. One that has
    no other of its class in the batch asks nothing, so batches should be large, or the whole set one batch.
    """

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.total = self.add_weight(shape=(), initializer="zeros", name="total")
        self.asked = self.add_weight(shape=(), initializer="zeros", name="asked")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels = ops.reshape(y_true, (-1,))
        unit = ops.normalize(ops.cast(y_pred, "float32"), axis=-1)
        count = ops.shape(unit)[0]
        itself = ops.eye(count)
        likeness = ops.matmul(unit, ops.transpose(unit)) - 4.0 * itself  # a picture never finds itself
        same = ops.cast(labels[:, None] == labels[None, :], "float32") - itself
        order = ops.argsort(-likeness, axis=-1)[:, : count - 1]
        found = ops.take_along_axis(same, order, axis=-1)  # (n, n - 1), the most alike first
        asks = ops.cast(ops.sum(found, axis=-1) > 0, "float32")
        weight = asks if sample_weight is None else asks * ops.cast(sample_weight, "float32")
        self.total.assign_add(ops.sum(weight * self.of_queries(found)))
        self.asked.assign_add(ops.sum(weight))

    def of_queries(self, found: Any) -> Any:
        """The figure of each query, (n,), from its ranking: 1 where the class is right, else 0."""
        raise NotImplementedError

    def result(self) -> Any:
        return self.total / ops.maximum(self.asked, _TINY)


@keras.saving.register_keras_serializable("neurocoop")
class RecallAtK(_Retrieval):
    """The share of queries with one of their class among the ``k`` most alike."""

    def __init__(self, k: int = 1, *, name: str | None = None) -> None:
        if k < 1:
            raise ValueError(f"k must be at least 1. Received: k={k}")
        super().__init__(name=name or f"recall_at_{k}")
        self.k = k

    def of_queries(self, found: Any) -> Any:
        return ops.max(found[:, : self.k], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"k": self.k, "name": self.name}


@keras.saving.register_keras_serializable("neurocoop")
class MeanAveragePrecision(_Retrieval):
    """The mean over queries of the precision at each one of their class, in the order of likeness."""

    def __init__(self, *, name: str = "mean_average_precision") -> None:
        super().__init__(name=name)

    def of_queries(self, found: Any) -> Any:
        rank = ops.cast(ops.arange(1, ops.shape(found)[1] + 1), "float32")
        precision = ops.cumsum(found, axis=-1) / rank
        return ops.sum(precision * found, axis=-1) / ops.maximum(ops.sum(found, axis=-1), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}
