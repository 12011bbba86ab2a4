"""`coop evaluate`: how good a model package is, as a table for a person and as JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from coop.classify.card import TaskMode
from coop.classify.package import ModelPackage, report_beside, report_folder
from coop.errors import OutputError
from training.evaluate import Scores, compare, report, score, write_json
from training.labelled import read_labelled
from training.views import views_for
from training.yardsticks import beside, kept_head

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an evaluation is to write. ``against``: another package, to be compared on the same pictures;
    ``tta``: each picture asked several times as well, varied."""

    json_file: Path | None = None
    report: Path | None = None
    against: Path | None = None
    tta: bool = False


def run_evaluation(folder: Path, data: Path, wanted: Wanted, console: Console) -> None:
    """Score the package in ``folder`` on labelled pictures, print the figures, and write them where asked."""
    package = ModelPackage.load(folder)
    other = None if wanted.against is None else ModelPackage.load(wanted.against)
    pictures = read_labelled(data, mode=package.card.mode)
    with bars(console) as bar:
        tell = teller(bar)
        scores = score(package, pictures, progress=partial(tell, "Looking at pictures"))
        figures = report(scores)
        rival = None
        if other is not None:
            rival = score(other, pictures, progress=partial(tell, f"Asking {other.card.model}"))
            figures["against"] = asdict(compare(scores, rival))
        figures["beside"] = beside(scores, other=rival, frozen=_plain(package, scores, tell))
        if wanted.tta:
            views = views_for(package.card.trained_on.get("variations"))
            varied = score(package, pictures, progress=partial(tell, "Looking again, varied"), views=views)
            figures["tta"] = {"views": len(views), **_gain(varied, scores)}
        page = None
        if wanted.report is not None:
            with _writing(wanted.report):
                page = _report_page(wanted.report, package, scores, figures, tell)
    print_report(figures, console)
    if wanted.json_file is not None:
        with _writing(wanted.json_file):
            write_json(wanted.json_file, figures)
    for file in (wanted.json_file, page):
        if file is not None:
            console.print(f"Wrote {file}", highlight=False, soft_wrap=True)


def _plain(package: ModelPackage, scores: Scores, tell: Tell) -> Scores | None:
    """A head on the frozen network, where training kept one beside its report."""
    frozen = kept_head(package)
    if frozen is None:
        return None
    return frozen.scores(scores, progress=partial(tell, "Asking a plain head"))


def _gain(varied: Scores, plain: Scores) -> dict[str, Any]:
    """The figures of pictures asked several times, and by how much they are better."""
    more = report(varied)
    gain = compare(varied, plain)
    kept = ("accuracy", "accuracy_interval", "macro_f1", "macro_f1_interval", "ece", "ece_interval")
    return {
        **{name: more[name] for name in kept},
        "difference": gain.difference,
        "difference_interval": list(gain.interval),
    }


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(file, str(error.strerror), "Choose a folder that can be written") from None


def _report_page(
    folder: Path,
    package: ModelPackage,
    scores: Scores,
    figures: Mapping[str, Any],
    tell: Tell,
) -> Path:
    from training.report.learning import kept_figures  # draws, which costs a second to load
    from training.report.page import Learning, write_report

    folders = report_beside(package.folder), report_folder(package.folder)
    learning = Learning(figures=kept_figures(folders))
    return write_report(folder, package, scores, figures, learning=learning, tell=tell)


def print_report(figures: Mapping[str, Any], console: Console) -> None:
    """The figures of `report`, in words and tables."""
    low, high = figures["accuracy_interval"]
    whole = " (the whole set)" if figures["mode"] == TaskMode.MULTI else ""
    console.print(
        f"{figures['model']} on {figures['n']} pictures of {len(figures['per_group'])} groups: "
        f"{figures['accuracy']:.1%} right{whole}, 95% interval {low:.1%} to {high:.1%}. "
        f"Macro-F1 {figures['macro_f1']:.3f}, calibration error {figures['ece']:.3f}.",
        highlight=False,
    )
    if "against" in figures:
        against = figures["against"]
        low, high = (100 * point for point in against["interval"])
        console.print(
            f"{against['other']} has {against['accuracy']:.1%} of the same pictures right: a difference of "
            f"{100 * against['difference']:+.1f} points ({low:+.1f} to {high:+.1f}).",
            highlight=False,
        )
    if "tta" in figures:
        again = figures["tta"]
        low, high = (100 * point for point in again["difference_interval"])
        console.print(
            f"Each picture asked {again['views']} times, varied: {again['accuracy']:.1%} right, calibration "
            f"error {again['ece']:.3f}; {100 * again['difference']:+.1f} points ({low:+.1f} to "
            f"{high:+.1f}) for {again['views']} times the work.",
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
    _print_sureness(figures, console)
    _print_identity(figures, console)
    console.print(_beside_table(figures["beside"]))
    console.print(_classes_table(figures["per_class"]))
    for name in ("group", "hour", "camera"):
        if f"per_{name}" in figures:
            console.print(_groups_table(figures[f"per_{name}"], name))


def _print_sureness(figures: Mapping[str, Any], console: Console) -> None:
    """What is possible with one limit for all classes, on these pictures."""
    possible = ", ".join(
        f"{share:.0%} of them to have {float(precision):.0%} right"
        for precision, share in figures["answered_at"].items()
    )
    console.print(f"With the best one limit for all classes it may answer {possible}.", highlight=False)


def _print_identity(figures: Mapping[str, Any], console: Console) -> None:
    found = figures.get("retrieval")
    if found:
        recalls = ", ".join(
            f"{found[name]:.1%} among the first {name.rpartition('_')[2]}"
            for name in found
            if name.startswith("recall_at_") and not name.endswith("_interval")
        )
        console.print(
            f"Of {found['n']} pictures asked of the gallery's {found['gallery']}, one of the same hen is "
            f"{recalls}; mean average precision {found['mean_average_precision']:.3f}.",
            highlight=False,
        )
    strange = figures.get("strangers")
    if strange:
        console.print(
            f"{strange['n']} pictures show none of the flock: {strange['found']:.1%} lie beyond the flock's "
            f"limit, of its own {strange['flock_called_strange']:.1%}; of all pairs {strange['auc']:.1%} are "
            "told apart.",
            highlight=False,
        )


def _beside_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("answered by", title="Beside it, on the same pictures")
    for column in ("pictures", "right", "95% interval", "log loss", "points less than it"):
        table.add_column(column, justify="right")
    for row in rows:
        low, high = row["interval"]
        gain = "–"
        if row["difference"] is not None:
            worst, best = row["difference_interval"]
            gain = f"{100 * row['difference']:+.1f} ({100 * worst:+.1f} to {100 * best:+.1f})"
        table.add_row(
            row["name"], str(row["n"]), f"{row['accuracy']:.1%}", f"{low:.1%} – {high:.1%}",
            _share(row["log_loss"]), gain,
        )  # fmt: skip
    return table


def _classes_table(per_class: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("class", title="By class")
    for column in ("pictures", "precision", "recall", "F1"):
        table.add_column(column, justify="right")
    for name, row in per_class.items():
        table.add_row(name, str(row["n"]), *(_share(row[key]) for key in ("precision", "recall", "f1")))
    return table


def _groups_table(per_group: Mapping[str, Mapping[str, Any]], kind: str) -> Table:
    table = Table(kind, title=f"By {kind}")
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


def teller(bar: Progress) -> Tell:
    """A bar for each thing that is told of."""
    shown: dict[str, TaskID] = {}

    def tell(name: str, done: int, total: int) -> None:
        if name not in shown:
            shown[name] = bar.add_task(name, total=total)
        bar.update(shown[name], completed=done, total=total)

    return tell


def bars(console: Console) -> Progress:
    """Progress as the commands of training show it."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    )  # fmt: skip


def say(console: Console, text: str) -> None:
    """A sentence as it is: no markup, no line breaks of its own."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
