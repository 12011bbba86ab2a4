"""The data card as one figure, for the page, the report and the file alike."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from labeling.card.missing import what_is_odd
from labeling.card.numbers import Card, OfClass

PAPER, INK, GREY, FAINT = "#fffdf7", "#2b2722", "#8a8378", "#eae5da"
ACCENT = "#c2410c"
WIDTH, DPI = 11.0, 150
_GAP = 0.72  # inches between two rows, which have titles above and numbers below
_CLASSES_SHOWN = 14
_SENTENCES_SHOWN = 9
_DAYS_SHOWN = 40
_HEAT = LinearSegmentedColormap.from_list("card", [PAPER, "#f3d9b8", "#d9823b", "#8f2d0c"])


def card_png(card: Card, missing: Sequence[str]) -> bytes:
    """The figure as a PNG of 1650 pixels in width."""
    classes = sorted(card.classes, key=lambda of: -of.pictures)[:_CLASSES_SHOWN]
    odd = what_is_odd(card)
    sentences = _sentences([*missing, *([odd] if odd else [])])
    bars = max(4, len(classes))
    lines = sum(sentence.count("\n") + 1 for sentence in sentences)
    heights = [0.62, 0.34 * bars + 0.55, 0.3 * bars + 0.75, 2.0, 0.5 + 0.23 * lines]
    height = sum(heights) + 4 * _GAP + 0.6
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        5, 6, height_ratios=heights, left=0.11, right=0.97, top=1 - 0.25 / height, bottom=0.35 / height,
        hspace=_GAP * 5 / sum(heights), wspace=1.1,
    )  # fmt: skip
    _head(figure.add_subplot(grid[0, :]), card)
    _counts(figure.add_subplot(grid[1, :3]), classes)
    _hours(figure.add_subplot(grid[1, 3:]), card)
    _heat(figure.add_subplot(grid[2, :3]), classes, "by hour of the day", *_hour_table(classes))
    _heat(figure.add_subplot(grid[2, 3:]), classes, *_places(card, classes))
    _spread(figure.add_subplot(grid[3, :2]), card.brightness, "brightness", (0, 255))
    _spread(figure.add_subplot(grid[3, 2:4]), card.contrast, "contrast", (0, 128))
    _spread(figure.add_subplot(grid[3, 4:]), card.side, "longer side in pixels", None)
    _missing(figure.add_subplot(grid[4, :]), sentences)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor=PAPER)
    return buffer.getvalue()


def _head(axes: Axes, card: Card) -> None:
    axes.axis("off")
    axes.text(-0.09, 0.95, card.title, fontsize=21, fontweight="bold", color=INK, va="top")
    days = f"{len(card.days)} day{'s' if len(card.days) != 1 else ''}"
    if card.days:
        days += f" ({card.days[0]}" + (f" to {card.days[-1]})" if len(card.days) > 1 else ")")
    cameras = f"{len(card.cameras)} camera{'s' if len(card.cameras) != 1 else ''}"
    parts = [
        f"{card.labelled:,} of {card.pictures:,} pictures labelled",
        f"{card.visits:,} visits",
        days,
        cameras,
    ]
    if card.unsure or card.skipped:
        parts.append(f"{card.unsure} unsure, {card.skipped} skipped")
    axes.text(-0.09, 0.12, "  ·  ".join(parts), fontsize=10.5, color=GREY, va="bottom")


def _counts(axes: Axes, classes: Sequence[OfClass]) -> None:
    values = [of.pictures for of in classes]
    axes.barh(range(len(classes)), values, color=[of.colour or ACCENT for of in classes], height=0.62)
    most = max([*values, 1])
    for place, of in enumerate(classes):
        told = f"{of.pictures:,}" if of.pictures else "none yet"
        if of.visits:
            told += f"  in {of.visits:,} visit{'s' if of.visits != 1 else ''}"
        axes.text(of.pictures + most * 0.02, place, told, va="center", fontsize=9, color=INK)
    axes.set_xlim(0, most * 1.5)
    _names(axes, classes)
    axes.set_xticks([])
    _title(axes, "pictures of each class")


def _hours(axes: Axes, card: Card) -> None:
    _title(axes, "all pictures by hour of the day")
    if not sum(card.by_hour):
        _nothing(axes, "nobody knows when these were taken")
        return
    hours = np.arange(24)
    axes.bar(hours, card.by_hour, color="#d8cfbd", width=0.8)
    axes.set_xticks(range(0, 24, 3), [f"{hour:02d}" for hour in range(0, 24, 3)])
    axes.set_xlim(-0.7, 23.7)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    _quiet(axes)


def _hour_table(classes: Sequence[OfClass]) -> tuple[np.ndarray, list[str], int]:
    return np.array([of.by_hour for of in classes]), [f"{hour:02d}" for hour in range(24)], 3


def _places(card: Card, classes: Sequence[OfClass]) -> tuple[str, np.ndarray, list[str], int]:
    """By day; by camera where there is one day at most and several cameras."""
    if len(card.days) < 2 and len(card.cameras) > 1:
        table = np.array([[of.by_camera.get(camera, 0) for camera in card.cameras] for of in classes])
        return "by camera", table, list(card.cameras), 1
    days = card.days[-_DAYS_SHOWN:]
    table = np.array([[of.by_day.get(day, 0) for day in days] for of in classes])
    title = "by day" if len(days) == len(card.days) else f"by day, the last {len(days)}"
    return title, table, [f"{day:%d %b}".lstrip("0") for day in days], max(1, len(days) // 6)


def _heat(
    axes: Axes, classes: Sequence[OfClass], title: str, table: np.ndarray, names: Sequence[str], every: int
) -> None:
    _title(axes, title)
    if not table.size or not table.sum():
        _nothing(axes, "nothing labelled with a known time" if "by camera" not in title else "nothing yet")
        return
    # The square root, so that a class of few pictures is seen beside one of many.
    axes.imshow(np.sqrt(table), aspect="auto", cmap=_HEAT, vmin=0, vmax=np.sqrt(max(table.max(), 4)))
    axes.set_xticks(range(0, len(names), every), names[::every])
    _names(axes, classes)
    axes.set_xticks(np.arange(-0.5, len(names)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(classes)), minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    if len(names) <= 24:
        for (row, column), n in np.ndenumerate(table):
            if n:
                shade = "white" if np.sqrt(n) > 0.62 * np.sqrt(table.max()) else INK
                size = 7 if len(names) > 12 else 9
                axes.text(column, row, f"{n}", ha="center", va="center", fontsize=size, color=shade)
    _quiet(axes)
    axes.spines[:].set_visible(False)


def _spread(axes: Axes, numbers: Sequence[float], title: str, limits: tuple[float, float] | None) -> None:
    _title(axes, title)
    if not numbers:
        _nothing(axes, "no pictures")
        return
    values = np.asarray(numbers, dtype=float)
    if limits is None and len(set(values.tolist())) == 1:
        _nothing(axes, f"{values[0]:.0f} for all of them")
        return
    if limits is None:
        low, high = float(values.min()), float(values.max())
        limits = (low * 0.9, high * 1.1 + 1) if high - low > 1 else (low * 0.5, high * 1.5)
    axes.hist(np.clip(values, *limits), bins=32, range=limits, color="#c9bfa9")
    axes.axvline(float(np.median(values)), color=ACCENT, linewidth=1.6)
    axes.text(
        float(np.median(values)), 1.0, f" {np.median(values):.0f}", color=ACCENT, fontsize=8.5, va="top",
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
    axes.set_xlim(*limits)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    _quiet(axes)


def _missing(axes: Axes, sentences: Sequence[str]) -> None:
    axes.axis("off")
    axes.text(
        -0.09, 1.0, "What is missing, what is odd", fontsize=11, fontweight="bold", color=INK, va="top",
        transform=axes.transAxes,
    )  # fmt: skip
    text = "\n".join(f"•  {sentence}" for sentence in sentences) if sentences else "Nothing that can be seen."
    axes.text(
        -0.09, 0.84 if len(sentences) > 2 else 0.7, text, fontsize=9.5, color=INK, va="top", linespacing=1.5,
        transform=axes.transAxes,
    )  # fmt: skip


def _sentences(missing: Sequence[str]) -> list[str]:
    shown = [fill(sentence, 125, subsequent_indent="    ") for sentence in missing[:_SENTENCES_SHOWN]]
    rest = len(missing) - len(shown)
    return [*shown, f"And {rest} more."] if rest > 0 else shown


def _names(axes: Axes, classes: Sequence[OfClass]) -> None:
    axes.set_yticks(range(len(classes)), [_short(of.name) for of in classes])
    axes.set_ylim(len(classes) - 0.5, -0.5)
    _quiet(axes)
    axes.spines["bottom"].set_visible(False)


def _short(name: str) -> str:
    return name if len(name) <= 16 else name[:15] + "…"


def _title(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=8)


def _quiet(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#cfc7b8")


def _nothing(axes: Axes, why: str) -> None:
    axes.set_facecolor(PAPER)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(FAINT)
    axes.text(0.5, 0.5, why, ha="center", va="center", fontsize=9, color=GREY, transform=axes.transAxes)
