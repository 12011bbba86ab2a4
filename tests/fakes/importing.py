"""An import as `coop label import` does it, for tests: without a bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fakes.records import NOON

from coop.frame.filetime import time_in_name
from coop.store.store import Store
from labeling.importing.formats import Format, Reading, read_source
from labeling.importing.run import Report, Wanted, import_manifest

LONDON = ZoneInfo("Europe/London")


def silent(step: str, done: int, total: int) -> None:
    """No bar."""


def bring_in(store: Store, source: Path, form: Format | None = None, **wanted: Any) -> Report:
    """Import ``source`` at noon; ``wanted`` as `Wanted`, and some as `Reading`."""
    how = Reading(
        zone=LONDON,
        folders_are_groups=wanted.pop("groups", False),
        images=wanted.pop("images", None),
        whole=wanted.pop("whole", False),
    )
    progress = wanted.pop("progress", silent)
    values: dict[str, Any] = {"task": None, "source": source.stem, "zone": LONDON, "batch": "import-1"}
    return import_manifest(
        store,
        read_source(source, form, how),
        Wanted(**values | wanted),
        NOON,
        name_time=lambda name: time_in_name(name, LONDON),
        progress=progress,
    )
