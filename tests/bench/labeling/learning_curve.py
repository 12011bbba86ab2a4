"""Does the order of labelling pay? Accuracy on pictures never seen against labels given, beside chance.

    PYTHONPATH=tests python -m bench.labeling.learning_curve [--seeds 10] [--png FILE]

Two nest camera days, each held out in turn, and cats and dogs. The truth plays the keeper: it labels visit by
visit in the order of the queue; after every few visits the quick head learns anew, suggests, and the order is
made again, as `coop label suggest` does.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fakes.importing import bring_in
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from coop.classify.package import ModelPackage
from coop.classify.starter import ensure_starter
from coop.domain.survey import Surveyed, Turn
from coop.domain.task import Task
from coop.store.store import Store
from labeling.importing.formats import Format
from labeling.suggesting.embeddings import EmbeddingCache, fill
from labeling.suggesting.head import chances, hashed, lesson
from labeling.suggesting.model import Eye, best_two
from labeling.suggesting.order import Shares, scores
from training.head import HeadError, fit_head

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
OURS, CHANCE = "our order", "at random"
INK, GREY, COLOUR = "#2b2722", "#8a8378", {OURS: "#c2410c", CHANCE: "#78716c"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """``pool`` is labelled, ``held`` is judged; ``features`` by picture."""

    name: str
    task: Task
    pool: tuple[Surveyed, ...]
    held: tuple[Surveyed, ...]
    truth: dict[str, str]
    features: dict[str, npt.NDArray[np.float32]]
    each: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--png", type=Path, default=Path("bench-output/learning-curve.png"))
    given = parser.parse_args()
    found = []
    for case in cases(given.data):
        curves = {
            order: [curve(case, order, seed) for seed in range(given.seeds)] for order in (OURS, CHANCE)
        }
        found.append((case, curves))
        tell(case, curves)
    given.png.parent.mkdir(parents=True, exist_ok=True)
    draw(found, given.png)
    print(f"Wrote {given.png}")


def curve(case: Case, order: str, seed: int) -> list[tuple[int, float]]:
    """Labels given, and accuracy on what is held out, step by step."""
    task = replace(case.task, name=f"{case.task.name} {seed}")  # its name is what chance is made of
    lines = {line.picture: replace(line, value=None) for line in case.pool}
    points: list[tuple[int, float]] = []
    while waiting := {line.visit for line in lines.values() if line.value is None}:
        if order == OURS:
            turns = {visit: Turn(open=1, score=0.0, reason="") for visit in waiting}
            placed = scores(list(lines.values()), turns, task, Shares(double=0.0), UTC)
            following = sorted(waiting, key=lambda visit: -placed[visit][0])
        else:
            following = sorted(waiting, key=lambda visit: hashed(task.name, visit, "chance"))
        for visit in following[: case.each]:
            for key, line in lines.items():
                if line.visit == visit:
                    lines[key] = replace(line, value=case.truth[key])
        points.append(learn(case, task, lines))
    return points


def learn(case: Case, task: Task, lines: dict[str, Surveyed]) -> tuple[int, float]:
    """Let a head learn from what is labelled, suggest for the rest, and be judged."""
    labelled = [line for line in lines.values() if line.value is not None]
    taught = lesson(labelled, task)
    try:
        features = np.stack([case.features[key] for key in taught.pictures]) if taught.pictures else None
        head = None if features is None else fit_head(features, taught.values, taught.visits)
    except HeadError:  # one class or one visit only so far
        head = None
    if head is None:
        values = [line.value for line in labelled]
        guess = max(set(values), key=values.count)
        return len(labelled), float(np.mean([case.truth[line.picture] == guess for line in case.held]))
    rest = [line for line in lines.values() if line.value is None]
    if rest:
        p = chances(head, np.stack([case.features[line.picture] for line in rest]))
        for line, row in zip(rest, p, strict=True):
            said = best_two(head.classes, row)
            lines[line.picture] = replace(
                line,
                suggested=said.value,
                confidence=said.confidence,
                margin=said.confidence - said.runner_up_confidence,
            )
    p = chances(head, np.stack([case.features[line.picture] for line in case.held]))
    right = [
        head.classes[row.argmax()] == case.truth[line.picture] for line, row in zip(case.held, p, strict=True)
    ]
    return len(labelled), float(np.mean(right))


def cases(data: Path) -> list[Case]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        eye = Eye(ModelPackage.load(ensure_starter(folder / "models")))
        with Store.open(f"sqlite:///{folder}/coop.db", folder / "media") as store:
            bring_in(store, data / "nestcam" / "labels.csv", task="nest")
            bring_in(store, data / "catdog", Format.IMAGEFOLDER, task="catdog")
            cache = EmbeddingCache(folder / "cache", eye.card.model)
            made = []
            for task in (store.task("nest"), store.task("catdog")):
                lines = store.survey(task.name)
                for _ in fill(cache, [(line.picture, line.file) for line in lines], eye.embed):
                    pass
                made.append((task, lines, {line.picture: cache.get([line.picture])[0] for line in lines}))
    (nest, of_nest, nest_features), (catdog, of_catdog, catdog_features) = made
    days = sorted({line.day for line in of_nest if line.day is not None})
    found = [
        case(
            f"nest camera, {day:%d %B} held out",
            nest,
            of_nest,
            nest_features,
            {line.picture for line in of_nest if line.day == day},
            each=2,
        )
        for day in days
    ]
    third = {line.picture for line in of_catdog if hashed(line.picture, "held") < 1 / 3}
    name = "cats and dogs, a third held out"
    return [*found, case(name, catdog, of_catdog, catdog_features, third, each=20)]


def case(
    name: str,
    task: Task,
    lines: Sequence[Surveyed],
    features: dict[str, npt.NDArray[np.float32]],
    held: set[str],
    *,
    each: int,
) -> Case:
    return Case(
        name=name,
        task=task,
        pool=tuple(line for line in lines if line.picture not in held),
        held=tuple(line for line in lines if line.picture in held),
        truth={line.picture: str(line.value) for line in lines},
        features=features,
        each=each,
    )


def at(points: Sequence[tuple[int, float]], labels: int) -> float:
    """Accuracy once so many labels were given."""
    return next((accuracy for n, accuracy in reversed(points) if n <= labels), points[0][1])


def tell(case: Case, curves: dict[str, list[list[tuple[int, float]]]]) -> None:
    pool = len(case.pool)
    print(f"\n{case.name}: {pool} pictures to label, {len(case.held)} judged")
    marks = [max(1, pool * share // 100) for share in (10, 20, 30, 50, 70, 100)]
    print(f"{'labels':>12}" + "".join(f"{mark:>14}" for mark in marks) + f"{'mean of all':>16}")
    means = {}
    for order, runs in curves.items():
        cells = [[at(points, mark) for points in runs] for mark in marks]
        means[order] = [np.mean([at(points, n) for n in range(1, pool + 1)]) for points in runs]
        shown = "".join(f"{np.mean(cell):>8.1%} ±{np.std(cell):>4.1%}" for cell in cells)
        print(f"{order:>12}{shown}{np.mean(means[order]):>16.1%}")
    gain = np.array(means[OURS]) - np.array(means[CHANCE])
    error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else float("nan")
    print(f"gain of our order, mean over the curve: {gain.mean():+.1%} (standard error {error:.1%})")


def draw(found: Sequence[tuple[Case, dict[str, list[list[tuple[int, float]]]]]], file: Path) -> None:
    figure = Figure(figsize=(4.6 * len(found), 3.9), dpi=130, facecolor="#fffdf7", layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (case, curves) in zip(np.atleast_1d(figure.subplots(1, len(found))), found, strict=True):
        steps = np.arange(1, len(case.pool) + 1)
        for order, runs in curves.items():
            table = np.array([[at(points, n) for n in steps] for points in runs])
            axes.plot(steps, table.mean(axis=0), color=COLOUR[order], linewidth=2, label=order)
            low, high = np.quantile(table, (0.1, 0.9), axis=0)
            axes.fill_between(steps, low, high, color=COLOUR[order], alpha=0.15, linewidth=0)
        axes.set_title(case.name, loc="left", fontsize=10.5, fontweight="bold", color=INK)
        axes.set_xlabel("pictures labelled", color=INK)
        axes.set_ylim(None, 1)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.grid(color="#eae5da")
        axes.set_facecolor("#fffdf7")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=GREY)
    np.atleast_1d(figure.axes)[0].set_ylabel("right on what is held out", color=INK)
    np.atleast_1d(figure.axes)[-1].legend(frameon=False, loc="lower right")
    figure.savefig(file)


if __name__ == "__main__":
    main()
