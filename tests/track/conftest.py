"""Frames without a picture worth looking at: the tracker only reads time and size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from coop.domain.frame import Frame

START = datetime(2026, 5, 1, 9, 0, 0, 250_000, tzinfo=UTC)
PICTURE = np.zeros((480, 640, 3), np.uint8)

FrameAt = Callable[[float], Frame]


@pytest.fixture(scope="session")
def frame_at() -> FrameAt:
    """A frame so many seconds after 2026-05-01 09:00:00.250 UTC, 640 x 480 pixels."""
    return lambda seconds: Frame(camera="run", time=START + timedelta(seconds=seconds), image=PICTURE)
