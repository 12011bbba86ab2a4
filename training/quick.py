"""The quick way to a model: a linear head on the frozen starter network, in seconds, without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import LITE0, LiteWeights
from coop.classify.judge import is_coloured
from coop.classify.package import ModelPackage
from coop.domain.frame import Picture
from training.augment import RECIPES, Sometimes, varied
from training.head import PRECISION, PRECISION_KEY, AnyHead, Head, figure, fit_head, write_head_package
from training.labelled import LabelledSet, read_picture
from training.yardsticks import FrozenHead, counted

Floats = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

FOLDS = 5
PARTS = 4
"""One of so many parts of the groups is held out."""
RUNS = 12
"""A single day falls into so many runs of neighbouring pictures, so that every part has some of all."""
VIEWS = 8
MOST_LOOKS = 6_000
"""So many pictures and variations go through the network, some 40 s of one core; many pictures need fewer."""

_LARGE = 2 * LITE0.size  # no picture is varied larger than this; the network sees half of it


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """A head learned with one recipe ("" for none), judged on groups held out."""

    recipe: str
    head: Head

    @property
    def loss(self) -> float:
        return figure(self.head, "held_out_log_loss")

    @property
    def accuracy(self) -> float:
        return figure(self.head, "held_out_accuracy")


class Embeds(Protocol):
    """What makes features (n, d) of pictures."""

    def embed(self, images: Sequence[Picture]) -> Floats: ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Looked:
    """Heads, the best first, with the features (n, d) of the pictures, and which of them have colours."""

    trials: tuple[Trial, ...]
    features: Floats
    coloured: tuple[bool, ...]


def learn(
    pictures: LabelledSet,
    starter: Embeds,
    *,
    seed: int = 0,
    views: int = VIEWS,
    precision: float = PRECISION,
    progress: Progress | None = None,
) -> Looked:
    """Learn a head without and with each recipe of variations; the best on held-out groups comes first.

    Where all pictures are of one group, runs of neighbouring pictures are held out instead: less honest, and
    said so by `training.examine`. Raises HeadError where there is too little to learn from.
    """
    views = max(1, min(views, (MOST_LOOKS // len(pictures) - 1) // len(RECIPES)))
    plain, varied_views, coloured = _features(pictures, starter, seed, views, progress)
    labels = [example.label for example in pictures.examples]
    groups = as_groups([example.group for example in pictures.examples])
    trials = [Trial(recipe="", head=fit_head(plain, labels, groups, mode=pictures.mode, precision=precision))]
    for name, seen in varied_views.items():
        head = fit_head(plain, labels, groups, mode=pictures.mode, views=seen, precision=precision)
        trials.append(Trial(recipe=name, head=head))
    best_first = tuple(sorted(trials, key=lambda trial: trial.loss))
    return Looked(trials=best_first, features=plain, coloured=tuple(coloured))


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """What `coop train` found best: a head, on the frozen or on a tuned network, and how it came about.

    ``backbone``: other weights than Lite0's own. ``model``: the file, where it was made already.
    """

    head: AnyHead
    pictures: LabelledSet
    recipe: str
    backbone: LiteWeights | None = None
    size: int | None = None
    model: bytes | None = None
    manner: str = "efficientnet-lite0, frozen"
    precision: float = PRECISION
    plain: FrozenHead | None = None
    """The head on frozen features that all else is measured beside."""
    figures: Mapping[str, bytes] = field(default_factory=dict)
    """What was seen of a network while it was tuned: `training.report.learning`, PNG by name."""

    @property
    def accuracy(self) -> float:
        """The share right of the pictures held out."""
        return figure(self.head, "held_out_accuracy")

    def write(
        self,
        folder: Path,
        *,
        task: str,
        name: str,
        version: str,
        measured: Mapping[str, object] | None = None,
    ) -> ModelPackage:
        """Write it as a model package. Raises ModelPackageError where that is impossible.

        ``measured``: figures that are worth more than its own, such as a test part's.
        """
        mirrored = self.recipe == "crops"
        return write_head_package(
            folder,
            self.head,
            measured={PRECISION_KEY: self.precision, **(measured or {})},
            task=task,
            name=name,
            version=version,
            trained_on={
                "pictures": len(self.pictures),
                "groups": list(self.pictures.groups)[:50],
                "source": self.pictures.source.name,
                "answers": counted([example.label for example in self.pictures.examples]),
                "variations": self.recipe or "none",
                "backbone": self.manner,
            },
            not_good_for=(
                "days, light and cameras unlike those it was trained on",
                *(() if mirrored else ("a camera that was turned or moved",)),
            ),
            backbone=self.backbone,
            size=self.size,
            model=self.model,
        )


def _features(
    pictures: LabelledSet, starter: Embeds, seed: int, views: int, progress: Progress | None
) -> tuple[Floats, dict[str, Floats], list[bool]]:
    """The features (n, d) of the pictures, by recipe those (n, views, d) of their variations, and colours."""
    plain: list[Floats] = []
    coloured: list[bool] = []
    others: dict[str, list[Floats]] = {name: [] for name in RECIPES}
    for number, example in enumerate(pictures.examples):
        picture = at_most(read_picture(example.path))
        plain.append(starter.embed([picture])[0])
        coloured.append(is_coloured(picture))
        for name, recipe in RECIPES.items():
            others[name].append(starter.embed(_views(picture, recipe, views, (seed, number))))
        if progress is not None:
            progress(number + 1, len(pictures))
    return np.stack(plain), {name: np.stack(rows) for name, rows in others.items()}, coloured


def _views(picture: Picture, recipe: Sequence[Sometimes], count: int, seed: tuple[int, int]) -> list[Picture]:
    random = np.random.default_rng(seed)
    return [varied(picture, recipe, random) for _ in range(count)]


def at_most(picture: Picture, side: int = _LARGE) -> Picture:
    """The picture, no larger than the network can make use of."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def as_groups(groups: Sequence[str], runs: int = FOLDS) -> list[str]:
    """The groups; where there is only one, so many runs of neighbouring pictures in their place."""
    if len(set(groups)) > 1:
        return list(groups)
    return [f"part {runs * number // len(groups)}" for number in range(len(groups))]
