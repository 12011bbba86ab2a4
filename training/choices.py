"""What the user of `coop train` may choose."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from coop.classify.efficientnet_lite import LITE0
from coop.errors import CoopError
from training.beyond import Beyond
from training.head import PRECISION
from training.tracks import Run

MOST_TUNED_UNASKED = 600
"""More pictures than this take more than some minutes."""


class TrainExtraError(CoopError, RuntimeError):
    """What needs TensorFlow, without it."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(
            f"{what} needs TensorFlow, which is not installed. Install it with "
            f"pip install 'neurocoop[train]'{instead}"
        )


def has_train_extra() -> bool:
    """Whether TensorFlow is there."""
    return importlib.util.find_spec("tensorflow") is not None


def need_tensorflow(
    what: str = "Fine-tuning", instead: str = ", or leave --fine-tune out for a head on the frozen network"
) -> None:
    """Raises TrainExtraError where it is not installed. ``instead``: how the message goes on."""
    if not has_train_extra():
        raise TrainExtraError(what, instead)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user may choose. ``sheet``: a PNG of the variations, as the network gets them.

    ``fine_tune``: whether the network itself is tuned; None where the pictures and the machine decide: not of
    more than ``most_tuned``.
    ``cells``: whether a head over cells is tried; None where the pictures decide. ``backbone``: an
    EfficientNet-Lite, or to be tuned any of `keras.applications`. ``live``: a page that shows the tuning
    while it lasts; ``film``: an MP4 of that; ``tensorboard``: a folder for logs. ``precision``: the share of
    its sure answers that the model is to have right; what is less sure it calls *unknown*. ``beyond`` one
    fit: searches, folds, ensembles, pseudo-labels, other losses. ``unnamed``: tracks of hens that nobody
    named, which teach what hens differ in.
    """

    seed: int = 0
    sheet: Path | None = None
    fine_tune: bool | None = None
    epochs: int | None = None
    most_tuned: int = MOST_TUNED_UNASKED
    cells: bool | None = None
    backbone: str = LITE0.name
    live: bool = False
    film: Path | None = None
    tensorboard: Path | None = None
    precision: float = PRECISION
    beyond: Beyond = field(default_factory=Beyond)
    unnamed: tuple[Run, ...] = ()

    @property
    def watched(self) -> bool:
        """Whether somebody wants to look on while a network is tuned."""
        return self.live or self.film is not None or self.tensorboard is not None


@dataclass(frozen=True)
class Place:
    """Where a training works: ``running`` keeps a stopped run, ``report`` is the folder of its report.

    ``task`` is what it is for; ``reviewed``: its labels are in the record.
    """

    running: Path
    report: Path
    task: str
    reviewed: bool = False
