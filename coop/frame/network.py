"""A camera on the network: RTSP, and MJPEG, stills or what else FFmpeg reads over HTTP, through PyAV."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import av
import av.container
import av.video
from av.video.codeccontext import VideoCodecContext

from coop.domain.frame import Frame, Picture
from coop.domain.url import redact_url
from coop.errors import SourceError
from coop.frame.gop import CodedPicture, Decoder, Gop
from coop.frame.lateness import Lateness
from coop.frame.probe import unanswered, why_refused
from coop.frame.rate import RateLimit
from coop.frame.readtime import Read, ReadTimes
from coop.frame.source import Stop

TOO_LATE_S = 1.0
"""A picture that was on its way for longer is not looked at: newer ones are waiting behind it."""

BUSY_S = 1.0
"""So long at most no picture is decoded because nobody has time for it."""

_DIAGNOSIS_S = 5.0
"""How long to ask a camera that could not be opened why."""

_STILLS_FPS = 1.0
"""How often a camera is asked for a still where nothing says so."""

_OPTIONS = {
    "rtsp_transport": "tcp",
    # What is in the stream is known after the first pictures. FFmpeg would collect 2.5 s of them, and the
    # watch would begin with pictures as old as that.
    "analyzeduration": "200000",
    "fpsprobesize": "0",
}
_REMEDY = "It is opened again by itself; check the camera's power and network"

Finer = Callable[[float], Picture | None]
"""The picture of a camera's main stream that was taken at a moment (monotonic seconds), if there is one."""


Wanted = Callable[[], bool]
"""Whether somebody has time for a picture now."""


Turn = Callable[[bool], AbstractContextManager[bool]]
"""What is entered to decode: it waits where others do so already, more than there are processors for.

It is False where that took too long, but never if it is asked to be patient.
"""


def _always() -> bool:
    return True


def _at_once(patient: bool) -> AbstractContextManager[bool]:
    return nullcontext(True)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Arrived:
    """A coded picture as it came: ``taken`` in monotonic seconds, ``late_s`` None where it is not known."""

    coded: CodedPicture
    number: int
    taken: float
    late_s: float | None


class Opening:
    """One opened stream of a camera on the network."""

    def __init__(
        self,
        container: av.container.InputContainer,
        url: str,
        timeout_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._container = container
        self._stream = container.streams.video[0]
        self._url = url
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        # Over HTTP pictures carry no time of their own; FFmpeg makes one up.
        self._carries_time = container.format.name == "rtsp"

    @property
    def codec(self) -> VideoCodecContext:
        return self._stream.codec_context

    @property
    def is_still(self) -> bool:
        """Whether this is one picture and no stream: some cameras give one for each request."""
        name = self._container.format.name
        return name == "image2" or name.endswith("_pipe")

    def arrivals(self, stop: Stop) -> Iterator[Arrived]:
        """Every coded picture as it comes. SourceError where the stream breaks, ends or stalls."""
        times, lateness = ReadTimes(self._timeout_s), Lateness()
        packets = self._container.demux(self._stream)
        number = 0
        while not stop.is_set():
            began = self._monotonic()
            coded = self._next(packets)
            now = self._monotonic()
            took = now - began
            read = times.judge(took)
            if read is Read.STALLED:
                raise self._broken(f"no new picture for {took:.0f} s")
            late = lateness.judge(self._carried(coded), now, took)
            if read is Read.STALE:
                late = None
            yield Arrived(coded=coded, number=number, taken=now - (late or 0.0), late_s=late)
            number += 1

    def _next(self, packets: Iterator[CodedPicture]) -> CodedPicture:
        began = self._monotonic()
        try:
            coded = next(packets)
        except StopIteration:
            raise self._broken("the stream has ended") from None
        except av.error.ExitError:  # PyAV's time-out
            raise self._broken(f"no new picture for {self._monotonic() - began:.0f} s") from None
        except (av.FFmpegError, OSError) as error:
            raise self._broken(f"the stream is broken ({error.strerror or error})") from None
        if not coded.size:
            raise self._broken("the stream has ended")
        return coded

    def _carried(self, coded: CodedPicture) -> float | None:
        if not self._carries_time or coded.pts is None:
            return None
        return float(coded.pts * coded.time_base)

    def _broken(self, problem: str) -> SourceError:
        return SourceError(redact_url(self._url), problem, _REMEDY)


@contextmanager
def opened(url: str, timeout_s: float, monotonic: Callable[[], float] = time.monotonic) -> Iterator[Opening]:
    """Open a stream; its opening and each read of it may take ``timeout_s``. Raises SourceError."""
    try:
        container = av.open(url, options=_OPTIONS, timeout=timeout_s)
    except av.error.ExitError:
        raise unanswered(url, timeout_s) from None
    except (av.FFmpegError, OSError, ValueError) as error:
        raise why_refused(url, min(timeout_s, _DIAGNOSIS_S)) from error
    with container:
        # Of what is no codec that FFmpeg knows, or was garbled on its way, there is a stream without a codec.
        if not any(stream.codec_context is not None for stream in container.streams.video[:1]):
            raise why_refused(url, min(timeout_s, _DIAGNOSIS_S))
        yield Opening(container, url, timeout_s, monotonic)


class NetworkSource:
    """A live stream of which only those pictures are decoded that are to be looked at, or that they need.

    ``finer`` asks the same camera's main stream. A frame's time is when it arrived; one that was on its way
    for more than `TOO_LATE_S` is left out, so a reader that falls behind goes on with the newest key picture.
    A stream that breaks, ends, stalls or gives nothing but damaged pictures raises SourceError; open it anew.
    A camera that gives stills is asked for one each time that a frame is due. While nothing is ``wanted``
    pictures wait undecoded, so that a box with too much to do decodes none for nothing. It decodes when it is
    its ``turn``.
    """

    live = True

    def __init__(
        self,
        url: str,
        camera: str,
        *,
        clock: Callable[[], datetime],
        timeout_s: float = 5.0,
        fps: float | None = None,
        finer: Finer | None = None,
        wanted: Wanted = _always,
        turn: Turn | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._camera = camera
        self._clock = clock
        self._timeout_s = timeout_s
        self._fps = fps
        self._finer = finer
        self._wanted = wanted
        self._turn = turn or _at_once
        self._monotonic = monotonic

    def frames(self, stop: Stop) -> Iterator[Frame]:
        with opened(self._url, self._timeout_s, self._monotonic) as stream:
            if not stream.is_still:
                decoder = Decoder(stream.codec)
                yield from self._looked_at(stream, decoder, stop)
                return
        for number in self._turns(stop):
            with opened(self._url, self._timeout_s, self._monotonic) as still:
                image = self._still(still, stop)
            yield self._frame(image, number, self._clock(), self._monotonic())

    def _frame(self, image: Picture, number: int, time: datetime, taken: float) -> Frame:
        return Frame(
            camera=self._camera,
            time=time,
            image=image,
            number=number,
            finer=partial(self._finer, taken) if self._finer is not None else None,
        )

    def _turns(self, stop: Stop) -> Iterator[int]:
        """Numbers, each when the next still is due."""
        period = 1 / (self._fps or _STILLS_FPS)
        for number in itertools.count():
            began = self._monotonic()
            if stop.is_set():
                return
            yield number
            stop.wait(max(0.0, began + period - self._monotonic()))

    def _still(self, still: Opening, stop: Stop) -> Picture:
        decoder = Decoder(still.codec)
        for arrived in still.arrivals(stop):
            try:
                decoded = decoder.decode(arrived.coded)
            except av.FFmpegError:
                break
            if decoded is not None:
                return decoder.picture(decoded)
        raise self._damaged("its picture is damaged")

    def _looked_at(self, stream: Opening, decoder: Decoder, stop: Stop) -> Iterator[Frame]:
        """The pictures that are due."""
        rate, gop = RateLimit(self._fps), Gop(decoder)
        good = last = self._monotonic()
        owed = False
        for arrived in stream.arrivals(stop):
            gop.add(arrived.coded)
            if arrived.late_s is None or arrived.late_s > TOO_LATE_S:
                continue
            now = self._monotonic()
            if now - last < BUSY_S and not self._wanted():
                continue
            if not owed and not rate.due(now, cheap=arrived.coded.is_keyframe):
                continue
            came = self._clock()
            with self._turn(now - last >= BUSY_S) as has_turn:
                owed = not has_turn
                if owed:
                    continue  # by the next turn there is a newer one
                last = now
                decoded = gop.newest()
                image = decoder.picture(decoded) if decoded is not None else None
            if image is not None:
                good = now
                yield self._frame(image, arrived.number, came, arrived.taken)
            elif gop.damaged and now - good > self._timeout_s:
                raise self._damaged(f"all its pictures for {self._timeout_s:g} s were damaged")

    def _damaged(self, problem: str) -> SourceError:
        return SourceError(
            redact_url(self._url),
            problem,
            "It is opened again by itself; check the network, Wi-Fi most of all",
        )
