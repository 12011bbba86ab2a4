"""`coop label quality`: how good the labels, the people and the model are, and what to look at again."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from coop.domain.task import Task
from coop.errors import LabelError
from coop.settings import Settings
from coop.store.store import Store
from labeling.commands.importing import bar
from labeling.commands.suggesting import parts_of
from labeling.quality.agreement import Share
from labeling.quality.audit import Audit, audit
from labeling.quality.doubles import (
    Double,
    HumanBaseline,
    disagreements,
    doubles,
    human_baseline,
    overall,
    pairs_of_people,
)
from labeling.quality.predictions import make_predictions, read_predictions
from labeling.quality.review import Findings, errors_file, find, keep_errors
from labeling.suggesting.head import Learns

_SHOWN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``found`` is None where there is nothing to find errors with; ``why_not`` says why."""

    task: Task
    doubles: tuple[Double, ...]
    baseline: HumanBaseline
    audit: Audit
    found: Findings | None
    why_not: str = ""


def run_quality(
    store: Store,
    name: str,
    settings: Settings,
    learn: Learns,
    console: Console,
    *,
    predictions: Path | None,
    as_json: bool,
) -> None:
    """Measure, keep the likely errors for the page, and tell."""
    task = store.task(name)
    report = measure(store, task, settings, learn, console, predictions)
    if report.found is not None:
        keep_errors(errors_file(settings.data_dir / "cache" / "labeling", name), report.found)
    if as_json:
        sys.stdout.write(json.dumps(quality_json(report), ensure_ascii=False) + "\n")
    else:
        _tell(report, console)


def measure(
    store: Store, task: Task, settings: Settings, learn: Learns, console: Console, predictions: Path | None
) -> Report:
    lines = store.survey(task.name)
    found, why_not = None, ""
    try:
        if predictions is not None:
            given = read_predictions(predictions, task)
        else:
            with bar(console) as progress:
                given = make_predictions(task, lines, parts_of(settings, store, task.name, learn), progress)
        found = find(store, task, lines, given)
    except LabelError as error:
        if predictions is not None:
            raise
        why_not = str(error)
    return Report(
        task=task,
        doubles=doubles(store, task),
        baseline=human_baseline(store, task),
        audit=audit(store, task),
        found=found,
        why_not=why_not,
    )


def quality_json(report: Report) -> dict[str, Any]:
    """For programs: plain values, None where nothing could be measured."""
    kappa = overall(report.doubles)
    found = report.found
    return {
        "task": report.task.name,
        "human_baseline": {**_share(report.baseline.accuracy), "unsettled": report.baseline.unsettled},
        "kappa": {"n": kappa.n, "value": kappa.value, "low": kappa.low, "high": kappa.high},
        "people": [
            {"first": pair.first, "second": pair.second, "kappa": pair.kappa.value, **_share(pair.equal)}
            for pair in pairs_of_people(report.doubles)
        ],
        "disagreements": len(disagreements(report.doubles)),
        "audit": {
            "blind": _share(report.audit.blind),
            "shown": _share(report.audit.shown),
            "gap": report.audit.gap,
            "again": _share(report.audit.again),
            "models": list(report.audit.models),
        },
        "likely_errors": None
        if found is None
        else [
            {
                "picture": error.picture,
                "label": report.task.shown(error.label),
                "better": report.task.shown(error.better),
                "confidence": round(error.confidence, 4),
                "better_confidence": round(error.better_confidence, 4),
            }
            for error in found.errors
        ],
        "unlike_duplicates": None
        if found is None
        else [
            {
                "first": pair.first,
                "first_label": report.task.shown(pair.first_label),
                "second": pair.second,
                "second_label": report.task.shown(pair.second_label),
                "bits": pair.bits,
            }
            for pair in found.pairs
        ],
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "right": share.right,
        "n": share.n,
        "share": share.value,
        "low": share.low if share.n else None,
        "high": share.high if share.n else None,
    }


def _tell(report: Report, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"Human baseline: {report.baseline.accuracy}")
    say(f"Cohen's kappa:  {overall(report.doubles)}")
    waiting = disagreements(report.doubles)
    if waiting:
        say(f"{len(waiting)} pictures wait for somebody to settle what two people say of them.")
    for pair in pairs_of_people(report.doubles):
        say(f"  {pair.first} and {pair.second}: {pair.equal}, kappa {pair.kappa}")
    for sentence in report.audit.sentences:
        say(sentence)
    if report.found is None:
        say(f"Likely errors: {report.why_not}")
        return
    errors, pairs = report.found.errors, report.found.pairs
    say(
        f"{len(errors)} labels are likely wrong, {len(pairs)} pairs look the same and are labelled otherwise."
    )
    if errors:
        table = Table("picture", "label", "likely", "sure", box=None, pad_edge=False)
        for error in errors[:_SHOWN]:
            better = report.task.shown(error.better)
            table.add_row(
                error.picture, report.task.shown(error.label), better, f"{error.better_confidence:.0%}"
            )
        console.print(table)
        say("Go through them: coop label, the page Quality.")
