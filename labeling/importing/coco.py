"""COCO: each box becomes a crop with its category as class, or each picture one with all its categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coop.domain.task import NONE, joined
from labeling.importing.documents import items, mapping, number, read_json
from labeling.importing.found import Found, ImportProblem, Manifest, Part, Unusable, labelled
from labeling.importing.within import inside_any


def read_coco(file: Path, *, folder: Path | None = None, whole: bool = False) -> Manifest:
    """Read an instances file; pictures are looked for in ``folder``, else beside it and in ``images/``.

    ``whole``: pictures as they are, labelled with every category in them, or with ``none``. Boxes of one
    picture are one group, and each is a visit of its own, since no two show the same thing.
    """
    document = mapping(read_json(file))
    pictures, boxes = items(document.get("images")), items(document.get("annotations"))
    if not pictures:
        raise ImportProblem(file, 'has no list "images"', "It is not in the form of COCO")
    names = {entry.get("id"): str(entry.get("name", "")) for entry in _mappings(document.get("categories"))}
    of_picture: dict[Any, list[dict[str, Any]]] = {}
    for box in _mappings(boxes):
        of_picture.setdefault(_hashable(box.get("image_id")), []).append(box)
    folders = [folder] if folder is not None else [file.parent, file.parent / "images"]
    found, unusable = list[Found](), list[Unusable]()
    for entry in _mappings(pictures):
        name = str(entry.get("file_name", ""))
        there = inside_any(folders, name)
        if isinstance(there, str):
            unusable.append(Unusable(name, there))
            continue
        mine = of_picture.get(_hashable(entry.get("id")), [])
        if whole:
            labels = joined(names[box["category_id"]] for box in mine if box.get("category_id") in names)
            found.append(Found(path=there, name=name, label=labels or NONE, group=None))
            continue
        for index, box in enumerate(mine, start=1):
            crop = _crop(there, name, index, box, names)
            (unusable if isinstance(crop, Unusable) else found).append(crop)  # type: ignore[arg-type]
    return labelled(found, unusable, [name for name in names.values() if name and name != NONE])


def _crop(path: Path, name: str, index: int, box: dict[str, Any], names: dict[Any, str]) -> Found | Unusable:
    called = f"{name}#{index}"
    sides = [number(side) for side in items(box.get("bbox"))]
    category = names.get(_hashable(box.get("category_id")))
    if not category:
        return Unusable(called, f"its category {box.get('category_id')!r} is not in the list of categories")
    if len(sides) != 4 or None in sides:
        return Unusable(called, f"its box is not [x, y, width, height]: {str(box.get('bbox'))[:60]}")
    x, y, w, h = (side or 0.0 for side in sides)
    return Found(
        path=path, name=called, label=category, group=name, visit=called, part=Part(x=x, y=y, w=w, h=h)
    )


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in items(value) if isinstance(entry, dict)]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int) else None
