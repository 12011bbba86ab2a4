"""Coded pictures that wait undecoded until somebody wants to look."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias, cast

import av
import av.video
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from coop.domain.frame import Picture

CodedPicture: TypeAlias = "av.Packet[av.video.VideoStream]"

MOST_WAITING_BYTES = 16_000_000
"""More coded pictures than this are not kept back: those are decoded, and their pictures thrown away."""

_PATIENCE = 250
"""So many pictures without a key picture, and decoding begins anyway: some cameras never send one."""


class Decoder:
    """Decodes the pictures of one opened stream in the thread that asks, which is where the time is counted.

    Further threads of FFmpeg's own make it no cheaper, and hold pictures back.
    """

    def __init__(self, like: VideoCodecContext) -> None:
        self._context = cast(VideoCodecContext, av.CodecContext.create(like.name, "r"))
        self._context.extradata = like.extradata
        self._context.thread_count = 1
        self._convert = VideoReformatter()

    def restart(self) -> None:
        """Pictures were left out: go on at a key picture, without what was kept of those before."""
        if self._context.is_open:
            self._context.flush_buffers()

    def decode(self, coded: CodedPicture, *, wanted: bool = True) -> av.VideoFrame | None:
        """The picture, or None where the decoder needs more; `av.FFmpegError` where it is damaged.

        One that is not ``wanted`` is decoded only as far as others need it.
        """
        self._context.skip_frame = "DEFAULT" if wanted else "NONREF"
        frames = self._context.decode(coded)
        if any(frame.is_corrupt for frame in frames):
            raise av.InvalidDataError(0, "a damaged picture")
        return frames[-1] if frames else None

    def picture(self, frame: av.VideoFrame) -> Picture:
        """Blue, green and red. With more threads of its own the conversion costs half as much again."""
        return cast(Picture, self._convert.reformat(frame, format="bgr24", threads=1).to_ndarray())


class Gop:
    """The coded pictures of one stream since the last key picture that are not yet decoded.

    A picture is made from the ones before it, back to a key picture, so what is left out cannot be had later.
    But a key picture makes all that still wait before it needless, and of pictures that stand for themselves
    (MJPEG) only those wanted are ever decoded. A damaged one spoils those after it until the next key
    picture.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.damaged = 0
        self._decoder = decoder
        self._waiting: deque[CodedPicture] = deque()
        self._bytes = 0
        self._begun = False
        self._skipped = 0
        self._restart = False

    def add(self, coded: CodedPicture) -> None:
        """The next picture of the stream; costs nothing."""
        if coded.is_keyframe or self._skipped >= _PATIENCE:
            self._restart = bool(self._waiting) or not self._begun
            self._clear()
            self._begun, self._skipped = True, 0
        if not self._begun:
            self._skipped += 1
            return
        self._waiting.append(coded)
        self._bytes += coded.size
        if self._bytes > MOST_WAITING_BYTES:
            self.newest()

    def newest(self) -> av.VideoFrame | None:
        """The newest picture, decoded with those that it needs; None where it cannot be had."""
        frame = None
        if self._restart:
            self._decoder.restart()
            self._restart = False
        while self._waiting:
            coded = self._waiting.popleft()
            try:
                frame = self._decoder.decode(coded, wanted=not self._waiting) or frame
            except av.FFmpegError:
                self.damaged += 1
                self._begun = False
                self._clear()
                return None
        self._bytes = 0
        return frame

    def _clear(self) -> None:
        self._waiting.clear()
        self._bytes = 0
