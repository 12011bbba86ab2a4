"""The day in one message: a short text, and a chart of visits by hour and hen."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from coop.domain.event import AnimalSeen, CameraLost, Event, MotionSeen, PredatorSeen
from coop.domain.sighting import Visit
from coop.domain.times import as_utc, day_bounds
from coop.notify import digest_texts, texts
from coop.notify.drawing import legible
from coop.notify.messenger import CAPTION_LIMIT

HEN = "hen"
HOUR = timedelta(hours=1)
WIDTH, HEIGHT, DPI = 1080, 1080, 180
PAPER, INK, GREY = "#fffdf7", "#2b2722", "#9a948a"
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito's colours, which stay apart for colour-blind eyes."""
HENS_SHOWN = len(PALETTE)
NAME_SHOWN = 14
LEAST_TOP = 4
"""The scale reaches at least so many visits, so that one visit does not look like a crowd."""
LISTED = 4
"""How many predators, other animals and cameras a line of the text names."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """``text`` is Telegram's HTML and fits under a picture; ``png`` is ``width`` x ``height`` pixels."""

    text: str
    png: bytes = field(repr=False)
    width: int = WIDTH
    height: int = HEIGHT


def digest(day: date, visits: Sequence[Visit], events: Sequence[Event], zone: tzinfo) -> Digest:
    """The digest of ``day`` in the keeper's ``zone``.

    Visits count on the day they began; others, and events outside the day, are left out here.
    """
    start, end = day_bounds(day, zone)
    today = [visit for visit in visits if start <= visit.began < end]
    happened = [event for event in events if start <= event.time < end]
    hens = [visit for visit in today if visit.kind == HEN]
    png = _chart(day, hens, start, end, zone)
    return Digest(text=_text(day, hens, happened, zone), png=png)


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


# Text


def _text(day: date, hens: Sequence[Visit], events: Sequence[Event], zone: tzinfo) -> str:
    """Title, sum, what went wrong, then a line for each hen as far as a caption reaches."""
    by_hen = _by_hen(hens)
    head = [digest_texts.digest_title(day), digest_texts.digest_summary(len(hens), _count_hens(by_hen))]
    tail = _happenings(events, zone)
    lines: list[str] = []
    for shown, (hen, visits) in enumerate(by_hen.items()):
        line = _hen_line(hen, visits, zone)
        more = digest_texts.digest_more(len(by_hen) - shown)
        if texts.units("\n".join([*head, *lines, line, more, *tail])) > CAPTION_LIMIT:
            lines.append(more)
            break
        lines.append(line)
    return "\n".join([*head, *lines, *tail])


def _by_hen(visits: Iterable[Visit]) -> dict[str, list[Visit]]:
    """Visits by hen, the most frequent visitor first; hens not told apart come last."""
    groups: dict[str, list[Visit]] = {}
    for visit in sorted(visits, key=lambda v: v.began):
        groups.setdefault(visit.subject, []).append(visit)
    order = sorted(groups, key=lambda hen: (hen == HEN, -len(groups[hen]), hen))
    return {hen: groups[hen] for hen in order}


def _count_hens(by_hen: Mapping[str, Sequence[Visit]]) -> int:
    return sum(hen != HEN for hen in by_hen)


def _hen_line(hen: str, visits: Sequence[Visit], zone: tzinfo) -> str:
    length = sum((visit.duration for visit in visits), timedelta())
    first, last = (visits[i].began.astimezone(zone) for i in (0, -1))
    return digest_texts.digest_hen(hen, len(visits), length, first, last)


def _happenings(events: Sequence[Event], zone: tzinfo) -> list[str]:
    predators = [(e.subject, e.time.astimezone(zone)) for e in events if isinstance(e, PredatorSeen)]
    others = Counter(e.subject for e in events if isinstance(e, AnimalSeen)).most_common()
    motion = sum(isinstance(e, MotionSeen) for e in events)
    lost = Counter(e.camera for e in events if isinstance(e, CameraLost)).most_common()
    lines = []
    if predators:
        lines.append(digest_texts.digest_predators(predators[:LISTED], len(predators) - LISTED))
    if others:
        lines.append(digest_texts.digest_others(others[:LISTED], len(others) - LISTED))
    if motion:
        lines.append(digest_texts.digest_motion(motion))
    if lost:
        lines.append(digest_texts.digest_faults(lost[:LISTED], len(lost) - LISTED))
    return lines


# Chart


def _chart(day: date, visits: Sequence[Visit], start: datetime, end: datetime, zone: tzinfo) -> bytes:
    """Bars of visits by local hour, stacked by hen, as PNG."""
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.235, 0.86, 0.59), facecolor=PAPER)
    hours = hours_of(day, zone)
    figure.text(0.04, 0.935, digest_texts.chart_title(day), fontsize=15, fontweight="bold", color=INK)
    hens = len({visit.subject for visit in visits} - {HEN})
    figure.text(0.04, 0.88, digest_texts.digest_summary(len(visits), hens), fontsize=11, color=INK)
    if visits:
        _bars(axes, visits, hours)
        _legend(figure, axes)
    else:
        axes.set_ylim(0, LEAST_TOP)
        axes.text(
            0.5,
            0.5,
            digest_texts.chart_empty(),
            transform=axes.transAxes,
            ha="center",
            fontsize=15,
            color=GREY,
        )
    _hour_axis(axes, hours, zone)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DPI, facecolor=PAPER)
    return data.getvalue()


def _bars(axes: Axes, visits: Sequence[Visit], hours: Sequence[datetime]) -> None:
    """One colour for each hen, the same every day as long as the same hens come; the rest is grey."""
    counted = Counter(visit.subject for visit in visits if visit.subject != HEN)
    names = sorted(hen for hen, _ in counted.most_common(HENS_SHOWN))
    rest = digest_texts.chart_rest(known=bool(names))
    under = np.zeros(len(hours), dtype=np.int64)
    for number, (hen, counts) in enumerate(visits_by_hour(visits, hours, names, rest).items()):
        if not counts.any():
            continue
        colour = PALETTE[number] if hen in names or not names else GREY
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


def _short(name: str) -> str:
    """A name for the legend, where a dollar sign would begin a formula and an underscore hide the entry."""
    plain = legible(name)
    plain = plain if len(plain) <= NAME_SHOWN else plain[: NAME_SHOWN - 1] + "…"
    plain = plain.replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.145),
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
