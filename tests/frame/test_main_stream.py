"""The main stream: kept undecoded, asked for a moment, and never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes.coded import KEY_EVERY, CodedVideo
from fakes.jpegs import JpegCamera
from fakes.rtsp import RtspServer

from coop.domain.frame import Picture
from coop.domain.health import CameraState
from coop.errors import SourceError
from coop.frame import main_stream as module
from coop.frame.main_stream import CodedFrame, MainSource, MainStream
from coop.frame.masked import masked
from coop.frame.source import Source
from coop.frame.watch import CameraWatch

if TYPE_CHECKING:
    from conftest import Watched

Opened = Callable[..., Source]
NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


class FakeOpening:
    """What a decoder is made like."""

    def __init__(self, video: CodedVideo) -> None:
        self.codec = video.codec


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> CodedVideo:
    return CodedVideo.h264(tmp_path_factory.mktemp("main"))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.01)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the coded pictures that were decoded since."""
    sizes: list[int] = []

    class Noting(module.Decoder):
        def decode(self, coded, *, wanted=True):  # type: ignore[no-untyped-def]
            sizes.append(coded.size)
            return super().decode(coded, wanted=wanted)

    monkeypatch.setattr(module, "Decoder", Noting)
    return sizes


def frames(video: CodedVideo, opening: FakeOpening | None = None, began: float = 100.0) -> list[CodedFrame]:
    """Ten pictures a second, the first at ``began``."""
    opening = opening or FakeOpening(video)
    return [
        CodedFrame(time=NOON, number=n, taken=began + n / 10, coded=coded, opening=opening)  # type: ignore[arg-type]
        for n, coded in enumerate(video.coded)
    ]


def same(one: Picture | None, other: Picture) -> bool:
    return one is not None and np.array_equal(one, other)


def test_nothing_is_decoded_until_a_moment_is_asked_for(video: CodedVideo, decoded: list[int]) -> None:
    stream = MainStream()
    for frame in frames(video):
        assert stream.put(frame)
    assert decoded == []
    assert same(stream.at(102.5), video.pictures[25])
    assert len(decoded) == 25 % KEY_EVERY + 1


def test_the_picture_is_that_of_the_moment_and_each_is_decoded_once(
    video: CodedVideo, decoded: list[int]
) -> None:
    stream = MainStream()
    for number, frame in enumerate(frames(video)):
        stream.put(frame)
        if number % 2 == 0:
            assert same(stream.at(frame.taken + 0.02), video.pictures[number])
            assert same(stream.at(frame.taken - 0.02), video.pictures[number])
    before_keys = len(video.coded) // KEY_EVERY
    assert len(decoded) == len(video.coded) - before_keys, "those that nothing needs are left out"


def test_a_moment_already_passed_can_still_be_asked_for(video: CodedVideo) -> None:
    stream = MainStream()
    for frame in frames(video):
        stream.put(frame)
    assert same(stream.at(103.9), video.pictures[39])
    assert same(stream.at(102.4), video.pictures[24])
    assert same(stream.at(103.2), video.pictures[32])


@pytest.mark.parametrize("moment", [98.0, 99.6, 104.5, 200.0])
def test_a_moment_of_which_there_is_no_picture(video: CodedVideo, decoded: list[int], moment: float) -> None:
    stream = MainStream()
    for frame in frames(video):
        stream.put(frame)
    assert stream.at(moment) is None
    assert decoded == []
    assert MainStream().at(moment) is None


def test_only_the_last_seconds_are_kept(video: CodedVideo) -> None:
    stream = MainStream()
    most = 0
    opening = FakeOpening(video)
    for round_ in range(5):
        for frame in frames(video, opening, 100.0 + 4 * round_):
            stream.put(frame)
            most = max(most, len(stream._kept))
    assert most <= 20 + 2 * KEY_EVERY, "two seconds, back to a key picture"
    assert stream._bytes == sum(frame.coded.size for frame in stream._kept)


def test_more_than_fits_is_forgotten(video: CodedVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2 * max(coded.size for coded in video.coded))
    stream = MainStream()
    for frame in frames(video):
        stream.put(frame)
        assert stream._bytes <= module.MOST_BYTES
    assert stream.at(100.0) is None


def test_what_takes_too_long_goes_on_at_the_next_request(
    video: CodedVideo, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DECODE_S", -1.0)
    stream = MainStream()
    for frame in frames(video)[:20]:
        stream.put(frame)
    answers = [stream.at(101.9) for _ in range(KEY_EVERY)]
    assert answers[:-1] == [None] * (KEY_EVERY - 1)
    assert same(answers[-1], video.pictures[19])
    assert len(decoded) == KEY_EVERY


class Spent:
    """Time that is left or not, as told; counts what was decoded in it."""

    def __init__(self) -> None:
        self.left = True
        self.begun = 0

    def is_left(self) -> bool:
        return self.left

    @contextmanager
    def spending(self) -> Iterator[None]:
        self.begun += 1
        yield


def test_while_there_is_no_time_nothing_is_decoded(video: CodedVideo, decoded: list[int]) -> None:
    time_left = Spent()
    stream = MainStream(time=time_left)
    for frame in frames(video):
        stream.put(frame)
    time_left.left = False
    assert stream.at(102.5) is None
    assert (decoded, time_left.begun) == ([], 0)
    time_left.left = True
    assert same(stream.at(102.5), video.pictures[25])
    assert time_left.begun == 1


def test_another_opening_begins_anew(video: CodedVideo) -> None:
    stream = MainStream()
    for frame in frames(video)[:15]:
        stream.put(frame)
    assert same(stream.at(101.4), video.pictures[14])
    for frame in frames(video, began=102.0)[3:15]:
        stream.put(frame)
    assert stream.at(102.5) is None, "nothing before a key picture"
    assert same(stream.at(103.1), video.pictures[11])


def test_after_its_end_it_takes_and_gives_nothing(video: CodedVideo) -> None:
    stream = MainStream()
    every = frames(video)
    stream.put(every[0])
    stream.close()
    assert not stream.put(every[1])
    assert not stream.offer(every[1], 0.0)
    assert stream.at(100.0) is None


# With cameras


def shade(width: int, height: int) -> Callable[[int], Picture]:
    """A picture whose grey tells the time of day: it goes around in two and a half seconds."""

    def show(number: int) -> Picture:
        return np.full((height, width, 3), int(time.monotonic() * 100) % 250, np.uint8)

    return show


@pytest.fixture
def two_streams(
    watched: Watched, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CameraWatch[CodedFrame]]:
    """A camera with a small and a large stream, both watched; the watch of the large one."""
    monkeypatch.setattr(module, "WAIT_S", 1.0)
    with ExitStack() as stack:
        small = stack.enter_context(JpegCamera(shade(64, 48)))
        large = stack.enter_context(JpegCamera(shade(320, 180)))
        stream = MainStream()

        def open_main() -> MainSource:
            return MainSource(large.url, clock=lambda: datetime.now(UTC), timeout_s=5)

        watch = CameraWatch("run (main stream)", open_main, stream)
        watch.start()
        stack.callback(watch.stop, 30)
        right = [[(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]]
        watched.start(lambda: masked(opened(small.url, timeout_s=5, finer=stream.at), right))
        yield watch


def test_both_streams_show_the_same_moment_and_no_mask_is_forgotten(
    watched: Watched, two_streams: CameraWatch[CodedFrame]
) -> None:
    compared = 0

    def compare(_: object) -> bool:
        nonlocal compared
        for frame in watched.taken:
            if frame.finest.shape == (180, 320, 3):
                compared += 1
                apart = abs(int(frame.finest[90, 10, 0]) - int(frame.image[24, 4, 0]))
                assert min(apart, 250 - apart) < 100 * (module.NEAR_S + 0.1) + 5
                assert not frame.finest[:, 170:].any(), "what is private is so in every stream"
                assert not frame.image[:, 34:].any()
        watched.taken.clear()
        return compared >= 10

    watched.until(compare)
    status = two_streams.status()
    assert (status.state, status.reconnects) == (CameraState.LIVE, 0)


def test_without_its_main_stream_a_camera_goes_on(
    watched: Watched, two_streams: CameraWatch[CodedFrame]
) -> None:
    watched.until(lambda _: watched.taken)
    two_streams.stop(30)
    watched.taken.clear()
    watched.until(lambda _: len(watched.taken) > 5)
    assert watched.taken[-1].finest is watched.taken[-1].image


def test_the_main_stream_of_a_real_server(opened: Opened, watched: Watched, rtsp_camera: RtspServer) -> None:
    """Both from one RTSP server: each its own connection, both of the same pictures."""
    stream = MainStream()
    watch = CameraWatch(
        "run (main stream)",
        lambda: MainSource(rtsp_camera.url, clock=lambda: datetime.now(UTC), timeout_s=5),
        stream,
    )
    watch.start()
    try:
        watched.start(lambda: opened(rtsp_camera.url, fps=5, timeout_s=5, finer=stream.at))
        watched.until(lambda status: status.fps > 0 and len(watched.taken) > 3)
        assert stream.decoded_a_second() == 0
        watched.until(lambda _: any(frame.finest is not frame.image for frame in watched.taken[-2:]))
        assert stream.decoded_a_second() > 0
    finally:
        watch.stop(30)


def test_stills_are_no_main_stream(stop: threading.Event) -> None:
    with JpegCamera(shade(64, 48)) as camera:
        source = MainSource(camera.still_url, clock=lambda: NOON)
        with pytest.raises(SourceError, match="one picture, no stream"):
            next(source.frames(stop))
