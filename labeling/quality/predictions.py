"""Out-of-fold predictions: read from a file that training wrote, or made by a quick head."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coop.domain.survey import Surveyed
from coop.domain.task import Task
from coop.errors import LabelError
from labeling.quality.errors import Predictions
from labeling.suggesting.head import Lesson, lesson, out_of_fold
from labeling.suggesting.suggest import Parts, Report, embedding_model, embeddings

_COLUMNS = ("picture", "class", "probability")


def read_predictions(file: Path, task: Task) -> Predictions:
    """Predictions from a CSV (`picture,class,probability`) or an NPZ (pictures, classes, probabilities).

    Classes are values by name, such as "hen" or "brown|white". Raises LabelError with what is wrong.
    """
    try:
        found = _from_npz(file) if file.suffix == ".npz" else _from_csv(file)
    except OSError as error:
        raise LabelError(f"{file} cannot be read ({error.strerror}). Name another file") from None
    pictures, classes, p = found
    values = [task.parse(name) for name in classes]
    if p.shape != (len(pictures), len(classes)) or not np.isfinite(p).all() or (p < 0).any() or (p > 1).any():
        raise LabelError(f"{file}: probabilities are from 0 to 1, one for each picture and class")
    return Predictions(pictures=tuple(pictures), classes=tuple(values), probabilities=p, model=file.name)


def make_predictions(task: Task, lines: Sequence[Surveyed], parts: Parts, report: Report) -> Predictions:
    """Predictions of quick heads that never saw the picture's visit. Raises LabelError for few labels."""
    taught = lesson(lines, task)
    if not taught.is_enough:
        raise LabelError(
            f"Task {task.name!r} has {len(taught.pictures)} usable labels in {len(set(taught.visits))} "
            "visits. Label more, or give predictions: --predictions FILE"
        )
    eye = embedding_model(parts)
    wanted = set(taught.pictures)
    cache, readable = embeddings(eye, parts, [line for line in lines if line.picture in wanted], report)
    there = {line.picture for line in readable}
    rows = [n for n, picture in enumerate(taught.pictures) if picture in there]
    known = Lesson(*(tuple(c[n] for n in rows) for c in (taught.pictures, taught.values, taught.visits)))
    classes, p = out_of_fold(cache.get(known.pictures), known, parts.learn)
    return Predictions(pictures=known.pictures, classes=classes, probabilities=p, model=known.model)


def _from_npz(file: Path) -> tuple[list[str], list[str], np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            pictures, classes, p = (arrays[name] for name in ("pictures", "classes", "probabilities"))
    except (ValueError, KeyError, EOFError) as error:
        raise LabelError(
            f"{file}: it needs the arrays pictures, classes and probabilities ({error})"
        ) from None
    return [str(name) for name in pictures], [str(name) for name in classes], np.asarray(p, dtype=np.float64)


def _from_csv(file: Path) -> tuple[list[str], list[str], np.ndarray]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if not set(_COLUMNS) <= set(reader.fieldnames or ()):
            raise LabelError(
                f"{file}: it needs the columns {', '.join(_COLUMNS)}. It has: {reader.fieldnames or 'none'}"
            )
        rows = [(row["picture"], row["class"], row["probability"]) for row in reader]
    pictures = list(dict.fromkeys(picture for picture, _, _ in rows))
    classes = list(dict.fromkeys(name for _, name, _ in rows))
    place = {picture: n for n, picture in enumerate(pictures)}
    column = {name: n for n, name in enumerate(classes)}
    p = np.zeros((len(pictures), len(classes)))
    for number, (picture, name, probability) in enumerate(rows, start=2):
        try:
            p[place[picture], column[name]] = float(probability)
        except ValueError:
            raise LabelError(f"{file}, line {number}: {probability!r} is no probability") from None
    return pictures, classes, p
