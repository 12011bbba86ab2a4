"""The layout of Hugging Face `datasets`: folders by split, each with a metadata.jsonl. Nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from coop.domain.dataset import Part
from coop.domain.task import TaskKind
from labeling.exporting.content import Export, ExportItem, Losses, by_part

_SPLITS = {Part.TRAIN: "train", Part.VAL: "validation", Part.TEST: "test", None: "train"}


def write_hugging_face(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """data/SPLIT/ with pictures and metadata.jsonl: `load_dataset("imagefolder", data_dir=...)` reads it."""
    losses = Losses()
    if any(item.part is None for item in export.items):
        losses.fields = ("part",)
        losses.notes.append("Nothing is split: everything is in train.")
    elif any(item.part is Part.VAL for item in export.items):
        losses.notes.append("The part val is called validation there.")
    dated = {text for item in export.items for text in (str(item.day), item.group or "", item.visit)}
    if any(plain(text) != text for text in dated):
        losses.notes.append("Dates have no hyphens (20160131): `datasets` would make times of them.")
    for part, items in by_part(export.items).items():
        split = folder / "data" / _SPLITS[part]
        for item in items:
            place(item, split / item.file)
        lines = [json.dumps(_row(item, export), ensure_ascii=False) for item in items]
        (split / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return losses


def plain(text: str) -> str:
    """A text that its reader leaves alone: it turns what looks like a date into one, if all of a file do."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return text
    return text.replace("-", "").replace(":", "")


def _row(item: ExportItem, export: Export) -> dict[str, Any]:
    row: dict[str, Any] = {"file_name": item.file, "label": item.label}
    if export.kind is TaskKind.MULTI:
        row["labels"] = list(item.names)
    if export.kind is TaskKind.COUNT:
        row["counts"] = {name: item.counts.get(name) for name in export.classes}
    return row | {
        "group": plain(item.group or ""),
        "visit": plain(item.visit),
        "day": "" if item.day is None else plain(item.day.isoformat()),
    }
