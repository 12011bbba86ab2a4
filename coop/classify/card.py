"""The model card: what a model is, how its numbers are to be read, and what it is not good for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from coop.classify.preprocess import PADDING, PREPROCESSING_VERSION
from coop.domain.prediction import UNKNOWN

FORMAT_VERSION = 1
NONE = "none"
"""The empty set of a ``multi`` task."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_COUNT_CLASS = re.compile(r"[^=|]+=[0-9]+")
_STRICT = ConfigDict(extra="forbid", strict=True)


class TaskMode(StrEnum):
    """How the classes of a task go together."""

    SINGLE = "single"  # exactly one class
    MULTI = "multi"  # any set of classes, also none
    COUNT = "count"  # classes are `name=number`: one number for each name


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How pictures are prepared: ``size`` is the side of the square input in pixels."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    version: int = PREPROCESSING_VERSION
    size: int
    padding: str = PADDING


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Everything about a model but its weights; ``card.json`` in a model package.

    ``thresholds`` has the smallest probability at which each class is believed; below it the answer is
    unknown. In a ``multi`` task a class is there from its threshold on and absent below one minus it. Logits
    are divided by ``temperature``. A picture farther than ``familiar_within`` from every class of the gallery
    is like none of them. ``trained_on`` and ``measured`` are free mappings of plain values.
    ``files`` maps each other file of the package to its SHA-256.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    format: int = FORMAT_VERSION
    name: str
    version: str
    task: str
    mode: TaskMode = TaskMode.SINGLE
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    thresholds: Mapping[str, float]
    temperature: float = 1.0
    familiar_within: float | None = None
    trained_on: Mapping[str, object] = field(default_factory=dict)
    measured: Mapping[str, object] = field(default_factory=dict)
    not_good_for: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def model(self) -> str:
        """The package's name and version, as predictions carry it."""
        return f"{self.name} {self.version}"


def card_to_json(card: ModelCard) -> str:
    """The text of ``card.json``."""
    return json.dumps(asdict(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def card_from_json(text: str) -> ModelCard:
    """Reads a card strictly; ValueError says in one sentence what is wrong with it."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON ({error})") from error
    version = plain.get("format") if isinstance(plain, dict) else None
    if version != FORMAT_VERSION:
        raise ValueError(f"its format is {version!r}, but this program reads format {FORMAT_VERSION}")
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        raise ValueError("; ".join(_sentences(error))) from error


_READER = TypeAdapter(ModelCard)


def _sentences(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in problem["loc"])
        sentence = problem["msg"].removeprefix("Value error, ")  # what ModelCard itself refused
        yield f"{where}: {sentence}" if where else sentence


def _problems(card: ModelCard) -> Iterator[str]:
    yield from _naming_problems(card)
    yield from _class_problems(card)
    yield from _number_problems(card)
    needs = card.preprocessing
    if needs.version != PREPROCESSING_VERSION or needs.padding != PADDING:
        yield (
            f"its pictures need preprocessing version {needs.version} ({needs.padding}), "
            f"but this program has version {PREPROCESSING_VERSION} ({PADDING})"
        )


def _naming_problems(card: ModelCard) -> Iterator[str]:
    if card.format != FORMAT_VERSION:
        yield f"its format is {card.format}, but this program writes format {FORMAT_VERSION}"
    for key, value in (("name", card.name), ("version", card.version), ("task", card.task)):
        if not _NAME.fullmatch(value):
            yield f"{key} {value!r} must be made of letters, digits, '.', '_' and '-'"


def _class_problems(card: ModelCard) -> Iterator[str]:
    if len(card.classes) < (1 if card.mode is TaskMode.MULTI else 2):
        yield f"{len(card.classes)} classes are too few for a task in mode {card.mode}"
    if len(set(card.classes)) != len(card.classes):
        yield "a class is named twice"
    for name in card.classes:
        if not name or name != name.strip() or not name.isprintable() or "|" in name or name == UNKNOWN:
            yield f"a class may not be named {name!r}"
        elif card.mode is TaskMode.MULTI and name == NONE:
            yield f"{NONE!r} is the empty set of a multi task and may not be a class of it"
        elif card.mode is TaskMode.COUNT and not _COUNT_CLASS.fullmatch(name):
            yield f"class {name!r} of a count task must have the form name=number"


def _number_problems(card: ModelCard) -> Iterator[str]:
    if not (math.isfinite(card.temperature) and card.temperature > 0):
        yield f"temperature {card.temperature} must be a positive number"
    within = card.familiar_within
    if within is not None and not (math.isfinite(within) and within > 0):
        yield f"familiar_within {within} must be a positive number"
    if not 16 <= card.preprocessing.size <= 2048:
        yield f"input size {card.preprocessing.size} must be from 16 to 2048 pixels"
    if set(card.thresholds) != set(card.classes):
        yield "thresholds must name exactly the classes"
    lowest = 0.5 if card.mode is TaskMode.MULTI else 0.0
    try:
        json.dumps([dict(card.trained_on), dict(card.measured)], allow_nan=False)
    except (TypeError, ValueError) as error:
        yield f"trained_on and measured must hold plain finite values ({error})"
    for name, value in card.thresholds.items():
        if not lowest <= value <= 1.0:  # also catches NaN
            yield f"threshold {value} of {name!r} must be from {lowest} to 1"
