"""The simulated coop as a source of frames like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from coop.domain.frame import Frame, Picture
from coop.domain.zone import Zone
from coop.frame.sim.flock import Flock, make_flock
from coop.frame.sim.options import SimOptions, parse_options
from coop.frame.sim.render import Renderer
from coop.frame.sim.scene import zones
from coop.frame.sim.stage import Stage
from coop.frame.sim.truth import SimTruth
from coop.frame.sim.world import World


class Stop(Protocol):
    """Anything that says when to stop, such as ``threading.Event``."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


class SimSource:
    """Frames of a simulated coop with its zones and its truth.

    A frame depends only on flock, seed and time: the same address gives the same pixels, and each call of
    ``frames`` begins with the first one.
    """

    live = False

    def __init__(
        self,
        options: SimOptions,
        camera: str,
        *,
        paced: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.camera = camera
        self.flock: Flock = make_flock(options.flock, options.hens)
        self.zones: tuple[Zone, ...] = zones()
        self.width, self.height = options.width, options.height
        self._world = World(
            flock=self.flock,
            seed=options.seed,
            start=options.start,
            days=options.days,
            zone=options.zone,
            from_hour=options.from_hour,
            to_hour=options.to_hour,
            faults=options.faults,
            trouble=options.trouble,
        )
        self._stage = Stage(self.flock, options.width, options.height)
        self._renderer = Renderer(self._stage, options.seed)
        self.truth = SimTruth(self._world, self._stage)
        self._paced, self._speed, self._clock = paced, options.speed, clock

    def frames(self, stop: Stop) -> Iterator[Frame]:
        """All frames in order until ``stop``: as fast as they are taken or, paced, in step with time."""
        began = self._clock()
        first = None
        for number, (script, tick) in enumerate(self._world.ticks()):
            moment = self._world.moment(script, tick)
            first = first or moment
            if self._paced:
                due = began + (moment - first).total_seconds() / self._speed
                stop.wait(max(0.0, due - self._clock()))
            if stop.is_set():
                return
            shown = script.shown(tick)
            image = self._renderer.render(script, shown, self._world.eggs(script, shown))
            yield Frame(camera=self.camera, time=moment, image=image, number=number)

    def picture(self, moment: datetime) -> Picture:
        """The pixels of that moment, whether there is a frame or not; ValueError outside the days."""
        script, tick = self._world.locate(moment)
        shown = script.shown(tick)
        return self._renderer.render(script, shown, self._world.eggs(script, shown))

    def empty(self, moment: datetime) -> Picture:
        """The same moment in the same light, with the same noise, but without animals and eggs."""
        script, tick = self._world.locate(moment)
        return self._renderer.empty(script, script.shown(tick))


def open_sim(
    url: str, camera: str, *, paced: bool = False, clock: Callable[[], float] = time.monotonic
) -> SimSource:
    """The simulated coop at an address such as ``sim://?flock=1&seed=7&days=2``.

    Parameters: flock, seed, days, start (ISO date), hens, w, h, faults and
    trouble (0 or 1), tz, speed, and from and to
    (local hours that cut each day short). Unknown or impossible ones raise SourceError. Not paced, frames
    come as fast as they can be rendered; ``clock`` counts seconds, and only pacing looks at it.
    """
    return SimSource(parse_options(url), camera, paced=paced, clock=clock)
