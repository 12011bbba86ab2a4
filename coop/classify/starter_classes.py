"""The starter model's classes: which ImageNet classes each is made of (``starter_classes.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import IMAGENET_CLASSES


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterClass:
    """A coop class as a group of ImageNet classes.

    ``members`` are their numbers; ``names`` has those that the table spells out. The summed probability is
    multiplied by ``weight``: ``emphasis`` times size to the power of minus ``correction``. ``threshold`` is
    the probability from which a vote over a track is believed.
    """

    name: str
    members: tuple[int, ...]
    names: Mapping[int, str]
    correction: float
    threshold: float
    emphasis: float = 1.0

    @property
    def weight(self) -> float:
        return float(self.emphasis * len(self.members) ** -self.correction)


def starter_table() -> bytes:
    """The table as it stands in its file."""
    return resources.files("coop.classify").joinpath("starter_classes.toml").read_bytes()


def read_starter_classes() -> tuple[StarterClass, ...]:
    """The table in its own order, the rest last: every ImageNet class belongs to exactly one group."""
    table = tomllib.loads(starter_table().decode())
    groups = [_group(name, entry) for name, entry in table["class"].items()]
    taken = [number for group in groups for number in group.members]
    left = tuple(sorted(set(range(IMAGENET_CLASSES)) - set(taken)))
    if len(taken) + len(left) != IMAGENET_CLASSES:
        raise ValueError("starter_classes.toml: an ImageNet class is named twice or does not exist")
    rest = table["rest"]
    return (*groups, _starter_class(rest["name"], left, {}, rest))


def group_matrix(classes: tuple[StarterClass, ...]) -> npt.NDArray[np.float32]:
    """Shape (classes, 1000): times ImageNet probabilities it gives the groups' weighted sums."""
    matrix = np.zeros((len(classes), IMAGENET_CLASSES), dtype=np.float32)
    for row, group in zip(matrix, classes, strict=True):
        row[list(group.members)] = group.weight
    return matrix


def _group(name: str, entry: Mapping[str, Any]) -> StarterClass:
    names: dict[int, str] = dict(entry.get("members", ()))
    members = [*names]
    for first, first_name, last, last_name in entry.get("ranges", ()):
        names |= {first: first_name, last: last_name}
        members += range(first, last + 1)
    return _starter_class(name, tuple(members), names, entry)


def _starter_class(
    name: str, members: tuple[int, ...], names: Mapping[int, str], entry: Mapping[str, Any]
) -> StarterClass:
    return StarterClass(
        name=name,
        members=members,
        names=names,
        correction=float(entry["correction"]),
        threshold=float(entry["threshold"]),
        emphasis=float(entry.get("emphasis", 1.0)),
    )
