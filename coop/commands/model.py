"""`coop model`: which model packages there are, and which one is at work for each task."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from coop.addressees import Addressees
from coop.classify.card import ModelCard
from coop.classify.package import ModelPackage, copy_package, report_beside, report_folder
from coop.classify.starter import STARTER_FOLDER
from coop.commands.tables import Row, print_rows
from coop.errors import ModelPackageError
from coop.going_back import go_back
from coop.places import models_dir, open_store
from coop.settings import Settings

_MOST_TOLD = 12


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A package in the models folder: its card, or what is wrong with it."""

    folder: Path
    card: ModelCard | None
    problem: str = ""


def list_models(settings: Settings, console: Console, *, as_json: bool) -> None:
    """Every installed package, those at work marked."""
    active = _active(settings)
    rows = [_row(installed, active) for installed in installed_packages(settings)]
    if not rows and not as_json:
        _say(
            console, "No model packages yet. `coop run` writes the starter; `coop model install DIR` adds one"
        )
        return
    print_rows("Models", rows, console, as_json=as_json, as_csv=False)


def show_model(name: str, settings: Settings, console: Console) -> None:
    """The card of a package (by its folder, or the task that it is at work for), for people."""
    package = ModelPackage.load(_found(name, settings))
    card = package.card
    table = Table(box=SIMPLE_HEAD, show_header=False, title=f"{card.model}, for the task {card.task}")
    table.add_column()
    table.add_column(overflow="fold")  # a path that was cut short is none
    table.add_row("folder", str(package.folder))
    table.add_row("kind", f"{card.mode}, {card.preprocessing.size} x {card.preprocessing.size} pixels")
    for title, values in (("trained on", card.trained_on), ("measured", card.measured)):
        table.add_row(title, _lines(values))
    table.add_row("not good for", "\n".join(card.not_good_for) or "nothing was noted")
    table.add_row("sure from", _lines({name: f"{p:.0%}" for name, p in card.thresholds.items()}))
    size = sum(file.stat().st_size for file in package.folder.iterdir())
    table.add_row("size", f"{size / 2**20:.1f} MiB")
    report = report_folder(package.folder) / "report.html"
    if report.exists():
        table.add_row("report", str(report))
    console.print(table)


def install_model(folder: Path, settings: Settings) -> str:
    """Copy a package into the models folder, checked before and after; returns its name there.

    Raises ModelPackageError where it cannot be used, or where another one has its name and version.
    """
    package = ModelPackage.load(folder)
    name = f"{package.card.name}-{package.card.version}"
    target = models_dir(settings) / name
    if target.exists():
        if ModelPackage.load(target).card == package.card:
            return name
        remedy = f"Give it another version, or remove {target} if nothing uses it"
        raise ModelPackageError(folder, f"another package is installed as {name}", remedy)
    copy_package(package, target)
    report = report_beside(folder.absolute())
    if report.is_dir():  # of `coop train --data`: worth having, but no part of the package
        shutil.copytree(report, report_folder(target), dirs_exist_ok=True)
    return name


def use_model(name: str, settings: Settings, now: datetime) -> tuple[str, str]:
    """Put an installed package to work; returns task and name. A running daemon changes over by itself."""
    folder = _found(name, settings)
    card = ModelPackage.load(folder).card
    if folder.parent.resolve() != models_dir(settings).resolve():
        remedy = f"Install it first: coop model install {folder}"
        raise ModelPackageError(folder, "it is not in the models folder", remedy)
    with open_store(settings) as store:
        store.activate(card.task, folder.name, now)
    return card.task, folder.name


def roll_back(task: str, settings: Settings, clock: Callable[[], datetime]) -> str:
    """Put the package before this one back to work; returns its name, "" for none. StoreError,
    ModelPackageError.
    """
    with open_store(settings) as store:
        addressees = Addressees(settings=settings, store=store, clock=clock)
        return go_back(store, settings, addressees, task, "coop model rollback", clock())


def installed_packages(settings: Settings) -> list[Installed]:
    """Every folder of the models folder that is or should be a package, by name."""
    folder = models_dir(settings)
    if not folder.is_dir():
        return []
    return [_installed(entry) for entry in sorted(folder.iterdir()) if _may_be_package(entry)]


def _may_be_package(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")


def _installed(folder: Path) -> Installed:
    try:
        return Installed(folder=folder, card=ModelPackage.load(folder).card)
    except ModelPackageError as error:
        return Installed(folder=folder, card=None, problem=error.problem)


def _row(installed: Installed, active: Mapping[str, str]) -> Row:
    card = installed.card
    if card is None:
        return {
            "package": installed.folder.name,
            "task": "",
            "classes": "",
            "right": "",
            "use": installed.problem,
        }
    right = card.measured.get("held_out_accuracy")
    return {
        "package": installed.folder.name,
        "task": card.task,
        "classes": len(card.classes),
        "right": f"{right:.1%}" if isinstance(right, float) else "",
        "use": _use(installed.folder.name, card.task, active),
    }


def _use(name: str, task: str, active: Mapping[str, str]) -> str:
    if active.get(task) == name:
        return "at work"
    return "at work (none was chosen)" if name == STARTER_FOLDER and task not in active else ""


def _active(settings: Settings) -> Mapping[str, str]:
    with open_store(settings) as store:
        return store.active_packages()


def _found(name: str, settings: Settings) -> Path:
    """The folder that a name means: one in the models folder, one at work for a task, or a path."""
    folder = models_dir(settings)
    if (folder / name).is_dir() and Path(name).name == name:
        return folder / name
    active = _active(settings).get(name)
    if active is not None:
        return folder / active
    if Path(name).is_dir():
        return Path(name).absolute()
    names = ", ".join(entry.folder.name for entry in installed_packages(settings)) or "none"
    raise ModelPackageError(Path(name), "there is no such package or task", f"Installed are: {names}")


def _lines(values: Mapping[str, Any]) -> str:
    return (
        "\n".join(f"{key.replace('_', ' ')}: {_plainly(value)}" for key, value in values.items())
        or "nothing was noted"
    )


def _plainly(value: object) -> str:
    """A value of a card for people: no brackets, and of a long list its beginning."""
    if isinstance(value, Mapping):
        parts = [f"{key} {_plainly(inner)}" for key, inner in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [_plainly(inner) for inner in value]
    else:
        return str(value)
    more = f", and {len(parts) - _MOST_TOLD} more" if len(parts) > _MOST_TOLD else ""
    return ", ".join(parts[:_MOST_TOLD]) + more


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
