"""The figures of a report, each drawn on its own: the page shows them, and they lie beside it as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.metrics import ECE_BINS, Bools, Doubles
from training.report.colours import (
    ACCENT,
    CLASS_COLOURS,
    FAINT,
    GREY,
    HEAT,
    INK,
    MARKERS,
    PAPER,
    SOFT,
    WRONG,
)

_DPI = 130
_MOST_ANSWERS = 24
_MOST_GROUPS = 40
_MOST_COLOURED = 16


def confusion(table: Mapping[str, Mapping[str, int]]) -> bytes:
    """How often each truth (row) got each answer (column): the share of its row, with the number."""
    names = sorted(set(table) | {answer for row in table.values() for answer in row})
    times = {name: sum(table.get(name, {}).values()) for name in names}
    names = sorted(sorted(names, key=lambda name: -times[name])[:_MOST_ANSWERS])
    counts = np.array([[table.get(truth, {}).get(answer, 0) for answer in names] for truth in names])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 1.6 + 0.42 * len(names)
    figure, axes = _figure(max(4.2, side + 0.8), max(3.4, side))
    axes.imshow(np.sqrt(shares), cmap=HEAT, vmin=0, vmax=1)
    for (row, column), n in np.ndenumerate(counts):
        if n:
            shade = "white" if shares[row, column] > 0.4 else INK
            axes.text(column, row, f"{n}", ha="center", va="center", fontsize=8, color=shade)
    axes.set_xticks(range(len(names)), [short(name) for name in names], rotation=45, ha="right")
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.set_xlabel("the model's answer", color=GREY)
    axes.set_ylabel("what it is", color=GREY)
    axes.spines[:].set_visible(False)
    return png(figure)


def by_class(per_class: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Precision and recall of each class."""
    names = list(per_class)
    figure, axes = _figure(6.4, 1.2 + 0.46 * len(names))
    for offset, key, colour in ((-0.19, "precision", SOFT), (0.19, "recall", ACCENT)):
        values = [per_class[name][key] for name in names]
        places = [place + offset for place in range(len(names))]
        axes.barh(places, [value or 0 for value in values], height=0.34, color=colour, label=key)
        for place, value in zip(places, values, strict=True):
            told = "–" if value is None else f"{value:.2f}"
            axes.text((value or 0) + 0.01, place, told, va="center", fontsize=7.5, color=INK)
    labels = [f"{short(name)}  ({per_class[name]['n']})" for name in names]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.12)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel("share", color=GREY)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8.5)
    return png(figure)


def by_group(per_group: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The share right in each group, with its interval; the worst ones where there are many."""
    names = list(per_group)
    if len(names) > _MOST_GROUPS:
        names = sorted(names, key=lambda name: float(per_group[name]["accuracy"]))[:_MOST_GROUPS]
    figure, axes = _figure(6.4, 1.1 + 0.3 * len(names))
    for place, name in enumerate(names):
        low, high = per_group[name]["accuracy_interval"]
        axes.plot([low, high], [place, place], color=SOFT, linewidth=5, solid_capstyle="butt")
        axes.plot(per_group[name]["accuracy"], place, "o", color=ACCENT, markersize=6)
    axes.set_yticks(range(len(names)), [f"{short(name, 28)}  ({per_group[name]['n']})" for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share right (dot), with its 95% interval (bar)", color=GREY)
    axes.grid(axis="x", color=FAINT)
    return png(figure)


def calibration(confidence: Doubles, right: Bools) -> bytes:
    """How often answers of a confidence are right (above), and how many answers have it (below)."""
    figure = blank(5.2, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    which = np.clip((confidence * ECE_BINS).astype(int), 0, ECE_BINS - 1)
    there = [k for k in range(ECE_BINS) if (which == k).any()]
    told = [float(confidence[which == k].mean()) for k in there]
    found = [float(right[which == k].mean()) for k in there]
    above.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="as sure as it is right")
    above.plot(told, found, "-", color=ACCENT, linewidth=1.2)
    sizes = [12 + 160 * float((which == k).mean()) for k in there]
    above.scatter(told, found, s=sizes, color=ACCENT, zorder=3)
    above.set_ylim(-0.03, 1.03)
    above.set_ylabel("share right", color=GREY)
    above.legend(loc="upper left", frameon=False, fontsize=8.5)
    below.hist(confidence, bins=ECE_BINS, range=(0, 1), color="#c9bfa9")
    below.set_xlabel("confidence of the answer", color=GREY)
    below.set_ylabel("pictures", color=GREY)
    for axes in (above, below):
        quiet(axes)
        axes.grid(color=FAINT)
        axes.set_axisbelow(True)
    return png(figure)


def coverage(confidence: Doubles, right: Bools, known: Bools, asked: float | None = None) -> bytes:
    """What calling the unsure ones *unknown* buys: the share right of what is answered still.

    ``asked``: the precision that the limits were chosen for.
    """
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1) / len(order)
    correct = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    figure, axes = _figure(5.2, 3.4)
    axes.plot(answered, correct, color=ACCENT, linewidth=1.6, label="one limit for all classes")
    if asked is not None:
        axes.axhline(
            asked, color=GREY, linestyle="--", linewidth=1, label=f"what they were chosen for: {asked:.0%}"
        )
    if known.any():
        axes.plot(
            float(known.mean()), float(right[known].mean()), "D", color=INK, markersize=7,
            label="the limits that the watch uses",
        )  # fmt: skip
    axes.set_xlim(0, 1.02)
    axes.set_ylim(min(0.5, float(correct.min())) - 0.03, 1.03)
    axes.set_xlabel("share answered, the surest first", color=GREY)
    axes.set_ylabel("share right of them", color=GREY)
    axes.grid(color=FAINT)
    axes.legend(loc="lower left", frameon=False, fontsize=8.5)
    return png(figure)


def embedding_map(embeddings: Doubles, labels: Sequence[str], right: Bools) -> bytes:
    """Pictures where the network puts them, on the two directions in which they differ most (PCA).

    ``embeddings``: (n, d). Colour: what it is. A ring: the answer was wrong.
    """
    centred = embeddings - embeddings.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ directions[:2].T
    if flat.shape[1] < 2:  # fewer directions than two: one picture, or features all alike
        flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    share = float((spread[:2] ** 2).sum() / max(float((spread**2).sum()), 1e-12))
    common = sorted(set(labels), key=lambda name: (-list(labels).count(name), name))
    figure, axes = _figure(6.4, 4.8)
    for number, name in enumerate(common):
        mine = np.array([label == name for label in labels])
        shown = name if number < _MOST_COLOURED else None
        axes.scatter(
            flat[mine, 0], flat[mine, 1], s=18, alpha=0.75, label=shown and short(shown), linewidths=0,
            color=CLASS_COLOURS[number % len(CLASS_COLOURS)] if shown else GREY,
            marker=MARKERS[(number + number // len(CLASS_COLOURS)) % len(MARKERS)],
        )  # fmt: skip
    axes.scatter(flat[~right, 0], flat[~right, 1], s=60, facecolors="none", edgecolors=WRONG, linewidths=1.2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"these two directions hold {share:.0%} of all differences", color=GREY)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8.5)
    return png(figure)


def blank(width: float, height: float, dpi: int = _DPI) -> Figure:
    """An empty figure, in inches."""
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = blank(width, height)
    axes = figure.subplots()
    quiet(axes)
    axes.set_axisbelow(True)
    return figure, axes


def quiet(axes: Axes) -> None:
    """Axes without what need not be there."""
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=INK, labelsize=8.5, length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_fontsize(9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#cfc7b8")


def short(name: str, most: int = 20) -> str:
    """A name that fits beside a figure."""
    return name if len(name) <= most else name[: most - 1] + "…"


def png(figure: Figure) -> bytes:
    """The figure as a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor=PAPER)
    return buffer.getvalue()
