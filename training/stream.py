"""Labelled pictures as a network in training gets them: small, varied, every answer as often as any other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.preprocess import prepare
from training.answers import Answers
from training.augment import RECIPES, Floats, Sometimes, Variation, other_light, strengthened
from training.backdrop import Backdrop, Exposure, exposure, joined
from training.labelled import Example, read_picture

Random = np.random.Generator
Doubles = npt.NDArray[np.float64]
Set = tuple[float, ...]
"""Which outputs are there, as a row of the targets has it."""
Raw = tuple[Floats, Doubles, tuple[int, ...]]
"""A picture before it is varied, its target, and the numbers of the pictures it is made of."""

_IN_MEMORY = 1 << 30  # bytes of pictures that are kept, rather than read again for each batch
_CLEAR = 0.25  # likeness to the backdrop, from which on what differs is what stands before it
_TRIES = 3


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A varied picture (side, side, 3), RGB, 0 to 255, its target, and the numbers of those it is made of."""

    picture: Floats
    target: Doubles
    sources: tuple[int, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Stream:
    """Batches of varied pictures. ``learned``: the numbers of those that are learned from.

    ``join`` is the share into which something of another picture is put. That is done in multi tasks of a
    fixed camera only, where an answer is a set, so that two may be joined. ``strength`` is that of the
    variations. ``balanced``: every answer comes as often as any other; else as often as it was labelled.
    """

    examples: Sequence[Example]
    answers: Answers
    learned: npt.NDArray[np.intp]
    side: int
    recipe: str
    seed: int = 0
    join: float = 0.5
    strength: float = 1.0
    balanced: bool = True

    def batch(self, number: int, size: int) -> tuple[Floats, Floats]:
        """Pictures (size, side, side, 3), RGB, 0 to 255, and targets (size, outputs)."""
        random = np.random.default_rng((self.seed, number))
        drawn = [self.draw(random) for _ in range(size)]
        pictures, targets = np.stack([d.picture for d in drawn]), np.stack([d.target for d in drawn])
        return pictures, targets.astype(np.float32)

    def plain(self, numbers: npt.NDArray[np.intp]) -> Floats:
        """Pictures as they are, (n, side, side, 3), RGB, 0 to 255."""
        return np.stack([prepare(self._small(int(k)), self.side) for k in numbers]).astype(np.float32)

    @property
    def key(self) -> str:
        """What is learned from and how it is varied, so that no run goes on with another's."""
        learned = [int(k) for k in self.learned]
        how: list[object] = [self.recipe, self.join, self.seed]
        if (self.strength, self.balanced) != (1.0, True):
            how += [self.strength, self.balanced]
        return json.dumps([[(e.path.name, e.label) for e in self.examples], learned, how])

    @cached_property
    def donors(self) -> tuple[int, ...]:
        """Pictures out of which something can be cut; none unless the camera is fixed."""
        if self.answers.mode is not TaskMode.MULTI or not self.join or not self.fixed:
            return ()
        clear = (k for numbers in self._clear.values() for k in numbers)
        return tuple(k for k in clear if self.answers.targets[k].any())

    @property
    def fixed(self) -> bool:
        """Whether the pictures learned from are of one size, and show one place by one fixed camera."""
        return self._alike and self._backdrop.fixed

    def draw(self, random: Random) -> Drawn:
        """One picture, as it might have been."""
        values, target, sources = self._joined(random) if self.donors else self._single(random)
        return Drawn(self._as_seen(_varied(values, self._steps, random)), target, sources)

    def changed(self, number: int, change: Variation, random: Random) -> npt.NDArray[np.uint8]:
        """One picture after ``change``, as it might have been: (side, side, 3), RGB."""
        values = _varied(change(self._values(number), random), self._steps, random)
        return self._as_seen(values).astype(np.uint8)

    def relit(self, number: int, random: Random) -> Floats:
        """A picture in light of another kind than any that `draw` makes: to judge by, never to learn from."""
        return self._as_seen(other_light(self._values(number), random))

    @cached_property
    def _steps(self) -> tuple[Sometimes, ...]:
        return strengthened(RECIPES[self.recipe], self.strength)

    @cached_property
    def _weights(self) -> Doubles:
        return self.answers.weights if self.balanced else np.full(len(self.examples), 1.0)

    def _single(self, random: Random) -> Raw:
        weights = self._weights[self.learned]
        k = int(random.choice(self.learned, p=weights / weights.sum()))
        return self._values(k), self.answers.targets[k], (k,)

    def _joined(self, random: Random) -> Raw:
        """Every set as often as any other, those that only joining makes too.

        A piece of an empty picture is put in as well, in the shape of a hen: else the seams would say that
        something is there.
        """
        wanted = tuple(self._recipes)[random.integers(len(self._recipes))]
        if wanted in self._by_set and random.random() >= self.join:
            return self._any_of(wanted, random)
        for _ in range(_TRIES if self._recipes[wanted] else 0):
            here, there = self._recipes[wanted][random.integers(len(self._recipes[wanted]))]
            base = int(random.choice(self._clear[here]))
            piece = int(random.choice(self._donors_by_set[there] if any(there) else self._clear[there]))
            shape = piece if any(there) else int(random.choice(self.donors))
            values = self._values(base)
            piece_here = self._exposure(base).undone(self._exposure(piece).of(self._values(piece)))
            new = joined(values, piece_here, (self._mask(base), self._mask(shape)), random)
            if new is not None:
                return new, np.array(wanted), (base, piece, shape)
        return self._any_of(wanted, random) if wanted in self._by_set else self._single(random)

    def _any_of(self, wanted: Set, random: Random) -> Raw:
        k = int(random.choice(self._by_set[wanted]))
        return self._values(k), np.array(wanted), (k,)

    @cached_property
    def _by_set(self) -> dict[Set, list[int]]:
        return _by_set(self.answers.targets, map(int, self.learned))

    @cached_property
    def _clear(self) -> dict[Set, list[int]]:
        """The pictures that show the place: no eye before the lens, no darkness."""
        clear = (k for k in map(int, self.learned) if self._backdrop.likeness(self._values(k)) >= _CLEAR)
        return _by_set(self.answers.targets, clear)

    @cached_property
    def _donors_by_set(self) -> dict[Set, list[int]]:
        return _by_set(self.answers.targets, self.donors)

    @cached_property
    def _recipes(self) -> dict[Set, list[tuple[Set, Set]]]:
        """For each set the pairs of sets, of a picture and of what is put into it, that make it."""
        pieces = [*self._donors_by_set, *(kind for kind in self._clear if not any(kind))]
        recipes: dict[Set, list[tuple[Set, Set]]] = {kind: [] for kind in self._by_set}
        for here in self._clear:
            for there in pieces:
                both = tuple(max(pair) for pair in zip(here, there, strict=True))
                recipes.setdefault(both, []).append((here, there))
        return recipes

    def _as_seen(self, values: Floats) -> Floats:
        picture = np.asarray(np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8))
        return np.asarray(prepare(picture, self.side), dtype=np.float32)

    @cached_property
    def _backdrop(self) -> Backdrop:
        return Backdrop(np.stack([self._values(int(k)) for k in self.learned]))

    @cached_property
    def _alike(self) -> bool:
        """Whether all pictures are of one size, and few enough to be kept."""
        return self._keeps and len({self._small(int(k)).shape for k in self.learned}) == 1

    @cached_property
    def _exposures(self) -> dict[int, Exposure]:
        return {}

    def _exposure(self, k: int) -> Exposure:
        """From a picture to the empty place."""
        if k not in self._exposures:
            self._exposures[k] = exposure(self._values(k), self._backdrop.empty)
        return self._exposures[k]

    @cached_property
    def _masks(self) -> dict[int, Floats]:
        return {}

    def _mask(self, k: int) -> Floats:
        if k not in self._masks:
            self._masks[k] = self._backdrop.mask(self._values(k))
        return self._masks[k]

    @property
    def _keeps(self) -> bool:
        return len(self.examples) * self.side**2 * 3 <= _IN_MEMORY

    @cached_property
    def _kept(self) -> dict[int, npt.NDArray[np.uint8]]:
        return {}

    def _values(self, k: int) -> Floats:
        return self._small(k).astype(np.float32) / np.float32(255)

    def _small(self, k: int) -> npt.NDArray[np.uint8]:
        if k in self._kept:
            return self._kept[k]
        picture = read_picture(self.examples[k].path)
        height, width = picture.shape[:2]
        scale = self.side / max(height, width)
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if self._keeps:
            self._kept[k] = picture
        return picture


def _by_set(targets: Doubles, numbers: Iterable[int]) -> dict[Set, list[int]]:
    result: dict[Set, list[int]] = {}
    for k in numbers:
        result.setdefault(tuple(targets[k].tolist()), []).append(k)
    return result


def _varied(values: Floats, recipe: Sequence[Sometimes], random: Random) -> Floats:
    for step in recipe:
        if random.random() < step.share:
            values = step.variation(values, random)
    return values
