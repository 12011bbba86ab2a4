"""Backups and the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coop.cli.common import ConfigOption, say


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as coop-backup.tar.gz.")],
    config: ConfigOption = None,
) -> None:
    """Write database, labelled pictures, models and settings into one file."""
    from coop.assembly import utc_now
    from coop.backups import make_backup
    from coop.places import open_store
    from coop.settings import load_settings
    from coop.settings_sources import find_settings_file

    settings = load_settings(config)
    with open_store(settings) as store:
        made = make_backup(file, store, settings, config or find_settings_file(), utc_now())
    contents = f"{made.rows} rows and {made.pictures} labelled pictures"
    say(f"Wrote {made.file}: {contents} in {made.bytes / 2**20:.1f} MiB.")
    for key in (*made.missing, *made.damaged):
        say(f"The file of the labelled picture {key} is missing or has changed.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `coop backup` wrote.")],
    config: ConfigOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the record and the models that are there.")
    ] = False,
) -> None:
    """Bring a backup back. What is there already is not touched, unless by --replace."""
    from coop.assembly import utc_now
    from coop.backups import restore_backup
    from coop.settings import load_settings
    from coop.settings_sources import find_settings_file

    settings_file = config or find_settings_file() or Path("coop.toml")
    done = restore_backup(file, load_settings(config), settings_file, utc_now(), replace=replace)
    say(f"Restored {done.rows} rows and {done.pictures} pictures, as of {done.made:%Y-%m-%d %H:%M} UTC.")
    if done.without_file:
        say(f"{done.without_file} pictures were not in the backup, and are recorded as deleted.")
    if done.settings is not None:
        say(f"Its settings are in {done.settings}.")
    for moved in done.aside:
        say(f"The damaged {moved.name} was moved aside: {moved}")


def upgrade(config: ConfigOption = None) -> None:
    """Bring the database to the tables of this version."""
    from coop.places import open_store
    from coop.settings import load_settings

    with open_store(load_settings(config)) as store:
        say(f"{store.where} is up to date.")
