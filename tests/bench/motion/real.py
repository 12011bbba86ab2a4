"""Real recordings: highway with its pixel truth, and videos without truth as a check by share of frames."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import cv2
from bench import highway
from bench.motion.detectors import DETECTORS, OURS, masker
from bench.motion.scene import START

from coop.domain.frame import Frame

VIDEOS = ("vtest.avi", "tree.avi", "hens-in-run.mp4")
REPLAY = "coop replay"
_FIRST_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What a detector said of a video: shares of frames with regions, regions a frame, and CPU."""

    video: str
    detector: str
    with_regions: float
    regions: float
    cpu_ms: float


def highway_scores(data: Path, detectors: Sequence[str]) -> dict[str, highway.Score]:
    """F-measure and more of each detector, in one run; ours also from the masks that a replay writes."""
    cv2.setNumThreads(1)
    replayed = {REPLAY: highway.score_replay(data / "highway")} if OURS in detectors else {}
    return replayed | {name: highway.score(data / "highway", masker(DETECTORS[name]())) for name in detectors}


def watch(file: Path, name: str, most: int = 900) -> Watched:
    """Run a detector over a video; the first seconds are for learning."""
    cv2.setNumThreads(1)
    detector = DETECTORS[name]()
    capture = cv2.VideoCapture(str(file))
    fps = capture.get(cv2.CAP_PROP_FPS) or 15.0
    frames = flagged = regions = 0
    seconds = 0.0
    for number in range(most):
        ok, image = capture.read()
        if not ok:
            break
        now = START + timedelta(seconds=number / fps)
        frame = Frame(camera="video", time=now, image=image, number=number)
        began = time.process_time()
        found = detector.look(frame)
        seconds += time.process_time() - began
        detector.after(frame, found)
        if number / fps >= _FIRST_S:
            frames += 1
            flagged += bool(found.boxes)
            regions += len(found.boxes)
    capture.release()
    return Watched(
        video=file.name,
        detector=name,
        with_regions=flagged / max(frames, 1),
        regions=regions / max(frames, 1),
        cpu_ms=1000 * seconds / max(number, 1),
    )
