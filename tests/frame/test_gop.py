"""Decoding only what somebody looks at, always to the same picture as decoding everything."""

from __future__ import annotations

import av
import numpy as np
import pytest
from fakes.coded import COUNT, KEY_EVERY, CodedVideo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop.domain.frame import Picture
from coop.frame import gop as gop_module
from coop.frame.gop import CodedPicture, Gop


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory) -> CodedVideo:
    return CodedVideo.h264(tmp_path_factory.mktemp("h264"))


def test_nothing_is_decoded_before_somebody_looks(h264: CodedVideo) -> None:
    decoder = h264.decoder()
    gop = Gop(decoder)
    for picture in h264.coded:
        gop.add(picture)
    assert decoder.count == 0
    newest = gop.newest()
    assert newest is not None
    assert same(decoder.picture(newest), h264.pictures[-1])
    assert decoder.count == KEY_EVERY
    assert gop.newest() is None, "each picture is given once"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(looks=st.sets(st.integers(0, COUNT - 1)))
def test_whenever_somebody_looks_it_is_the_picture_of_that_moment(h264: CodedVideo, looks: set[int]) -> None:
    decoder = h264.decoder()
    gop = Gop(decoder)
    for number, picture in enumerate(h264.coded):
        gop.add(picture)
        if number in looks:
            newest = gop.newest()
            assert newest is not None
            assert same(decoder.picture(newest), h264.pictures[number])
    needed = {n for look in looks for n in range(look - look % KEY_EVERY, look + 1)}
    assert decoder.count == len(needed), "no more than what was looked at needs"


def test_before_the_first_key_picture_there_is_nothing(h264: CodedVideo) -> None:
    gop = Gop(h264.decoder())
    for number, picture in enumerate(h264.coded[3 : KEY_EVERY + 1], start=3):
        gop.add(picture)
        assert (gop.newest() is not None) == (number == KEY_EVERY)


def test_a_camera_that_never_sends_a_key_picture_is_decoded_all_the_same(
    h264: CodedVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gop_module, "_PATIENCE", 3)
    decoder = h264.decoder()
    gop = Gop(decoder)
    for picture in h264.coded[1:KEY_EVERY]:
        gop.add(picture)
    gop.newest()
    assert decoder.count > 0


def test_a_damaged_picture_and_those_after_it_are_not_shown(h264: CodedVideo) -> None:
    decoder = h264.decoder()
    gop = Gop(decoder)
    shown = {}
    for number, picture in enumerate(h264.coded):
        gop.add(cut_off(picture) if number == 13 else picture)
        if (newest := gop.newest()) is not None:
            shown[number] = decoder.picture(newest)
    assert gop.damaged == 1
    assert sorted(shown) == [*range(13), *range(20, COUNT)]
    assert all(same(picture, h264.pictures[number]) for number, picture in shown.items())


def test_too_much_that_waits_is_decoded(h264: CodedVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera with minutes between its key pictures must not fill the memory."""
    monkeypatch.setattr(gop_module, "MOST_WAITING_BYTES", 3 * max(p.size for p in h264.coded))
    decoder = h264.decoder()
    gop = Gop(decoder)
    for picture in h264.coded[: KEY_EVERY - 1]:
        gop.add(picture)
    assert decoder.count > 0
    assert gop._bytes <= gop_module.MOST_WAITING_BYTES


def test_of_mjpeg_only_what_is_looked_at_is_decoded(tmp_path_factory: pytest.TempPathFactory) -> None:
    video = CodedVideo.mjpeg(tmp_path_factory.mktemp("mjpeg"))
    decoder = video.decoder()
    gop = Gop(decoder)
    for number, picture in enumerate(video.coded):
        gop.add(picture)
        if number % 4 == 3:
            newest = gop.newest()
            assert newest is not None
            assert same(decoder.picture(newest), video.pictures[number])
    assert decoder.count == COUNT / 4


def cut_off(picture: CodedPicture) -> CodedPicture:
    half: CodedPicture = av.Packet(bytes(picture)[: picture.size // 2])  # type: ignore[assignment]
    half.pts, half.dts, half.time_base = picture.pts, picture.dts, picture.time_base
    return half


def same(one: Picture, other: Picture) -> bool:
    return np.array_equal(one, other)
