"""The `coop` command."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from coop.errors import CoopError, SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches a chicken coop, knows the hens, and tells the keeper on Telegram.",
    epilog="To look at it: coop demo. With an own camera: coop init, coop check, coop run, coop pair.",
)
models = typer.Typer(no_args_is_help=True, help="The models: which there are, which one is at work.")
app.add_typer(models, name="model")
database = typer.Typer(no_args_is_help=True, help="The database behind the record.")
app.add_typer(database, name="db")
label = typer.Typer(invoke_without_command=True)
app.add_typer(label, name="label")
label_task = typer.Typer(no_args_is_help=True, help="Tasks: closed lists of classes.")
label.add_typer(label_task, name="task")
label_keeper = typer.Typer(no_args_is_help=True, help="Who may label from another device.")
label.add_typer(label_keeper, name="keeper")

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


def main() -> None:
    """Run the command; what the user can mend is one sentence and exit status 1, not a traceback."""
    try:
        app()
    except SettingsError as error:
        errors.print(f"[red]{error.where} cannot be used:[/red]")
        for problem in error.problems:
            errors.print(f"  • {problem}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except CoopError as error:
        errors.print("[red]Error:[/red] ", end="")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _say(text: str) -> None:
    """Tell the user; a long line stays one line, so that a path or a command in it can be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _not_both(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude one another")


def _begin(since: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """The first moment of a day in the coop's time zone, or a day ago."""
    return since.replace(tzinfo=zone).astimezone(UTC) if since else now - timedelta(days=1)


SinceOption = Annotated[
    datetime | None,
    typer.Option(help="From this day on.", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"]),
]


@app.callback(invoke_without_command=True)
def _version(show: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if show:
        console.print(version("neurocoop"), highlight=False)
        raise typer.Exit


@app.command()
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
    from training.baseline import teach_head

    run_demo(out, days, seed, teach_head, console)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("coop.toml"),
) -> None:
    """Write a commented settings file. It works as it is, and watches a simulated coop."""
    from coop.init import write_example

    write_example(path)
    _say(f"Wrote {path}. Put your camera's address into it, then try: coop check")


@app.command()
def check(config: ConfigOption = None) -> None:
    """Try settings, disk, database, models, cameras and token, and say what to do about what fails.

    The exit status is 0 if everything works, else 1.
    """
    from coop.check import exit_status, render
    from coop.commands.check import check_everything

    results = check_everything(config)
    render(results, console)
    raise typer.Exit(exit_status(results))


@app.command()
def run(config: ConfigOption = None) -> None:
    """Watch the coop until stopped (Ctrl-C or SIGTERM).

    SIGHUP reads the settings anew. Without a bot token the messages come to the console and into a folder.
    """
    signal.signal(signal.SIGTERM, _stop_at_once)  # until the daemon listens itself: loading it takes a second
    from coop.app import run_daemon

    asyncio.run(run_daemon(config, _say))


def _stop_at_once(number: int, frame: object) -> None:
    sys.exit(0)


@app.command()
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
    _say(f"Send this to your bot within {minutes} minutes:\n\n    /start {code}\n")


@app.command()
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
            _say(line)
        rows = chat_rows(store, settings)
    if not rows and not as_json:
        _say("Nobody hears from the coop yet. A code for the first chat: coop pair")
        return
    print_rows("Chats", rows, console, as_json=as_json, as_csv=False)


@app.command()
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


@app.command()
def events(
    config: ConfigOption = None,
    since: SinceOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print the record of events, by default those of the last 24 hours."""
    from coop.assembly import utc_now
    from coop.commands.clips import clip_files
    from coop.commands.tables import EVENT_COLUMNS, events_rows, print_rows
    from coop.places import open_store
    from coop.settings import load_settings

    _not_both(as_json, as_csv)
    settings = load_settings(config)
    now = utc_now()
    begin = _begin(since, now, settings.zone)
    with open_store(settings) as store:
        found = store.events(begin, now + timedelta(days=1))
        rows = events_rows(found, settings.zone, clip_files(store, found))
        newest = store.newest_event()
    if not rows and newest is not None and not as_json and not as_csv:
        _say(
            f"No events since {begin.astimezone(settings.zone):%Y-%m-%d %H:%M}. "
            f"The newest: coop events --since {newest.astimezone(settings.zone):%Y-%m-%d}"
        )
        return
    print_rows("Events", rows, console, columns=EVENT_COLUMNS, as_json=as_json, as_csv=as_csv)


@app.command()
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
    from coop.assembly import utc_now
    from coop.commands.record import EGG_COLUMNS, TALLY_COLUMNS, egg_rows, known_hens, tally_rows
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings

    _not_both(as_json, as_csv)
    settings = load_settings(config)
    now = utc_now()
    begin = _begin(since, now, settings.zone)
    with open_store(settings) as store:
        hens = known_hens(store, settings, begin, now)
        found = egg_rows(store, begin, now, settings.zone)
        counted = tally_rows(store, hens, begin, now, settings.zone)
    if not by_hen:
        print_rows("Eggs", found, console, columns=EGG_COLUMNS, as_json=as_json, as_csv=as_csv)
    if by_hen or not (as_json or as_csv or not counted):
        print_rows("By hen", counted, console, columns=TALLY_COLUMNS, as_json=as_json, as_csv=as_csv)


@app.command()
def hens(
    config: ConfigOption = None,
    since: SinceOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Print the flock: who was seen when and where, on the nests how long; by default since 24 hours."""
    from coop.assembly import utc_now
    from coop.commands.record import HEN_COLUMNS, hen_rows, known_hens
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings

    _not_both(as_json, as_csv)
    settings = load_settings(config)
    now = utc_now()
    begin = _begin(since, now, settings.zone)
    with open_store(settings) as store:
        flock = known_hens(store, settings, begin, now)
        rows = hen_rows(store, flock, begin, now, settings)
    print_rows("Hens", rows, console, columns=HEN_COLUMNS, as_json=as_json, as_csv=as_csv)


@app.command()
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
    from coop.assembly import utc_now
    from coop.commands.clips import CLIP_COLUMNS, clip_rows, copy_clips
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings

    _not_both(as_json, as_csv)
    settings = load_settings(config)
    now = utc_now()
    begin, end = _begin(since, now, settings.zone), now + timedelta(days=1)
    with open_store(settings) as store:
        if copy_to is not None:
            copies = copy_clips(store, begin, end, settings.zone, camera, copy_to)
            _say(f"Copied {len(copies)} clips into {copy_to}.")
            return
        rows = clip_rows(store, begin, end, settings.zone, camera)
    print_rows("Clips", rows, console, columns=CLIP_COLUMNS, as_json=as_json, as_csv=as_csv)


@app.command()
def replay(
    source: Annotated[str, typer.Argument(help="A video file, a folder of pictures, or sim://.")],
    config: ConfigOption = None,
    camera: Annotated[
        str | None, typer.Option(help="See it as this camera of the settings does: its zones, masks and fps.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            help="When the recording began, in the coop's time zone; else its name or the file says.",
            metavar="YYYY-MM-DDTHH:MM:SS",
            formats=["%Y-%m-%dT%H:%M:%S"],
        ),
    ] = None,
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


@app.command()
def train(
    task: Annotated[
        str | None,
        typer.Argument(help="The task to learn, such as hens: its newest dataset version, unless --data."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Instead of a dataset version: a CSV (path,label,group), or class folders."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --data: the model package to write, a folder that is not there.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="This dataset version, not the newest.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, other variations of the pictures.")] = 0,
    sheet: Annotated[
        Path | None,
        typer.Option(help="A PNG to write: pictures and their variations, as the network gets them."),
    ] = None,
    fine_tune: Annotated[
        bool | None,
        typer.Option(help="Tune the network itself, not its head alone. Unasked: from 40 to 600 pictures."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How often the pictures are looked at in tuning: 14 times.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Learn from labelled pictures: a linear head on the starter network, in a minute, without TensorFlow.

    Where TensorFlow is installed the network itself is tuned, and kept if it is better than the head. A run
    that was stopped goes on with the same command. Which variations of the pictures help is decided on days
    or visits held out. From a dataset version the
    new model goes to work by itself, if it has more of the held-out pictures right than the one at work.
    """
    from coop.assembly import utc_now
    from coop.data_lock import TrainingLock
    from coop.nightly import never_lose, stand_in
    from coop.places import make_data_dir, models_dir, open_store
    from coop.settings import load_settings
    from training.command import Choices, train_on_file, train_task

    if (data is None) != (out is None) or (data is None and task is None) or (data and version):
        raise typer.BadParameter("give a TASK (and --version), or --data and --out")
    settings = load_settings(config)
    models, choices = (
        models_dir(settings),
        Choices(seed=seed, sheet=sheet, fine_tune=fine_tune, epochs=epochs),
    )
    if data is not None and out is not None:
        train_on_file(data, out, models, console, task=task, choices=choices)
    elif task is not None:
        make_data_dir(settings)
        with TrainingLock(settings.data_dir), open_store(settings) as store:
            train_task(
                store, task, models, console, utc_now, version=version, choices=choices,
                never_lose=never_lose(task, settings), stand_in=stand_in(task, settings),
            )  # fmt: skip


@app.command()
def nightly(config: ConfigOption = None) -> None:
    """Learn from new labels, as coop-nightly.timer does each night: only where enough have come.

    A new model goes to work if it has more of the held-out days right than the one at work; keepers get a
    message with both figures and a button that goes back. A run that was stopped is gone on with. It gives
    way to everything else on the box. `coop check` says what is due.
    """
    from coop.assembly import utc_now
    from coop.commands.nightly import run_nightly
    from coop.nightly import Teacher
    from coop.settings import load_settings
    from labeling.commands.versions import version_at_night
    from training.command import Choices, free_name, learn_version
    from training.judging import judge

    settings = load_settings(config)
    choices = Choices(most_tuned=settings.training.tune_at_most)
    teacher = Teacher(
        version=lambda store, task: version_at_night(store, task, settings, utc_now()),
        free_name=free_name,
        learn=lambda dataset, package: learn_version(dataset, package, Console(quiet=True), choices),
        judge=judge,
    )
    run_nightly(settings, teacher, utc_now)


@app.command()
def evaluate(
    package: Annotated[Path, typer.Argument(help="The folder of a model package.")],
    data: Annotated[
        Path,
        typer.Option(
            help="Labelled pictures: a CSV (path,label,group), or a folder with a folder for each class."
        ),
    ],
    json_file: Annotated[Path | None, typer.Option("--json", help="A file for all figures.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="A folder for a page with everything drawn, the worst errors first to look at."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another model package, to be compared on the same pictures.")
    ] = None,
) -> None:
    """Say how good a model is on labelled pictures: how often it is right, for which classes, on which days.

    Give it days that it was not trained on: neighbouring pictures are copies of each other.
    """
    from training.evaluating import Wanted, run_evaluation

    run_evaluation(package, data, Wanted(json_file=json_file, report=report, against=against), console)


@app.command()
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

    _say(f"Wrote {draw_zones(camera, out, load_settings(config))}")


@app.command()
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
    _say(f"Wrote {made.file}: {contents} in {made.bytes / 2**20:.1f} MiB.")
    for key in (*made.missing, *made.damaged):
        _say(f"The file of the labelled picture {key} is missing or has changed.")


@app.command()
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
    _say(f"Restored {done.rows} rows and {done.pictures} pictures, as of {done.made:%Y-%m-%d %H:%M} UTC.")
    if done.without_file:
        _say(f"{done.without_file} pictures were not in the backup, and are recorded as deleted.")
    if done.settings is not None:
        _say(f"Its settings are in {done.settings}.")
    for moved in done.aside:
        _say(f"The damaged {moved.name} was moved aside: {moved}")


@models.command("list")
def list_models(config: ConfigOption = None, as_json: JsonFlag = False) -> None:
    """Show every installed model package, how often it was right on days held out, and which are at work."""
    from coop.commands.model import list_models as show
    from coop.settings import load_settings

    show(load_settings(config), console, as_json=as_json)


@models.command("show")
def show_model(
    name: Annotated[str, typer.Argument(help="An installed package, a task, or a package's folder.")],
    config: ConfigOption = None,
) -> None:
    """Show what a model is, what it was trained on, how good it is, and what it is not good for."""
    from coop.commands.model import show_model as show
    from coop.settings import load_settings

    show(name, load_settings(config), console)


@models.command("install")
def install_model(
    folder: Annotated[Path, typer.Argument(help="The folder of a model package.")],
    config: ConfigOption = None,
) -> None:
    """Check a model package and copy it into the models folder. It is put to work by `coop model use`."""
    from coop.commands.model import install_model as install
    from coop.settings import load_settings

    name = install(folder, load_settings(config))
    _say(f"Installed {name}. To put it to work: coop model use {name}")


@models.command("use")
def use_model(
    name: Annotated[str, typer.Argument(help="An installed package.")], config: ConfigOption = None
) -> None:
    """Put a model to work for its task; a running `coop run` changes over within seconds."""
    from coop.assembly import utc_now
    from coop.commands.model import use_model as use
    from coop.settings import load_settings

    task, used = use(name, load_settings(config), utc_now())
    _say(f"The task {task} now uses {used}. To go back: coop model rollback {task}")


@models.command("rollback")
def roll_back_model(
    task: Annotated[str, typer.Argument(help="A task, such as hens.")], config: ConfigOption = None
) -> None:
    """Put the model before this one back to work; a second time undoes the first."""
    from coop.assembly import utc_now
    from coop.commands.model import roll_back
    from coop.settings import load_settings

    name = roll_back(task, load_settings(config), utc_now)
    _say(f"The task {task} now uses {name} again" if name else f"No model is at work for {task} any more")


@database.command()
def upgrade(config: ConfigOption = None) -> None:
    """Bring the database to the tables of this version."""
    from coop.places import open_store
    from coop.settings import load_settings

    with open_store(load_settings(config)) as store:
        _say(f"{store.where} is up to date.")


@label.callback()
def label_page(
    context: typer.Context,
    config: ConfigOption = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="For the local network too; then everybody logs in.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Another port than labeling.port.", min=1, max=65535)
    ] = None,
    who: Annotated[
        str | None, typer.Option(help="The name under which labels are given where nobody logs in.")
    ] = None,
    browse: Annotated[bool, typer.Option("--open", help="Open the browser, too.")] = False,
) -> None:
    """The labelling page: thousands of pictures into a training set, visit by visit."""
    if context.invoked_subcommand is not None:
        return
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.page import PageRequest, run_page
    from labeling.suggesting.beside import Suggesting
    from training.head import fit_head

    settings = load_settings(config)
    request = PageRequest(lan=lan, port=port, who=who, browse=browse)
    with open_store(settings) as store:
        suggesting = Suggesting(store, settings, open_store, fit_head)
        run_page(request, store, settings, utc_now, _say, [suggesting])


KeeperName = Annotated[str, typer.Argument(help="The name, which stands beside every label.")]


@label_keeper.command("add")
def keeper_add(
    name: KeeperName,
    config: ConfigOption = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password; without one, links let them in.")
    ] = False,
) -> None:
    """Let somebody label."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.keeper import add_keeper

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None
    with open_store(load_settings(config)) as store:
        add_keeper(store, name, secret, utc_now(), _say)


@label_keeper.command("list")
def keeper_list(config: ConfigOption = None) -> None:
    """Print who may label."""
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.keeper import list_keepers

    settings = load_settings(config)
    with open_store(settings) as store:
        list_keepers(store, settings, _say)


@label_keeper.command("link")
def keeper_link(
    name: KeeperName,
    config: ConfigOption = None,
    hours: Annotated[int, typer.Option(help="For so many hours it is good.", min=1, max=168)] = 24,
) -> None:
    """Print a link, and its QR code for the phone, that logs somebody in once."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.keeper import show_link

    settings = load_settings(config)
    with open_store(settings) as store:
        show_link(store, settings, name, hours, utc_now(), _say)


@label_keeper.command("password")
def keeper_password(name: KeeperName, config: ConfigOption = None) -> None:
    """Give somebody another password, and end their sessions."""
    from coop.places import open_store
    from coop.settings import load_settings

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with open_store(load_settings(config)) as store:
        store.set_password(name, secret)
    _say(f"{name} has another password.")


@label_keeper.command("remove")
def keeper_remove(
    name: KeeperName,
    config: ConfigOption = None,
    back: Annotated[bool, typer.Option("--back", help="Let them in again.")] = False,
) -> None:
    """Let somebody in no more. Their labels stay."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings

    with open_store(load_settings(config)) as store:
        store.disable_login(name, utc_now(), back=back)
    _say(f"{name} may label again." if back else f"{name} is let in no more.")


@label.command("import")
def label_import(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder, a CSV (path,label,group), a JSON of COCO or Label Studio, a YOLO folder, a video."
        ),
    ],
    config: ConfigOption = None,
    task: Annotated[
        str | None,
        typer.Option("--task", "-t", help="Into this task; it is made from the labels if it does not exist."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="What it is, where its name does not tell: folder, imagefolder (a folder for each class), "
            "csv, coco, yolo, labelstudio or video.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the import is called; else the source's name.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="What the pictures are: crop or zone.")] = None,
    images: Annotated[
        Path | None, typer.Option(help="COCO, Label Studio: where the pictures are, if not beside the file.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="COCO, YOLO: whole pictures, instead of what is in the boxes.")
    ] = False,
    camera: Annotated[
        str | None, typer.Option(help="The camera that took them; a video is seen as it sees.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            help="A video: when it began, in the coop's time zone; else its name says.",
            metavar="YYYY-MM-DDTHH:MM:SS",
            formats=["%Y-%m-%dT%H:%M:%S"],
        ),
    ] = None,
    who: Annotated[str, typer.Option(help="Who gave the labels.")] = "import",
    gap: Annotated[
        float | None, typer.Option(help="Seconds without a picture that end a visit; else as set.", min=0)
    ] = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="A folder: what lies in one folder below is never split.")
    ] = False,
    override: Annotated[
        bool, typer.Option("--override", help="Labels replace others that pictures have already.")
    ] = False,
    add_classes: Annotated[
        bool, typer.Option("--add-classes", help="Add the classes that the task lacks.")
    ] = False,
) -> None:
    """Bring pictures and labels in. Unreadable files are listed; a repeat adds nothing twice."""
    from coop.assembly import utc_now
    from coop.commands.cuttings import cuttings
    from coop.domain.picture import PictureKind
    from coop.frame.filetime import time_in_name
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.importing import run_import, run_video_import
    from labeling.importing.formats import Format, Reading, format_of
    from labeling.importing.run import Wanted

    settings = load_settings(config)
    zone, now = settings.zone, utc_now()
    of_kind = _choice(PictureKind, kind, "--kind", ("crop", "zone"))
    wanted = Wanted(
        task=task, source=name or source.resolve().stem, zone=zone, batch=f"import-{now:%Y%m%d-%H%M%S-%f}",
        who=who, camera=camera, kind=of_kind,
        gap=timedelta(seconds=settings.labeling.visit_gap_s if gap is None else gap),
        override=override, add_classes=add_classes,
    )  # fmt: skip
    what = format_of(source, _choice(Format, form, "--format"))
    with open_store(settings) as store:
        if what is Format.VIDEO:
            began = start.replace(tzinfo=zone) if start else time_in_name(source.name, zone)
            cut = cuttings(source, settings, camera=camera, start=began)
            run_video_import(store, cut, wanted, console, dated=began is not None)
            return
        how = Reading(zone=zone, folders_are_groups=groups, images=images, whole=whole)
        run_import(
            store, source, what, how, wanted, now, console, name_time=lambda text: time_in_name(text, zone)
        )


@label_task.command("add")
def label_task_add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    classes: Annotated[str, typer.Option(help="The classes, with commas between them.")] = "",
    kind: Annotated[
        str, typer.Option(help="single: one class a picture; multi: any number; count: so many of each.")
    ] = "single",
    pictures: Annotated[str | None, typer.Option(help="Only pictures of this kind: crop or zone.")] = None,
    title: Annotated[str, typer.Option(help="What the page calls it.")] = "",
    imported_only: Annotated[
        bool, typer.Option("--imported-only", help="The daemon's own pictures do not belong to it.")
    ] = False,
    who: Annotated[str, typer.Option(help="Who makes it.")] = "keeper",
    config: ConfigOption = None,
) -> None:
    """Make a task. "none", "unsure" and "skip" exist in each, so they are no classes."""
    from coop.assembly import utc_now
    from coop.domain.picture import PictureKind
    from coop.domain.task import TaskKind
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.tasks import add_task

    of_kind = _choice(TaskKind, kind, "--kind") or TaskKind.SINGLE
    of_pictures = _choice(PictureKind, pictures, "--pictures", ("crop", "zone"))
    with open_store(load_settings(config)) as store:
        made = add_task(
            store, name, of_kind, classes, of_pictures, who, utc_now(), title=title, daemon=not imported_only
        )
    named = ", ".join(cls.name for cls in made.offered) or "none yet"
    _say(f"Task {made.name} ({made.kind.value}) with the classes: {named}")


@label_task.command("list")
def label_task_list(config: ConfigOption = None, as_json: JsonFlag = False, as_csv: CsvFlag = False) -> None:
    """List the tasks: their classes, and how far their pictures are labelled."""
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.tasks import TASK_COLUMNS, task_rows

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude one another")
    with open_store(load_settings(config)) as store:
        rows = task_rows(store)
    print_rows("Tasks", rows, console, columns=TASK_COLUMNS, as_json=as_json, as_csv=as_csv)


TaskName = Annotated[str, typer.Argument(help="The task.")]


@label.command("suggest")
def label_suggest(
    task: Annotated[list[str] | None, typer.Argument(help="Tasks; without any, all of them.")] = None,
    config: ConfigOption = None,
) -> None:
    """Let the current model suggest labels, and put first what would teach it most.

    Only what is missing or stale is computed. A task that no model knows learns from its labels so far.
    """
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.suggesting import run_suggest
    from training.head import fit_head

    settings = load_settings(config)
    with open_store(settings) as store:
        run_suggest(store, task or (), settings, fit_head, console)


@label.command("clusters")
def label_clusters(
    task: TaskName,
    config: ConfigOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Labelled pictures too, not only those without a label.")
    ] = False,
) -> None:
    """Group similar pictures of a task, to be named together on the page. Replaces its groups before."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.suggesting import run_clusters
    from training.head import fit_head

    settings = load_settings(config)
    with open_store(settings) as store:
        run_clusters(store, task, settings, fit_head, utc_now(), console, everything=everything)


@label.command("quality")
def label_quality(
    task: TaskName,
    config: ConfigOption = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            help="Out-of-fold predictions: CSV (picture,class,probability) or NPZ; else a quick head's."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how good labels, people and model are, and find labels that are likely wrong.

    Those are kept for the page, where one key mends or confirms each.
    """
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.quality import run_quality
    from training.head import fit_head

    settings = load_settings(config)
    with open_store(settings) as store:
        run_quality(store, task, settings, fit_head, console, predictions=predictions, as_json=as_json)


@label.command("card")
def label_card(
    task: TaskName,
    config: ConfigOption = None,
    png: Annotated[Path | None, typer.Option(help="Write the figure into this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what a task's pictures are, by class, day, hour and camera, and what is missing."""
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.card import run_card

    settings = load_settings(config)
    with open_store(settings) as store:
        run_card(store, task, settings, console, png=png, json_wanted=as_json)


@label.command("version")
def label_version(
    task: TaskName,
    config: ConfigOption = None,
    val: Annotated[float, typer.Option(help="The share of pictures to choose models by.", min=0)] = 0.15,
    test: Annotated[float, typer.Option(help="The share of pictures to judge models by.", min=0)] = 0.15,
    seed: Annotated[int, typer.Option(help="Another number, another split.")] = 1,
    note: Annotated[str, typer.Option(help="A word on what it is for.")] = "",
    who: Annotated[str, typer.Option(help="Who makes it.")] = "keeper",
    include_disputed: Annotated[
        bool, typer.Option("--include-disputed", help="With pictures that two people judged differently.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Split anew: what was held out so far may be trained on.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Keep the labels as they are now as a dataset version, split into train, val and test.

    No visit, day or group is ever divided. Pictures stay in the part that the version before gave them.
    """
    from coop.assembly import utc_now
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.versions import class_rows, run_version, version_rows
    from labeling.datasets.make import VersionWanted

    settings = load_settings(config)
    wanted = VersionWanted(
        val=val, test=test, seed=seed, note=note, near=settings.labeling.near_duplicates_per_visit,
        include_disputed=include_disputed, fresh=fresh,
    )  # fmt: skip
    with open_store(settings) as store:
        made, said = run_version(store, task, wanted, who, utc_now(), settings.zone)
        if as_json:
            print_rows("", version_rows([made], settings.zone), console, as_json=True)
            return
        print_rows("", class_rows(store, made), console)
    for sentence in said:
        _say(sentence)


@label.command("versions")
def label_versions(
    task: Annotated[str | None, typer.Argument(help="Only those of this task.")] = None,
    config: ConfigOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List the dataset versions."""
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.versions import VERSION_COLUMNS, narrow, version_rows

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude one another")
    settings = load_settings(config)
    with open_store(settings) as store:
        rows = version_rows(store.datasets(task), settings.zone)
    if not as_json and not as_csv:
        rows = narrow(rows)
    print_rows("Versions", rows, console, columns=VERSION_COLUMNS, as_json=as_json, as_csv=as_csv)


@label.command("diff")
def label_diff(
    task: TaskName,
    before: Annotated[int, typer.Argument(help="The version to begin with.")],
    after: Annotated[int, typer.Argument(help="The version to compare with it.")],
    config: ConfigOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what two dataset versions do not have in common."""
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.versions import diff_sentences, run_diff

    with open_store(load_settings(config)) as store:
        found = run_diff(store, task, before, after)
    if as_json:
        _say(json.dumps(found.as_json(), ensure_ascii=False))
        return
    for line in diff_sentences(found):
        _say(line)


@label.command("export")
def label_export(
    task: TaskName,
    version: Annotated[
        str,
        typer.Argument(help="A dataset version's number, newest, or current: the labels as they are now."),
    ],
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT", help="imagefolder, csv, coco, yolo, labelstudio, tfrecord or huggingface."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="The folder to write; it must not exist.")],
    config: ConfigOption = None,
    link: Annotated[
        bool, typer.Option("--link", help="Link the pictures where the disk allows it, instead of copying.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an export that is there; never any other folder.")
    ] = False,
) -> None:
    """Write a dataset version for other tools, and say what their form cannot hold."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.exporting import run_export
    from labeling.exporting.run import ExportFormat

    of_form = _choice(ExportFormat, form, "FORMAT") or ExportFormat.CSV
    settings = load_settings(config)
    with open_store(settings) as store:
        said = run_export(
            store, task, version, of_form, out, utc_now(), settings.zone, console, link=link, replace=replace
        )
    for sentence in said:
        _say(sentence)


def _choice(
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
