"""How the watch itself is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CameraState(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """One camera, or one of its streams, as `coop cameras` and `/status` show it.

    ``fps`` are frames that came a second, ``analysed`` those that were looked at, ``dropped`` those that were
    to be and were not. ``last_frame`` is the time that the newest frame carries, which for a recording is
    long ago; ``age_s`` are the seconds since it came, None before the first. ``oldest_s`` is how old the
    oldest frame of late was when everything in it had been found. ``cpu`` is the share of one core that the
    camera takes. ``main`` is the camera's main stream, whose ``analysed`` are the pictures decoded.
    """

    camera: str
    state: CameraState
    fps: float
    dropped: int
    reconnects: int
    last_frame: datetime | None
    problem: str = ""
    age_s: float | None = None
    analysed: float | None = None
    oldest_s: float | None = None
    cpu: float | None = None
    main: CameraStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStatus:
    """The daemon's own row, refreshed each second; ``cpu`` is its share of one core of late."""

    pid: int
    started: datetime
    refreshed: datetime
    version: str
    cameras: tuple[CameraStatus, ...]
    model: str
    cpu: float | None = None
