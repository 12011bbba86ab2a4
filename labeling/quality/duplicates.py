"""Pictures that look the same and are labelled differently: one of the two labels is likely wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coop.domain.survey import Surveyed
from coop.domain.task import SKIP, UNSURE, Task
from labeling.facts import NEAR

LEAST_CONTRAST = 8.0
"""The hash of a picture with less says nothing: night, fog, a lens covered."""

_BANDS = 8
"""Of eight bytes at least one is equal where at most seven bits differ: only such pictures are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlikePair:
    """Two pictures that look the same, with the labels they have."""

    first: str
    second: str
    first_label: str
    second_label: str
    bits: int


def unlike_duplicates(pictures: Sequence[Surveyed], task: Task, near: int = NEAR) -> tuple[UnlikePair, ...]:
    """Pairs of near-duplicates with different labels, the most alike first. ``near``: at most 7 bits."""
    if not 0 <= near < _BANDS:
        raise ValueError(f"Near-duplicates differ in 0 to {_BANDS - 1} bits. Received: near={near}")
    labelled = [
        line
        for line in pictures
        if line.value not in (None, SKIP, UNSURE) and line.contrast >= LEAST_CONTRAST
    ]
    values = [task.today(line.value or "") for line in labelled]
    names = {value: number for number, value in enumerate(dict.fromkeys(values))}
    label = np.array([names[value] for value in values], dtype=np.intp)
    phash = np.array([line.phash for line in labelled], dtype=np.uint64)
    pairs = {(int(a), int(b)) for a, b in _unlike(phash, label, near)}
    found = [
        UnlikePair(
            first=labelled[a].picture,
            second=labelled[b].picture,
            first_label=values[a],
            second_label=values[b],
            bits=int(phash[a] ^ phash[b]).bit_count(),
        )
        for a, b in pairs
    ]
    return tuple(sorted(found, key=lambda pair: (pair.bits, pair.first, pair.second)))


def _unlike(
    phash: npt.NDArray[np.uint64], label: npt.NDArray[np.intp], near: int
) -> Iterator[tuple[np.intp, np.intp]]:
    for band in range(_BANDS):
        byte = (phash >> np.uint64(8 * band)) & np.uint64(0xFF)
        order = np.argsort(byte, kind="stable")
        ends = np.flatnonzero(np.diff(byte[order], append=np.uint64(256)))
        for bucket in np.split(order, ends + 1)[:-1]:
            yield from _unlike_in(bucket, phash, label, near)


def _unlike_in(
    bucket: npt.NDArray[np.intp], phash: npt.NDArray[np.uint64], label: npt.NDArray[np.intp], near: int
) -> Iterator[tuple[np.intp, np.intp]]:
    """Row by row, since a bucket of some thousand dark pictures squared would not fit into memory."""
    if len(np.unique(label[bucket])) < 2:
        return
    bits, of = phash[bucket], label[bucket]
    for n in range(len(bucket) - 1):
        rest = slice(n + 1, None)
        alike = (np.bitwise_count(bits[rest] ^ bits[n]) <= near) & (of[rest] != of[n])
        for other in bucket[rest][alike]:
            yield min(bucket[n], other), max(bucket[n], other)
