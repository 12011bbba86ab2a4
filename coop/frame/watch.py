"""The watch over one camera: it is judged by its newest frame, and opened anew for ever."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from coop.domain.frame import Frame
from coop.domain.health import CameraState, CameraStatus
from coop.domain.url import redact_text
from coop.frame.backoff import Backoff
from coop.frame.frozen import FrozenPicture
from coop.frame.reader import Reader
from coop.frame.source import Arrival, Gives

log = logging.getLogger(__name__)

_MOST_ABANDONED = 4
"""No more readers are started while so many stuck ones have not come back."""

_FPS_WINDOW_S = 5.0

_REMEDY = "It is opened again by itself; check the camera's power and network"
_FROZEN_REMEDY = "It is opened again by itself; switch the camera off and on"

T = TypeVar("T", bound=Arrival)
T_contra = TypeVar("T_contra", bound=Arrival, contravariant=True)


class Slot(Protocol[T_contra]):
    """Where frames are left: see `LatestFrame`."""

    @property
    def dropped(self) -> int: ...

    def put(self, frame: T_contra) -> bool: ...

    def offer(self, frame: T_contra, timeout: float) -> bool: ...

    def close(self) -> None: ...


class CameraWatch(Generic[T]):
    """Keeps the frames of one camera, or of one of its streams, coming into ``slot``.

    The app calls `check` about once a second. A live camera whose newest frame is older than
    ``stale_after_s`` (monotonic: a jump of the clock is no loss) is lost. Its reader, if stuck, is abandoned,
    and a new one is opened after ``backoff`` seconds (first, longest; doubling), for ever. A reader that has
    not given its first frame yet is given ``open_within_s``. A live picture that has been the same to the
    last pixel for ``frozen_after_s`` (0: never mind) counts as none at all until it changes. No frame of a
    recording is dropped, and its age does not count: its reader waits for whoever takes the frames, and at
    its end ``slot`` is closed.
    """

    def __init__(
        self,
        camera: str,
        open_source: Callable[[], Gives[T]],
        slot: Slot[T],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        stale_after_s: float = 5.0,
        open_within_s: float = 30.0,
        backoff: tuple[float, float] = (1.0, 4.0),
        frozen_after_s: float = 0.0,
    ) -> None:
        self._camera = camera
        self._open_source = open_source
        self._slot = slot
        self._monotonic = monotonic
        self._stale_after_s = stale_after_s
        self._open_within_s = max(open_within_s, stale_after_s)
        self._backoff = Backoff(*backoff)
        self._frozen = FrozenPicture(frozen_after_s)
        self._lock = threading.Lock()
        self._reader: Reader[T] | None = None
        self._abandoned: list[Reader[T]] = []
        self._cpu_of_former_s = 0.0
        self._began = self._reader_began = monotonic()
        self._reader_frames = 0
        self._next_try = 0.0
        self._newest: float | None = None
        self._newest_time: datetime | None = None
        self._arrivals: deque[tuple[float, int]] = deque()
        self._openings = 0
        self._is_still = False
        self._state = CameraState.CONNECTING
        self._problem = ""
        self._running = False

    def start(self) -> None:
        """Begin: the first reader starts at once."""
        with self._lock:
            self._running = True
            self._began = self._monotonic()
            self._start_reader(self._began)

    def ask_to_stop(self) -> None:
        """Close the slot and tell the reader to end, without waiting for it."""
        with self._lock:
            self._running = False
            reader = self._reader
        self._slot.close()
        if reader is not None:
            reader.stop.set()

    def stop(self, timeout: float) -> bool:
        """End, and close the slot; False if the reader was still stuck after ``timeout`` seconds."""
        self.ask_to_stop()
        with self._lock:
            reader, self._reader = self._reader, None
        return reader is None or reader.join(timeout)

    def check(self) -> None:
        """Judge the camera, abandon a stuck reader, and open anew when it is time."""
        with self._lock:
            if not self._running:
                return
            now = self._monotonic()
            self._abandoned = [reader for reader in self._abandoned if reader.running]
            if self._reader is None:
                self._try_again(now)
            elif not self._reader.running:
                self._bury(self._reader, now)
            elif self._is_stuck(self._reader, now):
                self._abandon(self._reader, now)
            self._judge(now)

    def status(self) -> CameraStatus:
        """How the camera is doing now. ``last_frame`` is the time that its newest frame carries."""
        with self._lock:
            now = self._monotonic()
            self._judge(now)
            return CameraStatus(
                camera=self._camera,
                state=self._state,
                fps=self._fps(now),
                dropped=self._slot.dropped,
                reconnects=max(0, self._openings - 1),
                last_frame=self._newest_time,
                problem=self._problem,
                age_s=None if self._newest is None else now - self._newest,
            )

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that its readers have used."""
        with self._lock:
            return self._cpu_of_former_s + (self._reader.cpu_s if self._reader is not None else 0.0)

    def _start_reader(self, now: float) -> None:
        self._reader = Reader(self._camera, self._open_source, self._receive)
        self._reader_began = now
        self._reader_frames = 0
        self._reader.start()

    def _receive(self, reader: Reader[T], frame: T) -> bool:
        """Called by the readers' threads. Frames of an abandoned reader go nowhere."""
        with self._lock:
            if reader is not self._reader:
                return False
            if reader.live and self._is_frozen(frame):
                return True
            self._note_arrival(frame)
            if reader.live:
                return self._slot.put(frame)
        while not reader.stop.is_set():  # a recording waits for its frame to be taken, outside the lock
            if self._slot.offer(frame, timeout=0.2):
                return True
        return False

    def _is_frozen(self, frame: T) -> bool:
        """Whether the picture has been the same for so long that it is none; only decoded ones can be."""
        now = self._monotonic()
        since = self._frozen.since(frame, now) if isinstance(frame, Frame) else None
        if since is None:
            return False
        self._newest, self._is_still = since, True
        problem = f"it has sent one and the same picture for {self._frozen.after_s:g} s and more"
        self._complain(problem, _FROZEN_REMEDY)
        return True

    def _note_arrival(self, frame: T) -> None:
        now = self._monotonic()
        if self._reader_frames == 0:
            self._openings += 1
            self._arrivals.clear()
            log.info("Camera %s: %d x %d pixels", self._camera, frame.width, frame.height)
        self._reader_frames += 1
        self._newest, self._newest_time, self._is_still = now, frame.time, False
        self._arrivals.append((now, frame.number))
        self._forget_old_arrivals(now)

    def _try_again(self, now: float) -> None:
        if self._state is CameraState.ENDED or now < self._next_try:
            return
        if len(self._abandoned) >= _MOST_ABANDONED:
            self._complain(f"its driver hangs: {len(self._abandoned)} readers are stuck in it", _REMEDY)
            return
        self._start_reader(now)

    def _bury(self, reader: Reader[T], now: float) -> None:
        """A reader ended by itself: a recording is over, anything else is opened anew."""
        if reader.problem is None and not reader.live:
            self._reader = None
            self._state, self._problem = CameraState.ENDED, "the recording is over"
            self._slot.close()
            log.info("Camera %s: the recording is over", self._camera)
        else:
            self._give_up(now, reader.problem or "the stream has ended", reader.remedy or _REMEDY)

    def _is_stuck(self, reader: Reader[T], now: float) -> bool:
        """Whether a live reader has given nothing for too long."""
        if not reader.live:
            return False
        if self._reader_frames == 0 or self._newest is None:
            return now - self._reader_began > self._open_within_s
        return now - self._newest > self._stale_after_s

    def _abandon(self, reader: Reader[T], now: float) -> None:
        reader.stop.set()
        self._abandoned.append(reader)
        quiet_s = now - (self._newest or self._reader_began)
        self._give_up(now, self._problem if self._is_still else f"no picture for {quiet_s:.0f} s", _REMEDY)

    def _give_up(self, now: float, problem: str, remedy: str) -> None:
        """Forget the reader and plan the next; one that had worked for a while starts the back-off afresh."""
        if self._reader_frames and now - self._reader_began > self._stale_after_s:
            self._backoff.reset()
        if self._reader is not None:
            self._cpu_of_former_s += self._reader.cpu_s
        self._reader = None
        self._next_try = now + self._backoff.next()
        self._complain(problem, remedy)

    def _complain(self, problem: str, remedy: str) -> None:
        problem = redact_text(problem)
        level = logging.DEBUG if problem == self._problem else logging.WARNING  # say each thing once
        log.log(level, "Camera %s: %s. %s", self._camera, problem, remedy)
        self._problem = problem

    def _judge(self, now: float) -> None:
        """The state, from the age of the newest frame that was a new picture."""
        if self._state is CameraState.ENDED:
            return
        age = now - (self._began if self._newest is None else self._newest)
        waits_for_taker = self._reader is not None and not self._reader.live and self._newest is not None
        is_late = age > self._stale_after_s or self._is_still
        if waits_for_taker or (self._newest is not None and not is_late):
            self._state = CameraState.LIVE
            if self._reader is not None and self._reader_frames:
                self._problem = ""
        elif is_late:
            self._state = CameraState.LOST
            self._problem = self._problem or f"no picture for {age:.0f} s"

    def _fps(self, now: float) -> float:
        """Frames that came a second, by their numbers: those left out on the way count too."""
        self._forget_old_arrivals(now)
        if not self._arrivals:
            return 0.0
        (first, first_number), (_, last_number) = self._arrivals[0], self._arrivals[-1]
        if last_number == first_number:
            return 1 / _FPS_WINDOW_S
        return (last_number - first_number) / max(now - first, 1e-3)

    def _forget_old_arrivals(self, now: float) -> None:
        while self._arrivals and now - self._arrivals[0][0] > _FPS_WINDOW_S:
            self._arrivals.popleft()
