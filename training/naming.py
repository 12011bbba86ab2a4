"""A head that names hens by the nearest middle, where hens differ: few labels suffice, fewer with tracks.

It is linear in the features too, as the logarithm of a normal distribution around each middle is, less what
all of them share. Kept in place of the usual head only if it is better on groups held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from training.answers import Answers, thresholds
from training.folds import held_out
from training.gallery import Flock, discriminants
from training.head import THRESHOLDS, UNSEEN_THRESHOLD, Head, best_temperature, figure
from training.unnamed import Tracks

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_FOLDS = 5


def better_named(
    head: Head,
    flock: Flock,
    features: Floats,
    labels: Sequence[str],
    groups: Sequence[str],
    tracks: Tracks | None,
    *,
    precision: float,
) -> Head:
    """The head, or the one by middles where that has less log loss on groups held out.

    ``flock``: those of the pictures that tell who is known; ``features`` (n, d), ``labels`` and ``groups``:
    all of them; ``precision``: the share of its sure answers that is to be right. Where other answers than
    hens are known to the head, it stays.
    """
    if tuple(flock.hens) != head.classes:
        return head
    answers = Answers(mode=head.mode, labels=tuple(labels))
    logits = np.full((len(labels), len(head.classes)), np.nan)
    names, places = np.array(groups), flock.places
    for held in held_out(groups, answers.kinds, _FOLDS):
        known = flock.some(~np.isin(places, np.unique(names[held])))
        if known.hens != flock.hens:
            return head  # somebody was seen on days that are held out together
        weights, bias = _by_middles(known, tracks)
        logits[held] = features[held] @ weights.T + bias
    temperature, loss = best_temperature(logits, answers)
    if loss >= figure(head, "held_out_log_loss"):
        return head
    weights, bias = _by_middles(flock, tracks)
    return replace(
        head,
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        temperature=temperature,
        thresholds=thresholds(answers, logits / temperature, precision, THRESHOLDS, UNSEEN_THRESHOLD),
        measured={
            **{name: value for name, value in head.measured.items() if name != "penalty"},
            "held_out_accuracy": round(answers.accuracy(logits), 4),
            "held_out_log_loss": round(loss, 4),
            "tracks nobody named": 0 if tracks is None else len(tracks.looks),
        },
    )


def _by_middles(flock: Flock, tracks: Tracks | None) -> tuple[Doubles, Doubles]:
    """Weights (hens, d) and bias of a classifier whose logits are half the squared distance less, to each."""
    turn, shift = discriminants(flock, tracks)
    seen = flock.features @ turn.T + shift
    middles = np.stack([seen[flock.names == hen].mean(axis=0) for hen in flock.hens])
    return middles @ turn, middles @ shift - 0.5 * (middles**2).sum(axis=1)
