"""`coop label import`: what was asked for, done with progress, and told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from coop.domain.picture import NewPicture
from coop.store.store import Store
from labeling.importing.formats import Format, Reading, read_source
from labeling.importing.found import Unusable
from labeling.importing.run import NameTime, Progress, Report, Wanted, import_manifest
from labeling.importing.videos import import_cuttings

_SHOWN = 20
"""Unusable files that are listed; all of them are counted."""


def run_import(
    store: Store,
    source: Path,
    form: Format | None,
    how: Reading,
    wanted: Wanted,
    now: datetime,
    console: Console,
    *,
    name_time: NameTime,
) -> Report:
    """Import a source with a bar, and say what was done. Raises CoopError."""
    manifest = read_source(source, form, how)
    with bar(console) as progress:
        report = import_manifest(store, manifest, wanted, now, name_time=name_time, progress=progress)
    _tell(report, wanted, console)
    return report


def run_video_import(
    store: Store, cuttings: Iterable[NewPicture], wanted: Wanted, console: Console, *, dated: bool
) -> Report:
    """Import what is cut out of a video with a bar, and say what was done. Raises CoopError."""
    with bar(console) as progress:
        report = import_cuttings(store, cuttings, wanted, dated=dated, progress=progress)
    _tell(report, wanted, console)
    return report


def _tell(report: Report, wanted: Wanted, console: Console) -> None:
    for sentence in sentences(report, wanted.task):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def bar(console: Console) -> Iterator[Progress]:
    """A bar that shows each step of the work anew, on the screen only."""
    with Bars(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bars:
        task = bars.add_task("", total=None)

        def progress(step: str, done: int, total: int) -> None:
            bars.update(task, description=step, completed=done, total=total or None)

        yield progress


def sentences(report: Report, task: str | None) -> list[str]:
    """What an import did, a sentence a line."""
    said = [
        f"{report.found} pictures found: {report.new} are new, {report.known} were there already"
        + (f", {report.twice} came twice." if report.twice else ".")
    ]
    said.append(
        f"They make {_count(report.visits, 'visit')} on {_count(report.days, 'day')}"
        + (f" in {_count(report.groups, 'group')}" if report.groups else "")
        + (f"; of {report.undated} nobody knows the day." if report.undated else ".")
    )
    if report.near:
        said.append(f"{report.near} are near-duplicates of a picture shortly before them.")
    if task is not None:
        kept = f"; {report.labels_kept} have another label already, which stays" if report.labels_kept else ""
        said.append(f"{_count(report.labels, 'label')} added to task {task}{kept}.")
    said += _listed("could not be used and were left out", report.unusable)
    said += _listed("came twice with different labels", report.contradictions)
    return said


def _listed(what: str, things: Sequence[Unusable]) -> list[str]:
    if not things:
        return []
    lines = [f"{len(things)} {what}:"]
    lines += [f"  {thing.name}: {thing.reason}" for thing in things[:_SHOWN]]
    if len(things) > _SHOWN:
        lines.append(f"  and {len(things) - _SHOWN} more")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
