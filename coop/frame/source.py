"""Where frames come from: one interface over cameras, recordings, stills and the simulated coop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import unquote

from coop.domain.frame import Frame
from coop.domain.url import redact_url
from coop.errors import SourceError

if TYPE_CHECKING:
    from coop.frame.network import Finer, Turn, Wanted

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
"""What counts as a still picture, in lower case."""

_REMEDY = (
    "Give rtsp://, rtsps://, http:// or https:// (a video stream), a device such as /dev/video0, "
    "a video file, a folder of pictures, or sim://"
)


class Stop(Protocol):
    """Anything that can say that it is time to stop, such as `threading.Event`."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool:
        """Sleep until told to stop, at most ``timeout`` seconds; whether that came."""
        ...


class Arrival(Protocol):
    """What a source gives: a `Frame`, or one that is not decoded yet."""

    @property
    def time(self) -> datetime: ...

    @property
    def number(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


T_co = TypeVar("T_co", bound=Arrival, covariant=True)


class Gives(Protocol[T_co]):
    """A device or recording that gives frames.

    ``live``: frames come when they come and only the newest counts; otherwise every frame counts.
    """

    @property
    def live(self) -> bool: ...

    def frames(self, stop: Stop) -> Iterator[T_co]:
        """Open it and yield its frames, numbered from 0, until its end or ``stop``; then release it.

        Raises SourceError when it cannot be opened, or when a live stream breaks. One call is one opening.
        """
        ...


class Source(Gives[Frame], Protocol):
    """One that gives pictures."""


def is_live(url: str) -> bool:
    """Whether a URL means a live camera rather than a recording or the simulated coop."""
    return url.startswith("/dev/") or _scheme(url) in _STREAMS


def open_source(
    url: str,
    camera: str,
    *,
    clock: Callable[[], datetime],
    timezone: tzinfo,
    paced: bool = False,
    start: datetime | None = None,
    timeout_s: float = 5.0,
    fps: float | None = None,
    finer: Finer | None = None,
    wanted: Wanted | None = None,
    turn: Turn | None = None,
) -> Source:
    """The source that ``url`` names. Nothing is opened before its frames are asked for.

    ``clock`` stamps live frames. ``timezone`` is that of naive times in file names and pictures. ``paced``
    plays recordings as fast as they were taken, else as fast as possible; ``start`` (aware) is when a
    recording began, where its own word shall not count. ``timeout_s`` bounds the opening and each read of
    a live stream; ``fps`` bounds the frames given a second; ``finer`` is what a network camera's main stream
    answers; ``wanted`` says whether somebody has time for a picture, and one of a network camera is not even
    decoded where nobody has, nor before it is its ``turn``. Raises SourceError where ``url`` names nothing
    usable.
    """
    if start is not None and start.tzinfo is None:
        raise ValueError(f"A recording's start needs a time zone. Received: {start.isoformat()}")
    scheme = _scheme(url)
    if scheme in _STREAMS:
        from coop.frame.network import NetworkSource

        return NetworkSource(
            url,
            camera,
            clock=clock,
            timeout_s=timeout_s,
            fps=fps,
            finer=finer,
            wanted=wanted or (lambda: True),
            turn=turn,
        )
    if is_live(url):
        from coop.frame.device import DeviceSource

        return DeviceSource(url, camera, clock=clock, timeout_s=timeout_s, fps=fps)
    if scheme == "sim":
        from coop.frame.sim.source import open_sim

        return open_sim(url, camera, paced=paced)
    if not url.strip():
        raise SourceError('""', "nothing is named", _REMEDY)
    if scheme not in ("", "file"):
        raise SourceError(redact_url(url), f'"{scheme}://" is no kind of source', _REMEDY)
    source = _recording(_path(url), camera, timezone=timezone, start=start, fps=fps)
    if not paced:
        return source
    from coop.frame.paced import PacedSource

    return PacedSource(source)


_STREAMS = ("rtsp", "rtsps", "http", "https")


def _scheme(url: str) -> str:
    """The URL's scheme in lower case; empty for a plain path."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    return found[1].lower() if found else ""


def _path(url: str) -> Path:
    """The path of a plain path or a file:// URL; ``~`` is the home folder."""
    return Path(unquote(url[len("file://") :])) if _scheme(url) == "file" else Path(url).expanduser()


def _recording(
    path: Path, camera: str, *, timezone: tzinfo, start: datetime | None, fps: float | None
) -> Source:
    """The source for a video file, a folder of stills, or one still."""
    if path.is_dir() or (path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES):
        from coop.frame.folder import FolderSource

        return FolderSource(path, camera, timezone=timezone, start=start, fps=fps)
    if path.is_file():
        from coop.frame.video import VideoSource

        return VideoSource(path, camera, timezone=timezone, start=start, fps=fps)
    problem = "neither a file nor a folder" if path.exists() else "there is no such file or folder"
    raise SourceError(redact_url(str(path)), problem, _REMEDY)
