"""The `coop` command: every subcommand by its name, and how mistakes are told.

`labeling` and `training` are imported inside the subcommands that need them: the daemon loads neither.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Annotated, Any

import typer

from coop.cli import keep, label, label_data, learn, models, record, watch
from coop.cli.common import console, errors
from coop.errors import CoopError, SettingsError

Commands = Mapping[str, Callable[..., Any]]

COMMANDS: Commands = {
    "demo": watch.demo,
    "init": watch.init,
    "check": watch.check,
    "run": watch.run,
    "pair": watch.pair,
    "chats": watch.chats,
    "cameras": watch.cameras,
    "events": record.events,
    "eggs": record.eggs,
    "hens": record.hens,
    "clips": record.clips,
    "replay": record.replay,
    "train": learn.train,
    "nightly": learn.nightly,
    "evaluate": learn.evaluate,
    "zones": watch.zones,
    "backup": keep.backup,
    "restore": keep.restore,
}
MODEL: Commands = {
    "list": models.list_models,
    "show": models.show_model,
    "install": models.install_model,
    "use": models.use_model,
    "rollback": models.roll_back_model,
}
DATABASE: Commands = {"upgrade": keep.upgrade}
LABEL: Commands = {
    "import": label_data.label_import,
    "suggest": label_data.label_suggest,
    "clusters": label_data.label_clusters,
    "quality": label_data.label_quality,
    "card": label_data.label_card,
    "version": label_data.label_version,
    "versions": label_data.label_versions,
    "diff": label_data.label_diff,
    "export": label_data.label_export,
}
TASK: Commands = {"add": label.label_task_add, "list": label.label_task_list}
KEEPER: Commands = {
    "add": label.keeper_add,
    "list": label.keeper_list,
    "link": label.keeper_link,
    "password": label.keeper_password,
    "remove": label.keeper_remove,
}


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


def _show_version(show: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if show:
        console.print(version("neurocoop"), highlight=False)
        raise typer.Exit


def _group(commands: Commands, **more: Any) -> typer.Typer:
    group = typer.Typer(**more)
    for name, command in commands.items():
        group.command(name)(command)
    return group


app = _group(
    COMMANDS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches a chicken coop, knows the hens, and tells the keeper on Telegram.",
    epilog="To look at it: coop demo. With an own camera: coop init, coop check, coop run, coop pair.",
)
app.callback(invoke_without_command=True)(_show_version)
_labels = _group(LABEL, invoke_without_command=True)
_labels.callback()(label.label_page)
_labels.add_typer(_group(TASK, no_args_is_help=True, help="Tasks: closed lists of classes."), name="task")
_labels.add_typer(
    _group(KEEPER, no_args_is_help=True, help="Who may label from another device."), name="keeper"
)
app.add_typer(
    _group(MODEL, no_args_is_help=True, help="The models: which there are, which one is at work."),
    name="model",
)
app.add_typer(_group(DATABASE, no_args_is_help=True, help="The database behind the record."), name="db")
app.add_typer(_labels, name="label")
