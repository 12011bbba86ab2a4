import hashlib
import os
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.errors import SourceError
from coop.frame.source import Source
from coop.frame.video import RecordedClock

Opened = Callable[..., Source]
Record = Callable[..., Path]
Stop = threading.Event


def test_a_real_recording(opened: Opened, stop: Stop, test_data: Path) -> None:
    """Every frame, in its size, with the time the file says."""
    times, sizes, numbers = [], set(), []
    for frame in opened(test_data / "videos" / "hens-in-run.mp4").frames(stop):
        times.append(frame.time)
        sizes.add((frame.width, frame.height))
        numbers.append(frame.number)
    assert numbers == list(range(857))
    assert sizes == {(980, 490)}
    assert times[0] == datetime(2023, 11, 11, 16, 3, 58, tzinfo=UTC)
    steps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert min(steps) == pytest.approx(1 / 30, abs=1e-4) and max(steps) == pytest.approx(1 / 30, abs=1e-4)


def test_uneven_times_are_kept(
    opened: Opened, stop: Stop, test_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """tree.avi shows 68 pictures in 29.6 s; it declares 444 frames, and is whole nevertheless."""
    frames = list(opened(test_data / "videos" / "tree.avi").frames(stop))
    assert len(frames) == 68
    assert (frames[-1].time - frames[0].time).total_seconds() == pytest.approx(29.53, abs=0.01)
    assert "cut off" not in caplog.text


def test_two_readings_are_identical(opened: Opened, stop: Stop, test_data: Path) -> None:
    def digest() -> str:
        hashed = hashlib.sha256()
        for frame in opened(test_data / "videos" / "hens-in-run.mp4", fps=5).frames(stop):
            hashed.update(frame.time.isoformat().encode() + frame.image.tobytes())
        return hashed.hexdigest()

    assert digest() == digest()


def test_fewer_frames_on_request(opened: Opened, stop: Stop, record: Record) -> None:
    frames = list(opened(record("run.mp4", count=40), fps=2).frames(stop))
    assert [frame.number for frame in frames] == list(range(8))
    assert {b.time - a.time for a, b in pairwise(frames)} == {timedelta(seconds=0.5)}


def test_stopping_in_the_middle(opened: Opened, stop: Stop, record: Record) -> None:
    frames = opened(record("run.mp4")).frames(stop)
    next(frames)
    stop.set()
    assert len(list(frames)) <= 1


class TestStart:
    """When a recording began: as told, by its name, by its own word, by the file's last change."""

    def test_as_told(self, opened: Opened, stop: Stop, record: Record) -> None:
        start = datetime(2020, 1, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        frame = next(opened(record("20161004-101112.mp4"), start=start).frames(stop))
        assert frame.time == datetime(2020, 1, 1, 11, tzinfo=UTC)

    def test_a_naive_start_is_refused(self, opened: Opened, record: Record) -> None:
        with pytest.raises(ValueError, match="time zone"):
            opened(record("run.mp4"), start=datetime(2020, 1, 1))  # noqa: DTZ001

    def test_by_name_before_its_own_word(
        self, opened: Opened, stop: Stop, test_data: Path, tmp_path: Path
    ) -> None:
        named = tmp_path / "20161004-101112.mp4"
        named.symlink_to(test_data / "videos" / "hens-in-run.mp4")
        frame = next(opened(named, timezone=ZoneInfo("Europe/Berlin")).frames(stop))
        assert frame.time == datetime(2016, 10, 4, 8, 11, 12, tzinfo=UTC)

    def test_by_the_last_change(self, opened: Opened, stop: Stop, record: Record) -> None:
        path = record("run.avi", count=20)
        os.utime(path, (1_600_000_000, 1_600_000_000))
        frames = list(opened(path).frames(stop))
        assert frames[0].time == datetime.fromtimestamp(1_600_000_000 - 2, UTC)

    def test_a_recorder_whose_clock_was_never_set(self, opened: Opened, stop: Stop, record: Record) -> None:
        path = record("run.mp4")
        unset = path.with_name("unset.mp4")
        with av.open(path) as source, av.open(unset, "w") as copy:
            copy.metadata["creation_time"] = "1970-01-01T00:00:00Z"
            stream = copy.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    copy.mux(packet)
        assert next(opened(unset).frames(stop)).time.year > 2000


class TestBroken:
    def test_cut_in_half_with_the_index_in_front(
        self, opened: Opened, stop: Stop, test_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        whole = (test_data / "videos" / "hens-in-run.mp4").read_bytes()
        cut = tmp_path / "cut.mp4"
        cut.write_bytes(whole[: len(whole) // 2])
        frames = list(opened(cut).frames(stop))
        assert 200 < len(frames) < 857
        assert "cut.mp4: the recording is cut off: it declares 28.6 s" in caplog.text

    def test_cut_in_half_with_the_index_at_the_end(self, opened: Opened, stop: Stop, record: Record) -> None:
        path = record("run.mp4")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(SourceError, match=r"run\.mp4: not a video .*lost its index"):
            list(opened(path).frames(stop))

    def test_a_cut_avi(
        self, opened: Opened, stop: Stop, test_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        whole = (test_data / "videos" / "vtest.avi").read_bytes()
        cut = tmp_path / "cut.avi"
        cut.write_bytes(whole[: len(whole) // 2])
        assert len(list(opened(cut).frames(stop))) == pytest.approx(399, abs=2)
        assert "it declares 79.5 s" in caplog.text

    def test_garbage_in_the_middle(
        self, opened: Opened, stop: Stop, test_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What comes after the damage is still read, and the same each time."""
        data = bytearray((test_data / "videos" / "vtest.avi").read_bytes())
        middle = len(data) // 2
        data[middle : middle + 60_000] = np.random.default_rng(7).bytes(60_000)
        damaged = tmp_path / "damaged.avi"
        damaged.write_bytes(data)

        def digests() -> list[int]:
            return [zlib.crc32(frame.image[::4].tobytes()) for frame in opened(damaged).frames(stop)]

        first = digests()
        assert 700 < len(first) <= 795
        assert digests() == first

    def test_an_empty_file(self, opened: Opened, stop: Stop, tmp_path: Path) -> None:
        path = tmp_path / "empty.mp4"
        path.touch()
        with pytest.raises(SourceError, match=r"empty\.mp4: the file is empty \(0 bytes\)"):
            list(opened(path).frames(stop))

    def test_not_a_video(self, opened: Opened, stop: Stop, tmp_path: Path) -> None:
        path = tmp_path / "notes.mp4"
        path.write_text("the hens laid five eggs today\n" * 100)
        with pytest.raises(SourceError, match=r"notes\.mp4: not a video"):
            list(opened(path).frames(stop))

    def test_only_sound(self, opened: Opened, stop: Stop, tmp_path: Path) -> None:
        path = tmp_path / "clucking.wav"
        with av.open(path, "w") as container:
            stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            silence.sample_rate = 8000
            container.mux(stream.encode(silence))
        with pytest.raises(SourceError, match="only sound"):
            list(opened(path).frames(stop))


def test_a_picture_that_changes_its_size(opened: Opened, stop: Stop, record: Record, tmp_path: Path) -> None:
    """Two recordings joined: each picture keeps its own size, and time goes on."""
    small = record("small.ts", size=(64, 48), codec="mpeg2video")
    large = record("large.ts", size=(128, 72), codec="mpeg2video")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames = list(opened(joined).frames(stop))
    sizes = [(frame.width, frame.height) for frame in frames]
    assert sizes[0] == (64, 48) and sizes[-1] == (128, 72) and len(frames) >= 38
    assert all(0 < (b.time - a.time).total_seconds() < 0.5 for a, b in pairwise(frames))


def test_a_recording_turned_on_its_side(opened: Opened, stop: Stop, record: Record) -> None:
    """Telephones store the picture as the sensor has it, and how it is to be turned."""
    path = record("phone.mp4", size=(64, 48))
    data = path.read_bytes()
    upright = b"".join(n.to_bytes(4, "big") for n in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    turned = b"".join(n.to_bytes(4, "big") for n in (0, 1 << 16, 0, 0xFFFF0000, 0, 0, 0, 0, 1 << 30))
    assert data.count(upright) == 2  # of the film and of the track; the track's counts
    at = data.rindex(upright)
    path.write_bytes(data[:at] + turned + data[at + len(turned) :])
    frame = next(opened(path).frames(stop))
    assert (frame.width, frame.height) == (48, 64)
    there, as_opencv_turns_it = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG).read()
    assert there and np.array_equal(frame.image, as_opencv_turns_it)


class TestRecordedClock:
    @given(st.lists(st.none() | st.floats(-1e5, 1e5), min_size=1))
    def test_time_always_goes_forward(self, positions: list[float | None]) -> None:
        clock = RecordedClock(0.04)
        times = [clock.at(position) for position in positions]
        assert times[0] == 0
        assert all(a < b for a, b in pairwise(times))

    def test_true_times_are_kept(self) -> None:
        clock = RecordedClock(0.04)
        assert [clock.at(position) for position in (5.0, 5.5, 5.6, 9.0)] == pytest.approx([0, 0.5, 0.6, 4.0])

    def test_missing_times_follow_the_pace(self) -> None:
        clock = RecordedClock(0.1)
        assert [clock.at(None) for _ in range(4)] == pytest.approx([0, 0.1, 0.2, 0.3])

    def test_a_joined_recording_goes_on(self) -> None:
        clock = RecordedClock(0.1)
        assert [clock.at(p) for p in (0.0, 0.1, 0.2, 0.0, 0.1)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
