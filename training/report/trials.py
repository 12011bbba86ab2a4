"""The picture of a search: how each trial did, one after the other and by what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from training.report.colours import ACCENT, GREY, INK, RIGHT
from training.report.figures import blank, png, quiet
from training.search import Tried

_LOGARITHMIC = ("rate", "head_rate", "decay")
_COLUMNS = 4
_SIDE = 3.1  # inches of a panel
_NARROWEST = 8  # ratio of the ends of a logarithmic axis
_STEPS = ((10, (1, 2, 5)), (100, (1, 3)))
"""Up to which ratio of the ends of a logarithmic axis which numbers are named of each power of ten."""


def draw_trials(trials: Sequence[Tried], usual: float, file: Path) -> None:
    """Write the picture as a PNG. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(png(drawn_trials(trials, usual)))
    part.replace(file)


def drawn_trials(trials: Sequence[Tried], usual: float) -> Figure:
    """Log loss by trial, and by each setting; the line is that of the usual settings."""
    done = [trial for trial in trials if trial.loss is not None]
    names = sorted({name for trial in done for name in trial.settings})
    columns = min(_COLUMNS, 1 + len(names))
    rows = -(-(1 + len(names)) // columns)
    figure = blank(_SIDE * columns + 0.4, _SIDE * rows + 0.4)
    panels = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    for axes in panels[1 + len(names) :]:
        axes.remove()
    panels = panels[: 1 + len(names)]
    for axes in panels:
        quiet(axes)
        axes.axhline(usual, color=ACCENT, linewidth=1, linestyle="--", label="usual settings")
    _one_by_one(panels[0], trials)
    for axes, name in zip(panels[1:], names, strict=True):
        _by_setting(axes, name, done)
    for axes in panels[::columns]:
        axes.set_ylabel("log loss on groups held out", color=GREY)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False,
                  fontsize=8.5)  # fmt: skip
    return figure


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


def _by_setting(axes: Axes, name: str, done: Sequence[Tried]) -> None:
    values = np.array([trial.settings[name] for trial in done])
    losses = np.array([trial.loss for trial in done], dtype=np.float64)
    axes.scatter(values, losses, s=24, color=INK, alpha=0.7)
    best = losses.argmin()
    axes.scatter(values[best], losses[best], s=60, color=RIGHT, zorder=3)
    axes.set_xlabel(name.replace("_", " "), color=GREY)
    if name not in _LOGARITHMIC:
        axes.xaxis.set_major_locator(MaxNLocator(5))
        return
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high / low < _NARROWEST:  # a few trials side by side, between two numbers that are worth a name
        middle, half = np.sqrt(low * high), np.sqrt(_NARROWEST)
        low, high = axes.set_xlim(middle / half, middle * half)
    named = next((numbers for most, numbers in _STEPS if high / low <= most), (1,))
    axes.xaxis.set_major_locator(LogLocator(subs=named))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: np.format_float_positional(v, trim="-")))
