"""The record as tables for people, JSON lines, or comma-separated values."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from coop.domain.clip import NewClip
from coop.domain.egg import NOBODY, Egg
from coop.domain.event import Event
from coop.domain.findings import RecordedEvent
from coop.domain.sighting import Visit

Row = Mapping[str, Any]

LEAST_SHARE = 0.03
"""A hen that is less probable than this is not named."""

EVENT_COLUMNS = ("time", "event", "subject", "place", "camera", "confidence", "clip")


def events_rows(
    recorded: Sequence[RecordedEvent], zone: tzinfo, clips: Mapping[str, Path] | None = None
) -> list[Row]:
    """One row for each event, times in ``zone``; with ``clips`` (key to file), also where its clip is."""
    return [
        {
            "time": local(entry.event.time, zone),
            "event": entry.event.name,
            "subject": entry.event.subject,
            "place": entry.event.place,
            "camera": entry.event.camera,
            "confidence": round(entry.event.confidence, 3),
        }
        | ({} if clips is None else {"clip": str(clips.get(entry.clip or "", ""))})
        for entry in recorded
    ]


def egg_row(egg: Egg, zone: tzinfo) -> dict[str, Any]:
    """An egg on one line, times in ``zone``: who may have laid it, the most probable first."""
    named = [share for share in egg.shares if share.hen != NOBODY and share.probability >= LEAST_SHARE]
    by = ", ".join(f"{share.hen} {share.probability:.0%}" for share in named)
    return {
        "found": local(egg.time, zone)[:-3],
        "nest": egg.nest,
        "laid by": f"{by}, says {egg.claim.who}" if egg.claim else by or "nobody that was recognised",
        "after": f"{egg.since.astimezone(zone):%H:%M}",
        "now": egg.fate.value,
    }


def visits_rows(visits: Sequence[Visit], zone: tzinfo) -> list[Row]:
    """One row for each visit, times in ``zone``."""
    return [
        {
            "began": local(visit.began, zone),
            "subject": visit.subject,
            "place": visit.place,
            "minutes": round(visit.duration.total_seconds() / 60, 1),
            "sightings": visit.sightings,
            "confidence": round(visit.confidence, 3),
        }
        for visit in visits
    ]


def clips_rows(clips: Sequence[NewClip], events: Sequence[Event], zone: tzinfo) -> list[Row]:
    """One row for each clip, times in ``zone``; ``events`` are those it may show."""
    subjects = {event.key: event.subject for event in events}
    return [
        {
            "began": local(clip.time, zone),
            "about": ", ".join(dict.fromkeys(subjects[key] for key in clip.events if key in subjects)),
            "seconds": round(clip.seconds, 1),
            "file": clip.file.name,
        }
        for clip in clips
    ]


def clip_name(time: datetime, camera: str, zone: tzinfo) -> str:
    """What a clip is called outside of the record; `coop replay` finds the time in such a name."""
    return f"{time.astimezone(zone):%Y%m%d-%H%M%S}-{camera}.mp4"


def local(moment: datetime, zone: tzinfo) -> str:
    """A time as people read it, in ``zone``: its name is not shown, since the settings know it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def print_rows(
    title: str,
    rows: Sequence[Row],
    console: Console,
    *,
    columns: Sequence[str] = (),
    as_json: bool = False,
    as_csv: bool = False,
) -> None:
    """Show rows: a table for people, or one of the two forms for programs, on standard output.

    ``columns`` are those of the CSV, whose head is there even when no row is.
    """
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(columns or (rows[0] if rows else ())))
        writer.writeheader()
        writer.writerows(rows)
    elif not rows:
        console.print(f"{title}: none.")
    else:
        console.print(_table(title, rows))


def _table(title: str, rows: Sequence[Row]) -> Table:
    # Without side lines every column of an event fits into the 80 characters of a plain terminal.
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for column in rows[0]:
        number = isinstance(rows[0][column], int | float)
        table.add_column(
            column,
            justify="right" if number else "left",
            no_wrap=column in ("time", "began"),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_cell(column, value) for column, value in row.items()))
    return table


def _cell(column: str, value: object) -> Text:
    """A value as text; a clip as a short link, since its path is longer than a line."""
    if column == "clip" and value:
        return Text("clip", style=Style(link=Path(str(value)).as_uri()))
    return Text(str(value))
