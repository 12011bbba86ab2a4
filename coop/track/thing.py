"""A moving thing while it is being followed."""

from __future__ import annotations

import math
from datetime import datetime

from coop.domain.box import Box
from coop.domain.track import Track, TrackState
from coop.track.course import Course
from coop.track.look import Look


class Thing:
    """What the tracker remembers of one track; `as_track` is what it tells others."""

    def __init__(self, id: str, camera: str, box: Box, time: datetime) -> None:
        self.id = id
        self.camera = camera
        self.box = box  # as found, or as predicted while it is not found
        self.course = Course(box)
        self.state = TrackState.TENTATIVE
        self.first_seen = time
        self.last_seen = time
        self.hits = 1
        self.misses = 0  # frames in a row
        self.unseen_s = 0.0
        self.hidden_s = 0.0
        self.seen = True
        self.travelled = 0.0  # sizes
        self.look: Look | None = None  # as it was seen while nothing else was near
        self._start = box.centre

    def predict(self, dt: float) -> None:
        self.course.advance(dt)
        self.seen = False

    def find(self, box: Box, place: Box | None, time: datetime, confirm_hits: int) -> None:
        """It was found in this frame; ``place`` is where in the box, if another thing is in it too."""
        self.course.correct(place or box)
        self.box = box
        away = math.dist(box.centre, self._start) / math.hypot(box.w, box.h)
        self.travelled = max(self.travelled, away)
        self.last_seen = max(time, self.last_seen)
        self.hits += 1
        self.misses = 0
        self.unseen_s = self.hidden_s = 0.0
        self.seen = True
        if self.hits >= confirm_hits:
            self.state = TrackState.CONFIRMED

    def hide(self, shared: Box, place: Box | None, dt: float) -> None:
        """It is somewhere in a box that it shares with another thing, perhaps at a known place."""
        if place is not None:
            self.course.correct(place)
        self.course.stay_in(shared)
        self.hidden_s += dt

    def miss(self, dt: float) -> None:
        """It was not found in this frame."""
        self.misses += 1
        self.unseen_s += dt

    def as_track(self) -> Track:
        return Track(
            id=self.id,
            camera=self.camera,
            box=self.box,
            state=self.state,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            hits=self.hits,
            seen=self.seen,
            travelled=self.travelled,
        )
