"""One answer for a track from the predictions for its pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from coop.classify.card import ModelCard
from coop.classify.decide import Probabilities, decide
from coop.domain.prediction import UNKNOWN, Prediction

MIN_PICTURES = 2
"""Fewer are no vote: of lone motion crops of hens 1 in 20 was called some other animal, of pairs none."""

REPEATS = 3
"""How often a new label must come in a row before it is published."""


def vote(
    card: ModelCard,
    predictions: Sequence[Prediction],
    qualities: Sequence[float] | None = None,
    *,
    min_pictures: int = MIN_PICTURES,
) -> Prediction:
    """What the predictions for one track say together, by the thresholds of their model's ``card``.

    Probabilities are averaged, weighted by ``qualities`` (zero or more, any scale; equal where left out): the
    pictures of a track are much alike, so the vote shall never be surer than they are. Unknown where there
    are fewer than ``min_pictures``. ValueError for no predictions, another model's, or a bad quality.
    """
    if not predictions:
        raise ValueError("A vote needs at least one prediction. Received: none")
    weights = [1.0] * len(predictions) if qualities is None else list(qualities)
    tally = _Tally(card)
    for prediction, weight in zip(predictions, weights, strict=True):
        tally.add(prediction, weight)
    return tally.result(min_pictures)


class TrackVote:
    """A vote that grows with its track and does not flicker.

    A new label is published only when the vote came to it ``repeats`` times in a row; until then the
    published answer stays what it was, at first unknown.
    """

    def __init__(self, card: ModelCard, *, min_pictures: int = MIN_PICTURES, repeats: int = REPEATS) -> None:
        if min_pictures < 1 or repeats < 1:
            raise ValueError(
                "A vote needs at least one picture and one repeat. "
                f"Received: min_pictures={min_pictures}, repeats={repeats}"
            )
        self._tally = _Tally(card)
        self._min_pictures = min_pictures
        self._repeats = repeats
        self._candidate = UNKNOWN
        self._in_a_row = 0
        self._published: Prediction | None = None
        self._current: Prediction | None = None

    @property
    def pictures(self) -> int:
        """How many predictions have been counted."""
        return self._tally.pictures

    @property
    def current(self) -> Prediction | None:
        """What the vote says at this moment, settled or not; None before the first picture."""
        return self._current

    @property
    def published(self) -> Prediction | None:
        """The answer that does not flicker; None before the first picture."""
        return self._published

    def add(self, prediction: Prediction, quality: float = 1.0, *, again: bool = False) -> Prediction:
        """Counts one more picture; returns the published answer.

        ``again``: nothing has moved since the last picture, so this one takes its place. A night of copies
        would else outvote the evening in which a hen was known.
        """
        self._tally.add(prediction, quality, again=again)
        current = self._current = self._tally.result(self._min_pictures)
        self._in_a_row = self._in_a_row + 1 if current.label == self._candidate else 1
        self._candidate = current.label
        if self._published is None:
            self._published = unknown_like(current)
        if self._in_a_row >= self._repeats or current.label == self._published.label:
            self._published = current
        return self._published


def unknown_like(prediction: Prediction) -> Prediction:
    """The same prediction, but not believed."""
    return Prediction(
        task=prediction.task,
        label=UNKNOWN,
        confidence=prediction.confidence,
        probabilities=prediction.probabilities,
        model=prediction.model,
    )


class _Tally:
    """Running sums of weighted and of plain probabilities."""

    def __init__(self, card: ModelCard) -> None:
        self._card = card
        self._weighted: Probabilities = np.zeros(len(card.classes))
        self._plain: Probabilities = np.zeros(len(card.classes))
        self._weight = 0.0
        self._last: tuple[Probabilities, float] | None = None
        self.pictures = 0

    def add(self, prediction: Prediction, weight: float, *, again: bool = False) -> None:
        if not (math.isfinite(weight) and weight >= 0):
            raise ValueError(f"A picture's quality must be zero or more. Received: {weight}")
        if prediction.model != self._card.model:
            raise ValueError(
                f"A vote is over one model, {self._card.model!r}. Received: {prediction.model!r}"
            )
        if again and self._last is not None:
            self._count(*self._last, -1)
        values = np.array([prediction.probabilities[name] for name in self._card.classes])
        self._last = values, weight
        self._count(values, weight, 1)

    def _count(self, values: Probabilities, weight: float, times: int) -> None:
        self._weighted += times * weight * values
        self._plain += times * values
        self._weight += times * weight
        self.pictures += times

    def result(self, min_pictures: int) -> Prediction:
        # Pictures of no quality at all still say something where there are no better ones.
        mean = self._weighted / self._weight if self._weight > 0 else self._plain / self.pictures
        decided = decide(self._card, mean)
        return decided if self.pictures >= min_pictures else unknown_like(decided)
