"""More than one fit: an ensemble and the one network that learns from it, and pictures that nobody labelled.

    single        one network, as always
    ensemble      the mean of networks of several seeds; too slow for the watch, so never packaged
    distilled     one network that learns from the ensemble's answers (Hinton et al. 2015), to the very
                  pictures of each batch, varied as they are (Beyer et al. 2022)
    pseudo-labels one network that also learns from what it is surest of among unlabelled pictures

Each is judged by the same pictures held out. Another than the single one is kept only where they prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]

from training.answers import Answers, Doubles
from training.fitting import Fitted, Ground
from training.labelled import Example
from training.metrics import bootstrap_interval
from training.pseudo import chosen
from training.tune import Watches, raw_outputs, task_logits

Numbers = npt.NDArray[np.intp]
Named = Callable[[str, int, int], None]
"""Told the name of a run, and how many of its steps are done, of how many."""


class Way(StrEnum):
    """How a network came about."""

    SINGLE = "single"
    ENSEMBLE = "ensemble"
    DISTILLED = "distilled"
    PSEUDO = "pseudo-labels"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be tried beside the single network. ``unlabelled``: pictures to learn from as well."""

    members: int = 1
    unlabelled: tuple[Example, ...] = ()


@dataclass(eq=False, kw_only=True)
class Fits:
    """Networks by way, all learned from the same pictures. ``added``: pseudo-labels that one of them took."""

    by_way: dict[Way, Fitted] = field(default_factory=dict)
    members: list[Fitted] = field(default_factory=list)
    added: int = 0

    def logits(self, answers: Answers, held: Numbers) -> dict[Way, Doubles]:
        """What each says of pictures held out; the ensemble the mean of its members' logits."""
        said = {way: fitted.logits(held) for way, fitted in self.by_way.items()}
        if len(self.members) > 1:
            shown = self.members[0].stream.plain(held)
            every = [task_logits(answers, raw_outputs(one.model, shown)) for one in self.members]
            said[Way.ENSEMBLE] = np.asarray(np.mean(every, axis=0))
        return said

    @property
    def epochs(self) -> dict[Way, int]:
        """After how many epochs each was best; the ensemble's are its members'."""
        best = {way: fitted.course.best for way, fitted in self.by_way.items()}
        if len(self.members) > 1:
            best[Way.ENSEMBLE] = round(float(np.median([one.course.best for one in self.members])))
        return best


def fit_ways(
    ground: Ground,
    learned: Numbers,
    folder: Path,
    asked: Asked,
    *,
    wanted: Way | None = None,
    epochs: Mapping[Way, int] | None = None,
    held: Numbers | None = None,
    began: Fitted | None = None,
    watching: Watches | None = None,
    named: Named | None = None,
) -> Fits:
    """Tune a network in each way that is asked for; with ``wanted`` in that one, and what it needs.

    ``folder`` keeps the runs, so that what was stopped goes on. ``began``: the first network as it starts.
    """
    fits, plan = Fits(), ground.plan

    def fitted(name: str, way: Way, where: Ground, numbers: Numbers, **how: Any) -> Fitted:
        its = how.pop("plan", plan)
        if epochs is not None:
            its = replace(its, epochs=epochs[way])
        tell = None if named is None else lambda done, total: named(name, done, total)
        return where.fitted(numbers, folder / name, plan=its, held=held, tell=tell, **how)

    members = asked.members if wanted in (None, Way.DISTILLED) else 1
    for number in range(members):
        first = {"started": began, "watching": watching} if number == 0 else {}
        way = Way.ENSEMBLE if number and members > 1 else Way.SINGLE
        seeded = replace(plan, seed=plan.seed + number)
        fits.members.append(fitted(f"network {number + 1}", way, ground, learned, plan=seeded, **first))
    fits.by_way[Way.SINGLE] = fits.members[0]
    if members > 1:
        taught = replace(plan, seed=plan.seed + members)
        fits.by_way[Way.DISTILLED] = fitted(
            "distilled", Way.DISTILLED, ground, learned, plan=taught, teacher=_teacher(fits.members)
        )
    if asked.unlabelled and wanted in (None, Way.PSEUDO):
        apart = {ground.groups[k] for k in range(len(ground.groups))} - {ground.groups[k] for k in learned}
        open_to_it = [e for e in asked.unlabelled if e.group not in apart]
        more = chosen(fits.members[0], ground, learned, open_to_it)
        fits.added = len(more)
        if more:
            wider, new = ground.with_more(more)
            numbers = np.concatenate([learned, new])
            fits.by_way[Way.PSEUDO] = fitted("pseudo-labels", Way.PSEUDO, wider, numbers)
    return fits


def _teacher(members: Sequence[Fitted]) -> Callable[[Any], Any]:
    """The mean answer of some networks to a batch, as they stand."""
    models = [one.model for one in members]

    def says(pictures: Any) -> Any:
        return tf.stop_gradient(tf.add_n([model(pictures, training=False) for model in models]) / len(models))

    return says


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How good a way was on the pictures held out. ``gain``: how much less log loss a picture has than with
    the single network, and ``gain_interval`` where that lies in 95 of 100 drawings."""

    way: Way
    loss: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]

    @property
    def proved(self) -> bool:
        return self.gain_interval[0] > 0


def verdicts(answers: Answers, logits: Mapping[Way, Doubles], groups: Sequence[str]) -> dict[Way, Verdict]:
    """``logits``: by way (n, classes), calibrated; ``groups``: where each of the n pictures is from."""
    single = losses(answers, logits[Way.SINGLE])
    found = {}
    for way, said in logits.items():
        right = (answers.said(said) == answers.truth).all(axis=1).astype(float)
        gain = single - losses(answers, said)
        found[way] = Verdict(
            way=way,
            loss=answers.loss(said),
            accuracy=float(right.mean()),
            accuracy_interval=_interval(right, groups),
            gain=float(gain.mean()),
            gain_interval=_interval(gain, groups),
        )
    return found


def best_way(found: Mapping[Way, Verdict]) -> Way:
    """The best of those that the watch can run and that are proved to be better than the single network."""
    proved = [v for way, v in found.items() if way not in (Way.SINGLE, Way.ENSEMBLE) and v.proved]
    return min(proved, key=lambda verdict: verdict.loss).way if proved else Way.SINGLE


def losses(answers: Answers, logits: Doubles) -> Doubles:
    """The log loss of each picture, (n,), at most that of one in a thousand for each class."""
    there, absent = (np.maximum(p, np.log(1e-3)) for p in answers.log_probabilities(logits))
    if not answers.blocks:
        return -np.asarray(np.where(answers.truth, there, absent).sum(axis=1))
    return -np.asarray(np.where(answers.truth, there, 0.0).sum(axis=1))


def _interval(values: Doubles, groups: Sequence[str]) -> tuple[float, float]:
    return bootstrap_interval(lambda drawn: float(values[drawn].mean()), groups)
