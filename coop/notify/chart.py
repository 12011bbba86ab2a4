"""The digest's picture: the best picture of the day, visits by hour and hen, eggs by hen."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageOps, UnidentifiedImageError

from coop.domain.egg import HenEggs
from coop.domain.sighting import Visit
from coop.domain.times import as_utc, day_bounds
from coop.notify import digest_texts
from coop.notify.drawing import legible
from coop.notify.languages import number, week_day
from coop.notify.texts import kind_name

HEN = "hen"
NO_NAMES = {HEN, "stranger"}
"""Subjects of hens' visits that are no hen of the flock."""
HOUR = timedelta(hours=1)
WIDTH, DPI = 1080, 180
CHART = 1080
"""Pixels that the chart of visits is high, its title included."""
PHOTO = 608
ROW, ROWS, HEADING = 54, 10, 100
"""Pixels of a line of the eggs, how many lines there are at most, and pixels of their heading."""
PAPER, INK, GREY, YOLK = "#fffdf7", "#2b2722", "#9a948a", "#F2A900"
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito's colours, which stay apart for colour-blind eyes."""
HENS_SHOWN = len(PALETTE)
NAME_SHOWN = 14
LEAST_TOP = 4
"""The scale reaches at least so many visits, so that one visit does not look like a crowd."""
WORTH_SHOWING = 0.05


def day_picture(
    day: date,
    visits: Sequence[Visit],
    zone: tzinfo,
    *,
    eggs: Sequence[HenEggs] = (),
    found: int | None = None,
    best: bytes | None = None,
) -> bytes:
    """A day as PNG: what is known of it, from top to bottom."""
    layers = [by for by in eggs if by.expected >= WORTH_SHOWING][:ROWS]
    photo = _opened(best) if best is not None else None
    parts = [
        ("photo", PHOTO if photo is not None else 0),
        ("chart", CHART),
        ("eggs", HEADING + ROW * max(1, len(layers)) if found is not None else 0),
    ]
    page = _Page(parts)
    if photo is not None:
        _photo(page, photo)
    _day_chart(page, day, visits, zone)
    if found is not None:
        _eggs(page, "eggs", digest_texts.eggs_of(found), layers)
    return page.png()


def week_picture(
    days: Sequence[date],
    visits: Sequence[Visit],
    zone: tzinfo,
    *,
    eggs: Sequence[HenEggs] = (),
    found: Mapping[date, int] | None = None,
) -> bytes:
    """A week as PNG: visits by day and hen, eggs by day and by hen."""
    layers = [by for by in eggs if by.expected >= WORTH_SHOWING][:ROWS]
    named = Counter(visit.subject for visit in visits)
    rows = sorted(named, key=lambda hen: (hen == HEN, -named[hen], hen))[:14]
    parts = [
        ("title", 150),
        ("grid", 110 + ROW * max(1, len(rows))),
        ("days", 420 if found is not None else 0),
        ("eggs", HEADING + ROW * max(1, len(layers)) if found is not None else 0),
    ]
    page = _Page(parts)
    title = digest_texts.week_title(days[0], days[-1])
    page.text("title", 0.04, 0.62, title, size=15, bold=True)
    hens = len(set(named) - NO_NAMES)
    page.text("title", 0.04, 0.2, digest_texts.digest_summary(len(visits), hens), size=11)
    _grid(page, days, visits, rows, zone)
    if found is not None:
        _egg_days(page, days, found)
        _eggs(page, "eggs", digest_texts.eggs_by_hen(), layers)
    return page.png()


def png_height(png: bytes) -> int:
    with Image.open(io.BytesIO(png)) as image:
        return image.height


class _Page:
    """A figure of parts below one another, each addressed by its name in shares of its own box."""

    def __init__(self, parts: Sequence[tuple[str, int]]) -> None:
        self.height = sum(pixels for _, pixels in parts)
        self.figure = Figure(figsize=(WIDTH / DPI, self.height / DPI), dpi=DPI, facecolor=PAPER)
        FigureCanvasAgg(self.figure)
        self._parts: dict[str, _Part] = {}
        top = self.height
        for name, pixels in parts:
            self._parts[name] = _Part(bottom=top - pixels, pixels=pixels)
            top -= pixels

    def axes(self, part: str, left: float, bottom: float, width: float, height: float) -> Axes:
        box = self._parts[part]
        at = left, self._y(box, bottom), width, height * box.pixels / self.height
        return self.figure.add_axes(at, facecolor=PAPER)

    def text(self, part: str, x: float, y: float, words: str, *, size: float, bold: bool = False) -> None:
        weight = "bold" if bold else "normal"
        height = self._y(self._parts[part], y)
        self.figure.text(x, height, _plain(words), fontsize=size, fontweight=weight, color=INK)

    def y(self, part: str, y: float) -> float:
        """A height within a part as a share of the whole figure."""
        return self._y(self._parts[part], y)

    def _y(self, box: _Part, share: float) -> float:
        return (box.bottom + share * box.pixels) / self.height

    def png(self) -> bytes:
        data = io.BytesIO()
        self.figure.savefig(data, format="png", dpi=DPI, facecolor=PAPER)
        return data.getvalue()


@dataclass(frozen=True)
class _Part:
    bottom: int
    pixels: int


def hours_of(day: date, zone: tzinfo) -> tuple[datetime, ...]:
    """The first moments (UTC) of the hours of a local day: 24 of them, 23 or 25 where the clock changes."""
    start, end = day_bounds(day, zone)
    count = -(-(end - start) // HOUR)
    return tuple(start + HOUR * number for number in range(count))


def visits_by_hour(
    visits: Iterable[Visit], hours: Sequence[datetime], names: Sequence[str], rest: str
) -> Mapping[str, np.ndarray]:
    """How many visits began in each hour, by hen; hens that are not in ``names`` count for ``rest``."""
    counts = {name: np.zeros(len(hours), dtype=np.int64) for name in (*names, rest)}
    for visit in visits:
        hour = (as_utc(visit.began) - hours[0]) // HOUR
        counts[visit.subject if visit.subject in names else rest][hour] += 1
    return counts


def _opened(encoded: bytes) -> Image.Image | None:
    """A picture that can be shown; one that a full disk cut short is left out."""
    try:
        return Image.open(io.BytesIO(encoded)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return None


def _photo(page: _Page, image: Image.Image) -> None:
    """The best picture, filling its part from side to side."""
    axes = page.axes("photo", 0, 0, 1, 1)
    axes.set_axis_off()
    fitted = ImageOps.fit(image, (WIDTH, PHOTO), Image.Resampling.LANCZOS)
    axes.imshow(np.asarray(fitted), aspect="auto", interpolation="none")


def _day_chart(page: _Page, day: date, visits: Sequence[Visit], zone: tzinfo) -> None:
    """Bars of visits by local hour, stacked by hen."""
    page.text("chart", 0.04, 0.935, digest_texts.chart_title(day), size=15, bold=True)
    hens = len({visit.subject for visit in visits} - NO_NAMES)
    page.text("chart", 0.04, 0.88, digest_texts.digest_summary(len(visits), hens), size=11)
    axes = page.axes("chart", 0.1, 0.235, 0.86, 0.59)
    hours = hours_of(day, zone)
    if visits:
        _bars(axes, visits, hours)
        _legend(page, axes)
    else:
        axes.set_ylim(0, LEAST_TOP)
        where = axes.transAxes
        axes.text(0.5, 0.5, digest_texts.chart_empty(), transform=where, ha="center", fontsize=15, color=GREY)
    _hour_axis(axes, hours, zone)


def _eggs(page: _Page, part: str, title: str, eggs: Sequence[HenEggs]) -> None:
    """A bar for each hen: the expected number of her eggs, with the middle 90% of what is possible."""
    height = HEADING + ROW * max(1, len(eggs))
    page.text(part, 0.04, 1 - 44 / height, title, size=13, bold=True)
    if not eggs:
        return
    axes = page.axes(part, 0.28, 16 / height, 0.6, ROW * len(eggs) / height)
    middle = np.arange(len(eggs))
    expected = np.array([one.expected for one in eggs])
    low, high = np.array([one.low for one in eggs]), np.array([one.high for one in eggs])
    axes.barh(middle, expected, height=0.62, color=YOLK)
    spread = np.vstack([np.maximum(0, expected - low), np.maximum(0, high - expected)])
    axes.errorbar(expected, middle, xerr=spread, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    axes.set_yticks(middle, [_short(one.hen) for one in eggs])
    axes.invert_yaxis()
    axes.set_xlim(0, max(1.0, float(np.maximum(expected, high).max())) * 1.15)
    for row, one in enumerate(eggs):
        at = max(one.expected, one.high)
        axes.annotate(
            number(one.expected, 1), (at, row), (8, 0), textcoords="offset points", va="center", color=INK
        )
    axes.tick_params(labelsize=11, colors=INK, length=0)
    axes.set_xticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def _grid(
    page: _Page, days: Sequence[date], visits: Sequence[Visit], hens: Sequence[str], zone: tzinfo
) -> None:
    """How often each hen came on each day: a square for each, the darker the more."""
    if not hens:
        page.text("grid", 0.04, 0.4, digest_texts.chart_empty(), size=13)
        return
    counts = np.zeros((len(hens), len(days)), dtype=np.int64)
    for visit in visits:
        day = visit.began.astimezone(zone).date()
        if day in days and visit.subject in hens:
            counts[hens.index(visit.subject), days.index(day)] += 1
    height = 110 + ROW * len(hens)
    axes = page.axes("grid", 0.28, 80 / height, 0.68, ROW * len(hens) / height)
    axes.imshow(counts, cmap="YlGn", aspect="auto", vmin=0, vmax=max(LEAST_TOP, int(counts.max()) * 1.4))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, number(int(count)), ha="center", va="center", fontsize=10, color=INK)
    names = [digest_texts.hens_unnamed() if hen == HEN else _short(hen) for hen in hens]
    axes.set_yticks(range(len(hens)), names)
    axes.set_xticks(range(len(days)), [f"{week_day(day)}\n{day.day}" for day in days])
    axes.tick_params(labelsize=11, colors=INK, length=0)
    axes.set_xticks(np.arange(-0.5, len(days)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(hens)), minor=True)
    axes.grid(which="minor", color=PAPER, linewidth=2)
    axes.tick_params(which="minor", length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _egg_days(page: _Page, days: Sequence[date], found: Mapping[date, int]) -> None:
    """Eggs found on each day."""
    counts = [found.get(day, 0) for day in days]
    page.text("days", 0.04, 0.88, digest_texts.eggs_of(sum(counts)), size=13, bold=True)
    axes = page.axes("days", 0.28, 0.22, 0.68, 0.55)
    axes.bar(range(len(days)), counts, width=0.7, color=YOLK)
    for column, count in enumerate(counts):
        axes.annotate(
            number(count), (column, count), (0, 3), textcoords="offset points", ha="center", color=INK
        )
    axes.set_xlim(-0.5, len(days) - 0.5)
    axes.set_ylim(0, max(LEAST_TOP, max(counts, default=0)) * 1.2)
    axes.set_xticks(range(len(days)), [week_day(day) for day in days])
    axes.set_yticks([])
    axes.tick_params(labelsize=11, colors=INK, length=0)
    for name, side in axes.spines.items():
        side.set_visible(name == "bottom")
        side.set_color(GREY)


def _plain(words: str) -> str:
    return words.replace("$", r"\$")


def _bars(axes: Axes, visits: Sequence[Visit], hours: Sequence[datetime]) -> None:
    """One colour for each hen, the same every day as long as the same hens come; the rest is grey."""
    counted = Counter(visit.subject for visit in visits if visit.subject != HEN)
    names = sorted(hen for hen, _ in counted.most_common(HENS_SHOWN))
    rest = _rest({visit.subject for visit in visits}.difference(names), known=bool(names))
    under = np.zeros(len(hours), dtype=np.int64)
    for place, (hen, counts) in enumerate(visits_by_hour(visits, hours, names, rest).items()):
        if not counts.any():
            continue
        colour = PALETTE[place] if hen in names or not names else GREY
        label = _short(hen)
        middle = np.arange(len(hours)) + 0.5
        axes.bar(
            middle,
            counts,
            bottom=under,
            width=0.86,
            color=colour,
            label=label,
            edgecolor=PAPER,
            linewidth=0.8,
        )
        under += counts
    axes.set_ylim(0, max(LEAST_TOP, int(under.max()) * 1.05))


def _rest(left: Collection[str], *, known: bool) -> str:
    """What those are called that have no colour of their own; one hen alone by her name."""
    if known and len(left) == 1 and HEN not in left:
        return next(iter(left))
    return digest_texts.chart_rest(known=known)


def _short(name: str) -> str:
    """A name for a legend, where a dollar sign would begin a formula and an underscore hide the entry."""
    plain = legible(kind_name(name) if name in NO_NAMES - {HEN} else name)
    plain = plain if len(plain) <= NAME_SHOWN else plain[: NAME_SHOWN - 1] + "…"
    plain = plain.replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


def _legend(page: _Page, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    page.figure.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, page.y("chart", 0.145)),
        ncols=min(len(labels), 4 if max(map(len, labels)) < NAME_SHOWN - 4 else 3),
        frameon=False,
        fontsize=11,
        labelcolor=INK,
        handlelength=1.0,
        handleheight=1.0,
        columnspacing=1.2,
        handletextpad=0.4,
    )


def _hour_axis(axes: Axes, hours: Sequence[datetime], zone: tzinfo) -> None:
    """Ticks stand at the hours' beginnings; every third hour is named as the keeper's clock shows it."""
    axes.set_xlim(0, len(hours))
    local = [hour.astimezone(zone).hour for hour in hours]
    named = [i for i, hour in enumerate(local) if hour % 3 == 0 and (i == 0 or local[i - 1] != hour)]
    axes.set_xticks([*named, len(hours)], [*(f"{local[i]}" for i in named), "24"])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.tick_params(labelsize=11, colors=INK, length=0)
    axes.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    axes.set_xlabel(digest_texts.chart_hours(), fontsize=11, color=INK, labelpad=4)
    axes.set_ylabel(digest_texts.chart_visits(), fontsize=11, color=INK)
