"""What a zone picture of a nest box shows, by a model of the task `nest`.

Such a model counts (``eggs=2``, ``hens=1``), or names one thing or several: ``empty`` (or none), ``hen``,
``eggs`` and, where it can, how many: ``eggs=2``, ``eggs 2``, ``2 eggs``. Any other class (a hand, a
close-up) is in the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from coop.classify.card import NONE, ModelCard, TaskMode
from coop.classify.judge import Predicts, is_coloured
from coop.domain.frame import Picture
from coop.domain.nest import INFRARED, NestReading, NestState
from coop.domain.prediction import UNKNOWN, Prediction

NEST = "nest"
DARK_BELOW = 40
"""A picture of which not even a twentieth is brighter (0 to 255) is dark."""
PERHAPS_A_HEN = 0.1
"""From this probability of a hen on, a nest is not surely bare."""
_EMPTY = frozenset({"empty", "no eggs", "bare", NONE})
_HENS = frozenset({"hen", "hens", "chicken", "chickens"})
_EGGS = re.compile(r"(?:(?P<before>\d+)[ _-]?)?eggs?(?:[ _=-]?(?P<after>\d+))?")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class NestView:
    """A picture of a nest. ``covered``: something that moves is before it. ``key``: of the kept picture."""

    nest: str
    image: Picture
    covered: bool = False
    key: str | None = None


class NestReader:
    """Reads the nests of one camera. Without a model for `nest` it reads nothing."""

    def __init__(self, camera: str, models: Mapping[str, Predicts]) -> None:
        self._camera = camera
        self._models = models

    def use(self, models: Mapping[str, Predicts]) -> None:
        """Go on with other models; may be called from another thread."""
        self._models = models

    @property
    def ready(self) -> bool:
        """Whether there is a model that reads."""
        return NEST in self._models

    def read(self, views: Sequence[NestView], time: datetime) -> tuple[NestReading, ...]:
        """One reading for each view, none without a model."""
        model = self._models.get(NEST)
        return () if model is None else tuple(self._one(view, time, model) for view in views)

    def _one(self, view: NestView, time: datetime, model: Predicts) -> NestReading:
        if is_dark(view.image):
            return self._reading(view, time, model, Said(NestState.UNSEEN, 1.0, reason="dark"))
        said = interpret(model.card, model.predict([view.image])[0])
        if view.covered and said.state is not NestState.HEN:
            said = Said(NestState.UNSEEN, 1.0, reason="covered")
        return self._reading(view, time, model, said)

    def _reading(self, view: NestView, time: datetime, model: Predicts, said: Said) -> NestReading:
        return NestReading(
            camera=self._camera,
            nest=view.nest,
            time=time,
            state=said.state,
            eggs=int(np.argmax(said.chances)) if said.chances else None,
            confidence=said.confidence,
            chances=said.chances,
            reason=said.reason or (INFRARED if said.chances and not is_coloured(view.image) else ""),
            model=model.card.model,
            picture=view.key,
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of a nest: as in a `NestReading`."""

    state: NestState
    confidence: float
    chances: tuple[float, ...] = ()
    reason: str = ""


def is_dark(image: Picture) -> bool:
    """Whether there is too little light to see an egg by."""
    return bool(np.percentile(image[::4, ::4], 95) < DARK_BELOW)


def interpret(card: ModelCard, prediction: Prediction) -> Said:
    """A prediction of the task `nest` in terms of hens and eggs."""
    hen, covered, by_number, some = _sorted_out(card, prediction)
    if covered > max(hen, 0.5):
        return Said(NestState.UNSEEN, covered, reason="covered")
    if hen >= 0.5:
        return Said(NestState.HEN, hen)
    if hen > PERHAPS_A_HEN or covered > PERHAPS_A_HEN:
        return Said(NestState.UNSEEN, 1.0 - max(hen, covered), reason="unsure")
    if not by_number or (some and some > by_number.get(0, 0.0)):  # eggs, but nobody knows how many
        state = NestState.EGGS if some >= 0.5 else NestState.UNSEEN
        return Said(state, max(some, 1.0 - some), reason="" if state is NestState.EGGS else "unsure")
    total = sum(by_number.values())
    if total <= 0.0:
        return Said(NestState.UNSEEN, 0.0, reason="unsure")
    chances = tuple(round(by_number.get(n, 0.0) / total, 4) for n in range(max(by_number) + 1))
    best = int(np.argmax(chances))
    unsure = "unsure" if prediction.label == UNKNOWN and chances[best] < 0.5 else ""
    return Said(NestState.EGGS if best else NestState.EMPTY, chances[best], chances, unsure)


def _sorted_out(card: ModelCard, prediction: Prediction) -> tuple[float, float, dict[int, float], float]:
    """The probability of a hen, of anything in the way, of each number of eggs, and of eggs uncounted."""
    hen = covered = some = 0.0
    by_number: dict[int, float] = {}
    for cls, p in prediction.probabilities.items():
        name, _, number = cls.lower().partition("=") if card.mode is TaskMode.COUNT else (cls.lower(), "", "")
        if name in _HENS:
            hen += p if number != "0" else 0.0
        elif name in _EMPTY:
            by_number[0] = by_number.get(0, 0.0) + p
        elif found := _EGGS.fullmatch(cls.lower()):
            count = found["after"] or found["before"]
            if count is None:
                some += p
            else:
                by_number[int(count)] = by_number.get(int(count), 0.0) + p
        elif number != "0":
            covered += p
    if card.mode is TaskMode.MULTI and 0 not in by_number:
        by_number[0] = 1.0 - max([some, *by_number.values()], default=0.0)
    return hen, covered, by_number, some
