"""How well tracks follow things: misses, false boxes, changes of identity, MOTA and IDF1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from coop.domain.box import Box

ENOUGH = 0.3
"""A track is on a thing if their boxes overlap (IoU) by at least this."""


@dataclass(kw_only=True)
class Identities:
    """Counts over the frames of one or more scenes, as the CLEAR MOT and IDF1 measures define them.

    ``switches``: how often a thing's track became another one. A thing keeps the track it had as long as that
    is on it, whatever else is there.
    """

    truths: int = 0
    boxes: int = 0
    missed: int = 0
    false: int = 0
    switches: int = 0
    kept: int = 0
    scenes: int = 0
    whole: int = 0
    _last: dict[str, str] = field(default_factory=dict)
    _together: Counter[tuple[str, str]] = field(default_factory=Counter)
    _truth_frames: Counter[str] = field(default_factory=Counter)
    _track_frames: Counter[str] = field(default_factory=Counter)

    def add(self, truth: Mapping[str, Box], tracks: Mapping[str, Box]) -> None:
        """Count one frame: true boxes by the thing's name, and tracks by their ids."""
        pairs = self._pairs(truth, tracks)
        for thing, track in pairs.items():
            before = self._last.get(thing)
            self.switches += before is not None and before != track
            self._last[thing] = track
        self.truths += len(truth)
        self.boxes += len(tracks)
        self.missed += len(truth) - len(pairs)
        self.false += len(tracks) - len(pairs)
        self._truth_frames.update(list(truth))
        self._track_frames.update(list(tracks))
        self._together.update(
            (thing, track)
            for thing, box in truth.items()
            for track, other in tracks.items()
            if box.iou(other) >= ENOUGH
        )

    def end(self) -> None:
        """The scene is over: count what belongs together over its whole length."""
        things, tracks = list(self._truth_frames), list(self._track_frames)
        shared = np.array([[self._together[thing, track] for track in tracks] for thing in things])
        if shared.size:
            rows, columns = linear_sum_assignment(shared, maximize=True)
            self.kept += int(shared[rows, columns].sum())
        self.scenes += 1
        # The same two tracks from the first frame to the last, and no third one.
        self.whole += len(tracks) == len(things) and self._switches_in_scene() == 0
        self._scene_switches = self.switches
        for counts in (self._together, self._truth_frames, self._track_frames, self._last):
            counts.clear()

    _scene_switches: int = 0

    def _switches_in_scene(self) -> int:
        return self.switches - self._scene_switches

    def _pairs(self, truth: Mapping[str, Box], tracks: Mapping[str, Box]) -> dict[str, str]:
        pairs = {
            thing: track
            for thing, track in self._last.items()
            if thing in truth and track in tracks and truth[thing].iou(tracks[track]) >= ENOUGH
        }
        things = [thing for thing in truth if thing not in pairs]
        free = [track for track in tracks if track not in pairs.values()]
        overlap = np.array([[truth[thing].iou(tracks[track]) for track in free] for thing in things])
        if overlap.size:
            for i, j in zip(*linear_sum_assignment(overlap, maximize=True), strict=True):
                if overlap[i, j] >= ENOUGH:
                    pairs[things[i]] = free[j]
        return pairs

    @property
    def mota(self) -> float:
        return 1 - (self.missed + self.false + self.switches) / self.truths

    @property
    def idf1(self) -> float:
        return 2 * self.kept / (self.truths + self.boxes)
