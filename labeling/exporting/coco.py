"""COCO: an annotation for each class of a picture, whose box is the whole picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from coop.domain.task import NONE
from labeling.exporting.content import Export, ExportItem, Losses, by_part, without_answers


def write_coco(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """annotations/instances_PART.json and images/; where nothing is split, instances_all.json."""
    losses = Losses(fields=("group", "visit", "day"))
    losses.notes.append("Where in a picture a thing is was never labelled: each box is the whole picture.")
    items = without_answers(export, losses)
    if any(item.part is None for item in items):
        losses.fields = (*losses.fields, "part")
    categories = {name: number for number, name in enumerate(export.classes, start=1)}
    (folder / "annotations").mkdir()
    for part, of_part in by_part(items).items():
        document = {
            "info": {"description": f"{export.task}, version {export.version or 'current'}"},
            "licenses": [],
            "categories": [{"id": n, "name": name, "supercategory": ""} for name, n in categories.items()],
            **_lists(of_part, categories, losses),
        }
        file = folder / "annotations" / f"instances_{part or 'all'}.json"
        file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        for item in of_part:
            place(item, folder / "images" / item.file)
    return losses


def _lists(
    items: Sequence[ExportItem], categories: dict[str, int], losses: Losses
) -> dict[str, list[dict[str, Any]]]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        with Image.open(item.path) as image:
            width, height = image.size
        images.append({"id": number, "file_name": item.file, "width": width, "height": height})
        left = "|".join(sorted(item.names)) or NONE
        if left != item.label:
            losses.labels[item.label] = left
        for name in item.names:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": categories[name],
                    "bbox": [0, 0, width, height],
                    "area": width * height,
                    "segmentation": [],
                    "iscrowd": 0,
                }
            )
    return {"images": images, "annotations": annotations}
