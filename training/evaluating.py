"""`coop evaluate`: how good a model package is, as a table for a person and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from coop.classify.card import TaskMode
from coop.classify.package import ModelPackage
from coop.errors import OutputError
from training.evaluate import report, score, write_json
from training.labelled import read_labelled


def run_evaluation(folder: Path, data: Path, json_file: Path | None, console: Console) -> None:
    """Score the package in ``folder`` on labelled pictures, print the figures, and write them where asked."""
    package = ModelPackage.load(folder)
    pictures = read_labelled(data, mode=package.card.mode)
    with _progress(console) as bar:
        task = bar.add_task("Looking at pictures", total=len(pictures))
        scores = score(package, pictures, progress=lambda done, _: bar.update(task, completed=done))
    figures = report(scores)
    print_report(figures, console)
    if json_file is not None:
        try:
            write_json(json_file, figures)
        except OSError as error:
            raise OutputError(json_file, str(error.strerror), "Choose a folder that can be written") from None
        console.print(f"Wrote {json_file}", highlight=False, soft_wrap=True)


def print_report(figures: Mapping[str, Any], console: Console) -> None:
    """The figures of `report`, in words and two tables."""
    low, high = figures["accuracy_interval"]
    whole = " (the whole set)" if figures["mode"] == TaskMode.MULTI else ""
    console.print(
        f"{figures['model']} on {figures['n']} pictures of {len(figures['per_group'])} groups: "
        f"{figures['accuracy']:.1%} right{whole}, 95% interval {low:.1%} to {high:.1%}. "
        f"Macro-F1 {figures['macro_f1']:.3f}, calibration error {figures['ece']:.3f}.",
        highlight=False,
    )
    sure = figures["accuracy_of_known"]
    console.print(
        f"The watch would call {1 - figures['known_share']:.1%} of them unknown"
        + (f", and be right in {sure:.1%} of the others." if sure is not None else "."),
        highlight=False,
    )
    for name, counting in figures.get("counts", {}).items():
        console.print(
            f"{name}: {counting['exact']:.1%} exact (always saying the most frequent number: "
            f"{counting['best_constant_exact']:.1%}), {counting['within_one']:.1%} within one.",
            highlight=False,
        )
    console.print(_classes_table(figures["per_class"]))
    console.print(_groups_table(figures["per_group"]))


def _classes_table(per_class: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("class", title="By class")
    for column in ("pictures", "precision", "recall", "F1"):
        table.add_column(column, justify="right")
    for name, row in per_class.items():
        table.add_row(name, str(row["n"]), *(_share(row[key]) for key in ("precision", "recall", "f1")))
    return table


def _groups_table(per_group: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("group", title="By group")
    for column in ("pictures", "right", "95% interval", "macro-F1"):
        table.add_column(column, justify="right")
    for name, row in per_group.items():
        low, high = row["accuracy_interval"]
        table.add_row(
            name, str(row["n"]), _share(row["accuracy"]), f"{low:.3f} – {high:.3f}", _share(row["macro_f1"])
        )
    return table


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    )  # fmt: skip
