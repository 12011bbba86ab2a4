"""A real RTSP camera made of Debian's GStreamer, and an MJPEG one made of its ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from fakes.process import ServerProcess, free_port

SYSTEM_PYTHON = "/usr/bin/python3"
_IMPORTS = (
    "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0'); "
    "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
    "assert all(map(Gst.ElementFactory.find, ('qtdemux', 'h264parse', 'rtph264pay')))"
)
_REMEDY = "tests/setup-system.sh installs it"


def missing_for_rtsp(tool: Path) -> str | None:
    """What `RtspServer` lacks on this machine, or None; ``tool`` is rtsp_server.py of the test data."""
    if not tool.is_file():
        return f"the RTSP server is not at {tool}"
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", _IMPORTS], capture_output=True).returncode
    ):
        return f"GStreamer's RTSP server is not installed ({_REMEDY})"
    return missing_for_mjpeg()


def missing_for_mjpeg() -> str | None:
    """What `MjpegServer` and `lengthened` lack on this machine, or None."""
    return None if shutil.which("ffmpeg") else f"ffmpeg is not installed ({_REMEDY})"


def lengthened(video: Path, into: Path, times: int = 10) -> Path:
    """The video ``times`` over without its sound, as a new file in ``into``: a camera never ends."""
    long = into / f"long-{video.name}"
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(times - 1), "-i", str(video)]
    subprocess.run([*command, "-c", "copy", "-an", str(long)], check=True, stdin=subprocess.DEVNULL)
    return long


class RtspServer(ServerProcess):
    """Serves an H.264 MP4 once, in real time, at `url`; the same address after `kill` and `start`."""

    def __init__(self, tool: Path, video: Path, port: int | None = None) -> None:
        port = port or free_port()
        super().__init__([SYSTEM_PYTHON, str(tool), str(video), str(port)], port)
        self.tool = tool
        self.url = f"rtsp://127.0.0.1:{port}/coop"


class MjpegServer(ServerProcess):
    """Serves a video as MJPEG in real time at `url`, to one client; `start` again for the next."""

    def __init__(self, video: Path, port: int | None = None) -> None:
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}/coop"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", str(video)]
        super().__init__([*command, "-q:v", "8", "-f", "mpjpeg", "-listen", "1", self.url], port)


class H264Server(ServerProcess):
    """Serves an H.264 video as an MPEG transport stream over HTTP, at the address of an `MjpegServer`."""

    def __init__(self, video: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/coop"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", str(video)]
        super().__init__([*command, "-c", "copy", "-an", "-f", "mpegts", "-listen", "1", self.url], port)
