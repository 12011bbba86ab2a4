"""Which part each component of a dataset goes to: shares as wished, every class in every part if possible.

With few components every split there is is tried; with many they are dealt out one by one, the largest
first, and then moved about as long as that helps. The same components and seed always give the same split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from coop.domain.dataset import Part

_TRIED = 60_000
"""So many splits are compared before it is done by dealing out."""

_MOVED = 400
"""With more components than this, moving about no longer matters."""

_MISSING = 10.0
"""What a class costs that is missing from a part where it could be; being off by all pictures costs 1."""

_EMPTY = 1000.0
"""What an empty part costs: the later in `_ORDER`, the less."""

_ORDER = (Part.TRAIN, Part.TEST, Part.VAL)
"""With too few components for three parts these come first: an honest score is what is needed most."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lump:
    """A component as the split sees it: how many pictures of each class, and the part it must have."""

    name: str
    pictures: int
    classes: Mapping[str, int]
    fixed: Part | None = None


def split(lumps: Sequence[Lump], shares: Mapping[Part, float], seed: int) -> dict[str, Part]:
    """The part of each lump, by name."""
    parts = [part for part in _ORDER if shares.get(part, 0) > 0]
    lumps = sorted(lumps, key=lambda lump: _shuffled(lump.name, seed))
    problem = _Problem(lumps, parts, shares)
    free = [n for n, lump in enumerate(lumps) if lump.fixed is None]
    chosen = np.array([parts.index(lump.fixed) if lump.fixed in parts else 0 for lump in lumps], np.intp)
    if len(parts) ** len(free) <= _TRIED:
        chosen[free] = problem.best(chosen, free)
    else:
        problem.deal_out(chosen, free)
        if len(free) <= _MOVED:
            problem.move_about(chosen, free)
    return {lump.name: lump.fixed or parts[at] for lump, at in zip(lumps, chosen, strict=True)}


class _Problem:
    """Counts of lumps by class, and what a split of them costs."""

    def __init__(self, lumps: Sequence[Lump], parts: Sequence[Part], shares: Mapping[Part, float]) -> None:
        self.names = sorted({name for lump in lumps for name in lump.classes})
        at = {name: n for n, name in enumerate(self.names)}
        self.counts: Counts = np.zeros((len(lumps), len(self.names) + 1))
        for n, lump in enumerate(lumps):
            for name, count in lump.classes.items():
                self.counts[n, at[name]] = count
            self.counts[n, -1] = lump.pictures  # the last column is that of all pictures
        total = self.counts.sum(axis=0)
        self.wanted: Counts = np.outer([shares[part] for part in parts], total)
        self.weights: Counts = 1 / np.maximum(total, 1) ** 2
        self.weights[-1] *= max(1, len(self.names))  # all pictures together weigh as much as all classes
        # A class in two components can be in two parts: in those that come first.
        spread = (self.counts > 0).sum(axis=0)
        self.possible = spread[None, :] > np.arange(len(parts))[:, None]
        self.penalty: Counts = np.full((len(parts), len(self.names) + 1), _MISSING / max(1, len(self.names)))
        self.penalty[0] *= 4  # what training never sees it cannot learn
        self.penalty[:, -1] = _EMPTY * 4.0 ** -np.arange(len(parts))
        self.parts = len(parts)

    def cost(self, have: Counts) -> npt.NDArray[np.float64]:
        """Of counts by part and class, shape (..., parts, classes + 1)."""
        off = ((have - self.wanted) ** 2 * self.weights).sum(axis=(-2, -1))
        missing = ((have == 0) & self.possible) * self.penalty
        total: npt.NDArray[np.float64] = off + missing.sum(axis=(-2, -1))
        return total

    def have(self, chosen: npt.NDArray[np.intp]) -> Counts:
        have = np.zeros_like(self.wanted)
        np.add.at(have, chosen, self.counts)
        return have

    def best(self, chosen: npt.NDArray[np.intp], free: Sequence[int]) -> list[int]:
        """The cheapest of all splits of the free lumps."""
        if not free:
            return []
        fixed = np.ones(len(chosen), bool)
        fixed[list(free)] = False
        base = np.zeros_like(self.wanted)
        np.add.at(base, chosen[fixed], self.counts[fixed])
        options = np.array(list(product(range(self.parts), repeat=len(free))), np.intp)
        costs = np.empty(len(options))
        for start in range(0, len(options), 1000):
            some = options[start : start + 1000]
            picked = some[:, :, None] == np.arange(self.parts)  # option, lump, part
            have = base + np.einsum("olp,lc->opc", picked.astype(float), self.counts[list(free)])
            costs[start : start + len(some)] = self.cost(have)
        return [int(part) for part in options[int(np.argmin(costs.round(12)))]]

    def deal_out(self, chosen: npt.NDArray[np.intp], free: Sequence[int]) -> None:
        """Give each lump, the largest first, to the part that lacks most of what it holds."""
        given = sorted(set(range(len(chosen))) - set(free))
        lacks = self.wanted.copy()
        np.subtract.at(lacks, chosen[given], self.counts[given])
        lacking, weights = lacks.tolist(), self.weights.tolist()
        sizes = self.counts[:, -1]
        for n in sorted(free, key=lambda n: -sizes[n]):
            held = [(c, float(self.counts[n, c])) for c in np.flatnonzero(self.counts[n])]
            worth = [
                sum(weights[c] * count * (2 * lacking[part][c] - count) for c, count in held)
                for part in range(self.parts)
            ]
            best = max(range(self.parts), key=worth.__getitem__)
            chosen[n] = best
            for c, count in held:
                lacking[best][c] -= count

    def move_about(self, chosen: npt.NDArray[np.intp], free: Sequence[int]) -> None:
        """Move single lumps, then swap two, as long as that makes the split cheaper."""
        have = self.have(chosen)
        now = float(self.cost(have))
        better = True
        while better:
            better = False
            for n in free:
                tried = np.repeat(have[None], self.parts, axis=0)
                tried[:, chosen[n]] -= self.counts[n]
                tried[np.arange(self.parts), np.arange(self.parts)] += self.counts[n]
                costs = self.cost(tried)
                best = int(np.argmin(costs.round(12)))
                if costs[best] < now - 1e-9:
                    have, now, chosen[n], better = tried[best], float(costs[best]), best, True
            better = better or self._swap(chosen, free, have, now)
            have = self.have(chosen)
            now = float(self.cost(have))

    def _swap(self, chosen: npt.NDArray[np.intp], free: Sequence[int], have: Counts, now: float) -> bool:
        for i, n in enumerate(free):
            others = [m for m in free[i + 1 :] if chosen[m] != chosen[n]]
            if not others:
                continue
            change = self.counts[others] - self.counts[n]
            tried = np.repeat(have[None], len(others), axis=0)
            tried[:, chosen[n]] += change
            tried[np.arange(len(others)), chosen[others]] -= change
            costs = self.cost(tried)
            best = int(np.argmin(costs.round(12)))
            if costs[best] < now - 1e-9:
                m = others[best]
                chosen[n], chosen[m] = chosen[m], chosen[n]
                return True
        return False


def _shuffled(name: str, seed: int) -> str:
    """An order that depends on nothing but names and the seed."""
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()
