"""The watch itself: setting it up, running it, whom it tells."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from coop.cli.common import ConfigOption, JsonFlag, console, say
from coop.errors import SettingsError


def demo(
    out: Annotated[
        Path,
        typer.Option(help="A folder for the record and the messages; that of an earlier demo is replaced."),
    ] = Path("demo-output"),
    days: Annotated[int, typer.Option(help="So many simulated days.", min=1, max=30)] = 2,
    seed: Annotated[int, typer.Option(help="Another number, other days.")] = 7,
) -> None:
    """Show the whole loop on a simulated coop: no camera and no token needed.

    In a minute or two it learns the hens, watches them for days, and shows what it would have told you.
    """
    from coop.commands.demo import run_demo
    from training.baseline import teach_head, teach_numbers

    run_demo(out, days, seed, teach_head, teach_numbers, console)


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("coop.toml"),
) -> None:
    """Write a commented settings file. It works as it is, and watches a simulated coop."""
    from coop.init import write_example

    write_example(path)
    say(f"Wrote {path}. Put your camera's address into it, then try: coop check")


def check(config: ConfigOption = None) -> None:
    """Try settings, disk, database, models, cameras and token, and say what to do about what fails.

    The exit status is 0 if everything works, else 1.
    """
    from coop.check import exit_status, render
    from coop.commands.check import check_everything

    results = check_everything(config)
    render(results, console)
    raise typer.Exit(exit_status(results))


def run(config: ConfigOption = None) -> None:
    """Watch the coop until stopped (Ctrl-C or SIGTERM).

    SIGHUP reads the settings anew. Without a bot token the messages come to the console and into a folder.
    """
    signal.signal(signal.SIGTERM, _stop_at_once)  # until the daemon listens itself: loading it takes a second
    from coop.app import run_daemon

    asyncio.run(run_daemon(config, say))


def _stop_at_once(number: int, frame: object) -> None:
    sys.exit(0)


def pair(
    config: ConfigOption = None,
    minutes: Annotated[int, typer.Option(help="For so many minutes the code is good.", min=1, max=1440)] = 10,
    watcher: Annotated[
        bool, typer.Option("--watcher", help="Who sends it may look at everything, and change nothing.")
    ] = False,
) -> None:
    """Print a one-time code: the chat that sends it to the bot hears from the coop from then on.

    In a group everybody may look; whoever sends a code there may also change things.
    """
    from coop.assembly import utc_now
    from coop.domain.chat import Role
    from coop.places import open_store
    from coop.settings import load_settings

    settings = load_settings(config)
    if settings.telegram.token is None:
        remedy = (
            "telegram.token_file: no bot yet; get a token from @BotFather, put it into a file and name that"
        )
        raise SettingsError("Settings", [remedy])
    with open_store(settings) as store:
        role = Role.WATCHER if watcher else Role.KEEPER
        code = store.new_pairing_code(utc_now(), timedelta(minutes=minutes), role=role)
    say(f"Send this to your bot within {minutes} minutes:\n\n    /start {code}\n")


def chats(
    config: ConfigOption = None,
    keeper: Annotated[
        str | None, typer.Option(metavar="ID", help="Let this chat change things; a group: all in it.")
    ] = None,
    watcher: Annotated[str | None, typer.Option(metavar="ID", help="Let this chat only look.")] = None,
    forget: Annotated[str | None, typer.Option(metavar="ID", help="Tell this chat nothing any more.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Print who hears from the coop and who may change things, or change that."""
    from coop.commands.chats import change_chats, chat_rows
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings

    settings = load_settings(config)
    with open_store(settings) as store:
        for line in change_chats(store, keeper=keeper, watcher=watcher, forget=forget):
            say(line)
        rows = chat_rows(store, settings)
    if not rows and not as_json:
        say("Nobody hears from the coop yet. A code for the first chat: coop pair")
        return
    print_rows("Chats", rows, console, as_json=as_json, as_csv=False)


def cameras(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Show them once, and not anew each second.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show how `coop run` and its cameras are doing, anew each second until Ctrl-C.

    The exit status is 0 if it runs, else 1.
    """
    from coop.assembly import utc_now
    from coop.commands.cameras import show_cameras
    from coop.settings import load_settings

    if not show_cameras(load_settings(config), console, utc_now, once=once, as_json=as_json):
        raise typer.Exit(1)


def zones(
    camera: Annotated[str, typer.Argument(help="The camera's name in the settings.")],
    config: ConfigOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The PNG to write; else zones-CAMERA.png in this folder."),
    ] = None,
) -> None:
    """Take a picture and draw the camera's zones and masks in, with a grid to read coordinates from."""
    from coop.commands.zones import draw_zones
    from coop.settings import load_settings

    say(f"Wrote {draw_zones(camera, out, load_settings(config))}")
