from collections.abc import Callable
from pathlib import Path

import pytest

from coop.errors import SourceError
from coop.frame.source import Source, is_live

Opened = Callable[..., Source]


@pytest.mark.parametrize(
    ("url", "live"),
    [
        ("rtsp://cam/1", True),
        ("RTSPS://cam/1", True),
        ("http://cam/mjpeg", True),
        ("https://cam/mjpeg", True),
        ("/dev/video0", True),
        ("/dev/v4l/by-id/usb-cam", True),
        ("sim://?seed=7", False),
        ("run.mp4", False),
        ("file:///run.mp4", False),
    ],
)
def test_what_is_live(url: str, live: bool) -> None:
    assert is_live(url) is live


@pytest.mark.parametrize("url", ["rtsp://cam/1", "https://cam/mjpeg", "/dev/video7"])
def test_a_camera_is_not_opened_before_its_frames_are_wanted(opened: Opened, url: str) -> None:
    assert opened(url).live


def test_recordings_by_path_and_by_url(opened: Opened, record: Callable[..., Path]) -> None:
    path = record("a hen.mp4")
    assert not opened(path).live
    assert not opened(path, paced=True).live
    assert not opened(path.as_uri()).live
    assert not opened(path.parent).live


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://keeper:secret@cam/1", r'ftp://keeper:\*\*\*@cam/1: "ftp://" is no kind of source'),
        ("keeper:secret@10.0.0.7/1", r"keeper:\*\*\*@10.0.0.7/1: there is no such file"),
        ("/no/such/hens.mp4", "/no/such/hens.mp4: there is no such file or folder"),
        ("", '"": nothing is named'),
        ("/proc/self/fd/0x", "there is no such file"),
    ],
)
def test_what_cannot_be_a_source(opened: Opened, url: str, problem: str) -> None:
    with pytest.raises(SourceError, match=problem) as refusal:
        opened(url)
    assert "secret" not in str(refusal.value)
    assert "Give rtsp://" in refusal.value.remedy
