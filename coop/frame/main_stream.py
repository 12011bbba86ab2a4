"""A camera's main stream: kept undecoded for a few seconds, and looked at only where somebody asks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

import av

from coop.domain.frame import Picture
from coop.domain.spending import Plenty, Spends
from coop.domain.url import redact_url
from coop.errors import SourceError
from coop.frame.gop import CodedPicture, Decoder
from coop.frame.network import Opening, opened
from coop.frame.source import Stop

KEPT_S = 2.0
"""A moment so long ago can still be asked for."""

MOST_BYTES = 48_000_000

NEAR_S = 0.3
"""A picture further than this from the moment asked for shows something else."""

WAIT_S = 0.25
"""The main stream's picture of a moment, being larger, may come so much later than that of the small one."""

DECODE_S = 0.6
"""Decoding that takes longer goes on when it is next asked for; until then the small picture must do."""


_RECENT_S = 5.0


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class CodedFrame:
    """A picture of the main stream, not decoded; ``taken`` in monotonic seconds."""

    time: datetime
    number: int
    taken: float
    coded: CodedPicture
    opening: Opening

    @property
    def width(self) -> int:
        return self.opening.codec.width

    @property
    def height(self) -> int:
        return self.opening.codec.height


class MainSource:
    """The main stream as a source of pictures that are not decoded."""

    live = True

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime],
        timeout_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._clock = clock
        self._timeout_s = timeout_s
        self._monotonic = monotonic

    def frames(self, stop: Stop) -> Iterator[CodedFrame]:
        with opened(self._url, self._timeout_s, self._monotonic) as opening:
            if opening.is_still:
                raise SourceError(
                    redact_url(self._url),
                    "it gives one picture, no stream",
                    "Leave main_url out, or give a stream",
                )
            for arrived in opening.arrivals(stop):
                yield CodedFrame(
                    time=self._clock(),
                    number=arrived.number,
                    taken=arrived.taken,
                    coded=arrived.coded,
                    opening=opening,
                )


Away = Callable[[], AbstractContextManager[None]]
"""What is entered while something is waited for that needs no processor."""


class MainStream:
    """The last seconds of a main stream; `at` decodes the picture of a moment.

    A key picture makes those before it needless as soon as nobody can ask for them any more. While things
    move each request decodes only what came since the last; after a quiet time decoding begins at the newest
    key picture before the moment. ``away`` is entered while it waits for a picture to come. While no ``time``
    is left (all cameras share it) nothing is decoded, and the small picture must do. Thread-safe: one thread
    puts, others ask.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        away: Away = nullcontext,
        time: Spends | None = None,
    ) -> None:
        self.dropped = 0
        self._time = time or Plenty()
        self._monotonic = monotonic
        self._away = away
        self._changed = threading.Condition()
        self._kept: deque[CodedFrame] = deque()
        self._bytes = 0
        self._closed = False
        self._looking = threading.Lock()
        self._decoder: Decoder | None = None
        self._decoded: CodedFrame | None = None
        self._picture: Picture | None = None
        self._given: deque[float] = deque(maxlen=1000)

    def decoded_a_second(self) -> float:
        """Pictures that were asked for and given, a second, of late."""
        now = self._monotonic()
        return sum(now - given <= _RECENT_S for given in tuple(self._given)) / _RECENT_S

    def put(self, frame: CodedFrame) -> bool:
        """Keep the newest picture; False once closed."""
        with self._changed:
            if self._closed:
                return False
            if self._kept and self._kept[-1].opening is not frame.opening:
                self._clear()
            if self._kept or frame.coded.is_keyframe:
                self._kept.append(frame)
                self._bytes += frame.coded.size
                self._forget(frame)
            self._changed.notify_all()
            return True

    def offer(self, frame: CodedFrame, timeout: float) -> bool:
        """The same: a main stream never waits for anybody."""
        return self.put(frame)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._clear()
            self._changed.notify_all()

    def at(self, taken: float) -> Picture | None:
        """The picture taken at about ``taken`` (monotonic seconds); None where it cannot be had soon."""
        with self._looking:
            if not self._time.is_left():
                return None
            wanted = self._nearest(taken)
            if wanted is None:
                return None
            if self._decoded is wanted:
                return self._picture
            with self._time.spending():
                return self._decode_up_to(wanted)

    def _nearest(self, taken: float) -> CodedFrame | None:
        if not self._is_there(taken):
            with self._away(), self._changed:
                self._changed.wait_for(lambda: self._is_there(taken), WAIT_S)
        with self._changed:
            if not self._kept:
                return None
            nearest = min(reversed(self._kept), key=lambda frame: abs(frame.taken - taken))
            return nearest if abs(nearest.taken - taken) <= NEAR_S else None

    def _is_there(self, taken: float) -> bool:
        with self._changed:
            return self._closed or (bool(self._kept) and self._kept[-1].taken >= taken)

    def _decode_up_to(self, wanted: CodedFrame) -> Picture | None:
        """Decode what lies between; None where that takes too long, or something there is damaged."""
        deadline = self._monotonic() + DECODE_S
        decoder = self._decoder_of(wanted.opening)
        todo, restart = self._missing(wanted)
        if restart:
            decoder.restart()
            self._decoded = None
        for frame in todo:
            try:
                decoded = decoder.decode(frame.coded, wanted=frame is wanted)
            except av.FFmpegError:
                self._decoder = self._decoded = None
                return None
            self._decoded = frame
            if frame is wanted and decoded is not None:
                self._given.append(self._monotonic())
                self._picture = decoder.picture(decoded)
                return self._picture
            if self._monotonic() > deadline:
                break
        self._picture = None
        return None

    def _decoder_of(self, opening: Opening) -> Decoder:
        if self._decoder is None or self._decoded is None or self._decoded.opening is not opening:
            self._decoder, self._decoded = Decoder(opening.codec), None
        return self._decoder

    def _missing(self, wanted: CodedFrame) -> tuple[list[CodedFrame], bool]:
        """What is to be decoded for a picture, in order, and whether that begins anew at a key picture."""
        with self._changed:
            before = [frame for frame in self._kept if frame.number <= wanted.number]
        keys = [index for index, frame in enumerate(before) if frame.coded.is_keyframe]
        begin = keys[-1] if keys else 0
        last = self._decoded.number if self._decoded is not None else -1
        if before[begin].number <= last < wanted.number:
            return [frame for frame in before if frame.number > last], False
        return before[begin:], True

    def _forget(self, newest: CodedFrame) -> None:
        """Let go of what is before the last key picture that is older than anybody may ask for."""
        needless = 0
        for index, frame in enumerate(self._kept):
            if frame.taken > newest.taken - KEPT_S:
                break
            if frame.coded.is_keyframe:
                needless = index
        for _ in range(needless):
            self._bytes -= self._kept.popleft().coded.size
        if self._bytes > MOST_BYTES:
            self._clear()

    def _clear(self) -> None:
        self._kept.clear()
        self._bytes = 0
