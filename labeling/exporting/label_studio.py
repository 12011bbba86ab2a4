"""Label Studio: tasks.json with annotations, and the configuration that fits them. Nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from coop.domain.task import SPECIAL, TaskKind
from labeling.exporting.content import Export, ExportItem, Losses


def write_label_studio(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """tasks.json, config.xml and pictures/; `coop label import` reads it back without any difference."""
    tasks = []
    for number, item in enumerate(export.items, start=1):
        path = f"pictures/{item.file}"
        place(item, folder / path)
        data = {
            "image": path,
            "group": item.group,
            "part": item.part,
            "day": None if item.day is None else item.day.isoformat(),
            "visit": item.visit,
        }
        tasks.append(
            {
                "id": number,
                "data": {name: value for name, value in data.items() if value is not None},
                "annotations": [{"id": number, "was_cancelled": False, "result": _results(item)}],
            }
        )
    (folder / "tasks.json").write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    (folder / "config.xml").write_text(_config(export), encoding="utf-8")
    return Losses()


def _results(item: ExportItem) -> list[dict[str, Any]]:
    if item.counts:
        return [
            {"type": "number", "from_name": name, "to_name": "image", "value": {"number": count}}
            for name, count in item.counts.items()
        ]
    choices = [item.label] if item.label in SPECIAL else list(item.names)
    return [{"type": "choices", "from_name": "label", "to_name": "image", "value": {"choices": choices}}]


def _config(export: Export) -> str:
    """The labelling interface of a project that takes these tasks."""
    lines = ["<View>", '  <Image name="image" value="$image"/>']
    names = [] if export.kind is TaskKind.COUNT else list(export.classes)
    if export.kind is TaskKind.COUNT:
        lines += [f'  <Number name={quoteattr(name)} toName="image"/>' for name in export.classes]
    how = "multiple" if export.kind is TaskKind.MULTI else "single"
    lines.append(f'  <Choices name="label" toName="image" choice="{how}">')
    lines += [f"    <Choice value={quoteattr(name)}/>" for name in (*names, *SPECIAL)]
    return "\n".join([*lines, "  </Choices>", "</View>", ""])
