"""How well motion is found on CDnet 2014 *highway*, ours beside OpenCV's own detectors.

    python tests/bench/highway.py

Prints precision, recall and F-measure over frames 470 to 1200 and process CPU time for each frame of
320 x 240 pixels: of the masks that `coop replay --masks` writes, and of each detector by itself. The data
is found as the tests find it: $COOP_TEST_DATA, by default ../shared/data.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from coop.domain.frame import Frame, Picture
from coop.domain.motion import Mask
from coop.motion.detector import MotionDetector, motion_mask_in_source_size

FIRST, LAST = 470, 1200
FRAMES_PER_SECOND = 15
START = datetime(2014, 1, 1, 12, tzinfo=UTC)

Masker = Callable[[Frame], Mask]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Pixel counts against the truth, and CPU milliseconds a frame."""

    hits: int
    false_alarms: int
    misses: int
    cpu_ms: float

    @property
    def precision(self) -> float:
        return self.hits / max(self.hits + self.false_alarms, 1)

    @property
    def recall(self) -> float:
        return self.hits / max(self.hits + self.misses, 1)

    @property
    def f_measure(self) -> float:
        return 2 * self.hits / max(2 * self.hits + self.false_alarms + self.misses, 1)


def ours() -> Masker:
    detector = MotionDetector()
    return lambda frame: motion_mask_in_source_size(detector.detect(frame), frame)


def knn() -> Masker:
    model = cv2.createBackgroundSubtractorKNN(detectShadows=False)
    return lambda frame: cv2.medianBlur(model.apply(frame.image), 5)


def mog2() -> Masker:
    model = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
    return lambda frame: cv2.medianBlur(model.apply(frame.image), 5)


def score(folder: Path, masker: Masker, first: int = FIRST, last: int = LAST) -> Score:
    """Run a detector over frames 1 to ``last`` and score those from ``first``.

    CDnet's rules: a pixel counts where the region of interest is set and the truth is 0, 50 (shadow, which
    is background) or 255 (moving).
    """
    seconds = 0.0

    def masks() -> Iterator[Mask]:
        nonlocal seconds
        for number in range(1, last + 1):
            frame = Frame(
                camera="highway",
                time=START + timedelta(seconds=number / FRAMES_PER_SECOND),
                image=_read(folder / "input" / f"in{number:06d}.jpg", cv2.IMREAD_COLOR),
                number=number - 1,
            )
            began = time.process_time()
            mask = masker(frame)
            seconds += time.process_time() - began
            yield mask

    hits, false_alarms, misses = _compared(folder, masks(), first)
    return Score(hits=hits, false_alarms=false_alarms, misses=misses, cpu_ms=1000 * seconds / last)


def score_replay(folder: Path, first: int = FIRST, last: int = LAST) -> Score:
    """The masks that `coop replay --masks` writes of the same frames, scored by the same rules.

    Its milliseconds are those of the whole command, reading the pictures and writing the masks included.
    """
    with tempfile.TemporaryDirectory() as name:
        masks = Path(name) / "masks"
        command = [sys.executable, "-m", "coop", "replay", "--motion-only", "--masks", str(masks)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [*command, str(folder / "input")], cwd=name, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"coop replay failed: {done.stderr}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        files = sorted(masks.glob("*.png"))
        read = (_read(file, cv2.IMREAD_GRAYSCALE) for file in files[:last])
        hits, false_alarms, misses = _compared(folder, read, first)
    cpu_ms = 1000 * seconds / len(files)
    return Score(hits=hits, false_alarms=false_alarms, misses=misses, cpu_ms=cpu_ms)


def _compared(folder: Path, masks: Iterable[Mask], first: int) -> tuple[int, int, int]:
    """Hits, false alarms and misses of the masks of frames 1, 2, ..., from ``first`` on."""
    roi = _read(folder / "ROI.bmp", cv2.IMREAD_GRAYSCALE) > 0
    hits = false_alarms = misses = 0
    for number, mask in enumerate(masks, start=1):
        if number < first:
            continue
        moved = mask > 0
        truth = _read(folder / "groundtruth" / f"gt{number:06d}.png", cv2.IMREAD_GRAYSCALE)
        counts = roi & np.isin(truth, (0, 50, 255))
        moving = counts & (truth == 255)
        hits += int((moved & moving).sum())
        false_alarms += int((moved & counts & ~moving).sum())
        misses += int((~moved & moving).sum())
    return hits, false_alarms, misses


def _read(file: Path, flags: int) -> Picture:
    picture = cv2.imread(str(file), flags)
    if picture is None:
        raise FileNotFoundError(f"{file} is missing or no picture; set COOP_TEST_DATA to the test data")
    return picture


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("COOP_TEST_DATA", root.parent / "shared" / "data"))
    cv2.setNumThreads(1)
    print(f"{'detector':12}{'F-measure':>10}{'precision':>10}{'recall':>8}{'CPU ms':>8}")
    scores: dict[str, Callable[[], Score]] = {
        "coop replay": lambda: score_replay(data / "highway"),
        "ours": lambda: score(data / "highway", ours()),
        "KNN": lambda: score(data / "highway", knn()),
        "MOG2": lambda: score(data / "highway", mog2()),
    }
    for name, scored in scores.items():
        s = scored()
        print(f"{name:12}{s.f_measure:10.4f}{s.precision:10.4f}{s.recall:8.4f}{s.cpu_ms:8.2f}")


if __name__ == "__main__":
    main()
