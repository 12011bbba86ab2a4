"""Figures of how a network was learned, which are kept beside the package's report.

They need its weights while these still can be changed, so training draws them (`training.inside`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.report.colours import FAINT, GREY, HEAT, INK, RIGHT, SOFT, SURE, WRONG
from training.report.figures import blank, png, quiet, short

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

ABOUT: Mapping[str, tuple[str, str]] = {
    "course": (
        "How the loss went down",
        "How surprised the network is by the truth, step by step: by the varied pictures it learns from, "
        "and by pictures held out. Where the second line rises again it learns by heart.",
    ),
    "followed": (
        "The same pictures, over the whole training",
        "One row for each of some pictures held out, from the first step (left) to the last: blue where the "
        "network is sure of the truth, orange where it is sure of something else. Rows that stay orange are "
        "worth a look: a wrong label, or a picture unlike all others.",
    ),
    "looked-at": (
        "Where the tuned network looks (Grad-CAM)",
        "Pictures held out, the worst errors first. What keeps its light is where the answer comes from. If "
        "that is the straw and not the hen, pictures of her in other places help.",
    ),
    "landscape": (
        "A slice of the loss landscape",
        "The loss around the tuned network (the cross) where its weights are moved along two chance "
        "directions, every filter by up to its own size. A wide and even valley is a good sign: small "
        "changes cost little.",
    ),
}  # fmt: skip
"""By the name of a figure: its title, and what it shows. In the order in which one reads them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Followed:
    """A run, looked at now and then. ``sure``: (looks, pictures), the probability of the truth."""

    steps: Sequence[int]
    losses: Sequence[float]
    looks: Sequence[int]
    held_losses: Sequence[float]
    sure: Doubles
    labels: Sequence[str]


@dataclass(frozen=True, eq=False, kw_only=True)
class LookedAt:
    """Pictures (n, side, side, 3), RGB, 0 to 255; where the network looked, (n, h, w), 0 to 1; captions."""

    pictures: Floats
    heat: Floats
    captions: Sequence[str]
    right: Sequence[bool]


@dataclass(frozen=True, eq=False, kw_only=True)
class Landscape:
    """The loss on a grid around the trained weights, (k, k). At ``reach`` 1 a filter moves by its size."""

    reach: Doubles
    learned: Doubles
    held: Doubles


def draw_course(run: Followed) -> bytes:
    """The loss of each step, smoothed, and that of pictures held out."""
    figure = blank(6.4, 5.0)
    axes = figure.subplots()
    quiet(axes)
    losses = np.asarray(run.losses, dtype=np.float64)
    width = max(1, len(losses) // 40)
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axes.plot(run.steps, losses, color=SOFT, linewidth=0.5, alpha=0.6)
    axes.plot(run.steps[width - 1 :], smooth, color="#b5813f", linewidth=1.6, label="learned from, varied")
    axes.plot(run.looks, run.held_losses, "o-", color=RIGHT, markersize=3, linewidth=1.6, label="held out")
    axes.set_ylim(0, float(np.percentile([*losses, *run.held_losses], 98)) * 1.1 + 1e-6)
    axes.set_xlabel("step", color=GREY)
    axes.set_ylabel("log loss", color=GREY)
    axes.grid(color=FAINT)
    axes.legend(frameon=False, fontsize=8.5)
    return png(figure)


def draw_followed(run: Followed) -> bytes:
    """A row for each picture held out: how sure the network was of the truth, look by look."""
    sure = np.asarray(run.sure)
    order = np.lexsort((sure.mean(axis=0), sure[-1]))
    figure = blank(6.4, 1.3 + 0.17 * len(order))
    axes = figure.subplots()
    quiet(axes)
    shown = axes.imshow(sure[:, order].T, aspect="auto", cmap=SURE, vmin=0, vmax=1, interpolation="nearest")
    places = sorted({0, len(run.looks) // 2, len(run.looks) - 1})
    axes.set_xticks(places, [str(run.looks[k]) for k in places])
    axes.set_yticks(range(len(order)), [short(run.labels[k], 18) for k in order], fontsize=7)
    axes.set_xlabel("step", color=GREY)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=axes, ticks=[0, 0.5, 1], fraction=0.05, pad=0.02)
    bar.ax.set_yticklabels(["sure of\nanother", "in doubt", "sure of\nthe truth"], fontsize=7.5, color=GREY)
    bar.outline.set_visible(False)
    return png(figure)


def draw_looked_at(seen: LookedAt) -> bytes:
    """Each picture beside itself with what it was answered by made bright."""
    count = len(seen.captions)
    columns = min(3, count)
    rows = -(-count // columns)
    figure = blank(4.2 * columns, 2.5 * rows, dpi=110)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, picture, heat, caption, right in zip(
        grid.flat, seen.pictures, seen.heat, seen.captions, seen.right, strict=False
    ):
        plain = np.clip(picture, 0, 255).astype(np.uint8)
        axes.imshow(np.hstack([plain, lit(plain, heat)]))
        axes.set_title(caption, fontsize=8, color=INK if right else WRONG, loc="left")
    return png(figure)


def lit(picture: npt.NDArray[np.uint8], heat: Floats) -> npt.NDArray[np.uint8]:
    """A picture, RGB, dark and grey but where the network looked, which keeps its light and colour."""
    height, width = picture.shape[:2]
    strength = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    grey = picture.mean(axis=2, keepdims=True) * 0.35
    weight = np.clip(strength, 0, 1)[..., None] ** 0.7
    return np.asarray((grey * (1 - weight) + picture * weight).clip(0, 255), dtype=np.uint8)


def draw_landscape(found: Landscape) -> bytes:
    """The loss around the trained network, of pictures learned from and held out, in one scale."""
    figure = blank(7.4, 3.5)
    lowest = min(float(found.learned.min()), float(found.held.min()))
    # By its logarithm: around a good network the loss rises a hundredfold.
    both = [np.log10(np.maximum(part, 1e-4)) for part in (found.learned, found.held)]
    levels = np.linspace(min(p.min() for p in both), max(p.max() for p in both) + 1e-9, 14)
    shown = None
    for axes, part, name in zip(
        figure.subplots(1, 2, sharey=True), both, ("learned from", "held out"), strict=True
    ):
        quiet(axes)
        shown = axes.contourf(found.reach, found.reach, part, levels=levels, cmap=HEAT)
        axes.contour(found.reach, found.reach, part, levels=levels, colors="white", linewidths=0.4)
        axes.plot(0, 0, "+", color=INK, markersize=11, markeredgewidth=2)
        axes.set_aspect("equal")
        axes.set_xticks([float(found.reach[0]), 0, float(found.reach[-1])])
        axes.set_yticks([float(found.reach[0]), 0, float(found.reach[-1])])
        axes.set_title(name, fontsize=9.5, color=INK)
        axes.set_xlabel("along one direction", color=GREY)
    figure.axes[0].set_ylabel("along another", color=GREY)
    assert shown is not None
    ticks = np.linspace(levels[0], levels[-1], 4)
    bar = figure.colorbar(shown, ax=figure.axes, ticks=ticks, fraction=0.05, pad=0.02)
    bar.ax.set_yticklabels([f"{10**tick:.2g}" for tick in ticks], fontsize=8, color=GREY)
    bar.set_label(f"log loss (least: {lowest:.2g})", color=GREY, fontsize=8.5)
    bar.outline.set_visible(False)
    return png(figure)


def draw_filters(kernels: Floats) -> bytes:
    """The first layer's filters (n, height, width, 3), each in its own scale; grey is nothing."""
    count = min(len(kernels), 64)
    columns = min(16, count)
    rows = -(-count // columns)
    figure = blank(0.42 * columns + 0.3, 0.42 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, kernel in zip(grid.flat, kernels[:count], strict=False):
        axes.imshow(0.5 + 0.5 * kernel / max(float(np.abs(kernel).max()), 1e-9), interpolation="nearest")
    return png(figure)


def kept_figures(folders: Sequence[Path]) -> dict[str, bytes]:
    """The figures that training left in the first of the folders that has any."""
    for folder in folders:
        found = {name: folder / f"{name}.png" for name in ABOUT}
        kept = {name: file.read_bytes() for name, file in found.items() if file.is_file()}
        if kept:
            return kept
    return {}
