"""`coop label`: the labelling page, its tasks, and who may use it."""

from __future__ import annotations

from typing import Annotated

import typer

from coop.cli.common import ConfigOption, CsvFlag, JsonFlag, choice, console, say

KeeperName = Annotated[str, typer.Argument(help="The name, which stands beside every label.")]


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
        run_page(request, store, settings, utc_now, say, [suggesting])


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
        add_keeper(store, name, secret, utc_now(), say)


def keeper_list(config: ConfigOption = None) -> None:
    """Print who may label."""
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.keeper import list_keepers

    settings = load_settings(config)
    with open_store(settings) as store:
        list_keepers(store, settings, say)


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
        show_link(store, settings, name, hours, utc_now(), say)


def keeper_password(name: KeeperName, config: ConfigOption = None) -> None:
    """Give somebody another password, and end their sessions."""
    from coop.places import open_store
    from coop.settings import load_settings

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with open_store(load_settings(config)) as store:
        store.set_password(name, secret)
    say(f"{name} has another password.")


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
    say(f"{name} may label again." if back else f"{name} is let in no more.")


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

    of_kind = choice(TaskKind, kind, "--kind") or TaskKind.SINGLE
    of_pictures = choice(PictureKind, pictures, "--pictures", ("crop", "zone"))
    with open_store(load_settings(config)) as store:
        made = add_task(
            store, name, of_kind, classes, of_pictures, who, utc_now(), title=title, daemon=not imported_only
        )
    named = ", ".join(cls.name for cls in made.offered) or "none yet"
    say(f"Task {made.name} ({made.kind.value}) with the classes: {named}")


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
