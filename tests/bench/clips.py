"""What clips cost: CPU of the ring on a quiet and on a lively scene, of encoding, and memory.

    python tests/bench/clips.py

CPU is process time of the thread that does it; frames are of the simulated coop, 5 a second.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fakes.films import predator

from coop.assembly import camera_clips
from coop.clip.maker import ClipMaker
from coop.domain.clip import NewClip
from coop.domain.frame import Frame
from coop.frame.sim.source import open_sim
from coop.settings import Settings

SIZES = ((640, 360), (1280, 720), (1920, 1080))
FRAMES = 300
SCENE = "sim://?flock=1&seed=7&days=1&from=5.5&to=20&w={}&h={}"


def scene(width: int, height: int) -> list[Frame]:
    """Frames at 5 a second, of few different pictures so that they fit into memory."""
    frames = open_sim(SCENE.format(width, height), "bench").frames(threading.Event())
    pictures = [next(frames).image for _ in range(20)]
    begin = datetime.fromisoformat("2026-05-01T07:00:00+00:00")
    return [
        Frame(camera="bench", time=begin + timedelta(seconds=n / 5), image=pictures[n % 20])
        for n in range(FRAMES)
    ]


def fed(maker: ClipMaker, frames: Sequence[Frame], *, moving: bool) -> float:
    """Seconds of this thread's CPU for each frame that the maker is given."""
    began = time.thread_time()
    for frame in frames:
        maker.update(frame, (), (), moving=moving)
    return (time.thread_time() - began) / len(frames)


def encoded(folder: Path, frames: Sequence[Frame]) -> tuple[float, NewClip, int]:
    """Seconds of all CPU for each frame of a clip, the clip, and its bytes."""
    made: list[NewClip] = []
    maker = camera_clips(
        "bench", Settings(), folder=folder, record=lambda clip, now: made.append(clip), patient=True
    )
    began = time.process_time()
    for frame in frames:
        since_start = (frame.time - frames[0].time).total_seconds()
        event = predator(since_start) if since_start % 4 == 0 else None
        maker.update(frame, (event,) if event else (), (), moving=True)
    maker.close(())
    spent = time.process_time() - began
    return spent / len(frames), made[0], made[0].file.stat().st_size


def main() -> None:
    cv2.setNumThreads(1)
    table = Table(title=f"CPU ms for each frame that is analysed, {FRAMES} frames at 5 a second")
    for column in ("camera", "quiet", "lively", "with encoding", "ring, MB", "clip, kbit/s"):
        table.add_column(column, justify="right")
    for width, height in SIZES:
        frames = scene(width, height)
        with tempfile.TemporaryDirectory() as name:
            makers = [
                camera_clips("bench", Settings(), folder=Path(name), record=lambda *_: None, patient=True)
                for _ in range(2)
            ]
            quiet, lively = (
                fed(maker, frames, moving=moving) * 1000
                for maker, moving in zip(makers, (False, True), strict=True)
            )
            spent, clip, size = encoded(Path(name), frames)
        table.add_row(
            f"{width} x {height}", f"{quiet:.2f}", f"{lively:.2f}", f"{spent * 1000:.1f}",
            f"{makers[0].memory / 1e6:.1f} to {makers[1].memory / 1e6:.1f}",
            f"{size * 8 / clip.seconds / 1000:.0f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
