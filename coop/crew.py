"""The cameras at work: each one's reader, its watch, and its loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import cv2

from coop.camera_loop import CameraLoop
from coop.classify.judge import Predicts, TrackJudge
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.frame import Frame
from coop.domain.health import CameraStatus
from coop.domain.zone import ZoneKind
from coop.event.cameras import CameraRule
from coop.frame.main_stream import CodedFrame, MainStream
from coop.frame.watch import CameraWatch
from coop.load import Load
from coop.nests import Nests
from coop.recorder import Recorder

log = logging.getLogger(__name__)

READERS_S = 1.0
"""A reader that works ends with its next frame; one that is stuck may be left behind, and nothing is lost."""

FRESH_S = 30.0
"""A camera's loop that has not turned for so long is stuck."""


@dataclass(kw_only=True)
class MainAtWork:
    """The main stream of a camera that has one, and its watch."""

    stream: MainStream
    watch: CameraWatch[CodedFrame]

    def status(self) -> CameraStatus:
        """As that of a camera; its processor time is counted with the camera's."""
        return replace(self.watch.status(), analysed=self.stream.decoded_a_second())


@dataclass(kw_only=True)
class CameraAtWork:
    """Everything that belongs to one running camera."""

    watch: CameraWatch[Frame]
    loop: CameraLoop
    judge: TrackJudge
    rule: CameraRule
    recorder: Recorder
    nests: Nests | None = None
    main: MainAtWork | None = None
    load: Load = field(init=False)

    def __post_init__(self) -> None:
        self.load = Load(time.monotonic, self._cpu_s)

    @property
    def watches(self) -> tuple[CameraWatch[Frame] | CameraWatch[CodedFrame], ...]:
        """Those of all its streams."""
        return (self.watch,) if self.main is None else (self.watch, self.main.watch)

    def status(self) -> CameraStatus:
        """How it is doing; its processor time is that of the threads that read and look."""
        analysed, oldest_s = self.loop.analysed()
        return replace(
            self.watch.status(),
            analysed=analysed,
            oldest_s=oldest_s,
            cpu=self.load.share(),
            main=self.main.status() if self.main is not None else None,
        )

    def _cpu_s(self) -> float:
        return self.loop.cpu_s + sum(watch.cpu_s for watch in self.watches)


class Crew:
    """All cameras. A stuck one never stops the others."""

    def __init__(self, cameras: Sequence[CameraAtWork]) -> None:
        self._cameras = {camera.rule.camera: camera for camera in cameras}

    def start(self) -> None:
        # Each camera has a thread of its own; more for each step of it only wait for one another.
        cv2.setNumThreads(1)
        for camera in self._cameras.values():
            for watch in camera.watches:
                watch.start()
            camera.loop.start()

    def check(self, now: datetime) -> None:
        """Judge every camera by the age of its newest frame, and record its loss or return."""
        for camera in self._cameras.values():
            for watch in camera.watches:
                watch.check()
            event = camera.rule.update(camera.watch.status(), now)
            if event is not None:
                log.warning("Camera %s: %s", event.camera, event.name)
                camera.recorder(Findings(events=(RecordedEvent(event=event),)), now)
            camera.recorder.retry()

    def statuses(self, now: datetime) -> tuple[CameraStatus, ...]:
        return tuple(camera.status() for camera in self._cameras.values())

    def latest(self) -> dict[str, Frame | None]:
        """The newest frame of each camera, privacy masks applied; None where there was none yet."""
        return {name: camera.loop.latest for name, camera in self._cameras.items()}

    def places(self, kind: ZoneKind) -> frozenset[str]:
        """The names of the zones of a kind that any camera sees."""
        zones = (zone for camera in self._cameras.values() for zone in camera.loop.pipeline.zones)
        return frozenset(zone.name for zone in zones if zone.kind is kind)

    def use(self, models: Mapping[str, Predicts]) -> None:
        """Let every camera go on with other models."""
        for camera in self._cameras.values():
            camera.judge.use(models)
            if camera.nests is not None:
                camera.nests.reader.use(models)

    def is_fresh(self, monotonic: float) -> bool:
        """Whether every loop still turns."""
        loops = [camera.loop for camera in self._cameras.values()]
        return all(loop.finished or monotonic - loop.beat < FRESH_S for loop in loops)

    def is_finished(self) -> bool:
        """Whether every camera was a recording that has ended."""
        return all(camera.loop.finished for camera in self._cameras.values())

    def waiting(self) -> int:
        """Findings that could not be recorded yet."""
        return sum(camera.recorder.waiting for camera in self._cameras.values())

    def stop(self, timeout: float) -> None:
        """Stop reading, let every loop finish its frame, and record what still waits.

        The loops come first, since they hold what was found; readers get what is left of the ``timeout``, and
        one that is stuck in its driver takes nothing away from the other cameras.
        """
        deadline = time.monotonic() + timeout
        for camera in self._cameras.values():
            camera.loop.ask_to_stop()
            for watch in camera.watches:
                watch.ask_to_stop()
        for name, camera in self._cameras.items():
            if camera.loop.is_alive():
                camera.loop.join(max(0.0, deadline - time.monotonic()))
            if camera.loop.is_alive():
                log.error("Camera %s: its loop did not stop in time", name)
            camera.recorder.retry()
            if camera.recorder.waiting:
                log.error("Camera %s: %d findings could not be recorded", name, camera.recorder.waiting)
        deadline = min(deadline, time.monotonic() + READERS_S)
        for name, camera in self._cameras.items():
            for watch in camera.watches:
                if not watch.stop(max(0.0, deadline - time.monotonic())):
                    log.warning("Camera %s: its driver hangs, and is left behind", name)
