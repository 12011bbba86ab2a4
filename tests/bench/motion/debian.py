"""Debian's `motion` on the same scenes, where it is installed: it reads a file through ``netcam_url``.

It says of whole frames whether they have motion, by saving a picture of each. A strip of black and white
blocks in a corner, hidden from it by a mask, tells which frame a picture is of. It plays files in real time
and samples them at its own beat, so that some frames are never looked at: fifths of a second are counted, and
one is flagged if any of its frames is.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from bench.motion.backdrop import HEIGHT, WIDTH
from bench.motion.scenes import build

from coop.domain.frame import Picture

RATE = 15
_BITS, _BLOCK = 12, 16
_FIFTH = 3  # frames
_STARTS_S = 6.0  # until the daemon has opened its files
_SETTINGS = """daemon off
log_level 4
target_dir {folder}
webcontrol_port 0
stream_port 0
"""
_CAMERA = """camera_id {number}
netcam_url file://{video}
width {width}
height {height}
framerate {rate}
mask_file {mask}
noise_level 20
lightswitch_percent 40
minimum_motion_frames 1
pre_capture 0
post_capture 0
event_gap 1
movie_output off
picture_output on
picture_type jpg
picture_quality 90
picture_filename {name}/%Y%m%d%H%M%S-%q-%v
text_left
text_right
"""


@dataclass(frozen=True, kw_only=True)
class Flagged:
    """Shares of the scored fifths of a second that were flagged; None where there are none of the kind."""

    with_things: float | None
    without: float | None


def missing() -> str | None:
    """Why it cannot be run here; None if it can."""
    return None if shutil.which("motion") else "motion is not installed (apt-get install motion)"


def watch(names: Sequence[str], seed: int, seconds: float) -> dict[str, Flagged]:
    """Let one daemon watch some scenes at once, for as long as they last."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        truths = {name: _record(folder, name, seed, seconds) for name in names}
        cv2.imwrite(str(folder / "mask.pgm"), _hidden())
        daemon = subprocess.Popen(
            ["motion", "-n", "-c", str(_configure(folder, names))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(seconds + _STARTS_S)
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
        return {name: _flagged(folder / name, truths[name]) for name in names}


def _record(folder: Path, name: str, seed: int, seconds: float) -> list[bool | None]:
    """Write a scene as a video. Returns for each frame whether it has a thing in it; None if unscored."""
    (folder / name).mkdir()
    truth: list[bool | None] = []
    with av.open(str(folder / f"{name}.mkv"), "w") as container:
        stream = container.add_stream(
            "libx264", rate=Fraction(RATE), options={"preset": "veryfast", "crf": "18"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for shot in build(name, seed, seconds).shots(RATE):
            picture = shot.frame.image.copy()
            _stamp(picture, shot.frame.number)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            judged = shot.scored and (bool(shot.wanted) or not shot.spared)
            truth.append(bool(shot.wanted) if judged else None)
        container.mux(stream.encode(None))
    return truth


def _stamp(picture: Picture, number: int) -> None:
    for bit in range(_BITS):
        left = bit * _BLOCK
        picture[HEIGHT - _BLOCK :, left : left + _BLOCK] = 255 if number >> bit & 1 else 0


def _number_on(picture: Picture) -> int:
    row = picture[HEIGHT - _BLOCK // 2, _BLOCK // 2 : _BITS * _BLOCK : _BLOCK].mean(axis=1) > 127
    return int(sum(1 << bit for bit in range(_BITS) if row[bit]))


def _hidden() -> Picture:
    mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
    mask[HEIGHT - 2 * _BLOCK :, : (_BITS + 1) * _BLOCK] = 0
    return mask


def _configure(folder: Path, names: Sequence[str]) -> Path:
    cameras = []
    for number, name in enumerate(names, start=1):
        camera = folder / f"camera{number}.conf"
        text = _CAMERA.format(
            number=number,
            video=folder / f"{name}.mkv",
            width=WIDTH,
            height=HEIGHT,
            rate=RATE,
            mask=folder / "mask.pgm",
            name=name,
        )
        camera.write_text(text, encoding="utf-8")
        cameras.append(f"camera {camera}\n")
    settings = folder / "motion.conf"
    settings.write_text(_SETTINGS.format(folder=folder) + "".join(cameras), encoding="utf-8")
    return settings


def _flagged(folder: Path, truth: Sequence[bool | None]) -> Flagged:
    pictures = (cv2.imread(str(file)) for file in folder.glob("*.jpg"))
    moved = {_number_on(picture) // _FIFTH for picture in pictures if picture is not None}
    seen: dict[bool, list[bool]] = {True: [], False: []}
    for start in range(0, len(truth), _FIFTH):
        kinds = set(truth[start : start + _FIFTH])
        if len(kinds) == 1 and (kind := kinds.pop()) is not None:
            seen[kind].append(start // _FIFTH in moved)
    shares = {kind: sum(flags) / len(flags) if flags else None for kind, flags in seen.items()}
    return Flagged(with_things=shares[True], without=shares[False])
