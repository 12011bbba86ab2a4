"""Which model package speaks for a task, and what its answers mean in the task's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.card import ModelCard, TaskMode
from coop.classify.decide import groups, probabilities
from coop.classify.network import Network
from coop.classify.package import ModelPackage
from coop.classify.preprocess import prepare
from coop.classify.starter import ensure_starter
from coop.domain.catalogue import Suggestion
from coop.domain.task import NONE, Task, TaskKind, counted, joined
from coop.errors import LabelError

Floats = npt.NDArray[np.float32]

LEAST_MATCHES = 2
"""The starter speaks for a task that shares so many class names with it: with one it could only say yes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Two values of a label with what a model gives them, the likelier one first."""

    value: str
    confidence: float
    runner_up: str
    runner_up_confidence: float

    def suggestion(self, picture: str, model: str) -> Suggestion:
        return Suggestion(
            picture=picture,
            value=self.value,
            confidence=self.confidence,
            margin=max(0.0, self.confidence - self.runner_up_confidence),
            runner_up=self.runner_up,
            model=model,
        )


class Eye:
    """A model package that looks at picture files: its answers and its embeddings, from one computation."""

    def __init__(self, package: ModelPackage) -> None:
        self.card = package.card
        self._network = Network(package.model)
        self._gives_embedding = "embedding" in self._network.outputs

    @property
    def gives_embedding(self) -> bool:
        return self._gives_embedding

    def look(self, file: Path) -> tuple[Floats, Floats | None] | None:
        """Logits (classes,) and embedding (d,) of a picture; None for a file that is no picture."""
        image = read_picture(file)
        if image is None:
            return None
        names = ("logits", "embedding") if self._gives_embedding else ("logits",)
        logits, *rest = self._network.run(prepare(image, self._network.size), *names)
        return logits, rest[0] if rest else None

    def embed(self, file: Path) -> Floats | None:
        seen = self.look(file)
        return None if seen is None else seen[1]


def read_picture(file: Path) -> npt.NDArray[np.uint8] | None:
    """A file as a BGR picture; None where it is missing or no picture."""
    try:
        data = np.frombuffer(file.read_bytes(), dtype=np.uint8)
    except OSError:
        return None
    if not data.size:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, dtype=np.uint8)


def load_speaker(task: Task, active: Path | None, models_dir: Path) -> Eye | None:
    """The model that speaks for a task: the active package, else the starter where it knows the classes."""
    if active is not None:
        eye = Eye(ModelPackage.load(active))
        if meanings(eye.card, task):
            return eye
    starter = Eye(ModelPackage.load(ensure_starter(models_dir)))
    # The starter's "other" and the like mean none, which is no match.
    matches = {code for code in meanings(starter.card, task).values() if code != NONE}
    return starter if task.kind is TaskKind.SINGLE and len(matches) >= LEAST_MATCHES else None


def meanings(card: ModelCard, task: Task) -> dict[str, str]:
    """What each class of a model is in a task, by code; classes that the task lacks are `NONE` to it.

    Empty where the model is of another kind than the task, or shares no class with it.
    """
    if card.mode.value != task.kind.value:
        return {}
    found = {}
    for name in card.classes:
        base = name.partition("=")[0]
        try:
            found[name] = NONE if base == NONE else task.named(base).code
        except LabelError:
            found[name] = NONE
    return found if any(code != NONE for code in found.values()) else {}


def answer(card: ModelCard, task: Task, meaning: Mapping[str, str], logits: Floats) -> Answer:
    """What a model says of one picture, in the task's words. ``logits``: (classes,)."""
    p = probabilities(card, logits)
    match card.mode:
        case TaskMode.SINGLE:
            return _one(card.classes, meaning, p)
        case TaskMode.MULTI:
            return _some(card.classes, meaning, p)
        case TaskMode.COUNT:
            return _number(card, meaning, p)


def best_two(values: Sequence[str], p: npt.NDArray[np.floating]) -> Answer:
    """The two likeliest of some values that exclude one another."""
    order = np.argsort(-p, kind="stable")
    first = int(order[0])
    if len(order) == 1:
        return Answer(values[first], float(p[first]), "", 0.0)
    second = int(order[1])
    return Answer(values[first], float(p[first]), values[second], float(p[second]))


def _one(classes: Sequence[str], meaning: Mapping[str, str], p: npt.NDArray[np.float64]) -> Answer:
    codes = list(dict.fromkeys(meaning[name] for name in classes))
    total = np.zeros(len(codes))
    for name, value in zip(classes, p, strict=True):
        total[codes.index(meaning[name])] += value
    return best_two(codes, total)


def _some(classes: Sequence[str], meaning: Mapping[str, str], p: npt.NDArray[np.float64]) -> Answer:
    """The likeliest set, and the set in which the least certain class is turned."""
    known = [(meaning[name], float(v)) for name, v in zip(classes, p, strict=True) if meaning[name] != NONE]
    there = {code for code, value in known if value >= 0.5}
    sure = {code: max(value, 1 - value) for code, value in known}
    doubtful = min(sure, key=lambda code: sure[code])
    likely = float(np.prod(list(sure.values())))
    other = likely / sure[doubtful] * (1 - sure[doubtful])
    return Answer(joined(there), likely, joined(there ^ {doubtful}), other)


def _number(card: ModelCard, meaning: Mapping[str, str], p: npt.NDArray[np.float64]) -> Answer:
    """The likeliest number of each thing, and the numbers with the least certain one changed."""
    numbers: dict[str, int] = {}
    turned: tuple[float, float, str, int] | None = None  # share of first, of second, code, second number
    likely = 1.0
    for members in groups(card):
        name = card.classes[members[0]]
        if meaning[name] == NONE:
            continue
        two = best_two([card.classes[m].partition("=")[2] for m in members], p[members])
        numbers[meaning[name]] = int(two.value)
        likely *= two.confidence
        if two.runner_up and (turned is None or two.confidence < turned[0]):
            turned = two.confidence, two.runner_up_confidence, meaning[name], int(two.runner_up)
    if turned is None:
        return Answer(counted(numbers), likely, "", 0.0)
    first, second, code, number = turned
    other = likely / first * second if first else 0.0
    return Answer(counted(numbers), likely, counted(numbers | {code: number}), other)
