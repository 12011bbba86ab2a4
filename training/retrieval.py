"""Whether a picture of a hen finds her in the gallery, and whether a stranger stands apart from the flock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from coop.classify.card import NONE, ModelCard
from coop.classify.gallery import Gallery
from training.labelled import Example
from training.metrics import Bools, Doubles, bootstrap_interval

RECALLS = (1, 5, 10)
_AT_ONCE = 256  # pictures that are compared with the whole gallery at once


def in_order(asked: Doubles, gallery: Doubles, same: Bools) -> Bools:
    """For each picture asked for, (n, g): whether what the gallery has is of the same hen, nearest first.

    ``asked``: (n, d), ``gallery``: (g, d), ``same``: (n, g). By Euclidean distance, as the watch goes by it.
    """
    found = np.empty(same.shape, dtype=bool)
    own = (gallery**2).sum(axis=1)
    for first in range(0, len(asked), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        far = own - 2 * asked[some] @ gallery.T  # less the square of what is asked for, the same for all
        found[some] = np.take_along_axis(same[some], np.argsort(far, axis=1, kind="stable"), axis=1)
    return found


def recall_at(found: Bools, k: int) -> Doubles:
    """Whether one of the same hen is among the ``k`` nearest, (n,): 0 or 1."""
    return np.asarray(found[:, :k].any(axis=1), dtype=np.float64)


def average_precision(found: Bools) -> Doubles:
    """The mean, over the pictures of the same hen, of the share of hers up to there, (n,); 0 without any."""
    share = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    return np.asarray((share * found).sum(axis=1) / np.maximum(found.sum(axis=1), 1))


def apart(strangers: Doubles, flock: Doubles) -> float:
    """How often a stranger lies farther out than one of the flock (the area under the ROC curve)."""
    further = (strangers[:, None] > flock[None, :]).mean()
    return float(further + 0.5 * (strangers[:, None] == flock[None, :]).mean())


def identity_figures(
    examples: Sequence[Example], identities: npt.NDArray[np.float32] | None, gallery: Gallery | None,
    card: ModelCard,
) -> dict[str, Any]:  # fmt: skip
    """``retrieval`` of the pictures whose hen is in the gallery, ``strangers`` where there are any.

    Empty without a gallery. A stranger is a picture with a label that neither the gallery nor the card has.
    """
    if identities is None or gallery is None:
        return {}
    labels = np.array([example.label for example in examples])
    known = np.isin(labels, gallery.labels)
    strange = ~np.isin(labels, [*gallery.labels, *card.classes, NONE])
    figures: dict[str, Any] = {}
    if known.any():
        groups = [example.group for example, there in zip(examples, known, strict=True) if there]
        figures["retrieval"] = _retrieval(identities[known], labels[known], gallery, groups)
    if strange.any() and known.any() and card.familiar_within is not None:
        far = np.array([gallery.distance(row) for row in identities]) / card.familiar_within
        figures["strangers"] = {
            "n": int(strange.sum()),
            "beside": int(known.sum()),
            "auc": apart(far[strange], far[known]),
            "found": float((far[strange] > 1).mean()),
            "flock_called_strange": float((far[known] > 1).mean()),
        }
    return figures


def _retrieval(
    asked: npt.NDArray[np.float32], labels: npt.NDArray[np.str_], gallery: Gallery, groups: Sequence[str]
) -> dict[str, Any]:
    same = labels[:, None] == np.array(gallery.labels)[None, :]
    found = in_order(asked.astype(np.float64), gallery.embeddings.astype(np.float64), same)
    measured = {f"recall_at_{k}": recall_at(found, k) for k in RECALLS if k <= found.shape[1]}
    measured["mean_average_precision"] = average_precision(found)
    figures: dict[str, Any] = {"n": len(asked), "gallery": len(gallery.labels)}
    for name, values in measured.items():
        figures[name] = float(values.mean())
        figures[f"{name}_interval"] = list(bootstrap_interval(_mean_of(values), groups))
    return figures


def _mean_of(values: Doubles) -> Callable[[npt.NDArray[np.intp]], float]:
    return lambda numbers: float(values[numbers].mean())
