import logging
import os
import struct
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from PIL import Image

from coop.errors import SourceError
from coop.frame.source import Source

Opened = Callable[..., Source]
Stop = threading.Event
BERLIN = ZoneInfo("Europe/Berlin")


def still(
    path: Path, *, shade: int = 100, size: tuple[int, int] = (40, 30), exif: dict[int, object] | None = None
) -> Path:
    """A grey picture; ``exif`` are entries of its EXIF folder."""
    image = Image.new("RGB", size, (shade, shade, shade))
    entries = Image.Exif()
    entries.get_ifd(0x8769).update(exif or {})
    image.save(path, exif=entries)
    return path


def png_head(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_the_nest_camera(opened: Opened, stop: Stop, test_data: Path) -> None:
    frames = list(opened(test_data / "nestcam", timezone=BERLIN, fps=None).frames(stop))
    assert len(frames) == 273
    assert frames[0].time == datetime(2016, 10, 2, 10, 41, 53, tzinfo=UTC)
    assert all(a.time <= b.time for a, b in pairwise(frames))
    assert {(frame.width, frame.height) for frame in frames} == {(800, 600)}


def test_the_nest_boxes(opened: Opened, stop: Stop, test_data: Path) -> None:
    frames = list(opened(test_data / "nestboxes").frames(stop))
    assert len(frames) == 21
    assert frames[0].time == datetime(2016, 6, 14, 16, 30, tzinfo=UTC)


def test_a_numbered_sequence(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    """Pictures cut from a film have no time but an order; ten comes after nine."""
    for number in range(12):
        still(tmp_path / f"in{number}.png", shade=number * 20)
        os.utime(tmp_path / f"in{number}.png", (1_600_000_000, 1_600_000_000 + (number % 3) / 1000))
    frames = list(opened(tmp_path).frames(stop))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [number * 20 for number in range(12)]
    assert {b.time - a.time for a, b in pairwise(frames)} == {timedelta(milliseconds=40)}


def test_last_changes_that_are_true(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    for number, seconds in enumerate((0, 60, 300)):
        os.utime(still(tmp_path / f"snap{number}.png"), (1_600_000_000 + seconds,) * 2)
    times = [frame.time for frame in opened(tmp_path).frames(stop)]
    assert times == [datetime.fromtimestamp(1_600_000_000 + seconds, UTC) for seconds in (0, 60, 300)]


def test_exif_before_names(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    still(tmp_path / "20200101-000000.jpg", shade=200, exif={0x9003: "2016:10:04 12:00:00"})
    still(tmp_path / "20161004-115959.jpg", shade=50)
    first, second = opened(tmp_path, timezone=BERLIN).frames(stop)
    assert (first.image.mean(), second.image.mean()) == pytest.approx((50, 200), abs=3)
    assert second.time == datetime(2016, 10, 4, 10, 0, 0, tzinfo=UTC)


def test_exif_offset_and_fraction(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    still(tmp_path / "a.jpg", exif={0x9003: "2016:10:04 12:00:00", 0x9011: "-03:00", 0x9291: "25"})
    (frame,) = opened(tmp_path, timezone=BERLIN).frames(stop)
    assert frame.time == datetime(2016, 10, 4, 15, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize("nonsense", ["0000:00:00 00:00:00", "", "yesterday", "2016:10:04"])
def test_exif_that_was_never_set(opened: Opened, stop: Stop, tmp_path: Path, nonsense: str) -> None:
    still(tmp_path / "20161004-101112.jpg", exif={0x9003: nonsense})
    (frame,) = opened(tmp_path).frames(stop)
    assert frame.time == datetime(2016, 10, 4, 10, 11, 12, tzinfo=UTC)


def test_the_night_of_a_clock_change(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    """01:59 and 03:00 in spring are a minute apart."""
    still(tmp_path / "20260329-015900.jpg")
    still(tmp_path / "20260329-030000.jpg")
    first, second = opened(tmp_path, timezone=BERLIN).frames(stop)
    assert second.time - first.time == timedelta(minutes=1)


def test_a_told_start_moves_them_all(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    still(tmp_path / "20260329-015900.jpg")
    still(tmp_path / "20260329-020000.jpg")
    start = datetime(2030, 1, 1, tzinfo=UTC)
    assert [frame.time for frame in opened(tmp_path, start=start).frames(stop)] == [
        start,
        start + timedelta(minutes=1),
    ]


def test_one_picture_is_a_recording_too(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    (frame,) = opened(still(tmp_path / "20161004-101112.JPG")).frames(stop)
    assert (frame.width, frame.height, frame.number) == (40, 30, 0)


def test_bad_pictures_are_left_out_by_name(
    opened: Opened, stop: Stop, tmp_path: Path, test_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = next((test_data / "nestcam").glob("*.jpg")).read_bytes()
    (tmp_path / "20160101-000000.jpg").write_bytes(whole)
    (tmp_path / "20160101-000001.jpg").touch()
    (tmp_path / "20160101-000002.jpg").write_text("not a picture")
    (tmp_path / "20160101-000003.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "20160101-000004.png").write_bytes(png_head(20_000, 20_000))
    (tmp_path / "20160101-000005.png").write_bytes(png_head(9_000, 9_000))
    (tmp_path / "20160101-000006.png").write_bytes(png_head(30, 30))
    (tmp_path / "20160101-000007.jpg").mkdir()
    still(tmp_path / "20160101-000009.png")
    (tmp_path / "notes.txt").write_text("no picture, and no matter")
    with caplog.at_level(logging.WARNING):
        frames = list(opened(tmp_path).frames(stop))
    assert [(frame.number, frame.time.second) for frame in frames] == [(0, 0), (1, 9)]
    complaints = [record.getMessage() for record in caplog.records]
    assert len(complaints) == 7
    for number, what in enumerate(
        ("empty", "not a picture", "cut off", "too large", "9000 x 9000", "damaged", ""), 1
    ):
        assert any(f"00000{number}." in text and what in text for text in complaints), (number, complaints)


def test_a_picture_on_its_side_is_turned(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "20161004-101112.jpg", exif=exif)
    (frame,) = opened(tmp_path).frames(stop)
    assert (frame.width, frame.height) == (30, 40)


def test_grey_and_transparent_pictures(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "20161004-000001.png"), np.full((20, 20), 7, np.uint8))
    cv2.imwrite(str(tmp_path / "20161004-000002.png"), np.full((20, 20, 4), 7, np.uint8))
    cv2.imwrite(str(tmp_path / "20161004-000003.png"), np.full((20, 20), 7 << 8, np.uint16))
    for frame in opened(tmp_path).frames(stop):
        assert frame.image.shape == (20, 20, 3) and frame.image.dtype == np.uint8
        assert frame.image[0, 0].tolist() == [7, 7, 7]


def test_a_folder_without_pictures(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no picture in it.*\.jpg"):
        list(opened(tmp_path).frames(stop))


def test_a_folder_without_a_good_picture(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(SourceError, match="none of its pictures can be read"):
        list(opened(tmp_path).frames(stop))


def test_fewer_frames_on_request(opened: Opened, stop: Stop, tmp_path: Path) -> None:
    for second in range(10):
        still(tmp_path / f"20161004-10111{second}.jpg")
    assert len(list(opened(tmp_path, fps=0.5).frames(stop))) == 5
