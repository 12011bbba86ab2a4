"""`coop label export`."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

from rich.console import Console

from coop.errors import LabelError
from coop.store.store import Store
from labeling.commands.importing import bar
from labeling.exporting.content import Export, current_export, version_export
from labeling.exporting.run import ExportFormat, write_export
from labeling.intake import catalogue_new


def run_export(
    store: Store,
    task: str,
    version: str,
    form: ExportFormat,
    out: Path,
    now: datetime,
    zone: tzinfo,
    console: Console,
    *,
    link: bool,
    replace: bool,
) -> list[str]:
    """Write an export with a bar; returns what is to be said. Raises CoopError."""
    export = _export(store, task, version, zone)
    with bar(console) as progress:
        done = write_export(export, form, out, now, link=link, replace_old=replace, progress=progress)
    said = [f"Wrote {done.folder}: {done.pictures} pictures."]
    return said + (done.losses.sentences() or ["Nothing is lost: labels, groups, days and visits are in it."])


def _export(store: Store, name: str, version: str, zone: tzinfo) -> Export:
    task = store.task(name)
    if version == "current":
        catalogue_new(store, zone)
        pictures = store.labelled_pictures(name)
        if not pictures:
            raise LabelError(f"Task {name!r} has no labels yet. Give some with `coop label`")
        return current_export(task, pictures)
    if version == "newest":
        return version_export(store.dataset(name))
    if not (version.isascii() and version.isdigit()):
        raise LabelError(f"A version is a number, newest or current. Received: {version!r}")
    return version_export(store.dataset(name, int(version)))
