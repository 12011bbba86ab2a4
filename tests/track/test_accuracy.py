"""Tracks survive meetings no worse than they once did: generated ones, and hens of the motion suite."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from bench.motion.scenes import build
from bench.tracks import measure
from bench.tracks.crossings import MEETINGS
from bench.tracks.score import Identities

from coop.domain.box import Box
from coop.domain.track import TrackState
from coop.motion.detector import MotionDetector
from coop.track.tracker import Tracker

FLOORS = tomllib.loads(Path(measure.__file__).with_name("floors.toml").read_text(encoding="utf-8"))
SEED, EACH, FPS = 404, 6, 5.0


@pytest.mark.parametrize("meeting", MEETINGS)
def test_no_worse_than_before(meeting: str) -> None:
    score = measure.measured(meeting, SEED, EACH, FPS)
    floor = FLOORS[meeting]
    assert score.whole >= floor["whole"], f"{score.switches} switches"
    assert score.idf1 >= floor["idf1"]


def test_every_meeting_has_a_floor() -> None:
    assert set(FLOORS) == set(MEETINGS)


LEFT, RIGHT = Box(0, 0, 50, 50), Box(200, 0, 50, 50)


def scored(*frames: tuple[dict[str, Box], dict[str, Box]]) -> Identities:
    score = Identities()
    for truth, tracks in frames:
        score.add(truth, tracks)
    score.end()
    return score


def test_what_is_right_scores_in_full() -> None:
    score = scored(*[({"a": LEFT, "b": RIGHT}, {"1": LEFT, "2": RIGHT})] * 10)
    assert (score.mota, score.idf1, score.switches, score.whole) == (1.0, 1.0, 0, 1)


def test_exchanged_tracks_are_two_switches_and_half_the_identity() -> None:
    truth = {"a": LEFT, "b": RIGHT}
    score = scored(*[(truth, {"1": LEFT, "2": RIGHT})] * 10, *[(truth, {"2": LEFT, "1": RIGHT})] * 10)
    assert (score.switches, score.idf1, score.whole) == (2, 0.5, 0)
    assert score.mota == pytest.approx(1 - 2 / 40)


def test_a_new_track_for_a_thing_is_a_switch_and_a_miss_is_no_switch() -> None:
    score = scored(({"a": LEFT}, {"1": LEFT}), ({"a": LEFT}, {}), ({"a": LEFT}, {"1": LEFT}))
    assert (score.switches, score.missed, score.false) == (0, 1, 0)
    score = scored(({"a": LEFT}, {"1": LEFT}), ({"a": LEFT}, {"2": LEFT, "3": RIGHT}))
    assert (score.switches, score.missed, score.false, score.whole) == (1, 0, 1, 0)


def test_two_hens_through_the_real_detector_keep_their_tracks() -> None:
    """Drawn hens that come and go, at five frames a second: hardly a track more than hens."""
    scene = build("two-hens", 11, 20.0)
    detector, tracker = MotionDetector(), Tracker("run")
    confirmed: set[str] = set()
    frames = missed = 0
    for shot in scene.shots(5.0):
        motion = detector.detect(shot.frame)
        tracks = tracker.update(shot.frame, motion.regions)
        if not shot.scored:
            continue
        live = [t for t in tracks if t.state is TrackState.CONFIRMED]
        confirmed |= {t.id for t in live}
        frames += bool(shot.wanted)
        missed += any(not any(_on(t.box, box) for t in live) for box in shot.wanted)
    assert frames > 50
    assert missed <= 0.05 * frames
    assert 2 <= len(confirmed) <= 3


def _on(track: Box, box: Box) -> bool:
    return track.iou(box) > 0 and box.iou(track) >= 0.2
