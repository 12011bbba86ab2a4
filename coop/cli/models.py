"""`coop model`: which models there are, and which one is at work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coop.cli.common import ConfigOption, JsonFlag, console, say


def list_models(config: ConfigOption = None, as_json: JsonFlag = False) -> None:
    """Show every installed model package, how often it was right on days held out, and which are at work."""
    from coop.commands.model import list_models as show
    from coop.settings import load_settings

    show(load_settings(config), console, as_json=as_json)


def show_model(
    name: Annotated[str, typer.Argument(help="An installed package, a task, or a package's folder.")],
    config: ConfigOption = None,
) -> None:
    """Show what a model is, what it was trained on, how good it is, and what it is not good for."""
    from coop.commands.model import show_model as show
    from coop.settings import load_settings

    show(name, load_settings(config), console)


def install_model(
    folder: Annotated[Path, typer.Argument(help="The folder of a model package.")],
    config: ConfigOption = None,
) -> None:
    """Check a model package and copy it into the models folder. It is put to work by `coop model use`."""
    from coop.commands.model import install_model as install
    from coop.settings import load_settings

    name = install(folder, load_settings(config))
    say(f"Installed {name}. To put it to work: coop model use {name}")


def use_model(
    name: Annotated[str, typer.Argument(help="An installed package.")], config: ConfigOption = None
) -> None:
    """Put a model to work for its task; a running `coop run` changes over within seconds."""
    from coop.assembly import utc_now
    from coop.commands.model import use_model as use
    from coop.settings import load_settings

    task, used = use(name, load_settings(config), utc_now())
    say(f"The task {task} now uses {used}. To go back: coop model rollback {task}")


def roll_back_model(
    task: Annotated[str, typer.Argument(help="A task, such as hens.")], config: ConfigOption = None
) -> None:
    """Put the model before this one back to work; a second time undoes the first."""
    from coop.assembly import utc_now
    from coop.commands.model import roll_back
    from coop.settings import load_settings

    name = roll_back(task, load_settings(config), utc_now)
    say(f"The task {task} now uses {name} again" if name else f"No model is at work for {task} any more")
