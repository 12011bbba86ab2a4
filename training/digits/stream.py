"""Batches of digits as a network in training gets them: each once an epoch, bent a little if wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from training.answers import Answers
from training.digits.idx import CLASSES, SIDE, Bytes, Digits

Floats = npt.NDArray[np.float32]
Random = np.random.Generator

_BENDS = 1_024  # ready-made elastic fields, of which each picture gets one
_KNOTS = 5  # an elastic field has so many free points a side
_STAYS, _CHANGES = 0, 1  # what a random number begins with, so that no two uses share one


@dataclass(frozen=True, kw_only=True)
class Bending:
    """How far a picture is moved, at most: degrees, shares, pixels; ``elastic`` in pixels, as a deviation."""

    turn: float = 10.0
    zoom: float = 0.1
    shear: float = 0.1
    shift: float = 1.5
    elastic: float = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class DigitStream:
    """What `training.tune` learns from. ``bending``: how pictures are varied; None where they are not."""

    digits: Digits
    bending: Bending | None = None
    seed: int = 0

    @cached_property
    def answers(self) -> Answers:
        """The ten answers that there are; the targets of pictures come with their batch."""
        return Answers(mode=TaskMode.SINGLE, labels=tuple(str(digit) for digit in range(CLASSES)))

    @cached_property
    def learned(self) -> npt.NDArray[np.intp]:
        return np.arange(len(self.digits.labels))

    @cached_property
    def key(self) -> str:
        return f"{self.digits.key} {self.bending} {self.seed}"

    def batch(self, number: int, size: int) -> tuple[Floats, Floats]:
        """Pictures (size, 28, 28, 1), 0 to 1, and targets (size, 10). Everything follows from the number."""
        steps = max(1, len(self.learned) // size)
        epoch, step = divmod(number, steps)
        order = np.random.default_rng((_STAYS, self.seed, epoch)).permutation(self.learned)
        chosen = order[np.arange(step * size, (step + 1) * size) % len(order)]
        pictures = self.digits.pictures[chosen]
        if self.bending is not None:
            pictures = self._bent(pictures, np.random.default_rng((_CHANGES, self.seed, number)))
        return as_seen(pictures), np.eye(CLASSES, dtype=np.float32)[self.digits.labels[chosen]]

    def plain(self, numbers: npt.NDArray[np.intp]) -> Floats:
        """Pictures as they are, (n, 28, 28, 1), 0 to 1."""
        return as_seen(self.digits.pictures[numbers])

    def _bent(self, pictures: Bytes, random: Random) -> Bytes:
        assert self.bending is not None
        places = moved(self.bending, len(pictures), random)
        places += self._bends[random.integers(_BENDS, size=len(pictures))]
        bent = [
            cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
            for picture, x, y in zip(pictures, places[..., 0], places[..., 1], strict=True)
        ]
        return np.stack(bent).astype(np.uint8)

    @cached_property
    def _bends(self) -> Floats:
        """Smooth fields (n, 28, 28, 2) of how far each pixel is moved."""
        assert self.bending is not None
        knots = np.random.default_rng((_STAYS, self.seed)).normal(size=(_BENDS, _KNOTS, _KNOTS, 2))
        smooth = [
            cv2.resize(k.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for k in knots
        ]
        fields = np.stack(smooth)
        return np.asarray(fields * np.float32(self.bending.elastic / fields.std()), dtype=np.float32)


def as_seen(pictures: Bytes) -> Floats:
    """Pictures (n, 28, 28) as every network here gets them: (n, 28, 28, 1), 0 to 1."""
    return pictures[..., None].astype(np.float32) / np.float32(255)


def moved(bending: Bending, count: int, random: Random) -> Floats:
    """From where each pixel of a turned, zoomed, sheared and shifted picture is taken: (n, 28, 28, 2)."""
    angle = np.deg2rad(random.uniform(-bending.turn, bending.turn, count))
    zoom = 1 + random.uniform(-bending.zoom, bending.zoom, (2, count))
    shear = random.uniform(-bending.shear, bending.shear, count)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.array([[cos, -sin], [sin, cos]])
    slanted = np.array([[zoom[0], shear], [np.zeros(count), zoom[1]]])
    matrix = np.einsum("ijn,jkn->nik", turned, slanted).astype(np.float32)
    shift = random.uniform(-bending.shift, bending.shift, (count, 1, 1, 2)).astype(np.float32)
    middle = np.float32((SIDE - 1) / 2)
    y, x = np.indices((SIDE, SIDE), dtype=np.float32) - middle
    return np.asarray(np.einsum("hwj,nij->nhwi", np.stack([x, y], axis=-1), matrix) + middle + shift)
