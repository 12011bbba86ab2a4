"""Label Studio: its JSON export, its short one, and plain tasks without labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from coop.domain.task import SPECIAL
from labeling.importing.documents import items, mapping, number, read_json
from labeling.importing.found import Found, ImportProblem, Manifest, Unusable, labelled
from labeling.importing.within import inside_any

_PICTURE_KEYS = ("image", "img", "picture", "photo", "url")
_REMEDY = 'Export the project as JSON; each of its tasks has "data" with an "image"'


def read_label_studio(file: Path, timezone: tzinfo, *, folder: Path | None = None) -> Manifest:
    """Read a project's tasks: choices (one or several) and numbers become labels.

    The newest annotation that was not cancelled counts. Besides the picture a task's data may have ``group``,
    ``visit``, ``day`` and ``time``, as our own exports write them. Pictures are looked for in ``folder``,
    else beside the file, also by their bare names, since Label Studio gives those it keeps another path.
    """
    document = read_json(file)
    if not isinstance(document, list):
        raise ImportProblem(file, "is no list of tasks", _REMEDY)
    folders = [folder] if folder is not None else [file.parent, file.parent / "images"]
    found, unusable = list[Found](), list[Unusable]()
    for place, entry in enumerate(document, start=1):
        one = _task(mapping(entry), place, folders, timezone)
        (unusable if isinstance(one, Unusable) else found).append(one)  # type: ignore[arg-type]
    return labelled(found, unusable)


def _task(entry: dict[str, Any], place: int, folders: Sequence[Path], timezone: tzinfo) -> Found | Unusable:
    data = mapping(entry.get("data")) or entry
    name = _picture_name(data)
    if name is None:
        return Unusable(f"task {place}", "its data names no image")
    there = inside_any(folders, *_candidates(name))
    if isinstance(there, str):
        return Unusable(name, there)
    try:
        label = _label(entry)
        time = datetime.fromisoformat(str(data["time"])) if data.get("time") else None
        return Found(
            path=there,
            name=name,
            label=label,
            group=str(data["group"]) if data.get("group") else None,
            visit=str(data["visit"]) if data.get("visit") else None,
            day=date.fromisoformat(str(data["day"])) if data.get("day") else None,
            time=time.replace(tzinfo=timezone) if time is not None and time.tzinfo is None else time,
        )
    except ValueError as error:
        return Unusable(name, str(error))


def _picture_name(data: dict[str, Any]) -> str | None:
    for key in (*_PICTURE_KEYS, *data):
        value = data.get(key)
        if isinstance(value, str) and (key in _PICTURE_KEYS or "/" in value):
            return value
    return None


def _candidates(name: str) -> list[str]:
    """Where a picture may lie that Label Studio calls so, the likeliest first."""
    try:
        address = urlsplit(name)
    except ValueError:
        return [name]
    local = parse_qs(address.query).get("d", [])
    path = unquote(address.path).lstrip("/")
    bare = path.rpartition("/")[2]
    # An uploaded file is called 1a2b3c4d-NAME.
    return [name, *local, path, bare, *(each.rpartition("/")[2] for each in local), bare.partition("-")[2]]


def _label(entry: dict[str, Any]) -> str | None:
    annotations = [mapping(each) for each in items(entry.get("annotations"))]
    kept = [each for each in annotations if not each.get("was_cancelled")]
    if kept:
        newest = max(kept, key=lambda each: str(each.get("updated_at") or each.get("created_at") or ""))
        return _joined([mapping(part) for part in items(newest.get("result"))])
    if "data" in entry:
        return None
    return _short(entry)


def _joined(results: Sequence[dict[str, Any]]) -> str | None:
    parts = list[str]()
    for result in results:
        value = mapping(result.get("value"))
        if result.get("type") == "choices":
            parts += [str(choice) for choice in items(value.get("choices"))]
        elif result.get("type") == "number":
            parts.append(f"{result.get('from_name')}={_whole(value.get('number'))}")
    return _said(parts)


def _short(entry: dict[str, Any]) -> str | None:
    """JSON-MIN: the label stands beside the picture, as a word or a list of choices."""
    value = entry.get("choice", entry.get("label"))
    if isinstance(value, dict):
        value = value.get("choices")
    if isinstance(value, str):
        return value or None
    return _said([str(choice) for choice in items(value)])


def _said(parts: Sequence[str]) -> str | None:
    special = [part for part in parts if part in SPECIAL]
    return (special[0] if special else "|".join(parts)) or None


def _whole(value: Any) -> int:
    amount = number(value)
    if amount is None or amount != int(amount) or amount < 0:
        raise ValueError(f"its number is no count: {value!r}")
    return int(amount)
