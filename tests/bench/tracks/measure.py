"""Meetings through the tracker as `coop run` sets it, scored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from bench.tracks.crossings import MEETINGS
from bench.tracks.score import Identities

from coop.domain.frame import Frame
from coop.domain.motion import MotionRegion
from coop.domain.track import TrackState
from coop.settings import Settings
from coop.track.tracker import Tracker

START = datetime(2026, 5, 1, 9, tzinfo=UTC)


def measured(name: str, seed: int, count: int, fps: float) -> Identities:
    """``count`` meetings of one kind; the first second of each is not scored, since no track is there yet."""
    settings, score = Settings().track, Identities()
    for n in range(count):
        meeting = MEETINGS[name](np.random.default_rng([seed, n]))
        tracker = Tracker("run", confirm_hits=settings.confirm_hits, lost_after_s=settings.lost_after_s)
        for moment in meeting.moments(fps):
            frame = Frame(camera="run", time=START + timedelta(seconds=moment.seconds), image=moment.picture)
            tracks = tracker.update(frame, [MotionRegion(box=box) for box in moment.regions])
            if moment.seconds >= 1.0:
                live = {t.id: t.box for t in tracks if t.state is TrackState.CONFIRMED}
                score.add(moment.truth, live)
        score.end()
    return score
