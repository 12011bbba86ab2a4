"""A scene: a place, its light, who comes by, what else moves, and the camera that looks on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
from bench.motion.actors import Actor, Placed, paint
from bench.motion.backdrop import Backdrop
from bench.motion.camera import Clock, Noise, Shake, Stream
from bench.motion.light import Light
from bench.motion.weather import Weather

from coop.domain.box import Box
from coop.domain.frame import Frame

START = datetime(2026, 5, 1, 9, tzinfo=UTC)


class Kind(StrEnum):
    """What a detector is to do in a scene."""

    DETECT = "detect"
    IGNORE = "ignore"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Shot:
    """One frame with its truth.

    ``wanted``: boxes of what must be found. ``spared``: boxes of what may be found or not (a hen of whom
    little is in the picture yet, an egg that is no longer new). ``scored``: whether the camera has run for
    long enough to be judged.
    """

    frame: Frame
    wanted: tuple[Box, ...]
    spared: tuple[Box, ...]
    scored: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """Everything that decides the frames of a scene; the same scene gives the same frames every time.

    ``under`` moves in the place itself, ``over`` before the camera. ``kilobits``: frames go through H.264
    of so many kbit/s. ``warm``: seconds before the frames are scored, since a camera runs for days.
    """

    name: str
    kind: Kind
    backdrop: Backdrop
    light: Light
    noise: Noise
    seed: int
    seconds: float
    warm: float
    actors: Sequence[Actor] = ()
    under: Sequence[Weather] = ()
    over: Sequence[Weather] = ()
    shake: Shake | None = None
    clock: Clock | None = None
    kilobits: int | None = None

    def shots(self, fps: float) -> Iterator[Shot]:
        """All frames, ``fps`` a second."""
        stream = Stream(fps, self.kilobits) if self.kilobits is not None else None
        for number in range(round(self.seconds * fps)):
            yield self._shot(number, number / fps, stream)

    def _shot(self, number: int, t: float, stream: Stream | None) -> Shot:
        chance = np.random.default_rng([self.seed, number])
        now = START + timedelta(seconds=t)
        picture = self.backdrop.picture.copy()
        for weather in self.under:
            weather.draw(picture, t, chance)
        placed = sorted((p for a in self.actors if (p := a.at(t)) is not None), key=_foot)
        wanted, spared = paint(picture, placed) if placed else ([], [])
        picture = self.light.fall(picture, self.backdrop, t)
        for weather in self.over:
            weather.draw(picture, t, chance)
        if self.shake is not None:
            picture = self.shake.move(picture, t)
        picture = self.noise.add(picture, self.light.infrared(t), chance)
        if self.clock is not None:
            self.clock.burn(picture, now)
        if stream is not None:
            picture = stream.pass_through(picture)
        return Shot(
            frame=Frame(camera=self.name, time=now, image=picture, number=number),
            wanted=tuple(wanted),
            spared=tuple(spared),
            scored=t >= self.warm,
        )


def _foot(placed: Placed) -> float:
    return placed.y + placed.sprite.foot[1]
