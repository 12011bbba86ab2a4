"""Labelled pictures as a network in training gets them: small, varied, every answer as often as any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.preprocess import prepare
from training.answers import Answers
from training.augment import RECIPES, Floats, Sometimes
from training.backdrop import Backdrop, joined
from training.labelled import Example, read_picture

Random = np.random.Generator

_IN_MEMORY = 1 << 30  # bytes of pictures that are kept, rather than read again for each batch
_CLEAR = 0.25  # likeness to the backdrop, from which on what differs is what stands before it
_TRIES = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Stream:
    """Batches of varied pictures. ``learned``: the numbers of those that are learned from.

    ``join`` is the share into which something of another picture is put. That is done in multi tasks of a
    fixed camera only, where an answer is a set, so that two may be joined.
    """

    examples: Sequence[Example]
    answers: Answers
    learned: npt.NDArray[np.intp]
    side: int
    recipe: str
    seed: int = 0
    join: float = 0.5

    def batch(self, number: int, size: int) -> tuple[Floats, Floats]:
        """Pictures (size, side, side, 3), RGB, 0 to 255, and targets (size, outputs)."""
        random = np.random.default_rng((self.seed, number))
        weights = self.answers.weights[self.learned]
        chosen = random.choice(self.learned, size, p=weights / weights.sum())
        pictures, targets = zip(*(self._one(int(k), random) for k in chosen), strict=True)
        return np.stack(pictures), np.stack(targets).astype(np.float32)

    def plain(self, numbers: npt.NDArray[np.intp]) -> Floats:
        """Pictures as they are, (n, side, side, 3), RGB, 0 to 255."""
        return np.stack([prepare(self._small(int(k)), self.side) for k in numbers]).astype(np.float32)

    @cached_property
    def donors(self) -> tuple[int, ...]:
        """Pictures out of which something can be cut; none unless the camera is fixed."""
        if self.answers.mode is not TaskMode.MULTI or not self.join or not self._alike:
            return ()
        if not self._backdrop.fixed:
            return ()
        return tuple(
            k
            for k in map(int, self.learned)
            if self.answers.targets[k].any() and self._backdrop.likeness(self._values(k)) >= _CLEAR
        )

    def _one(self, k: int, random: Random) -> tuple[Floats, npt.NDArray[np.float64]]:
        values, target = self._values(k), self.answers.targets[k]
        if self.donors and random.random() < self.join:
            for _ in range(_TRIES):
                other = int(random.choice(self.donors, p=self._shares))
                new = joined(values, self._values(other), (self._mask(k), self._mask(other)), random)
                if new is not None:
                    values, target = new, np.maximum(target, self.answers.targets[other])
                    break
        return self._as_seen(_varied(values, RECIPES[self.recipe], random)), target

    def _as_seen(self, values: Floats) -> Floats:
        picture = np.asarray(np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8))
        return np.asarray(prepare(picture, self.side), dtype=np.float32)

    @cached_property
    def _shares(self) -> npt.NDArray[np.float64]:
        weights = self.answers.weights[list(self.donors)]
        return np.asarray(weights / weights.sum())

    @cached_property
    def _backdrop(self) -> Backdrop:
        return Backdrop(np.stack([self._values(int(k)) for k in self.learned]))

    @cached_property
    def _alike(self) -> bool:
        """Whether all pictures are of one size, and few enough to be kept."""
        return self._keeps and len({self._small(int(k)).shape for k in self.learned}) == 1

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


def _varied(values: Floats, recipe: Sequence[Sometimes], random: Random) -> Floats:
    for step in recipe:
        if random.random() < step.share:
            values = step.variation(values, random)
    return values
