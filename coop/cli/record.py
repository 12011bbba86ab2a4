"""What is on record: events, eggs, hens, clips; and the same from a recording."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from coop.cli.common import (
    ConfigOption,
    CsvFlag,
    JsonFlag,
    SinceOption,
    StartOption,
    console,
    not_both,
    record_since,
    say,
)


def events(
    config: ConfigOption = None,
    since: SinceOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print the record of events, by default those of the last 24 hours."""
    from coop.commands.clips import clip_files
    from coop.commands.tables import EVENT_COLUMNS, events_rows, print_rows

    not_both(as_json, as_csv)
    with record_since(config, since) as record:
        zone, begin = record.settings.zone, record.begin
        found = record.store.events(begin, record.now + timedelta(days=1))
        rows = events_rows(found, zone, clip_files(record.store, found))
        newest = record.store.newest_event()
    if not rows and newest is not None and not as_json and not as_csv:
        say(
            f"No events since {begin.astimezone(zone):%Y-%m-%d %H:%M}. "
            f"The newest: coop events --since {newest.astimezone(zone):%Y-%m-%d}"
        )
        return
    print_rows("Events", rows, console, columns=EVENT_COLUMNS, as_json=as_json, as_csv=as_csv)


def eggs(
    config: ConfigOption = None,
    since: SinceOption = None,
    by_hen: Annotated[
        bool, typer.Option("--by-hen", help="One line a hen: eggs expected, and the middle 90% of it.")
    ] = False,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print the ledger of eggs with the hens that may have laid them, by default the last 24 hours'."""
    from coop.commands.record import EGG_COLUMNS, TALLY_COLUMNS, egg_rows, known_hens, tally_rows
    from coop.commands.tables import print_rows

    not_both(as_json, as_csv)
    with record_since(config, since) as record:
        hens = known_hens(record.store, record.settings, record.begin, record.now)
        found = egg_rows(record.store, record.begin, record.now, record.settings.zone)
        counted = tally_rows(record.store, hens, record.begin, record.now, record.settings.zone)
    if not by_hen:
        print_rows("Eggs", found, console, columns=EGG_COLUMNS, as_json=as_json, as_csv=as_csv)
    if by_hen or not (as_json or as_csv or not counted):
        print_rows("By hen", counted, console, columns=TALLY_COLUMNS, as_json=as_json, as_csv=as_csv)


def hens(
    config: ConfigOption = None,
    since: SinceOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print the flock: who was seen when and where, on the nests how long; by default since 24 hours."""
    from coop.commands.record import HEN_COLUMNS, hen_rows, known_hens
    from coop.commands.tables import print_rows

    not_both(as_json, as_csv)
    with record_since(config, since) as record:
        flock = known_hens(record.store, record.settings, record.begin, record.now)
        rows = hen_rows(record.store, flock, record.begin, record.now, record.settings)
    print_rows("Hens", rows, console, columns=HEN_COLUMNS, as_json=as_json, as_csv=as_csv)


def clips(
    config: ConfigOption = None,
    since: SinceOption = None,
    camera: Annotated[str | None, typer.Option(help="Only those of this camera.")] = None,
    copy_to: Annotated[
        Path | None, typer.Option("--to", help="A folder to copy them into, named by their times.")
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print which clips there are, by default those of the last 24 hours, or copy them."""
    from coop.commands.clips import CLIP_COLUMNS, clip_rows, copy_clips
    from coop.commands.tables import print_rows

    not_both(as_json, as_csv)
    with record_since(config, since) as record:
        zone, end = record.settings.zone, record.now + timedelta(days=1)
        if copy_to is not None:
            copies = copy_clips(record.store, record.begin, end, zone, camera, copy_to)
            say(f"Copied {len(copies)} clips into {copy_to}.")
            return
        rows = clip_rows(record.store, record.begin, end, zone, camera)
    print_rows("Clips", rows, console, columns=CLIP_COLUMNS, as_json=as_json, as_csv=as_csv)


def replay(
    source: Annotated[str, typer.Argument(help="A video file, a folder of pictures, or sim://.")],
    config: ConfigOption = None,
    camera: Annotated[
        str | None, typer.Option(help="See it as this camera of the settings does: its zones, masks and fps.")
    ] = None,
    start: StartOption = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="A file for one JSON line a frame and an event.")
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="A folder for a PNG of each frame's motion.")] = None,
    video: Annotated[
        Path | None, typer.Option(help="A file for the recording with boxes and names drawn in (MP4).")
    ] = None,
    clips_to: Annotated[
        Path | None, typer.Option("--clips", help="A folder for the clips (MP4) that `coop run` would make.")
    ] = None,
    motion_only: Annotated[
        bool, typer.Option("--motion-only", help="Only motion and tracks: say of nothing what it is.")
    ] = False,
) -> None:
    """Run what `coop run` runs over a recording, as fast as it can, and print events and visits.

    Nothing is recorded and nobody is told.
    """
    from coop.commands.replay import ReplayRequest, run_replay
    from coop.settings import load_settings

    request = ReplayRequest(
        source=source, camera=camera, start=start, json_file=json_file, masks=masks, video=video,
        clips=clips_to, motion_only=motion_only,
    )  # fmt: skip
    run_replay(request, load_settings(config), console)
