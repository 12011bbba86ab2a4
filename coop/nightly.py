"""Learning at night: where enough new labels have come, a better model goes to work, and keepers hear of it.

    new labels ──► dataset version ──► training ──► new and current model judged ──► end: one transaction
                        └─────── begun: a row ───────┘      on the same days           (row, model, messages)

Killed anywhere, the next start goes on with the row that is open: the same version, the run from its last
epoch, the package where it is there. Until the end nothing has changed, after it everything has.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from coop import training_news
from coop.addressees import Addressees
from coop.classify.judge import KINDS
from coop.classify.package import ModelPackage, report_folder
from coop.classify.starter import ensure_starter
from coop.domain.dataset import DatasetVersion
from coop.domain.notification import Notification
from coop.domain.training import NIGHTLY, Outcome, Training, Verdict
from coop.errors import CoopError, ModelPackageError
from coop.places import models_dir
from coop.settings import Settings
from coop.store.store import Store

log = logging.getLogger(__name__)

JOB = "training"
"""The name under which the last run is noted."""
MOST_ATTEMPTS = 5
"""A training that was broken off so often (too little memory?) is not begun any more."""
FEWEST_JUDGED = 10
"""Fewer pictures held out are too few to put a model to work by, unasked."""
ROUNDS = 3
"""How often two models are compared anew, where somebody changed the one at work meanwhile."""
PACKAGES_KEPT = 5
"""So many of a task's newest packages stay, besides the one at work and the one before it."""
LOWEST = 19


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """What labelling and training do for the loop; `coop.cli` hands it in.

    ``version`` keeps a task's labels as they are now as a dataset version (the newest if nothing changed);
    ``free_name`` is a package's name that is not taken; ``learn`` writes a package, going on with a run that
    was stopped, and reports on it beside the package at work; ``judge`` compares it with another on the same
    held-out days, and says which classes it lacks of those that must not be lost.
    """

    version: Callable[[Store, str], DatasetVersion]
    free_name: Callable[[Path, str, int], str]
    learn: Callable[[DatasetVersion, Path, Path | None], object]
    judge: Callable[[DatasetVersion, Path, Path | None, Collection[str]], Verdict]


@dataclass(frozen=True, kw_only=True)
class Nightly:
    """One night's learning. Only one may run on a data folder: see `TrainingLock`."""

    settings: Settings
    store: Store
    teacher: Teacher
    addressees: Addressees
    clock: Callable[[], datetime]

    def run(self) -> None:
        """Every task that is due, each by itself: what fails with one does not keep the others."""
        self._sweep()
        for task in self._in_order():
            try:
                self._task(task)
            except CoopError as error:
                log.error("Task %s: %s", task, error)
        self.store.set_last_run(JOB, self.clock())

    def _in_order(self) -> list[str]:
        """What was never broken off comes first, so that a training that always is cannot starve the rest."""
        attempts = {}
        for task in self.settings.training.tasks:
            under_way = self.store.open_training(task)
            attempts[task] = 0 if under_way is None else under_way.attempts
        return sorted(attempts, key=lambda task: attempts[task])

    def _task(self, task: str) -> None:
        if task in self.settings.classify.packages:
            log.info("Task %s: classify.packages names its model, so none is learned", task)
            return
        training = self._resumed(task) or self._begun(task)
        if training is None:
            return
        log.info("Task %s: learning %s, attempt %d", task, training.package, training.attempts)
        package = models_dir(self.settings) / training.package
        try:
            dataset = self.store.dataset(task, training.version)
            if not _is_whole(package):
                self.teacher.learn(dataset, package, self._at_work(task))
            ended = any(self._judged(training, dataset, package) for _ in range(ROUNDS))
        except CoopError as error:
            self.store.end_training(training.id, Outcome.FAILED, self.clock(), reason=str(error))
            raise
        if not ended:
            log.warning("Task %s: the model at work keeps changing; the comparison waits", task)
        self._prune(task)

    # Beginning

    def _resumed(self, task: str) -> Training | None:
        under_way = self.store.open_training(task)
        if under_way is None:
            return None
        if under_way.attempts >= MOST_ATTEMPTS:
            reason = f"broken off {under_way.attempts} times"
            log.error("Task %s: learning was %s, perhaps for want of memory. It is given up", task, reason)
            told = training_news.gave_up(under_way, self.addressees.keepers(), silent=self._silent)
            now = self.clock()
            self.store.end_training(under_way.id, Outcome.FAILED, now, reason=reason, messages=told)
            return None
        return self.store.begin_training(
            task, under_way.version, under_way.package, under_way.newest_label, NIGHTLY, self.clock()
        )

    def _begun(self, task: str) -> Training | None:
        new, enough = self.store.new_labels(task), self.settings.training.new_labels
        if new < enough:
            log.info("Task %s: %d new labels, of %d that are worth a training", task, new, enough)
            return None
        newest = self.store.newest_label_of(task)  # before the version: what comes meanwhile counts as new
        dataset = self.teacher.version(self.store, task)
        learned = [t.version for t in self.store.trainings(task) if t.outcome is not Outcome.FAILED]
        if dataset.version in learned:
            log.info("Task %s: version %d is learned already, the new labels added nothing", task, learned[0])
            return None
        name = self.teacher.free_name(models_dir(self.settings), task, dataset.version)
        return self.store.begin_training(task, dataset.version, name, newest, NIGHTLY, self.clock())

    # The end

    def _at_work(self, task: str) -> Path | None:
        other = self.store.active(task) or stand_in(task, self.settings)
        return models_dir(self.settings) / other if other else None

    def _judged(self, training: Training, dataset: DatasetVersion, package: Path) -> bool:
        """Compare and end; False where another model went to work meanwhile."""
        models, at_work = models_dir(self.settings), self.store.active(training.task)
        other = at_work or stand_in(training.task, self.settings)
        keep = never_lose(training.task, self.settings)
        verdict = self.teacher.judge(dataset, package, models / other if other else None, keep)
        outcome, reason = _decided(verdict)
        told = self._told(training, outcome, verdict, other)
        ended = self.store.end_training(
            training.id, outcome, self.clock(), verdict=verdict, at_work=at_work, instead=other,
            reason=reason, messages=told,
        )  # fmt: skip
        if ended:
            log.info(
                "Task %s: %s has %.1f%% right of %d pictures held out, %s %.1f%%: %s%s",
                training.task, training.package, 100 * verdict.right, verdict.pictures,
                other or "the most frequent answer", 100 * verdict.before, outcome,
                f" ({reason})" if reason else "",
            )  # fmt: skip
        return ended

    def _told(
        self, training: Training, outcome: Outcome, verdict: Verdict, other: str
    ) -> tuple[Notification, ...]:
        as_ended = replace(training, outcome=outcome, verdict=verdict, instead=other)
        tell = training_news.promotion if outcome is Outcome.PROMOTED else training_news.not_better
        return tell(as_ended, self.addressees.keepers(), silent=self._silent)

    @property
    def _silent(self) -> bool:
        return self.settings.telegram.silent_routine

    # Tidying

    def _sweep(self) -> None:
        """Remove what a killed training left half-written in the models folder, and nothing else."""
        models = models_dir(self.settings)
        halves = [*models.glob(".training-*")]
        for task in self.settings.training.tasks:
            under_way = self.store.open_training(task)
            if under_way is not None:
                halves += models.glob(f".{under_way.package}.*.tmp")
        for half in halves:
            shutil.rmtree(half, ignore_errors=True)

    def _prune(self, task: str) -> None:
        """Remove old packages that nights made, and nobody uses."""
        used = {self.store.active(task), self.store.previous(task)}
        made = [t for t in self.store.trainings(task) if t.who == NIGHTLY and t.ended]
        for training in [t for t in made if t.package not in used][PACKAGES_KEPT:]:
            package = models_dir(self.settings) / training.package
            for folder in (package, report_folder(package)):
                shutil.rmtree(folder, ignore_errors=True)


def stand_in(task: str, settings: Settings) -> str:
    """The package that works for a task where no model was ever chosen; "" for none."""
    if task != KINDS or not settings.classify.starter:
        return ""
    return ensure_starter(models_dir(settings)).name


def never_lose(task: str, settings: Settings) -> tuple[str, ...]:
    """A model that knows the fox is never put out of work, unasked, by one that does not."""
    return (*settings.events.predators, *settings.events.warnings) if task == KINDS else ()


def lower_priority() -> None:
    """Give way to everything else on the box, whoever started this process."""
    with suppress(PermissionError):  # inside the unit, which has set it already
        os.nice(LOWEST - os.getpriority(os.PRIO_PROCESS, 0))


def _decided(verdict: Verdict) -> tuple[Outcome, str]:
    if verdict.pictures < FEWEST_JUDGED:
        return Outcome.KEPT, f"only {verdict.pictures} pictures are held out to judge by"
    if verdict.lacks:
        return Outcome.KEPT, f"it does not know {', '.join(verdict.lacks)}"
    return (Outcome.PROMOTED, "") if verdict.better else (Outcome.KEPT, "")


def _is_whole(package: Path) -> bool:
    try:
        ModelPackage.load(package)
    except ModelPackageError:
        return False
    return True
