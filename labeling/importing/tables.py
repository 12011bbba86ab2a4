"""A labelled folder in the project's own form: a CSV with the columns path, label and group."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from pathlib import Path

from labeling.importing.found import Found, ImportProblem, Manifest, Unusable, labelled
from labeling.importing.within import inside

_DELIMITERS = ",;\t"
_FORM = "It needs a first line with the columns path,label,group, and then one line for each picture"


def read_table(file: Path, timezone: tzinfo) -> Manifest:
    """Read a CSV; paths are relative to it. Raises `ImportProblem` where it is none of ours.

    Besides ``path`` every column may be missing. ``visit``, ``day`` (YYYY-MM-DD) and ``time`` (ISO 8601, in
    ``timezone`` if it names none) are taken where they are there, as our own exports write them; any other
    column is left alone. An empty label is none at all: ``none`` is the label that says "nothing".
    """
    rows = _rows(file)
    found, unusable = list[Found](), list[Unusable]()
    for number, row in rows:
        name = row["path"]
        there = inside(file.parent, name) if name else "the line has no path"
        if isinstance(there, str):
            unusable.append(Unusable(name or f"line {number}", there))
            continue
        try:
            found.append(
                Found(
                    path=there,
                    name=name,
                    label=row.get("label") or None,
                    group=row.get("group") or None,
                    visit=row.get("visit") or None,
                    day=date.fromisoformat(row["day"]) if row.get("day") else None,
                    time=_time(row["time"], timezone) if row.get("time") else None,
                )
            )
        except ValueError as error:
            unusable.append(Unusable(name, f"line {number}: {error}"))
    return labelled(found, unusable)


def _rows(file: Path) -> list[tuple[int, Mapping[str, str]]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ImportProblem(file, f"cannot be read ({error.strerror})", _FORM) from None
    except UnicodeDecodeError:
        raise ImportProblem(file, "is not UTF-8 text", "Save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        if "path" not in columns:
            named = ", ".join(columns) or "nothing"
            raise ImportProblem(file, f"has no column path; its first line has: {named[:200]}", _FORM)
        reader.fieldnames = columns
        return [
            (reader.line_num, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)})
            for row in reader
        ]
    except csv.Error as error:
        raise ImportProblem(file, f"is not a CSV that can be read ({error})", _FORM) from None


def _time(text: str, timezone: tzinfo) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone)
