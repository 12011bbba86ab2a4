"""Decoding only what somebody looks at, always to the same picture as decoding everything."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop.domain.frame import Picture
from coop.frame import gop as gop_module
from coop.frame.gop import CodedPicture, Decoder, Gop

COUNT, KEY_EVERY = 40, 10


class Video:
    """A coded video, each of its pictures, and a decoder that counts what it decodes."""

    def __init__(self, path: Path) -> None:
        with av.open(path) as container:
            stream = container.streams.video[0]
            self.codec = stream.codec_context
            self.coded: list[CodedPicture] = [p for p in container.demux(stream) if p.size]
        plain = self.decoder()
        self.pictures = [plain.picture(frame) for p in self.coded if (frame := plain.decode(p)) is not None]
        assert len(self.pictures) == len(self.coded) == COUNT

    def decoder(self) -> Counting:
        return Counting(self.codec)


class Counting(Decoder):
    count = 0

    def decode(self, coded: CodedPicture, *, wanted: bool = True) -> av.VideoFrame | None:
        self.count += 1
        return super().decode(coded, wanted=wanted)


def coded(folder: Path, codec: str, options: dict[str, str] | None = None) -> Path:
    """Coarse noise: no picture is like another."""
    path = folder / "noise.avi"
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=10, options=options or {})
        stream.width, stream.height = 128, 96
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(COUNT):
            noise = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
            picture = noise.repeat(16, 0).repeat(16, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Video:
    options = {"g": str(KEY_EVERY), "bf": "0", "sc_threshold": "0", "preset": "ultrafast"}
    return Video(coded(tmp_path_factory.mktemp("h264"), "libx264", options))


def test_nothing_is_decoded_before_somebody_looks(h264: Video) -> None:
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
def test_whenever_somebody_looks_it_is_the_picture_of_that_moment(h264: Video, looks: set[int]) -> None:
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


def test_before_the_first_key_picture_there_is_nothing(h264: Video) -> None:
    gop = Gop(h264.decoder())
    for number, picture in enumerate(h264.coded[3 : KEY_EVERY + 1], start=3):
        gop.add(picture)
        assert (gop.newest() is not None) == (number == KEY_EVERY)


def test_a_camera_that_never_sends_a_key_picture_is_decoded_all_the_same(
    h264: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gop_module, "_PATIENCE", 3)
    decoder = h264.decoder()
    gop = Gop(decoder)
    for picture in h264.coded[1:KEY_EVERY]:
        gop.add(picture)
    gop.newest()
    assert decoder.count > 0


def test_a_damaged_picture_and_those_after_it_are_not_shown(h264: Video) -> None:
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


def test_too_much_that_waits_is_decoded(h264: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera with minutes between its key pictures must not fill the memory."""
    monkeypatch.setattr(gop_module, "MOST_WAITING_BYTES", 3 * max(p.size for p in h264.coded))
    decoder = h264.decoder()
    gop = Gop(decoder)
    for picture in h264.coded[: KEY_EVERY - 1]:
        gop.add(picture)
    assert decoder.count > 0
    assert gop._bytes <= gop_module.MOST_WAITING_BYTES


def test_of_mjpeg_only_what_is_looked_at_is_decoded(tmp_path_factory: pytest.TempPathFactory) -> None:
    video = Video(coded(tmp_path_factory.mktemp("mjpeg"), "mjpeg"))
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
