"""The `coop` command."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coop.errors import CoopError, SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches a chicken coop, knows the hens, and tells the keeper on Telegram.",
)
database = typer.Typer(no_args_is_help=True, help="The database behind the record.")
app.add_typer(database, name="db")

console = Console()
errors = Console(stderr=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The settings file; else coop.toml here, or in the XDG folder."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
CsvFlag = Annotated[bool, typer.Option("--csv", help="Comma-separated values.")]


def main() -> None:
    """Run the command; what the user can mend is one sentence and exit status 1, not a traceback."""
    try:
        app()
    except SettingsError as error:
        errors.print(f"[red]{error.where} cannot be used:[/red]")
        for problem in error.problems:
            errors.print(f"  • {problem}", markup=False, highlight=False)
        sys.exit(1)
    except CoopError as error:
        errors.print("[red]Error:[/red] ", end="")
        errors.print(str(error), markup=False, highlight=False)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if show:
        console.print(version("neurocoop"), highlight=False)
        raise typer.Exit


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("coop.toml"),
) -> None:
    """Write a commented settings file that works as it is."""
    from coop.init import write_example

    write_example(path)
    console.print(f"Wrote {path}. Put your camera's address into it, then try: coop check", highlight=False)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Try settings, database, disk, cameras and token; say what to do about what does not work."""
    from coop.check import exit_status, render
    from coop.commands.check import check_everything

    results = check_everything(config)
    render(results, console)
    raise typer.Exit(exit_status(results))


@app.command()
def run(config: ConfigOption = None) -> None:
    """Watch the coop until told to stop (SIGTERM); SIGHUP reads the settings anew."""
    from coop.app import run_daemon
    from coop.logs import configure_logging
    from coop.settings import load_settings

    settings = load_settings(config)
    configure_logging(settings.log.level, settings.log.format, secrets=settings.secrets)
    asyncio.run(run_daemon(config, lambda line: console.print(line, markup=False, highlight=False)))


@app.command()
def pair(
    config: ConfigOption = None,
    minutes: Annotated[int, typer.Option(help="How long the code is good.", min=1, max=1440)] = 10,
) -> None:
    """Print a one-time code that lets a chat hear from the coop."""
    from coop.assembly import open_store, utc_now
    from coop.settings import load_settings

    settings = load_settings(config)
    if settings.telegram.token is None:
        remedy = "telegram.token_file: no bot yet; get a token from @BotFather and put it into a file"
        raise SettingsError("Settings", [remedy])
    with open_store(settings) as store:
        code = store.new_pairing_code(utc_now(), timedelta(minutes=minutes))
    console.print(f"Send this to your bot within {minutes} minutes:\n\n    /start {code}\n", highlight=False)


@app.command()
def replay(
    source: Annotated[str, typer.Argument(help="A recording, a folder of pictures, or sim://.")],
    config: ConfigOption = None,
    camera: Annotated[
        str | None, typer.Option(help="Use the zones and masks of this camera of the settings.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            help="When the recording began, in the coop's time zone.", formats=["%Y-%m-%dT%H:%M:%S"]
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="One JSON line for each frame and each event.")
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="A folder for each frame's motion mask.")] = None,
    video: Annotated[Path | None, typer.Option(help="The recording with boxes and names drawn in.")] = None,
    motion_only: Annotated[bool, typer.Option("--motion-only", help="Without the network.")] = False,
) -> None:
    """Run the same pipeline over a recording, as fast as it can, and print events and visits."""
    from coop.commands.replay import ReplayRequest, run_replay
    from coop.settings import load_settings

    request = ReplayRequest(
        source=source, camera=camera, start=start, json_file=json_file, masks=masks, video=video,
        motion_only=motion_only,
    )  # fmt: skip
    run_replay(request, load_settings(config), console)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the record and the messages go.")] = Path("demo-output"),
    days: Annotated[int, typer.Option(help="Simulated days.", min=1, max=30)] = 2,
    seed: Annotated[int, typer.Option(help="Another seed, other days.")] = 7,
) -> None:
    """The whole loop on a simulated coop: no camera and no token needed."""
    from coop.commands.demo import run_demo
    from training.baseline import teach_head

    run_demo(out, days, seed, teach_head, console)


@app.command()
def events(
    config: ConfigOption = None,
    since: Annotated[
        datetime | None, typer.Option(help="From this day on (YYYY-MM-DD).", formats=["%Y-%m-%d"])
    ] = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print the record of events, by default those of the last 24 hours."""
    from coop.assembly import open_store, utc_now
    from coop.commands.tables import events_rows, print_rows
    from coop.settings import load_settings

    settings = load_settings(config)
    now = utc_now()
    begin = since.replace(tzinfo=settings.zone).astimezone(UTC) if since else now - timedelta(days=1)
    with open_store(settings) as store:
        rows = events_rows(store.events(begin, now + timedelta(days=1)), settings.zone)
    print_rows("Events", rows, console, as_json=as_json, as_csv=as_csv)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as coop-backup.tar.gz.")],
    config: ConfigOption = None,
) -> None:
    """Write database, labelled pictures, models and settings into one file."""
    from coop.assembly import open_store, utc_now
    from coop.backups import make_backup
    from coop.settings import load_settings
    from coop.settings_sources import find_settings_file

    settings = load_settings(config)
    with open_store(settings) as store:
        console.print(make_backup(file, store, settings, config or find_settings_file(), utc_now()))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `coop backup` wrote.")],
    config: ConfigOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is in the data folder.")] = False,
) -> None:
    """Bring a backup back. What is there already is not touched unless told."""
    from coop.assembly import utc_now
    from coop.backups import restore_backup
    from coop.settings import load_settings
    from coop.settings_sources import find_settings_file

    settings_file = config or find_settings_file() or Path("coop.toml")
    console.print(restore_backup(file, load_settings(config), settings_file, utc_now(), replace=replace))


@database.command()
def upgrade(config: ConfigOption = None) -> None:
    """Bring the database to the tables of this version."""
    from coop.assembly import open_store
    from coop.settings import load_settings

    with open_store(load_settings(config)) as store:
        console.print(f"{store.where} is up to date.", markup=False, highlight=False)
