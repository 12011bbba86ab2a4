"""What the commands have in common: options, and how the user is spoken to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

if TYPE_CHECKING:  # `coop --help` answers before any of it is loaded
    from coop.settings import Settings
    from coop.store.store import Store

console = Console()
errors = Console(stderr=True)

Choice = TypeVar("Choice", bound=StrEnum)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The settings file. Without it: coop.toml in this folder, else in ~/.config/neurocoop.",
    ),
]

JsonFlag = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]

CsvFlag = Annotated[bool, typer.Option("--csv", help="For spreadsheets: comma-separated values.")]

SinceOption = Annotated[
    datetime | None,
    typer.Option(help="From this day on.", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"]),
]

StartOption = Annotated[
    datetime | None,
    typer.Option(
        help="A recording: when it began, in the coop's time zone; else its name or the file says.",
        metavar="YYYY-MM-DDTHH:MM:SS",
        formats=["%Y-%m-%dT%H:%M:%S"],
    ),
]

TaskName = Annotated[str, typer.Argument(help="The task.")]


def say(text: str) -> None:
    """Tell the user; a long line stays one line, so that a path or a command in it can be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def not_both(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude one another")


def begin_of(since: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """The first moment of a day in the coop's time zone, or a day ago."""
    return since.replace(tzinfo=zone).astimezone(UTC) if since else now - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is on record from ``begin`` on, told at ``now`` (both UTC)."""

    store: Store
    settings: Settings
    begin: datetime
    now: datetime


@contextmanager
def record_since(config: Path | None, since: datetime | None) -> Iterator[Record]:
    """The record from a day on, in the coop's time zone; by default of the last 24 hours."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings

    settings, now = load_settings(config), utc_now()
    with open_store(settings) as store:
        yield Record(store=store, settings=settings, begin=begin_of(since, now, settings.zone), now=now)


def choice(
    kind: type[Choice], text: str | None, option: str, allowed: Sequence[str] | None = None
) -> Choice | None:
    """One of an enumeration's values by name; without loading it before it is needed."""
    if text is None:
        return None
    names = allowed or [each.value for each in kind]
    if text not in names:
        raise typer.BadParameter(f"{option} is one of {', '.join(names)}. Received: {text!r}")
    found: Choice = kind(text)
    return found
