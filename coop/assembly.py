"""Settings into parts: one camera's pipeline, its source, and the models all cameras use."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from coop.classify.judge import HENS, KINDS, Predicts, TrackJudge
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import STARTER_FOLDER, ensure_starter
from coop.domain.frame import Picture
from coop.domain.sighting import Visit
from coop.domain.times import day_bounds, local_day
from coop.domain.zone import Zone
from coop.errors import CoopError, ModelPackageError, StoreError, StoreUnavailable
from coop.event.diary import Diary
from coop.event.rules import EventRules, IsFirstToday, Policy
from coop.event.visits import VisitBook
from coop.frame.masked import masked
from coop.frame.source import Source, open_source
from coop.motion.detector import MotionDetector
from coop.notify.picture import event_picture
from coop.pipeline import Pipeline, Record
from coop.settings import CameraSettings, Settings
from coop.track.tracker import Tracker
from coop.trouble import Trouble

if TYPE_CHECKING:
    from coop.store.store import Store

log = logging.getLogger(__name__)

JPEG_QUALITY = 90
IGNORED_KINDS = ("unknown", "other", "vehicle")
"""Kinds that make no visit: nothing that lives."""
TRY_AGAIN_S = 60.0
"""A model package that could not be used is tried again after so many seconds."""


def utc_now() -> datetime:
    """The wall clock: the only place where the program asks for the time of day."""
    return datetime.now(UTC)


def jpeg(picture: Picture) -> bytes:
    """A picture (uint8 BGR) as JPEG."""
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not ok:
        raise ValueError(f"A picture of shape {picture.shape} could not be encoded as JPEG")
    return data.tobytes()


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
        for task in (KINDS, HENS):
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
        return Classifier(package, threads=self._settings.classify.threads)

    def _tell(self, error: CoopError, meanwhile: str) -> None:
        self.problems.append(error)
        self._trouble.tell(f"{str(error).rstrip('.')}. Until then {meanwhile}")


def models_dir(settings: Settings) -> Path:
    """Where model packages are kept."""
    return settings.data_dir / "models"


def open_store(settings: Settings) -> Store:
    """The record, migrated to this version's tables. Raises `StoreError`."""
    from coop.store.store import Store  # a replay needs no database

    make_data_dir(settings)
    return Store.open(database_url(settings), media_dir(settings))


def make_data_dir(settings: Settings) -> None:
    """Create the data folder. Raises `StoreUnavailable` where that is impossible."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Set data_dir to a folder that this user may write"
        raise StoreUnavailable(str(settings.data_dir), str(error.strerror), remedy) from None


def database_url(settings: Settings) -> str:
    """Where the record is; it may hold a password."""
    url = settings.store.url
    return url.get_secret_value() if url is not None else f"sqlite:///{settings.data_dir / 'coop.db'}"


def media_dir(settings: Settings) -> Path:
    """Where pictures are kept."""
    return settings.data_dir / "media"


def camera_source(
    name: str,
    camera: CameraSettings,
    settings: Settings,
    *,
    fps: float | None,
    start: datetime | None = None,
) -> Source:
    """The source of one camera, its privacy masks applied, at most ``fps`` frames a second. `SourceError`."""
    source = open_source(
        camera.url.get_secret_value(),
        name,
        clock=utc_now,
        timezone=settings.zone,
        paced=camera.paced,
        start=start,
        timeout_s=camera.timeout_s,
        fps=fps,
    )
    return masked(source, camera.privacy_masks)


def active_package(store: Store, settings: Settings) -> Callable[[str], Path | None]:
    """Which package folder the record names for a task; a name without a folder is one of `models_dir`."""

    def folder(task: str) -> Path | None:
        name = store.active(task)
        return models_dir(settings) / name if name is not None else None

    return folder


def is_first_today(store: Store, zone: tzinfo, subject: str, moment: datetime) -> bool:
    """Whether no arrival of a hen is recorded yet on the calendar day of ``moment``.

    Where the store cannot say so, it is taken for the first: rather one message too many than none.
    """
    since, until = day_bounds(local_day(moment, zone), zone)
    try:
        arrived = store.events(since, until, ("HenArrived",))
    except StoreError as error:
        log.warning("Whether %s was here today already is not known: %s", subject, error)
        return True
    return all(recorded.event.subject != subject for recorded in arrived)


def contrast_of(sensitivity: float) -> float:
    """Grey levels by which a thing must differ from what is behind it, for a sensitivity of 0 to 1.

    0.5 is the detector's own default of 8; each step of 0.25 halves or doubles it.
    """
    return float(8.0 * 2.0 ** (2.0 - 4.0 * sensitivity))


def camera_judge(models: Mapping[str, Predicts], settings: Settings) -> TrackJudge:
    """What decides what the tracks of one camera are."""
    return TrackJudge(models, max_per_second=settings.classify.max_per_second)


def camera_pipeline(
    name: str,
    camera: CameraSettings,
    settings: Settings,
    *,
    zones: Iterable[Zone],
    judge: TrackJudge,
    record: Record,
    is_first_today: IsFirstToday,
    open_visits: Iterable[Visit] = (),
    motion_told: datetime | None = None,
) -> Pipeline:
    """The whole flow of one camera, going on with the visits that were open."""
    events = settings.events
    policy = Policy(
        predators=frozenset(events.predators),
        motion_cooldown=timedelta(seconds=events.motion_cooldown_s),
    )
    diary = Diary(
        VisitBook(timedelta(seconds=events.visit_gap_s)),
        EventRules(policy, is_first_today),
        ignored=IGNORED_KINDS,
    )
    diary.restore(open_visits, motion_told)
    return Pipeline(
        camera=name,
        motion=MotionDetector(
            contrast=contrast_of(settings.motion.sensitivity),
            min_share=settings.motion.smallest,
            settle_s=settings.motion.settle_s,
            ignore=camera.ignore_masks,
        ),
        tracker=Tracker(
            name, confirm_hits=settings.track.confirm_hits, lost_after_s=settings.track.lost_after_s
        ),
        judge=judge,
        visits=diary,
        record=record,
        illustrate=partial(event_picture, zone=settings.zone),
        encode=jpeg,
        zones=tuple(zones),
    )
