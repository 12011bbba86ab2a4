import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import av
import numpy as np
import pytest
from fakes.jpegs import JpegCamera
from fakes.process import free_port
from fakes.rtsp import MjpegServer, RtspServer

from coop.errors import SourceError
from coop.frame import network
from coop.frame.network import TOO_LATE_S, Arrived, Opening
from coop.frame.source import Source

Opened = Callable[..., Source]
Answering = Callable[[bytes | None], int]
Stop = threading.Event

PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Log in to your camera</html>"


def refusal(source: Source) -> SourceError:
    with pytest.raises(SourceError) as error:
        list(source.frames(threading.Event()))
    return error.value


def unknown_video() -> bytes:
    """A video whose codec is called by a name that does not exist."""
    file = io.BytesIO()
    with av.open(file, "w", format="avi") as container:
        stream = container.add_stream("mjpeg", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for level in range(0, 200, 20):
            grey = np.full((48, 64, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue().replace(b"MJPG", b"ZZZZ")


class TestRefused:
    """Whatever is wrong is said in a sentence, soon, and without the password."""

    @pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
    def test_nobody_there(self, opened: Opened, scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
        error = refusal(opened(f"{scheme}://keeper:secret@127.0.0.1:{free_port()}/live", timeout_s=5))
        assert "secret" not in str(error)
        assert "keeper:***@127.0.0.1" in error.source
        assert error.problem == "the camera cannot be reached (Connection refused)"
        assert capfd.readouterr().err == ""

    @pytest.mark.parametrize("scheme", ["rtsp", "http"])
    def test_half_open(self, opened: Opened, answering: Answering, scheme: str) -> None:
        """The connection stands, and nothing ever comes: a frozen camera."""
        error = refusal(opened(f"{scheme}://127.0.0.1:{answering(None)}/live", timeout_s=1))
        assert error.problem == "the camera does not answer within 1 s"

    @pytest.mark.parametrize("scheme", ["rtsp", "http"])
    def test_garbage(self, opened: Opened, answering: Answering, scheme: str) -> None:
        error = refusal(opened(f"{scheme}://127.0.0.1:{answering(bytes(range(256)) * 8)}/live", timeout_s=2))
        assert f"does not speak {scheme.upper()}" in error.problem

    @pytest.mark.parametrize(
        ("url", "answer", "problem"),
        [
            ("rtsp://127.0.0.1:{}/", b"", "breaks the connection off"),
            (
                "rtsp://127.0.0.1:{}/",
                b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n",
                "wants a user and password",
            ),
            ("rtsp://a:b@127.0.0.1:{}/", b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", "to this user and"),
            ("rtsp://127.0.0.1:{}/x", b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", "no stream at this path"),
            ("http://127.0.0.1:{}/", b"HTTP/1.0 401 Unauthorized\r\n\r\n", "wants a user and password"),
            ("http://a:b@127.0.0.1:{}/", b"HTTP/1.0 403 Forbidden\r\n\r\n", "to this user and password"),
            ("http://127.0.0.1:{}/x?y=1", b"HTTP/1.0 404 Not Found\r\n\r\n", "no stream at this path"),
            ("http://127.0.0.1:{}/", PAGE, "gives no video"),
        ],
    )
    def test_by_the_camera(
        self, opened: Opened, answering: Answering, url: str, answer: bytes, problem: str
    ) -> None:
        error = refusal(opened(url.format(answering(answer)), timeout_s=3))
        assert problem in error.problem
        assert error.remedy

    def test_a_codec_that_nobody_knows(self, opened: Opened, answering: Answering) -> None:
        answer = b"HTTP/1.0 200 OK\r\nContent-Type: video/x-msvideo\r\n\r\n" + unknown_video()
        assert (
            "gives no video" in refusal(opened(f"http://127.0.0.1:{answering(answer)}/", timeout_s=3)).problem
        )

    @pytest.mark.parametrize(
        "url",
        ["rtsp://127.0.0.1:99999/x", "rtsp://[::1/x", "rtsp://keeper:sec/ret@127.0.0.1/x", "http://a:b/"],
    )
    def test_an_impossible_address(self, opened: Opened, url: str) -> None:
        error = refusal(opened(url, timeout_s=2))
        assert error.problem == "this is not a valid address"
        assert "ret@" not in str(error)

    def test_no_such_device(self, opened: Opened) -> None:
        assert refusal(opened("/dev/video987")).problem == "there is no such device"

    def test_a_device_that_is_no_camera(self, opened: Opened, capfd: pytest.CaptureFixture[str]) -> None:
        assert "cannot be opened as a camera" in refusal(opened("/dev/null")).problem
        assert capfd.readouterr().err == ""


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_silent_cameras_do_not_hold_up_another(
    opened: Opened, answering: Answering, stop: Stop, rtsp_camera: RtspServer, scheme: str
) -> None:
    silent = [opened(f"{scheme}://127.0.0.1:{answering(None)}/live", timeout_s=60) for _ in range(3)]
    held_up = [threading.Thread(target=refusal, args=(one,), daemon=True) for one in silent]
    for thread in held_up:
        thread.start()
    time.sleep(0.3)
    frame = next(opened(rtsp_camera.url).frames(stop))
    assert (frame.width, frame.height) == (980, 490)
    assert all(thread.is_alive() for thread in held_up)


def test_the_first_picture_is_a_new_one(
    opened: Opened, stop: Stop, rtsp_camera: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept while the stream was opened is as old as that took, and is not looked at: the first is
    the first one that had to be waited for, and the second was taken after it.
    """
    came: list[Arrived] = []
    arrivals = Opening.arrivals

    def noted(opening: Opening, stop: Stop) -> Iterator[Arrived]:
        for arrived in arrivals(opening, stop):
            came.append(arrived)
            yield arrived

    monkeypatch.setattr(Opening, "arrivals", noted)
    frames = opened(rtsp_camera.url).frames(stop)
    first, second = next(frames), next(frames)
    fit = [one for one in came if one.late_s is not None and one.late_s <= TOO_LATE_S]
    assert 0 < first.number == fit[0].number, "nor is one left out that need not be"
    assert second.number == fit[1].number
    one, other = (float(arrived.coded.pts * arrived.coded.time_base) for arrived in fit[:2])
    assert other - one > 0.01, "by the camera's own clock"
    assert first.time < second.time


def test_fewer_frames_on_request(opened: Opened, stop: Stop, mjpeg_camera: MjpegServer) -> None:
    """Ten a second come; of the times of those given, none are closer than the ones asked for can be."""
    frames = opened(mjpeg_camera.url, fps=2).frames(stop)
    times = [next(frames).time for _ in range(5)]
    assert (times[-1] - times[0]).total_seconds() > 1.4
    frames.close()  # type: ignore[attr-defined]


def test_while_nobody_has_time_pictures_wait_undecoded(
    opened: Opened, stop: Stop, mjpeg_camera: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "BUSY_S", 3600)
    decoded, asked = [], []
    decode = network.Decoder.decode
    monkeypatch.setattr(
        network.Decoder, "decode", lambda *a, **k: decoded.append(len(asked)) or decode(*a, **k)
    )

    def has_time() -> bool:
        asked.append(True)
        return len(asked) > 6

    first = next(opened(mjpeg_camera.url, wanted=has_time).frames(stop))

    assert first.number >= 6
    assert min(decoded) == 7


def test_pictures_are_decoded_in_turn_and_are_as_old_as_they_have_waited(
    opened: Opened, stop: Stop, mjpeg_camera: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[datetime] = []
    in_turn: list[bool] = []
    asked: list[bool] = []
    decode = network.Decoder.decode
    monkeypatch.setattr(
        network.Decoder, "decode", lambda *a, **k: in_turn.append(bool(turns)) or decode(*a, **k)
    )

    @contextmanager
    def turn(patient: bool) -> Iterator[bool]:
        asked.append(patient)
        if len(asked) < 3:
            yield False  # it took too long
            return
        time.sleep(0.2)
        turns.append(datetime.now(UTC))
        yield True
        turns.clear()

    frames = opened(mjpeg_camera.url, turn=turn).frames(stop)
    first = next(frames)

    assert first.number >= 2, "the newest when its turn came"
    assert not any(asked), "it has not waited for long"
    came = first.time
    assert in_turn == [True]
    assert (datetime.now(UTC) - came).total_seconds() >= 0.2
    assert not turns, "the turn is over when the picture is handed on"


def test_one_who_never_has_time_gets_pictures_all_the_same(
    opened: Opened, stop: Stop, mjpeg_camera: MjpegServer
) -> None:
    """Else a reader that works would be taken for a camera that does not."""
    frames = opened(mjpeg_camera.url, wanted=lambda: False).frames(stop)
    assert next(frames).number < next(frames).number


def test_a_frozen_stream_raises_rather_than_give_old_pictures(
    opened: Opened, stop: Stop, rtsp_camera: RtspServer
) -> None:
    frames = opened(rtsp_camera.url, timeout_s=2).frames(stop)
    for _ in range(5):
        next(frames)
    rtsp_camera.freeze()
    with pytest.raises(SourceError, match="no new picture for 2 s"):
        for _ in range(300):  # those already on their way may still come
            next(frames)


def test_stills_come_as_often_as_asked_for(opened: Opened, stop: Stop) -> None:
    with JpegCamera(lambda n: np.full((48, 64, 3), 20 * n, np.uint8)) as camera:
        frames = opened(camera.still_url, fps=20).frames(stop)
        taken = [next(frames) for _ in range(5)]
        stop.set()
        assert list(frames) == []
    assert [frame.number for frame in taken] == list(range(5))
    assert [int(frame.image.mean()) for frame in taken] == [20 * n for n in range(1, 6)], "each is a new one"
    assert (taken[-1].time - taken[0].time).total_seconds() > 0.15
