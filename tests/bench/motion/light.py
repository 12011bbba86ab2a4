"""Light that falls on a scene and how a camera takes it: day, infrared, lamps, clouds, sun, exposure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from bench.motion.backdrop import HEIGHT, ONE, WIDTH, Backdrop, Rng, noise

from coop.domain.frame import Picture
from coop.domain.motion import Mask

Curve = Callable[[float], float]
"""Something that changes over the seconds of a scene."""
Map = Callable[[float], Mask]
"""A gain map that changes: (h, w), 128 for one."""
Tint = tuple[float, float, float]
"""Gains for blue, green and red."""

_LUMA = np.array(
    [[0.10, 0.25, 0.75]], np.float32
)  # what an infrared sensor sees of a colour, as in the simulator
_SHOULDER = 205  # grey levels above which a camera compresses highlights


def _one(_t: float) -> float:
    return 1.0


def _never(_t: float) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Light:
    """The light of a scene. ``cover`` dims parts of it; ``added`` is light on top, of colour ``added_tint``.

    ``exposure`` is the camera's own gain, which clips; ``magenta`` (0 to 1) is the cast that a camera
    shows while its filter moves.
    """

    level: Curve = _one
    tint: Tint = (1.0, 1.0, 1.0)
    infrared: Callable[[float], bool] = _never
    exposure: Curve | None = None
    magenta: Curve | None = None
    cover: Map | None = None
    added: Map | None = None
    added_tint: Tint = (0.92, 1.0, 1.06)

    def fall(self, picture: Picture, backdrop: Backdrop, t: float) -> Picture:
        """The picture, which is in even white light, as it looks at ``t`` seconds."""
        lit = self._lamp(picture, backdrop) if self.infrared(t) else self._day(picture, backdrop, t)
        if self.exposure is None:
            return lit
        cast = self.magenta(t) if self.magenta is not None else 0.0
        return _exposed(lit, self.exposure(t), cast)

    def _day(self, picture: Picture, backdrop: Backdrop, t: float) -> Picture:
        spread = backdrop.spread
        if self.cover is not None:
            spread = _mask(cv2.multiply(spread, self.cover(t), scale=1 / ONE))
        level = self.level(t)
        gains = [cv2.convertScaleAbs(spread, alpha=level * gain) for gain in self.tint]
        if self.added is not None:
            light = self.added(t)
            gains = [
                cv2.add(gain, cv2.convertScaleAbs(light, alpha=strength))
                for gain, strength in zip(gains, self.added_tint, strict=True)
            ]
        return _mask(cv2.multiply(picture, cv2.merge(gains), scale=1 / ONE))

    def _lamp(self, picture: Picture, backdrop: Backdrop) -> Picture:
        grey = cv2.multiply(cv2.transform(picture, _LUMA), backdrop.lamp, scale=1 / ONE)
        return _mask(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def day(rng: Rng) -> Light:
    """Steady daylight, a little warmer or cooler."""
    warm = rng.uniform(-0.06, 0.06)
    return Light(level=_constant(rng.uniform(0.85, 1.05)), tint=(1 - warm, 1.0, 1 + warm))


def dusk(rng: Rng) -> Light:
    """The last light before a camera switches over, bluish; its gain is up, so noise is too."""
    return Light(level=_constant(rng.uniform(0.44, 0.54)), tint=(1.12, 1.0, 0.90))


def infrared(_rng: Rng) -> Light:
    """The camera's own lamp at night."""
    return Light(infrared=lambda _t: True)


def switching(rng: Rng, to_infrared: Sequence[float], to_day: Sequence[float], begins: bool) -> Light:
    """The filter goes in and out: overexposed for a moment one way, dark and magenta the other."""
    turns = sorted([(t, True) for t in to_infrared] + [(t, False) for t in to_day])
    settle = rng.uniform(0.25, 0.45)

    def is_infrared(t: float) -> bool:
        return next((now for at, now in reversed(turns) if t >= at), begins)

    def exposure(t: float) -> float:
        gain = 1.0
        for at, on in turns:
            if t >= at:
                gain += (1.1 if on else -0.72) * math.exp(-(t - at) / settle)
        return max(gain, 0.1)

    def magenta(t: float) -> float:
        return max((math.exp(-(t - at) / 0.25) for at, on in turns if t >= at and not on), default=0.0)

    return Light(
        level=_constant(rng.uniform(0.5, 0.62)),
        tint=(1.08, 1.0, 0.94),
        infrared=is_infrared,
        exposure=exposure,
        magenta=magenta,
    )


def lamp(rng: Rng, switches: Sequence[float], begins: bool) -> Light:
    """A lamp somewhere in the coop goes on and off; exposure follows within a second or so."""
    falloff = _pool(rng)
    follow = rng.uniform(0.5, 0.9)
    dark = _zeros()

    def glow(t: float) -> float:
        """0 to 1: a filament takes a moment."""
        value = float(begins)
        for at in switches:
            if t >= at:
                value += (1 - 2 * round(value)) * (1 - math.exp(-(t - at) / 0.06))
        return value

    def exposure(t: float) -> float:
        held = float(begins)
        for at in switches:
            if t >= at:
                held += (1 - 2 * round(held)) * (1 - math.exp(-(t - at) / follow))
        return 1 - 0.30 * held

    def added(t: float) -> Mask:
        strength = glow(t)
        return dark if strength < 0.004 else _mask(cv2.convertScaleAbs(falloff, alpha=strength))

    return Light(
        level=_constant(rng.uniform(0.55, 0.7)),
        exposure=exposure,
        added=added,
        added_tint=(0.70, 0.95, 1.12),
    )


def clouds(rng: Rng, passes: Sequence[float]) -> Light:
    """The shadows of clouds drift over: light falls to a good half within seconds, one side first."""
    strip = _cloud_strip(rng)
    length, depth = rng.uniform(4.0, 9.0), rng.uniform(0.3, 0.45)
    leftwards = bool(rng.random() < 0.5)
    clear = np.full((HEIGHT, WIDTH), ONE, np.uint8)

    def cover(t: float) -> Mask:
        at = next((at for at in passes if at <= t < at + length), None)
        if at is None:
            return clear
        share = (t - at) / length
        offset = round((1 - share if leftwards else share) * (strip.shape[1] - WIDTH))
        part = strip[:, offset : offset + WIDTH]
        return _dimmed(part, depth)

    return Light(level=_constant(rng.uniform(0.95, 1.08)), cover=cover)


def sun_patch(rng: Rng, seconds: float, ground: tuple[int, int]) -> Light:
    """Sun through a window lies on the ground, creeps on, and pales once behind a thin cloud."""
    strip = _panes(rng, ground)
    creep = rng.uniform(18, 50) / 60  # pixels a second
    dips = seconds * rng.uniform(0.45, 0.6)
    deep, wide = rng.uniform(0.3, 0.6), rng.uniform(5, 8)
    strength = rng.uniform(0.6, 0.9)

    def added(t: float) -> Mask:
        offset = 120 - creep * t
        whole = math.floor(offset)
        part = offset - whole
        moved = cv2.addWeighted(
            strip[:, whole : whole + WIDTH], 1 - part, strip[:, whole + 1 : whole + 1 + WIDTH], part, 0
        )
        pale = 1 - deep * math.exp(-(((t - dips) / wide) ** 2))
        return _mask(cv2.convertScaleAbs(moved, alpha=strength * pale))

    return Light(level=_constant(rng.uniform(0.7, 0.8)), added=added)


def hunting_exposure(rng: Rng, seconds: float, warm: float) -> Light:
    """A camera that hunts for its exposure: it swings for a while, and now and then steps."""
    steps: list[tuple[float, float]] = []
    t, now = warm + 1.0, 1.0
    while t < seconds:
        now = float(rng.uniform(0.78, 1.28))
        steps.append((t, now))
        t += rng.uniform(7, 12)
    period, swing = rng.uniform(1.5, 3.0), rng.uniform(0.04, 0.09)

    def exposure(t: float) -> float:
        gain = 1.0
        for at, target in steps:
            if t >= at:
                gain = target + (gain - target) * math.exp(-(t - at) / 0.35)
                # Regulation overshoots and swings out.
                gain *= 1 + swing * math.exp(-(t - at) / 2.5) * math.sin(2 * math.pi * (t - at) / period)
        return gain

    return Light(level=_constant(0.9), exposure=exposure)


def _constant(value: float) -> Curve:
    return lambda _t: float(value)


def _exposed(picture: Picture, gain: float, magenta: float) -> Picture:
    """Brightened or darkened, with highlights that bend before they clip."""
    levels = np.arange(256, dtype=np.float32)[:, None] * gain * np.ones(3, np.float32)
    levels *= np.array([1 + 0.5 * magenta, 1 - 0.45 * magenta, 1 + 0.6 * magenta], np.float32)
    over = np.maximum(levels - _SHOULDER, 0)
    room = 255 - _SHOULDER
    bent = np.where(over > 0, _SHOULDER + room * (1 - np.exp(-over / room)), levels)
    return _mask(cv2.LUT(picture, bent.astype(np.uint8).reshape(256, 1, 3)))


def _pool(rng: Rng) -> Mask:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    at = rng.uniform(0.2, 0.8) * WIDTH, rng.uniform(-0.1, 0.2) * HEIGHT
    away = ((x - at[0]) / 640) ** 2 + ((y - at[1]) / 460) ** 2
    return np.clip(rng.uniform(90, 130) * (0.25 + np.exp(-away)), 0, 255).astype(np.uint8)


def _cloud_strip(rng: Rng) -> Mask:
    """How covered the sun is, 0 to 255, in a strip that is drawn over the scene; clear at both ends."""
    # The sun is no point: the edge of a shadow from so high up is about as wide as a run.
    width = 5 * WIDTH
    x = np.linspace(-1, 1, width, dtype=np.float32)
    whole = np.clip((0.58 - np.abs(x)) / 0.36, 0, 1)
    whole = whole * whole * (3 - 2 * whole)
    lumps = 1 + 0.06 * noise(rng, HEIGHT, width, 500)
    return np.clip(255 * whole[None, :] * lumps, 0, 255).astype(np.uint8)


def _dimmed(covered: Mask, depth: float) -> Mask:
    inverse = cv2.bitwise_not(covered)
    return _mask(cv2.convertScaleAbs(inverse, alpha=depth * ONE / 255, beta=(1 - depth) * ONE))


def _panes(rng: Rng, ground: tuple[int, int]) -> Mask:
    """Four panes of a window thrown on the ground, in a strip wider than the picture."""
    strip = np.zeros((HEIGHT, WIDTH + 240), np.uint8)
    left, top = rng.uniform(250, 700), rng.uniform(ground[0], ground[0] + 60)
    wide, tall, lean = rng.uniform(110, 160), rng.uniform(70, 95), rng.uniform(-50, 50)
    for row in (0, 1):
        for column in (0, 1):
            x, y = left + column * (wide + 14) + lean * row, top + row * (tall + 10)
            corners = np.array([(x, y), (x + wide, y), (x + wide + lean, y + tall), (x + lean, y + tall)])
            cv2.fillConvexPoly(strip, np.round(corners).astype(np.int32), 150, cv2.LINE_AA)
    return _mask(cv2.GaussianBlur(strip, (0, 0), rng.uniform(2.5, 5)))


def _zeros() -> Mask:
    return np.zeros((HEIGHT, WIDTH), np.uint8)


def _mask(array: object) -> Mask:
    return array  # type: ignore[return-value]  # OpenCV's results carry no exact type
