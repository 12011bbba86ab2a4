"""What knowing nothing costs: the best constant answer's loss, and how far a simple look at the rows goes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.doctor.samples import Array, Sample, spread
from training.doctor.subject import REGRESSION, SPARSE, Loss

Doubles = npt.NDArray[np.float64]
_ROWS = 1000
_COLUMNS = 2000


def constant_loss(loss: Loss, model: Any, target: Array) -> float | None:
    """The loss of the best answer that is the same for every sample; None where it is not known."""
    if target.dtype.kind not in "biuf" or not np.isfinite(target).all() or not target.size:
        return None
    if loss.name == "sparse_categorical_crossentropy":
        _, counts = np.unique(target, return_counts=True)
        return _entropy(counts / counts.sum())
    if loss.name == "categorical_crossentropy" and target.ndim >= 2:
        return _entropy(target.reshape(-1, target.shape[-1]).mean(axis=0))
    if loss.name == "binary_crossentropy" and target.min() >= 0 and target.max() <= 1:
        shares = target.reshape(len(target), -1).mean(axis=0)
        return float(np.mean([_entropy(np.array([share, 1 - share])) for share in shares]))
    if loss.family == REGRESSION:
        return _best_number(model, target)
    return None


def _best_number(model: Any, target: Array) -> float:
    function = keras.losses.get(model.loss)
    y = target.astype(np.float32).reshape(len(target), -1)
    answers = [np.broadcast_to(of(y, axis=0), y.shape) for of in (np.mean, np.median)]
    return min(float(np.mean(np.asarray(function(y, answer)))) for answer in answers)


def _entropy(shares: Any) -> float:
    positive = np.asarray(shares, dtype=np.float64)
    positive = positive[positive > 0]
    return float(-(positive * np.log(positive)).sum())


def simple_skill(train: Sample, validation: Sample, loss: Loss) -> float:
    """How much better than a constant the nearest rows or a straight line do on rows held out, 0 to 1.

    For classes it is in standard deviations of chance (`skill`), so that few rows prove nothing.
    """
    x, y, u, v = *_numbers(train, loss), *_numbers(validation, loss)
    mean, std = x.mean(axis=0), x.std(axis=0)
    std[std == 0] = 1
    x, u = (x - mean) / std, (u - mean) / std
    return max(skill(answer, v, loss, y) for answer in (_nearest(x, y, u), _line(x, y, u)))


def skill(answer: Array, truth: Array, loss: Loss, trained: Array) -> float:
    """Standard deviations above chance for classes; for numbers the share of variance explained, times 20.

    Of classes it counts whether rows of a class get more of it than others do (the rank sum of Mann and
    Whitney, of all classes together), not how many are right: a rare class, or one that weights make
    frequent, costs rightness where it is known well.
    """
    if loss.family == REGRESSION:
        rest = float(np.mean((answer - truth) ** 2))
        return 20.0 * (1 - rest / max(float(np.mean((truth - trained.mean(axis=0)) ** 2)), 1e-12))
    # A class that only one of both has says nothing.
    above = [_above_chance(a, t > 0.5) for a, t in zip(answer.T, truth.T, strict=False)]
    known = [z for z in above if z is not None]
    if len(known) < 2:
        return sum(known)
    # Classes that exclude one another rise and fall together: of two both say the same.
    return float(sum(known) * np.sqrt(len(known) - 1) / len(known))


def _above_chance(answer: Doubles, there: npt.NDArray[np.bool_]) -> float | None:
    """How far the ranks of one class's rows are above those of the others, in standard deviations."""
    own, rest = int(there.sum()), int((~there).sum())
    if own == 0 or rest == 0:
        return None
    _, number, count = np.unique(answer, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[number]  # equal answers share their ranks
    least = own * (own + 1) / 2
    tied = float((count**3 - count).sum()) / (len(answer) * (len(answer) - 1))
    spread = np.sqrt(own * rest / 12 * max(len(answer) + 1 - tied, 1e-9))
    return float((ranks[there].sum() - least - own * rest / 2) / spread)


def _numbers(sample: Sample, loss: Loss) -> tuple[Doubles, Doubles]:
    """Rows of inputs and of targets, classes as shares."""
    chosen = spread(len(sample), _ROWS)
    x = np.concatenate([part[chosen].reshape(len(chosen), -1) for part in sample.x], axis=1)
    x = x[:, spread(x.shape[1], _COLUMNS)].astype(np.float64)
    return x, as_rows(sample.y[0][chosen], loss, int(np.max(sample.y[0])) + 1 if loss.family == SPARSE else 0)


def as_rows(target: Array, loss: Loss, classes: int) -> Doubles:
    if loss.family == SPARSE:
        return np.asarray(np.eye(classes)[target.reshape(-1).astype(int)])
    return target.reshape(len(target), -1).astype(np.float64)


def _nearest(x: Doubles, y: Doubles, u: Doubles, k: int = 7) -> Doubles:
    distance = (u**2).sum(axis=1)[:, None] - 2 * u @ x.T + (x**2).sum(axis=1)
    near = np.argpartition(distance, min(k, len(x) - 1), axis=1)[:, :k]
    return np.asarray(y[near].mean(axis=1))


def _line(x: Doubles, y: Doubles, u: Doubles) -> Doubles:
    """Ridge regression, by its dual where there are more columns than rows."""
    middle = y.mean(axis=0)
    penalty = 0.1 * len(x)
    if x.shape[1] > len(x):
        weights = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y - middle)
    else:
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (y - middle))
    return np.asarray(u @ weights + middle)
