"""A folder for each class: ImageFolder trees, and the same for YOLO's classification."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from coop.store.media import safe_name
from labeling.exporting.content import Export, ExportItem, Losses, without_answers

_FIELDS = ("group", "visit", "day")


def write_class_folders(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """PART/CLASS/PICTURE, or CLASS/PICTURE where nothing is split."""
    unsplit = all(item.part is None for item in export.items)
    losses = Losses(fields=(*_FIELDS, "part") if unsplit else _FIELDS)
    _write(export, folder, place, losses, lambda item: "" if unsplit else str(item.part))
    return losses


def write_yolo(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """What `yolo classify` takes: train, val and test, each with a folder for each class."""
    losses = Losses(fields=_FIELDS)
    if any(item.part is None for item in export.items):
        losses.fields = (*_FIELDS, "part")
        losses.notes.append("Nothing is split: everything is in train, which YOLO needs.")
    _write(export, folder, place, losses, lambda item: str(item.part or "train"))
    return losses


def _write(
    export: Export,
    folder: Path,
    place: Callable[[ExportItem, Path], None],
    losses: Losses,
    part_of: Callable[[ExportItem], str],
) -> None:
    for item in without_answers(export, losses):
        if "|" in item.label:
            losses.pictures[item.picture] = "several labels, and a file lies in one folder only"
            continue
        name, is_, count = item.label.rpartition("=")  # a count is a class here, and looks like one
        called = f"{safe_name(name)}={count}" if is_ else safe_name(item.label)
        if called != item.label:
            losses.labels[item.label] = called
        place(item, folder / part_of(item) / called / item.file)
