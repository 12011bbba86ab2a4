"""How many wrong labels are found: 5 % of the labels of real pictures are turned, and looked for.

    PYTHONPATH=tests python -m bench.labeling.planted_errors [--seeds 3]

What is found besides the planted ones counts as wrongly accused, although the data have errors of their own.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from bench.labeling.learning_curve import DATA
from fakes.importing import LONDON, bring_in, silent

from coop.domain.survey import Surveyed
from coop.domain.task import Task
from coop.store.store import Store
from labeling.importing.formats import Format
from labeling.quality.duplicates import unlike_duplicates
from labeling.quality.errors import likely_errors
from labeling.quality.predictions import make_predictions
from labeling.suggesting.order import Shares
from labeling.suggesting.suggest import Parts
from training.head import fit_head

SHARE = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    columns = ("planted", "found", "precision", "recall", "of the first", "in unlike pairs")
    print(f"{'':10}" + "".join(f"{name:>17}" for name in columns))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = Parts(
            models_dir=folder / "models",
            cache_dir=folder / "cache",
            learn=fit_head,
            active=None,
            shares=Shares(),
            zone=LONDON,
        )
        with Store.open(f"sqlite:///{folder}/coop.db", folder / "media") as store:
            bring_in(store, given.data / "catdog", Format.IMAGEFOLDER, task="catdog")
            bring_in(store, given.data / "nestcam" / "labels.csv", task="nestcam")
            for task in store.tasks():
                lines = store.survey(task.name)
                rows = [measure(task, lines, parts, seed) for seed in range(given.seeds)]
                print(f"{task.name:10}" + "".join(f"{mean:>17.2f}" for mean in np.mean(rows, axis=0)))


def measure(task: Task, lines: Sequence[Surveyed], parts: Parts, seed: int) -> tuple[float, ...]:
    """Planted, found, precision, recall; the share of planted ones among as many of the first found; and in
    pairs that look the same."""
    rng = np.random.default_rng(seed)
    values = sorted({str(line.value) for line in lines})
    chosen = {int(n) for n in rng.choice(len(lines), round(len(lines) * SHARE), replace=False)}
    turned = [
        replace(line, value=str(rng.choice([v for v in values if v != line.value]))) if n in chosen else line
        for n, line in enumerate(lines)
    ]
    predictions = make_predictions(task, turned, parts, silent)
    label = {line.picture: str(line.value) for line in turned}
    errors = likely_errors(predictions, [label[picture] for picture in predictions.pictures])
    found = [error.picture for error in errors]
    # Of a visit of many pictures alike some are left out of the lesson: those cannot be found.
    planted = {lines[n].picture for n in chosen} & set(predictions.pictures)
    hit = len(planted & set(found))
    pairs = {key for pair in unlike_duplicates(turned, task) for key in (pair.first, pair.second)}
    return (
        len(planted),
        len(found),
        hit / max(len(found), 1),
        hit / len(planted),
        len(planted & set(found[: len(planted)])) / len(planted),
        len(planted & pairs) / len(planted),
    )


if __name__ == "__main__":
    main()
