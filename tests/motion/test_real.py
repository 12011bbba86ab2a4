"""Motion on real pictures, with floors that only a real loss of quality falls through."""

from itertools import islice
from pathlib import Path

import numpy as np
from bench.highway import ours, score
from fakes.videos import frames_of

from coop.domain.motion import Motion
from coop.motion.detector import MotionDetector


def motions(file: Path, frames: int) -> list[Motion]:
    detector = MotionDetector()
    found = [detector.detect(frame) for frame in islice(frames_of(file), frames)]
    assert len(found) == frames
    return found


def test_highway(test_data: Path) -> None:
    result = score(test_data / "highway", ours(), last=700)

    assert result.f_measure >= 0.95


def test_hens_in_a_run_are_seen_all_the_time(test_data: Path) -> None:
    found = motions(test_data / "videos" / "hens-in-run.mp4", 300)

    assert np.mean([bool(motion.regions) for motion in found[40:]]) > 0.98


def test_pedestrians_are_told_apart(test_data: Path) -> None:
    found = motions(test_data / "videos" / "vtest.avi", 200)

    assert all(2 <= len(motion.regions) <= 12 for motion in found[60:])


def test_a_road_is_empty_between_two_cars_although_the_mount_sinks(test_data: Path) -> None:
    """The white lines in the picture's corner creep by twelve pixels; they were seen in 86% of all frames."""
    found = motions(test_data / "videos" / "car-detection.mp4", 377)

    assert np.mean([bool(motion.regions) for motion in found]) < 0.5


def test_an_empty_room_is_quiet(test_data: Path) -> None:
    found = motions(test_data / "videos" / "one-by-one-person-detection.mp4", 60)

    assert not any(motion.regions for motion in found)
