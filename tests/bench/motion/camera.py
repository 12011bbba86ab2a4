"""What a camera makes of a scene: noise, a shaking mount, a burned-in clock, a poor stream."""

from __future__ import annotations

import math
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from bench.motion.backdrop import HEIGHT, WIDTH, Rng

from coop.domain.frame import Picture

_SPARE = 96


class Noise:
    """Sensor noise, fresh for every frame: coloured by day, stronger and grey in infrared."""

    def __init__(self, by_day: float, by_night: float) -> None:
        self._banks = _bank(round(by_day * 10), 3), _bank(round(by_night * 10), 1)

    def add(self, picture: Picture, infrared: bool, chance: Rng) -> Picture:
        y, x = (int(v) for v in chance.integers(0, _SPARE, 2))
        grain = self._banks[infrared][y : y + HEIGHT, x : x + WIDTH]
        noisy: Picture = cv2.add(picture, grain, dtype=cv2.CV_8U)
        return noisy


@lru_cache(maxsize=8)
def _bank(tenths: int, channels: int) -> npt.NDArray[np.int16]:
    """A field of noise, a little blurred as by a camera's own filter, of that spread."""
    rng = np.random.default_rng(tenths)
    grain = rng.standard_normal((HEIGHT + _SPARE, WIDTH + _SPARE, channels), dtype=np.float32)
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6)).reshape(grain.shape)
    grain *= tenths / 10 / grain.std()
    return np.ascontiguousarray(np.broadcast_to(np.round(grain), (*grain.shape[:2], 3)).astype(np.int16))


class Shake:
    """A mount that trembles in gusts by a pixel or two, and is knocked once so that it stays a little off."""

    def __init__(self, rng: Rng, seconds: float, warm: float) -> None:
        self._rates = [(rng.uniform(2.5, 7), rng.uniform(0, 6.3)) for _ in range(4)]
        self._gusts = [float(t) for t in np.arange(warm * 0.4, seconds, rng.uniform(5, 8))]
        self._knock = warm + (seconds - warm) * rng.uniform(0.5, 0.8)
        self._offset = rng.uniform(-3, 3, 2)
        self._amplitude = rng.uniform(1.0, 2.2)

    def shift(self, t: float) -> tuple[float, float]:
        """By how many pixels the picture is off at ``t``."""
        wind = max(math.exp(-(((t - at) / 1.4) ** 2)) for at in self._gusts)
        reach = self._amplitude * (0.15 + wind)
        x = reach * sum(math.sin(2 * math.pi * f * t + p) for f, p in self._rates[:2]) / 2
        y = reach * sum(math.sin(2 * math.pi * f * t + p) for f, p in self._rates[2:]) / 2
        if t >= self._knock:
            swing = 5 * math.exp(-(t - self._knock) / 0.5) * math.cos(2 * math.pi * 3 * (t - self._knock))
            x, y = x + self._offset[0] + swing, y + self._offset[1] + swing
        return float(x), float(y)

    def move(self, picture: Picture, t: float) -> Picture:
        x, y = self.shift(t)
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
        moved: Picture = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        return moved


class Clock:
    """Date and time burned into a corner, as cameras do, with the seconds."""

    def __init__(self, rng: Rng) -> None:
        self._at = (24, int(rng.choice([44, HEIGHT - 24])))
        if rng.random() < 0.5:
            self._at = (WIDTH - 420, self._at[1])
        self._scale = rng.uniform(0.8, 1.15)

    def burn(self, picture: Picture, now: datetime) -> None:
        text = f"{now:%Y-%m-%d %H:%M:%S}"
        for colour, thick in (((10, 10, 10), 5), ((245, 245, 245), 2)):
            cv2.putText(
                picture, text, self._at, cv2.FONT_HERSHEY_SIMPLEX, self._scale, colour, thick, cv2.LINE_AA
            )


class Stream:
    """H.264 at far too few bits: blocks, smeared texture, and a jolt at every key frame."""

    def __init__(self, fps: float, kilobits: int) -> None:
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        encoder.framerate = Fraction(fps).limit_denominator(1000)
        encoder.time_base = 1 / encoder.framerate
        encoder.bit_rate = kilobits * 1000
        encoder.gop_size = round(4 * fps)
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "threads": "1",
            "x264-params": f"vbv-maxrate={kilobits}:vbv-bufsize={kilobits}",
        }
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        decoder.flags |= Flags.low_delay
        self._encoder, self._decoder = encoder, decoder
        self._count = 0

    def pass_through(self, picture: Picture) -> Picture:
        """Encode and decode one frame."""
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = self._count
        self._count += 1
        for packet in self._encoder.encode(frame):
            for decoded in self._decoder.decode(packet):
                image: Picture = decoded.to_ndarray(format="bgr24")
                return image
        raise RuntimeError(f"The codec kept frame {self._count - 1} to itself; it needs zero latency")
