"""From a network's numbers to an answer: calibrated probabilities, thresholds, unknown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coop.classify.card import NONE, ModelCard, TaskMode
from coop.domain.prediction import UNKNOWN, Prediction

Probabilities = npt.NDArray[np.float64]


def probabilities(card: ModelCard, logits: npt.NDArray[np.floating]) -> Probabilities:
    """Calibrated probabilities of the card's classes from logits of shape (classes,).

    They sum to one in a ``single`` task and for each counted name of a ``count`` task; each stands
    alone in a ``multi`` task.
    """
    scaled = np.asarray(logits, dtype=np.float64) / card.temperature
    if card.mode is TaskMode.MULTI:
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scaled)))  # the logistic function, which cannot overflow
    result = np.empty_like(scaled)
    for members in groups(card):
        part = np.exp(scaled[members] - scaled[members].max())
        result[members] = part / part.sum()
    return result


def decide(card: ModelCard, values: Probabilities) -> Prediction:
    """The answer that follows from calibrated probabilities of shape (classes,).

    ``confidence`` belongs to the most probable answer also where the label is unknown.
    """
    if card.mode is TaskMode.MULTI:
        label, confidence = _decide_set(card, values)
    else:
        label, confidence = _decide_one_of_each(card, values)
    by_class = {name: float(value) for name, value in zip(card.classes, values, strict=True)}
    return Prediction(
        task=card.task, label=label, confidence=confidence, probabilities=by_class, model=card.model
    )


def groups(card: ModelCard) -> list[list[int]]:
    """Numbers of the classes that exclude one another: all of them, or one list for each counted name."""
    if card.mode is not TaskMode.COUNT:
        return [list(range(len(card.classes)))]
    by_name: dict[str, list[int]] = {}
    for number, name in enumerate(card.classes):
        by_name.setdefault(name.partition("=")[0], []).append(number)
    return list(by_name.values())


def _decide_one_of_each(card: ModelCard, values: Probabilities) -> tuple[str, float]:
    best = [members[int(np.argmax(values[members]))] for members in groups(card)]
    confidence = min(float(values[number]) for number in best)
    names = [card.classes[number] for number in best]
    sure = all(values[number] >= card.thresholds[card.classes[number]] for number in best)
    return ("|".join(names) if sure else UNKNOWN), confidence


def _decide_set(card: ModelCard, values: Probabilities) -> tuple[str, float]:
    limits = np.array([card.thresholds[name] for name in card.classes])
    present = values >= 0.5
    sureness = np.where(present, values, 1.0 - values)
    names = [name for name, there in zip(card.classes, present, strict=True) if there]
    label = "|".join(names) or NONE
    return (label if bool((sureness >= limits).all()) else UNKNOWN), float(sureness.min())
