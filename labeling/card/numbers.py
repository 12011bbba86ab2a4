"""The data card in numbers: what a task's pictures are, what is odd about them, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

import numpy as np

from coop.domain.survey import Surveyed
from coop.domain.task import NONE, SKIP, UNSURE, Task, TaskKind, codes_in, counts_in

OUTLIERS_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OfClass:
    """What there is of one class. ``code`` as in labels; `NONE` for pictures of nothing."""

    code: str
    name: str
    colour: str
    pictures: int
    visits: int
    days: int
    cameras: int
    by_hour: tuple[int, ...]
    by_day: Mapping[date, int]
    by_camera: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A picture unlike the others of the task, and in what."""

    picture: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A task's pictures. ``labelled`` leaves out "unsure" and "skip", which are counted apart.

    ``hours`` are those of the coop's day; pictures of which nobody knows the time are in ``undated`` only.
    ``brightness``, ``contrast``, ``side`` (the longer side in pixels): one number for each picture.
    """

    task: str
    title: str
    pictures: int
    labelled: int
    unsure: int
    skipped: int
    visits: int
    days: tuple[date, ...]
    cameras: tuple[str, ...]
    undated: int
    classes: tuple[OfClass, ...]
    by_hour: tuple[int, ...]
    brightness: tuple[float, ...]
    contrast: tuple[float, ...]
    side: tuple[int, ...]
    outliers: tuple[Outlier, ...]

    @property
    def imbalance(self) -> float | None:
        """How many times the pictures of the rarest class the commonest one has; None with fewer than two."""
        counts = [of.pictures for of in self.classes if of.pictures]
        return max(counts) / min(counts) if len(counts) > 1 else None


def data_card(task: Task, lines: Sequence[Surveyed], zone: tzinfo) -> Card:
    """Count what is there. ``zone`` says what an hour is."""
    values = {line.picture: task.today(line.value) if line.value is not None else None for line in lines}
    labelled = [line for line in lines if values[line.picture] not in (None, UNSURE, SKIP)]
    kept = Counter(values.values())
    return Card(
        task=task.name,
        title=task.title or task.name,
        pictures=len(lines),
        labelled=len(labelled),
        unsure=kept[UNSURE],
        skipped=kept[SKIP],
        visits=len({line.visit for line in lines}),
        days=tuple(sorted({line.day for line in lines if line.day is not None})),
        cameras=tuple(sorted({line.camera for line in lines})),
        undated=sum(line.day is None for line in lines),
        classes=_classes(task, labelled, values, zone),
        by_hour=_by_hour(lines, zone),
        brightness=tuple(line.brightness for line in lines),
        contrast=tuple(line.contrast for line in lines),
        side=tuple(max(line.width, line.height) for line in lines),
        outliers=_outliers(lines),
    )


def as_json(card: Card, missing: Sequence[str]) -> dict[str, object]:
    """The card for programs: plain values."""
    return {
        "task": card.task,
        "pictures": card.pictures,
        "labelled": card.labelled,
        "unsure": card.unsure,
        "skipped": card.skipped,
        "visits": card.visits,
        "days": [day.isoformat() for day in card.days],
        "cameras": list(card.cameras),
        "undated": card.undated,
        "imbalance": None if card.imbalance is None else round(card.imbalance, 2),
        "classes": [
            {
                "code": of.code,
                "name": of.name,
                "pictures": of.pictures,
                "visits": of.visits,
                "days": {day.isoformat(): n for day, n in of.by_day.items()},
                "hours": list(of.by_hour),
                "cameras": dict(of.by_camera),
            }
            for of in card.classes
        ],
        "brightness": _quartiles(card.brightness),
        "contrast": _quartiles(card.contrast),
        "longer side": _quartiles(card.side),
        "outliers": [{"picture": odd.picture, "why": odd.why} for odd in card.outliers[:OUTLIERS_SHOWN]],
        "missing": list(missing),
    }


def _classes(
    task: Task, labelled: Sequence[Surveyed], values: Mapping[str, str | None], zone: tzinfo
) -> tuple[OfClass, ...]:
    of_class: dict[str, list[Surveyed]] = {cls.code: [] for cls in task.offered}
    of_class[NONE] = []
    for line in labelled:
        for code in _codes(task, str(values[line.picture])):
            of_class.setdefault(code, []).append(line)
    named = {cls.code: cls for cls in task.classes}
    return tuple(
        OfClass(
            code=code,
            name=named[code].name if code in named else "none",
            colour=named[code].colour if code in named else "#8a8378",
            pictures=len(lines),
            visits=len({line.visit for line in lines}),
            days=len({line.day for line in lines if line.day is not None}),
            cameras=len({line.camera for line in lines}),
            by_hour=_by_hour(lines, zone),
            by_day=dict(sorted(Counter(line.day for line in lines if line.day is not None).items())),
            by_camera=dict(sorted(Counter(line.camera for line in lines).items())),
        )
        for code, lines in of_class.items()
        if code != NONE or lines
    )


def _codes(task: Task, value: str) -> tuple[str, ...]:
    """The classes that a picture counts for; nothing counted is none."""
    codes = (
        tuple(code for code, n in counts_in(value).items() if n)
        if task.kind is TaskKind.COUNT
        else codes_in(value)
    )
    return codes or (NONE,)


def _by_hour(lines: Sequence[Surveyed], zone: tzinfo) -> tuple[int, ...]:
    hours = Counter(line.time.astimezone(zone).hour for line in lines if line.day is not None)
    return tuple(hours[hour] for hour in range(24))


def _outliers(lines: Sequence[Surveyed]) -> tuple[Outlier, ...]:
    """Pictures whose facts lie far outside those of the rest: by the median and its deviation."""
    if len(lines) < 8:
        return ()
    facts = {
        ("darker", "brighter"): np.array([line.brightness for line in lines]),
        ("flatter", "richer in contrast"): np.log1p([line.contrast for line in lines]),
        ("more blurred", "sharper"): np.log1p([line.sharpness for line in lines]),
        ("smaller", "larger"): np.log([max(line.width, line.height) for line in lines]),
        ("narrower", "wider"): np.log([line.width / line.height for line in lines]),
    }
    worst: dict[int, tuple[float, str]] = {}
    for (below, above), numbers in facts.items():
        middle = float(np.median(numbers))
        spread = 1.4826 * float(np.median(np.abs(numbers - middle)))
        if spread < 1e-6:
            continue
        far = (numbers - middle) / spread
        for n in map(int, np.flatnonzero(np.abs(far) > 3.5)):  # the usual bound for such a score
            score = float(abs(far[n]))
            if n not in worst or score > worst[n][0]:
                worst[n] = score, f"{below if far[n] < 0 else above} than the rest"
    ranked = sorted(worst.items(), key=lambda entry: (-entry[1][0], lines[entry[0]].picture))
    return tuple(Outlier(picture=lines[n].picture, why=why) for n, (_, why) in ranked)


def _quartiles(numbers: Sequence[float]) -> dict[str, float]:
    if not numbers:
        return {}
    names = ("least", "quarter", "median", "three quarters", "most")
    return dict(
        zip(names, (round(float(v), 1) for v in np.quantile(numbers, (0, 0.25, 0.5, 0.75, 1))), strict=True)
    )
