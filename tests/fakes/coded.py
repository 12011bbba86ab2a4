"""A short video in memory: coded, and decoded the plain way."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import av
import numpy as np

from coop.frame.gop import CodedPicture, Decoder

COUNT, KEY_EVERY = 40, 10


class Counting(Decoder):
    count = 0

    def decode(self, coded: CodedPicture, *, wanted: bool = True) -> av.VideoFrame | None:
        self.count += 1
        return super().decode(coded, wanted=wanted)


class CodedVideo:
    """A coded video, each of its pictures, and a decoder that counts what it decodes."""

    def __init__(self, path: Path) -> None:
        with av.open(path) as container:
            stream = container.streams.video[0]
            self.codec = stream.codec_context
            self.coded: list[CodedPicture] = [p for p in container.demux(stream) if p.size]
        plain = self.decoder()
        self.pictures = [plain.picture(frame) for p in self.coded if (frame := plain.decode(p)) is not None]
        assert len(self.pictures) == len(self.coded) == COUNT

    @classmethod
    def h264(cls, folder: Path) -> Self:
        """A key picture every `KEY_EVERY`, as cameras send it: no picture refers to a later one."""
        options = {"g": str(KEY_EVERY), "bf": "0", "sc_threshold": "0", "preset": "ultrafast"}
        return cls(coded(folder, "libx264", options))

    @classmethod
    def mjpeg(cls, folder: Path) -> Self:
        return cls(coded(folder, "mjpeg"))

    def decoder(self) -> Counting:
        return Counting(self.codec)


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
