"""One clip being encoded, in a thread of its own that takes only the time that nobody else wants."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from coop.clip.ring import SmallFrame
from coop.clip.writer import ClipWriter
from coop.domain.clip import NewClip
from coop.errors import CoopError, OutputError

log = logging.getLogger(__name__)

BITS_PER_PIXEL = 3.0
"""At most so many bits a second for each pixel: 0.7 Mbit/s for 640 x 360. Only noise ever wants more."""
QUALITY = 25
_NICE = 10
_MOST_WAITING = 64
"""Frames that may wait beyond those it began with: some 20 MB, and longer than any encoder should need."""

Record = Callable[[NewClip, datetime], None]
IsNews = Callable[[Exception], bool]
"""Whether a problem is to be told, or is known already."""


class _GivenUp(Exception):
    """Nobody wants the clip any more: the writer leaves nothing of it."""


class Encoder(threading.Thread):
    """Encodes the frames it is given into ``file`` and hands the finished clip to ``record``.

    ``patient``: whoever gives frames waits for the encoder, as a replay may; else frames that come too fast
    are left out, since a camera's loop never waits. ``is_news``: whether what is lost is to be logged.
    """

    def __init__(
        self,
        key: str,
        camera: str,
        file: Path,
        frames: Iterable[SmallFrame],
        record: Record,
        *,
        patient: bool,
        is_news: IsNews = lambda problem: True,
    ) -> None:
        super().__init__(name=f"clip {camera}", daemon=True)
        self._key = key
        self._camera = camera
        self._file = file
        self._record = record
        self._patient = patient
        self._is_news = is_news
        self._waiting = deque(frames)
        self._most_waiting = len(self._waiting) + _MOST_WAITING
        self._first = self._waiting[0].time
        self._events: Sequence[str] | None = None  # known when the clip is over
        self._given_up = False
        self._left_out = 0
        self._change = threading.Condition()

    def offer(self, frame: SmallFrame) -> None:
        """Add a frame; never waits unless it is patient."""
        with self._change:
            if self._patient:
                self._change.wait_for(lambda: self._given_up or len(self._waiting) < self._most_waiting)
            if self._given_up:
                return
            if len(self._waiting) >= self._most_waiting:
                self._left_out += 1
                return
            self._waiting.append(frame)
            self._change.notify_all()

    def finish(self, events: Sequence[str]) -> None:
        """No frame comes any more: encode what waits, and record it as the clip of these events (keys)."""
        with self._change:
            self._events = tuple(events)
            self._change.notify_all()

    def give_up(self) -> None:
        """The clip is not wanted any more: leave nothing of it."""
        with self._change:
            self._given_up = True
            self._change.notify_all()

    def run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # Linux: this thread alone
        try:
            clip = self._encoded()
            self._record(clip, self._first + timedelta(seconds=clip.seconds))
        except _GivenUp:
            log.debug("Camera %s: a clip was given up", self._camera)
        except CoopError as error:
            level = logging.ERROR if self._is_news(error) else logging.DEBUG
            log.log(level, "Camera %s: a clip is lost: %s", self._camera, error)
        finally:
            with self._change:
                self._given_up = True
                self._waiting.clear()
                self._change.notify_all()
        if self._left_out:
            log.warning("Camera %s: %d frames of a clip came too fast", self._camera, self._left_out)

    def _encoded(self) -> NewClip:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                self._file, f"its folder cannot be made ({error.strerror})", "Look at the disk"
            ) from None
        size = self._waiting[0].width * self._waiting[0].height
        rate = round(BITS_PER_PIXEL * size)
        with ClipWriter(
            self._file, quality=QUALITY, longest_pause=None, max_bits_per_second=rate, threads=1
        ) as writer:
            while (frame := self._next()) is not None:
                writer.write_planes(frame.planes, frame.time)
        width, height = writer.size
        return NewClip(
            key=self._key,
            file=self._file,
            camera=self._camera,
            time=self._first,
            seconds=writer.shown.total_seconds(),
            width=width,
            height=height,
            events=tuple(self._events or ()),
        )

    def _next(self) -> SmallFrame | None:
        """The next frame; None when there is no more."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._events is not None or self._given_up)
            if self._given_up:
                raise _GivenUp
            if not self._waiting:
                return None
            frame = self._waiting.popleft()
            self._change.notify_all()
            return frame
