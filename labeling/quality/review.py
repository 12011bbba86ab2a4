"""What is worth a second look: likely wrong labels, and pictures that look the same with different labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from coop.domain.survey import Surveyed
from coop.domain.task import Task
from coop.errors import OutputError
from coop.store.store import Store
from labeling.quality.doubles import REVIEW
from labeling.quality.duplicates import UnlikePair, unlike_duplicates
from labeling.quality.errors import LikelyError, Predictions, likely_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """``errors`` by ``model``; ``pairs`` of near-duplicates. What was reviewed already is left out."""

    errors: tuple[LikelyError, ...]
    pairs: tuple[UnlikePair, ...]
    model: str


def find(store: Store, task: Task, lines: Sequence[Surveyed], predictions: Predictions) -> Findings:
    """What a person should look at again. A label given in a review is not doubted a second time."""
    values = {line.picture: task.today(line.value) for line in lines if line.value is not None}
    reviewed = _reviewed(store, task)
    rows = [n for n, picture in enumerate(predictions.pictures) if picture in values]
    known = Predictions(
        pictures=tuple(predictions.pictures[n] for n in rows),
        classes=predictions.classes,
        probabilities=predictions.probabilities[rows],
        model=predictions.model,
    )
    errors = likely_errors(known, [values[picture] for picture in known.pictures])
    return Findings(
        errors=tuple(error for error in errors if error.picture not in reviewed),
        pairs=unlike_pairs(store, task, lines),
        model=predictions.model,
    )


def unlike_pairs(store: Store, task: Task, lines: Sequence[Surveyed]) -> tuple[UnlikePair, ...]:
    """Near-duplicates with different labels, unless both were reviewed."""
    reviewed = _reviewed(store, task)
    return tuple(pair for pair in unlike_duplicates(lines, task) if not {pair.first, pair.second} <= reviewed)


def keep_errors(file: Path, found: Findings) -> None:
    """Write the likely errors where the page finds them: a cache, which can be made again."""
    rows = [
        {
            "picture": error.picture,
            "label": error.label,
            "confidence": error.confidence,
            "better": error.better,
            "better_confidence": error.better_confidence,
        }
        for error in found.errors
    ]
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"model": found.model, "errors": rows}), encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise OutputError(file, f"it cannot be written ({error.strerror})", "Make room there") from None


def kept_errors(file: Path, store: Store, task: Task) -> tuple[str, tuple[LikelyError, ...]] | None:
    """The model and the likely errors kept before that still stand; None where nothing was kept.

    Those reviewed or labelled anew since are left out.
    """
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        errors = [LikelyError(**row) for row in kept["errors"]]
        model = str(kept["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    now: Mapping[str, str] = store.current_labels(task.name, [error.picture for error in errors])
    reviewed = _reviewed(store, task)
    standing = tuple(
        error
        for error in errors
        if error.picture not in reviewed and task.today(now.get(error.picture, "")) == error.label
    )
    return model, standing


def errors_file(cache_dir: Path, task: str) -> Path:
    """Where a task's likely errors are kept, below the labelling cache."""
    return cache_dir / "errors" / f"{quote(task, safe='')}.json"


def _reviewed(store: Store, task: Task) -> set[str]:
    """Pictures whose label was given, or confirmed, in a review."""
    return {picture for picture, log in store.histories(task.name, [REVIEW]).items() if log[-1].how == REVIEW}
