"""Clips that phones play: right codec, right times, and never half a file."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from coop.clip.writer import LONGEST_PAUSE, ClipWriter
from coop.domain.frame import Picture
from coop.errors import OutputError

START = datetime(2026, 5, 1, 7, tzinfo=UTC)


def picture(n: int, width: int = 160, height: int = 120) -> Picture:
    """Grey, brighter with each number, with a white square that moves."""
    image = np.full((height, width, 3), 40 + n * 5 % 120, np.uint8)
    image[20:40, 5 * n % (width - 20) : 5 * n % (width - 20) + 20] = 255
    return image


def written(file: Path, seconds: list[float], width: int = 160, height: int = 120) -> Path:
    with ClipWriter(file) as clip:
        for n, second in enumerate(seconds):
            clip.write(picture(n, width, height), START + timedelta(seconds=second))
    return file


def times_of(file: Path) -> list[float]:
    with av.open(str(file)) as container:
        return [round(float(frame.time), 3) for frame in container.decode(video=0)]


def boxes_of(file: Path) -> list[str]:
    """The names of an MP4's outermost boxes, in order."""
    data, at, names = file.read_bytes(), 0, []
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def test_a_phone_can_play_it(tmp_path: Path) -> None:
    file = written(tmp_path / "clip.mp4", [n / 5 for n in range(25)])
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.codec_context.profile in ("High", "Main")
        assert (stream.width, stream.height) == (160, 120)
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(5.0, abs=0.25)
    names = boxes_of(file)
    assert names.index("moov") < names.index("mdat"), "it begins to play before it is wholly loaded"


def test_the_times_are_those_of_the_pictures(tmp_path: Path) -> None:
    seconds = [0, 0.2, 0.25, 0.9, 1.0, 1.96]
    assert times_of(written(tmp_path / "clip.mp4", seconds)) == pytest.approx(seconds, abs=0.0015)


def test_long_pauses_are_cut_and_clocks_that_go_back_do_not_stop_it(tmp_path: Path) -> None:
    pause = LONGEST_PAUSE.total_seconds()
    shown = times_of(written(tmp_path / "clip.mp4", [0, 0.5, 3600, 3600.5, 100, 100.5, 100.5]))
    steps = [round(later - earlier, 3) for earlier, later in pairwise(shown)]
    assert steps == [0.5, pause, 0.5, 0.001, 0.5, 0.001]


def test_the_pictures_are_those_that_were_written(tmp_path: Path) -> None:
    file = written(tmp_path / "clip.mp4", [n / 5 for n in range(10)])
    with av.open(str(file)) as container:
        for n, frame in enumerate(container.decode(video=0)):
            difference = frame.to_ndarray(format="bgr24").astype(int) - picture(n)
            assert np.abs(difference).mean() < 6


@pytest.mark.parametrize("size", [(161, 121), (159, 120), (17, 33), (2, 2), (3, 3)])
def test_odd_sizes_become_even(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    with ClipWriter(tmp_path / "clip.mp4") as clip:
        for n in range(3):
            clip.write(np.full((height, width, 3), 90, np.uint8), START + timedelta(seconds=n / 5))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (max(width // 2 * 2, 2), max(height // 2 * 2, 2))
        assert sum(1 for _ in container.decode(video=0)) == 3


def test_a_size_that_changes_is_fitted_into_the_first(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "clip.mp4") as clip:
        for n, (width, height) in enumerate([(160, 120), (320, 240), (80, 60), (200, 90)]):
            clip.write(picture(n, width, height), START + timedelta(seconds=n / 5))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        sizes = {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert sizes == {(160, 120)}


def test_no_half_written_clip_has_its_name(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    with ClipWriter(file) as clip:
        for n in range(10):
            clip.write(picture(n), START + timedelta(seconds=n / 5))
            assert not file.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_clip_that_is_given_up_leaves_nothing_and_keeps_the_former_one(tmp_path: Path) -> None:
    file = written(tmp_path / "clip.mp4", [0, 0.2, 0.4])
    former = file.read_bytes()
    with pytest.raises(KeyboardInterrupt), ClipWriter(file) as clip:
        clip.write(picture(0), START)
        raise KeyboardInterrupt
    assert file.read_bytes() == former
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_clip_without_pictures_is_no_file(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "clip.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "clip.mp4"
    with pytest.raises(OutputError, match=r"nowhere/clip\.mp4.*cannot be written.*Choose a folder"), (
        ClipWriter(file)
    ) as clip:  # fmt: skip
        clip.write(picture(0), START)


def test_a_full_disk_is_told_and_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    (tmp_path / "clip.mp4.part").symlink_to("/dev/full")
    noise = np.random.default_rng(0)
    with pytest.raises(OutputError, match=r"clip\.mp4"), ClipWriter(file) as clip:
        for n in range(30):
            clip.write(noise.integers(0, 255, (240, 320, 3), np.uint8), START + timedelta(seconds=n / 5))
    assert list(tmp_path.iterdir()) == []
