"""The model packages in use, and which ones the record says they are."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from coop.classify.card import ModelCard
from coop.classify.judge import HENS, KINDS, Predicts
from coop.classify.nest import NEST
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import STARTER_FOLDER, ensure_starter
from coop.errors import CoopError, ModelPackageError, StoreError
from coop.load import processors
from coop.places import models_dir
from coop.settings import Settings
from coop.trouble import Trouble

if TYPE_CHECKING:
    from coop.store.store import Store

log = logging.getLogger(__name__)

TRY_AGAIN_S = 60.0
"""A model package that could not be used is tried again after so many seconds."""


class Models:
    """The model packages in use, loaded once and shared by all cameras.

    ``active`` says which package a task uses (None: none). The starter stands in for `kinds`.
    ``problems`` are those that the latest `refresh` met.
    """

    def __init__(
        self,
        settings: Settings,
        active: Callable[[str], Path | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._active = active
        self._monotonic = monotonic
        self._loaded: dict[str, tuple[Path, Classifier]] = {}
        self._try_again: dict[Path, float] = {}
        self._trouble = Trouble(log, monotonic)
        self.problems: list[CoopError] = []

    @property
    def current(self) -> dict[str, Predicts]:
        """The models by task."""
        return {task: model for task, (_, model) in self._loaded.items()}

    @property
    def cards(self) -> dict[str, ModelCard]:
        """The cards of the models, by task."""
        return {task: model.card for task, (_, model) in self._loaded.items()}

    @property
    def names(self) -> str:
        """What `/status` shows."""
        return ", ".join(f"{task}: {model.card.model}" for task, (_, model) in sorted(self._loaded.items()))

    def refresh(self) -> Mapping[str, Predicts] | None:
        """The models by task where they are others than before, else None.

        A package that cannot be used is told and tried again later; until then the one before it goes on, or
        the starter, or movement alone is told: a bad model must not blind the coop.
        """
        before = self.current
        self.problems.clear()
        for task in (KINDS, HENS, NEST):
            try:
                self._refresh(task, self._settings.classify.packages.get(task) or self._active(task))
            except StoreError as error:
                self._tell(error, "the models stay as they are")
        now = self.current
        same = now.keys() == before.keys() and all(now[task] is before[task] for task in now)
        return None if same else now

    def _refresh(self, task: str, wanted: Path | None) -> None:
        stand_in = task == KINDS and self._settings.classify.starter
        if wanted is not None:
            if task in self._loaded:
                meanwhile = "the model before it goes on"
            else:
                meanwhile = "the starter stands in" if stand_in else "the task is left out"
            if self._use(task, wanted, lambda: wanted, meanwhile) or task in self._loaded:
                return
        if stand_in:
            folder = models_dir(self._settings)
            meanwhile = "whatever moves is told as movement"
            self._use(task, folder / STARTER_FOLDER, lambda: ensure_starter(folder), meanwhile)
        elif wanted is None:
            self._loaded.pop(task, None)

    def _use(self, task: str, folder: Path, made: Callable[[], Path], meanwhile: str) -> bool:
        """Whether the task uses the package in ``folder``, which ``made`` makes sure of."""
        if task in self._loaded and self._loaded[task][0] == folder:
            return True
        if self._monotonic() < self._try_again.get(folder, 0.0):
            return False
        try:
            self._loaded[task] = folder, self._load(task, made())
        except CoopError as error:
            self._try_again[folder] = self._monotonic() + TRY_AGAIN_S
            self._tell(error, meanwhile)
            return False
        log.info("Task %s uses the model %s", task, self._loaded[task][1].card.model)
        return True

    def _load(self, task: str, folder: Path) -> Classifier:
        package = ModelPackage.load(folder)
        if package.card.task != task:
            problem = f"it is for the task {package.card.task!r}, not {task!r}"
            raise ModelPackageError(folder, problem, "Use it for its own task")
        threads = self._settings.classify.threads
        return Classifier(package, threads=threads, copies=max(1, processors() // threads))

    def _tell(self, error: CoopError, meanwhile: str) -> None:
        self.problems.append(error)
        self._trouble.tell(f"{str(error).rstrip('.')}. Until then {meanwhile}")


def active_package(store: Store, settings: Settings) -> Callable[[str], Path | None]:
    """Which package folder the record names for a task; a name without a folder is one of `models_dir`."""

    def folder(task: str) -> Path | None:
        name = store.active(task)
        return models_dir(settings) / name if name is not None else None

    return folder
