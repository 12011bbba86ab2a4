"""Scenes of the motion suite as a camera sends them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.motion.scenes import build


def recording(folder: Path, scene: str, fps: int, size: tuple[int, int] = (1280, 720)) -> Path:
    """A scene of the motion suite as a camera codes it: 2 Mbit/s of H.264, a key picture each two seconds."""
    once = folder / f"{scene}-{size[1]}.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "1280x720"]
    command += ["-r", str(fps), "-i", "-", "-vf", f"scale={size[0]}:{size[1]}", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-refs", "1"]
    command += ["-g", str(2 * fps), "-sc_threshold", "0", "-b:v", f"{2 * size[0] / 1280:.1f}M"]
    command += ["-maxrate", "2M", "-bufsize", "2M", str(once)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for shot in build(scene, 1, 30.0).shots(fps):
            ffmpeg.stdin.write(shot.frame.image.tobytes())
    return once
