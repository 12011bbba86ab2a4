"""`coop train --search`: which settings suit a task, tried one after the other on groups held out.

    trial: settings -> a short tuning for each fold -> log loss of what was held out
           stopped early where earlier trials were better by then (median pruning)
    then:  the best one and the usual one once more, with another seed and other folds; kept only if it wins

The first trial is the usual settings. Every trial is in a journal, so a search that was stopped goes on.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import optuna

from training.answers import Doubles
from training.fitting import FitPlan, Ground
from training.folds import held_out
from training.found import Found
from training.head import best_temperature
from training.labelled import LabelledSet
from training.metrics import bootstrap_interval
from training.pseudo import thinned
from training.tune import Course
from training.ways import losses

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.intp]
Judge = Callable[[Ground, Sequence[Bools], "optuna.Trial | None"], Doubles]
Tell = Callable[[int, int, float | None], None]
"""Told how many trials are done, of how many, and the best log loss so far."""

QUICK_PICTURES = 300
QUICK_FOLDS, FOLDS = 2, 3
QUICK_TRIALS, TRIALS = 12, 30
_UNPRUNED = 3  # trials that are never stopped early
_CONFIRMED = 1_000  # added to the seed of the proof


class Sampler(StrEnum):
    """How the next settings are chosen: by what went well before, or by chance."""

    BAYESIAN = "bayesian"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is asked for. ``quick``: rate and strength of the variations only, on few pictures and small."""

    trials: int
    quick: bool = True
    sampler: Sampler = Sampler.BAYESIAN
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A trial. ``loss``: None where it was stopped early or broke off."""

    number: int
    settings: Mapping[str, float]
    loss: float | None
    pruned: bool


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What came of a search. ``usual`` and ``best``: log loss in the search; ``proof_*``: in the proof, where
    ``gain`` is by how much less a picture has, and ``gain_interval`` where that lies in 95 of 100 drawings.

    ``found`` is None where the usual settings are not beaten.
    """

    trials: tuple[Tried, ...]
    usual: float
    best: float
    settings: Mapping[str, float]
    proof_usual: float | None = None
    proof_best: float | None = None
    gain_interval: tuple[float, float] | None = None
    found: Found | None = None


def search(
    pictures: LabelledSet,
    recipe: str,
    plan: FitPlan,
    network: str,
    asked: Search,
    journal: Path,
    *,
    judge: Judge | None = None,
    tell: Tell | None = None,
) -> Searched:
    """Try settings on the groups of ``pictures``, which hold no test part. ``journal`` keeps every trial.

    ``judge`` tunes networks for the parts and says what they make of them; another is for trials of this.
    """
    judge = judge or tuned_logits
    if asked.quick:
        pictures = replace(pictures, examples=tuple(thinned(pictures.examples, QUICK_PICTURES)))
        plan = replace(plan, side=96, epochs=4, frozen=8)
    ground = Ground.of(pictures, recipe, plan, network)
    study = _study(journal, _key(ground, asked), asked)
    usual = {name: getattr(plan, name) for name in space(asked.quick)}
    _take_up(study, usual)
    parts = list(held_out(ground.groups, ground.answers.kinds, QUICK_FOLDS if asked.quick else FOLDS))

    def objective(trial: optuna.Trial) -> float:
        settings = {name: suggest(trial) for name, suggest in space(asked.quick).items()}
        logits = judge(replace(ground, plan=Found(settings=settings).applied(plan)), parts, trial)
        return ground.answers.of(_numbers(parts)).loss(logits)

    def told(study: optuna.Study, _: object) -> None:
        if tell is not None:
            tell(_finished(study), asked.trials, _best(study))

    told(study, None)
    while (left := asked.trials - _finished(study)) > 0:
        study.optimize(objective, n_trials=left, callbacks=[told])
    return _proved(study, ground, usual, asked, judge)


def space(quick: bool) -> dict[str, Callable[[optuna.Trial], float]]:
    """What is tried, by name."""
    few: dict[str, Callable[[optuna.Trial], float]] = {
        "rate": lambda t: t.suggest_float("rate", 2e-5, 2e-3, log=True),
        "strength": lambda t: t.suggest_float("strength", 0.0, 2.5),
    }
    if quick:
        return few
    return few | {
        "head_rate": lambda t: t.suggest_float("head_rate", 3e-4, 2e-2, log=True),
        "decay": lambda t: t.suggest_float("decay", 1e-4, 0.2, log=True),
        "smoothing": lambda t: t.suggest_float("smoothing", 0.0, 0.2),
        "dropout": lambda t: t.suggest_float("dropout", 0.0, 0.6),
        "frozen": lambda t: t.suggest_int("frozen", 0, 14),
    }


def tuned_logits(ground: Ground, parts: Sequence[Bools], trial: optuna.Trial | None) -> Doubles:
    """Calibrated logits of all pictures, in the order of the parts; a network is tuned for each.

    Raises TrialPruned where the trial is behind most of those before.
    """
    rows: list[Doubles] = []
    for part, held in enumerate(parts):
        rest, some = np.flatnonzero(~held), np.flatnonzero(held)
        heed = None if trial is None else _heed(trial, part * ground.plan.epochs)
        watched = None if trial is None else some  # the proof takes the last epoch, whichever was best
        with tempfile.TemporaryDirectory() as folder:
            fitted = ground.fitted(rest, Path(folder), held=watched, each_epoch=heed)
        rows.append(fitted.logits(some))
    logits = np.concatenate(rows)
    return logits / best_temperature(logits, ground.answers.of(_numbers(parts)))[0]


def _heed(trial: optuna.Trial, before: int) -> Callable[[Course], None]:
    """Tells the study how a trial goes after each epoch, and stops it where it is worse than most.

    A later fold's is its own loss so far: other trials had the same fold, so that is compared like with like.
    """

    def heed(course: Course) -> None:
        trial.report(course.held[-1], before + len(course.held))
        if trial.should_prune():
            raise optuna.TrialPruned

    return heed


def _proved(
    study: optuna.Study, ground: Ground, usual: Mapping[str, float], asked: Search, judge: Judge
) -> Searched:
    """The best trial and the usual settings again, with another seed and other folds."""
    best = study.best_trial
    settings = dict(best.params)
    first = next(t for t in study.trials if t.value is not None and _is(t.params, usual))
    result = Searched(
        trials=tuple(_tried(trial) for trial in study.trials if trial.state.is_finished()),
        usual=float(first.value or 0.0), best=float(best.value or 0.0), settings=settings,
    )  # fmt: skip
    if _is(settings, usual):
        return result
    parts = list(_other_folds(ground, asked))
    judged, groups = ground.answers.of(_numbers(parts)), [ground.groups[k] for k in _numbers(parts)]
    seeded = replace(ground.plan, seed=ground.plan.seed + _CONFIRMED)
    there = judge(replace(ground, plan=Found(settings=dict(settings)).applied(seeded)), parts, None)
    here = judge(replace(ground, plan=Found(settings=dict(usual)).applied(seeded)), parts, None)
    gain = losses(judged, here) - losses(judged, there)
    interval = bootstrap_interval(lambda k: float(gain[k].mean()), groups)
    about = {
        "trials": len(result.trials), "pictures": len(ground.pictures), "quick": asked.quick,
        "log_loss": round(judged.loss(there), 4), "log_loss_of_the_usual": round(judged.loss(here), 4),
        "gain_interval": [round(x, 4) for x in interval],
        "accuracy": round(judged.accuracy(there), 4),
        "accuracy_of_the_usual": round(judged.accuracy(here), 4),
    }  # fmt: skip
    return replace(
        result,
        proof_usual=judged.loss(here), proof_best=judged.loss(there), gain_interval=interval,
        found=Found(settings=settings, about=about) if interval[0] > 0 else None,
    )  # fmt: skip


def _other_folds(ground: Ground, asked: Search) -> Iterator[Bools]:
    """One fold more than the search had, so that groups come together that did not."""
    folds = (QUICK_FOLDS if asked.quick else FOLDS) + 1
    yield from held_out(ground.groups, ground.answers.kinds, folds)


def _numbers(parts: Sequence[Bools]) -> Numbers:
    return np.concatenate([np.flatnonzero(held) for held in parts])


def _key(ground: Ground, asked: Search) -> str:
    """The same for the same pictures and kind of search, so that no search goes on with another's trials."""
    what = [
        ground.stream(np.arange(len(ground.pictures))).key, ground.network, str(ground.plan), asked.quick,
    ]  # fmt: skip
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def _study(journal: Path, key: str, asked: Search) -> optuna.Study:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(logging.ERROR)  # a trial that is broken off is told by who broke it off
    journal.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        study_name=key,
        storage=storage,
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED, n_warmup_steps=1),
    )
    seed = asked.seed + len(study.trials)  # a search that goes on must not draw what it drew already
    study.sampler = (
        optuna.samplers.RandomSampler(seed=seed)
        if asked.sampler is Sampler.RANDOM
        else optuna.samplers.TPESampler(seed=seed, n_startup_trials=_UNPRUNED + 1)
    )
    return study


def _take_up(study: optuna.Study, usual: Mapping[str, float]) -> None:
    """Begin with the usual settings, or with what an interrupted search was at."""
    state = optuna.trial.TrialState
    for trial in study.trials:
        if trial.state is state.RUNNING:  # by a process that was killed
            study.tell(trial.number, state=state.FAIL)
    known = [_planned(trial) for trial in study.trials if trial.state is not state.FAIL]
    broken = [trial.params for trial in study.trials if trial.state is state.FAIL]
    for params in [dict(usual), *broken]:
        if set(params) == set(usual) and not any(_is(other, params) for other in known):
            study.enqueue_trial(params)
            known.append(params)


def _planned(trial: optuna.trial.FrozenTrial) -> Mapping[str, float]:
    """The settings of a trial, those of one that only waits too."""
    return trial.params or trial.system_attrs.get("fixed_params", {})


def _is(params: Mapping[str, float], usual: Mapping[str, float]) -> bool:
    return set(params) == set(usual) and all(np.isclose(params[name], usual[name]) for name in usual)


def _finished(study: optuna.Study) -> int:
    """Trials that came to something: a value, or an early end."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return sum(trial.state in states for trial in study.trials)


def _best(study: optuna.Study) -> float | None:
    """Of the trials that came to their end: one that was stopped early keeps the loss of what it had done."""
    values = [trial.loss for trial in map(_tried, study.trials) if trial.loss is not None]
    return min(values, default=None)


def _tried(trial: optuna.trial.FrozenTrial) -> Tried:
    pruned = trial.state is optuna.trial.TrialState.PRUNED
    loss = trial.value if not pruned and trial.value is not None else None
    return Tried(number=trial.number, settings=dict(trial.params), loss=loss, pruned=pruned)
