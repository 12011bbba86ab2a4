"""The first baseline of every training run: a linear head on cached features, learned in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.domain.frame import Picture
from training.answers import Answers
from training.density import SIDE
from training.depths import DepthEye, DepthHead
from training.gallery import IDENTITY_TASK, Flock, TooFewKnownError, get_familiar
from training.head import PRECISION, PRECISION_KEY, AnyHead, figure, fit_head, write_head_package
from training.yardsticks import counted


def teach_head(
    folder: Path,
    task: str,
    features: npt.NDArray[np.float32],
    labels: list[str],
    groups: list[str],
    coloured: list[bool] | None = None,
) -> str:
    """Learn a task from starter features (n, d), write its model package, and say how good it is.

    ``groups`` are days or visits, never split between learning and judging. Labels such as ``eggs=2`` make it
    a task of counts. ``coloured``: which pictures have colours to know a hen by. Raises `HeadError`.
    """
    mode = TaskMode.COUNT if all("=" in label for label in labels) else TaskMode.SINGLE
    head = fit_head(features, labels, groups, mode=mode)
    if task == IDENTITY_TASK:
        with suppress(TooFewKnownError):
            head = replace(
                head, familiar=get_familiar(Flock.of(features, labels, groups, coloured).checked(labels))
            )
    return _written(folder, head, task, labels, groups)


def teach_numbers(
    folder: Path, task: str, pictures: Sequence[Picture], labels: list[str], groups: list[str]
) -> str:
    """The same for a task of counts, from pictures: from features of three depths."""
    head = fit_head(DepthEye().embed(pictures), labels, groups, mode=TaskMode.COUNT)
    return _written(folder, DepthHead.of(head), task, labels, groups)


def teach_density(
    folder: Path, task: str, pictures: Sequence[Picture], labels: list[str], groups: list[str]
) -> str:
    """The same by density, with Keras: better where things hide one another, from hundreds of pictures on."""
    from training.density_fit import learn_density

    answers = Answers(mode=TaskMode.COUNT, labels=tuple(labels))
    head = learn_density(pictures.__getitem__, answers, groups)
    return _written(folder, head, task, labels, groups, SIDE)


def _written(
    folder: Path, head: AnyHead, task: str, labels: list[str], groups: list[str], size: int | None = None
) -> str:
    write_head_package(
        folder,
        head,
        task=task,
        name=folder.name,
        version="1",
        size=size,
        trained_on={"pictures": len(labels), "groups": len(set(groups)), "answers": counted(labels)},
        measured={PRECISION_KEY: PRECISION},
    )
    accuracy = figure(head, "held_out_accuracy")
    return f"{len(head.classes)} classes, {accuracy:.1%} right on days held out"
