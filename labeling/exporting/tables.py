"""The project's own form: labels.csv with path,label,group, and the pictures beside it. Nothing is lost."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from labeling.exporting.content import Export, ExportItem, Losses

_COLUMNS = ("path", "label", "group", "part", "day", "visit")


def write_table(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """Write labels.csv; `coop label import` reads it back without any difference."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        rows.writeheader()
        for item in export.items:
            path = f"pictures/{item.file}"
            place(item, folder / path)
            rows.writerow(
                {
                    "path": path,
                    "label": item.label,
                    "group": item.group or "",
                    "part": item.part or "",
                    "day": item.day or "",
                    "visit": item.visit,
                }
            )
    return Losses()
