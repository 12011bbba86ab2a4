"""The picture of a search: how each trial did, one after the other and by what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.report.colours import ACCENT, GREY, INK, PAPER, RIGHT
from training.search import Tried

_LOGARITHMIC = ("rate", "head_rate", "decay")


def draw_trials(trials: Sequence[Tried], usual: float, file: Path) -> None:
    """Write a PNG: log loss by trial, and by each setting; the line is that of the usual settings."""
    done = [trial for trial in trials if trial.loss is not None]
    names = sorted({name for trial in done for name in trial.settings})
    figure = Figure(figsize=(3.4 * (1 + len(names)), 3.4), dpi=130, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    row = figure.subplots(1, 1 + len(names), sharey=True, squeeze=False)[0]
    _one_by_one(row[0], trials)
    losses = [trial.loss for trial in done]
    best = min(done, key=lambda trial: trial.loss or 0.0, default=None)
    for axes, name in zip(row[1:], names, strict=True):
        axes.scatter([trial.settings[name] for trial in done], losses, s=24, color=INK, alpha=0.7)
        if best is not None:
            axes.scatter([best.settings[name]], [best.loss], s=60, color=RIGHT, zorder=3)
        if name in _LOGARITHMIC:
            axes.set_xscale("log")
        axes.set_xlabel(name.replace("_", " "), color=GREY)
    for axes in row:
        axes.set_facecolor(PAPER)
        axes.spines[["top", "right"]].set_visible(False)
        axes.axhline(usual, color=ACCENT, linewidth=1, linestyle="--", label="usual settings")
    row[0].legend(frameon=False, fontsize=8)
    row[0].set_ylabel("log loss on groups held out", color=GREY)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png")


def _one_by_one(axes: Axes, trials: Sequence[Tried]) -> None:
    done = [(trial.number + 1, trial.loss) for trial in trials if trial.loss is not None]
    if done:
        numbers, losses = zip(*done, strict=True)
        axes.scatter(numbers, losses, s=24, color=INK, label="tried to the end")
        so_far = [min(losses[: k + 1]) for k in range(len(losses))]
        axes.step(numbers, so_far, where="post", color=RIGHT, label="best so far")
        top = max(losses)
        early = [trial.number + 1 for trial in trials if trial.pruned]
        axes.scatter(early, [top] * len(early), s=28, marker="x", color=GREY, label="stopped early")
    axes.set_xlabel("trial", color=GREY)
