"""Labelled pictures made from a number, for tests of dataset versions."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fakes.records import moment

from coop.domain.dataset import LabelledPicture

FIRST_DAY = date(2026, 5, 1)


def labelled(n: int, *, day: int | None = None, **changes: Any) -> LabelledPicture:
    """``day`` counts days from the first."""
    values: dict[str, Any] = {
        "picture": f"picture-{n}",
        "path": Path(f"/media/{n}.jpg"),
        "sha256": hashlib.sha256(f"{n}".encode()).hexdigest(),
        "value": "hen",
        "time": moment(n),
        "visit": f"visit-{n}",
        "source": "daemon",
        "group": None,
        "phash": n,
        "sharpness": 100.0,
        "day": None if day is None else FIRST_DAY + timedelta(days=day),
    }
    return LabelledPicture(**values | changes)
