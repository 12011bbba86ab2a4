"""The clips of one camera: a ring of what was just seen, and an encoder only while an event is on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from coop.clip.director import Director, Take
from coop.clip.encoder import Encoder, IsNews, Record
from coop.clip.ring import Ring, small
from coop.domain.event import Event
from coop.domain.frame import Frame
from coop.domain.judgement import Judgement

QUIET_FPS = 2.0
"""Frames a second kept while nothing moves: there is little to see, and each costs half a millisecond."""
CLOSE_S = 1.5
"""The whole program must stop within five seconds."""
_EARLY = 0.1
"""A frame may come by this share of the interval too early, since cameras are uneven."""


class ClipMaker:
    """Makes the clips of one camera; one `update` a frame. Nothing is encoded while nothing happens.

    Unfinished clips lie in ``folder``; `record` is given each finished one, in another thread. Pictures are
    at most ``width`` pixels wide and ``fps`` a second. ``patient``, ``is_news``: see `Encoder`.
    """

    def __init__(
        self,
        camera: str,
        *,
        director: Director,
        ring: Ring,
        folder: Path,
        record: Record,
        width: int,
        fps: float,
        patient: bool,
        is_news: IsNews = lambda problem: True,
    ) -> None:
        self._camera = camera
        self._director = director
        self._ring = ring
        self._folder = folder
        self._record = record
        self._width = width
        self._fps = fps
        self._patient = patient
        self._is_news = is_news
        self._take: Take | None = None
        self._encoder: Encoder | None = None
        self._finishing: list[Encoder] = []
        self._newest: datetime | None = None

    @property
    def memory(self) -> int:
        """Bytes of the frames that are kept for a pre-roll."""
        return self._ring.bytes

    def update(
        self, frame: Frame, events: Sequence[Event], judgements: Sequence[Judgement], *, moving: bool
    ) -> None:
        """Take a frame with what was found in it; ``moving``: something is there, whatever it is."""
        take = self._director.update(frame.time, events, _last_seen(judgements))
        if take is not self._take:
            self._end()
        begins = take is not None and self._encoder is None
        if not begins and not self._is_due(
            frame.time, QUIET_FPS if take is None and not moving else self._fps
        ):
            return
        self._newest = frame.time
        picture = small(frame, self._width)
        self._ring.add(picture)
        if self._encoder is not None:
            self._encoder.offer(picture)
        elif take is not None:
            self._begin(take)

    def tick(self, now: datetime) -> None:
        """Let time pass while no frame comes: a clip whose camera went silent ends too."""
        if self._take is not None and now > self._take.until:
            self._director.update(now, (), {})
            self._end()

    def close(self, events: Sequence[Event]) -> None:
        """There are no more frames, only ``events``: end the clip and wait until all are recorded.

        Who is not patient waits `CLOSE_S` and gives up what is not done by then.
        """
        if self._newest is not None:
            take = self._director.update(self._newest, events, {})
            if take is not None and self._encoder is None and self._ring.since(take.since):
                self._begin(take)
        self._end()
        deadline = time.monotonic() + CLOSE_S
        for encoder in self._finishing:
            encoder.join(None if self._patient else max(0.0, deadline - time.monotonic()))
            if encoder.is_alive():
                encoder.give_up()
        self._finishing.clear()

    def drop(self) -> None:
        """Leave nothing of the clip under way: its recording will be read again from the beginning."""
        if self._encoder is not None:
            self._encoder.give_up()
        self._take = self._encoder = None

    def _is_due(self, moment: datetime, fps: float) -> bool:
        if self._newest is None or moment < self._newest:
            return True
        return moment - self._newest >= timedelta(seconds=(1 - _EARLY) / fps)

    def _begin(self, take: Take) -> None:
        frames = self._ring.since(take.since)
        key = f"clip-{self._camera}-{frames[0].time:%Y%m%d-%H%M%S}-{take.events[0].key[:8]}"
        file = self._folder / f"{key}.mp4"
        self._take = take
        self._encoder = Encoder(
            key,
            self._camera,
            file,
            frames,
            self._record,
            patient=self._patient,
            is_news=self._is_news,
        )
        self._encoder.start()

    def _end(self) -> None:
        if self._take is not None and self._encoder is not None:
            self._encoder.finish([event.key for event in self._take.events])
            self._finishing = [one for one in self._finishing if one.is_alive()] + [self._encoder]
        self._take = self._encoder = None


def _last_seen(judgements: Sequence[Judgement]) -> dict[str, datetime]:
    """When each subject was seen last, of however many there are."""
    seen: dict[str, datetime] = {}
    for judgement in judgements:
        moment = judgement.track.last_seen
        seen[judgement.subject] = max(moment, seen.get(judgement.subject, moment))
    return seen
