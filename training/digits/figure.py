"""The ladder drawn: what each rung gets wrong, every seed a dot, beside the reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

Row = tuple[str, float, Sequence[float]]
"""A rung's name, the share that the reference has right, and the share right by seed."""

_PAPER, _INK, _GREY, _DOT = "#fffdf7", "#2b2722", "#8a8378", "#c2410c"
_TICKS = (0.2, 0.3, 0.5, 1, 2, 3, 5, 8, 20, 50, 90)
_LEAST = 0.05  # percent: where none is wrong a logarithm has no place


def draw(rows: Sequence[Row], file: Path) -> None:
    """Write the figure as a PNG: percent wrong, on a logarithmic scale, the first rung on top."""
    figure = Figure(figsize=(7.2, 1.3 + 0.5 * len(rows)), dpi=130, layout="constrained", facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_facecolor(_PAPER)
    for row, (_, reference, right) in enumerate(rows):
        wrong = [max(_LEAST, 100 * (1 - share)) for share in right]
        mean = sum(wrong) / len(wrong)
        axes.plot([100 * (1 - reference)] * 2, [row - 0.3, row + 0.3], color=_GREY, lw=2,
                  label="reference" if row == 0 else None)  # fmt: skip
        axes.plot(wrong, [row] * len(wrong), "o", color=_DOT, alpha=0.55, ms=6, mew=0,
                  label="a seed" if row == 0 else None)  # fmt: skip
        axes.text(mean, row - 0.34, f"{100 - mean:.2f}", color=_INK, fontsize=8, ha="center", va="bottom")
    axes.set_xscale("log")
    seen = [100 * (1 - reference) for _, reference, _ in rows]
    seen += [max(_LEAST, 100 * (1 - share)) for _, _, right in rows for share in right]
    axes.set_xlim(min(seen) / 1.4, max(seen) * 1.4)
    ticks = [tick for tick in _TICKS if min(seen) / 1.4 <= tick <= max(seen) * 1.4]
    axes.set_xticks(ticks, [f"{tick:g} %" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.7)
    axes.set_xlabel("wrong of the test set, after the last epoch; beside the dots the mean share right")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#eae5da")
    axes.set_axisbelow(True)
    figure.savefig(file, facecolor=_PAPER)
