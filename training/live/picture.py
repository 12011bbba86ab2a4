"""One picture of a run, in the manner of Martin Görner's demonstration: six views and a strip of answers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.live.course import MOST_SHOWN, PERCENTILES, Doubles, Floats, Seen
from training.report.colours import ACCENT, FAINT, GREY, INK, PAPER, RIGHT, SOFT, SURE, WRONG
from training.report.learning import lit

WIDTH, HEIGHT = 1600, 960
"""Pixels; even, as films want it."""
_DPI = 100
_COLUMNS = 6
_TILE = 110
_EDGE = 5
_BANDS = ("#f1dcc4", "#e0b184", "#cf7f3f")


def draw(seen: Seen) -> npt.NDArray[np.uint8]:
    """The picture, RGB (HEIGHT, WIDTH, 3)."""
    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor=PAPER, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(_headline(seen), fontsize=15, color=INK, x=0.012, ha="left")
    grid = figure.add_gridspec(3, 3, height_ratios=(4, 4, 1.5))
    _accuracy(figure.add_subplot(grid[0, 0]), seen)
    _loss(figure.add_subplot(grid[0, 1]), seen)
    _tiles(figure.add_subplot(grid[0, 2]), "Training pictures, as the network gets them", *_training(seen))
    _spread(figure.add_subplot(grid[1, 0]), "Weights", seen, seen.weights)
    _spread(figure.add_subplot(grid[1, 1]), "Biases", seen, seen.biases)
    _tiles(
        figure.add_subplot(grid[1, 2]),
        "Held out: errors first (orange); lit: where it looks",
        *_held(seen),
    )
    _followed(figure.add_subplot(grid[2, :]), seen)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """The picture as a file."""
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def _headline(seen: Seen) -> str:
    done = seen.steps[-1] if seen.steps else 0
    state = "done" if seen.ended else f"step {done} of {seen.total}"
    if not seen.accuracies:
        return f"{seen.title}: {state}"
    return (
        f"{seen.title}: {state}, {seen.accuracies[-1]:.1%} of {len(seen.held)} pictures held out right, "
        f"loss {seen.held_losses[-1]:.3f}"
    )


def _accuracy(axes: Axes, seen: Seen) -> None:
    _plain(axes, "Right, of the pictures held out, by step")
    axes.plot(seen.looks, seen.accuracies, color=ACCENT, label="held out")
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.linspace(0, 1, 6), [f"{share:.0%}" for share in np.linspace(0, 1, 6)])
    axes.set_xlim(0, max(seen.total, 1))
    if seen.accuracies:
        _last(axes, seen.looks[-1], seen.accuracies[-1], f"{seen.accuracies[-1]:.1%}")


def _loss(axes: Axes, seen: Seen) -> None:
    _plain(axes, "Log loss, by step")
    axes.plot(seen.steps, seen.losses, color=SOFT, linewidth=0.8, label="training, each step")
    axes.plot(seen.looks, seen.held_losses, color=ACCENT, label="held out")
    axes.set_xlim(0, max(seen.total, 1))
    highest = np.percentile([*seen.losses, *seen.held_losses, 0.1], 98)
    axes.set_ylim(0, float(highest) * 1.15)
    axes.legend(frameon=False, fontsize=8, loc="upper right", labelcolor=GREY)


def _spread(axes: Axes, title: str, seen: Seen, spreads: Sequence[Doubles]) -> None:
    """The percentiles as bands; the outermost one as lines, since single numbers go far out."""
    _plain(axes, f"{title}: how they are spread, by step")
    if not spreads:
        return
    rows = np.stack(spreads)
    half = len(PERCENTILES) // 2
    for k, colour in zip(range(half), _BANDS, strict=True):
        label = f"{PERCENTILES[k]}% to {PERCENTILES[-1 - k]}%"
        axes.fill_between(seen.looks, rows[:, k], rows[:, -1 - k], color=colour, linewidth=0, label=label)
    axes.plot(seen.looks, rows[:, half], color=INK, linewidth=1, label="median")
    limit = float(np.abs(rows[:, [1, -2]]).max()) * 2.5 + 1e-6
    axes.set_ylim(max(-limit, float(rows.min())), min(limit, float(rows.max())))
    axes.set_xlim(0, max(seen.total, 1))
    axes.legend(frameon=False, fontsize=7, loc="upper left", ncols=2, labelcolor=GREY)


def _training(seen: Seen) -> tuple[list[Floats], list[str]]:
    if seen.batch is None:
        return [], []
    pictures, _, _ = seen.batch
    return [np.asarray(p) for p in pictures], [GREY] * len(pictures)


def _held(seen: Seen) -> tuple[list[Floats], list[str]]:
    tiles, colours = [], []
    for place, number in enumerate(seen.errors_first[:MOST_SHOWN]):
        picture = seen.held[number]
        if seen.heat is not None:
            picture = lit(np.clip(picture, 0, 255).astype(np.uint8), seen.heat[place]).astype(np.float32)
        tiles.append(picture)
        colours.append(RIGHT if seen.right(number) else WRONG)
    return tiles, colours


def _tiles(axes: Axes, title: str, pictures: Sequence[Floats], colours: Sequence[str]) -> None:
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.axis("off")
    axes.set_anchor("NW")
    paper = [int(PAPER[n : n + 2], 16) for n in (1, 3, 5)]
    sheet = np.full((MOST_SHOWN // _COLUMNS * _TILE, _COLUMNS * _TILE, 3), paper, dtype=np.uint8)
    for k, (picture, colour) in enumerate(zip(pictures[:MOST_SHOWN], colours, strict=False)):
        y, x = k // _COLUMNS * _TILE, k % _COLUMNS * _TILE
        side = _TILE - 2
        small = cv2.resize(
            np.clip(picture, 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA
        )
        edge = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
        cv2.rectangle(small, (0, 0), (side - 1, side - 1), edge, _EDGE)
        sheet[y : y + side, x : x + side] = small
    axes.imshow(sheet, aspect="equal", interpolation="nearest")


def _followed(axes: Axes, seen: Seen) -> None:
    """A row for each of some pictures held out, from left to right as the run goes: how sure of the truth."""
    _plain(
        axes,
        "Pictures held out, one a row, over the run: blue is sure of the truth, orange of another answer",
    )
    axes.grid(visible=False)
    axes.set_yticks([])
    if seen.followed:
        rows = np.stack(seen.followed, axis=1)
        order = np.argsort(rows.mean(axis=1))
        axes.imshow(
            rows[order], aspect="auto", cmap=SURE, vmin=0, vmax=1, interpolation="nearest",
            extent=(0, seen.looks[-1], 0, len(rows)),
        )  # fmt: skip
        axes.set_xlim(0, max(seen.total, 1))


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_facecolor(PAPER)
    axes.grid(color=FAINT)
    axes.set_axisbelow(True)
    axes.tick_params(colors=GREY, labelsize=8)
    axes.spines[:].set_color(FAINT)


def _last(axes: Axes, x: float, y: float, told: str) -> None:
    axes.annotate(
        told, (x, y), textcoords="offset points", xytext=(0, -14), ha="right", color=ACCENT, fontsize=10
    )
