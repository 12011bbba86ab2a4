"""Frames of a recording, read as the program reads them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from coop.domain.frame import Frame
from coop.frame.source import open_source

START = datetime(2026, 1, 1, tzinfo=UTC)


def frames_of(path: Path) -> Iterator[Frame]:
    """Every frame, its time counted from ``START``."""
    source = open_source(str(path), "c", clock=lambda: START, timezone=UTC, start=START)
    return source.frames(threading.Event())
