"""`coop label suggest` and `coop label clusters`: what the model says, and groups of similar pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from coop.settings import Settings
from coop.store.store import Store
from labeling.clusters.make import make_clusters
from labeling.commands.importing import bar
from labeling.suggesting.head import Learns
from labeling.suggesting.order import Shares
from labeling.suggesting.suggest import Parts, Report, lower_priority, suggest

MODELS = "models"


def parts_of(settings: Settings, store: Store, task: str, learn: Learns) -> Parts:
    """What suggesting needs, from the settings and the record."""
    models_dir = settings.data_dir / MODELS
    name = store.active(task)
    chosen: Path | None = settings.classify.packages.get(task)
    labeling = settings.labeling
    return Parts(
        models_dir=models_dir,
        cache_dir=settings.data_dir / "cache" / "labeling" / "embeddings",
        learn=learn,
        active=chosen or (models_dir / name if name is not None else None),
        shares=Shares(random=labeling.random_share, audit=labeling.audit_share, double=labeling.double_share),
        zone=settings.zone,
    )


def run_suggest(
    store: Store,
    names: Sequence[str],
    settings: Settings,
    learn: Learns,
    console: Console,
    *,
    breathe: Callable[[], None] = lambda: None,
) -> None:
    """Bring the suggestions and the order of some tasks (of all, where none is named) up to date.

    ``breathe`` is called after each picture: it may take its time.
    """
    lower_priority()
    tasks = [store.task(name) for name in names] or store.tasks()
    for task in tasks:
        with bar(console) as progress:

            def report(step: str, made: int, of: int, progress: Report = progress) -> None:
                progress(step, made, of)
                breathe()

            done = suggest(store, task, parts_of(settings, store, task.name, learn), report)
        if done.model is None:
            said = "no model knows its classes, and there are too few labels to learn from"
        else:
            said = f"{done.suggested} new suggestions by {done.model}"
        if done.unreadable:
            said += f", {done.unreadable} pictures cannot be read"
        said += f"; {done.moved} visits have another turn"
        console.print(f"{task.name}: {said}.", markup=False, highlight=False, soft_wrap=True)


def run_clusters(
    store: Store,
    name: str,
    settings: Settings,
    learn: Learns,
    now: datetime,
    console: Console,
    *,
    everything: bool,
) -> None:
    """Group the pictures of a task anew."""
    lower_priority()
    task = store.task(name)
    with bar(console) as progress:
        made = make_clusters(
            store, task, parts_of(settings, store, name, learn), now, progress, everything=everything
        )
    said = f"{made.pictures} pictures of {name} in {made.clusters} clusters, by {made.model}."
    console.print(said, markup=False, highlight=False, soft_wrap=True)
