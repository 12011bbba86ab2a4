"""The day in one message: a short text, and a chart of visits by hour and hen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo

from coop.domain.egg import HenEggs
from coop.domain.event import (
    AnimalSeen,
    CameraLost,
    EggGone,
    Event,
    FlockComplete,
    FlockIncomplete,
    MotionSeen,
    PictureBad,
    PredatorSeen,
    StrangerSeen,
)
from coop.domain.sighting import Visit
from coop.domain.times import day_bounds, local_day
from coop.notify import digest_texts, egg_texts, texts
from coop.notify.chart import HEN, NO_NAMES, day_picture, png_height, week_picture
from coop.notify.messenger import CAPTION_LIMIT

WIDTH, HEIGHT = 1080, 1080
LISTED = 4
"""How many predators, other animals and cameras a line of the text names."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """``text`` is Telegram's HTML and fits under a picture; ``png`` is ``width`` x ``height`` pixels."""

    text: str
    png: bytes = field(repr=False)
    width: int = WIDTH
    height: int = HEIGHT


def digest(
    day: date,
    visits: Sequence[Visit],
    events: Sequence[Event],
    zone: tzinfo,
    *,
    eggs: Sequence[HenEggs] = (),
    found: int | None = None,
    best: bytes | None = None,
) -> Digest:
    """The digest of ``day`` in the keeper's ``zone``.

    Visits count on the day they began; others, and events outside the day, are left out here. ``found`` eggs
    were found (None: no nest is watched), ``eggs`` says by whom, the hen with most first. ``best`` is the
    encoded picture of the day.
    """
    start, end = day_bounds(day, zone)
    today = [visit for visit in visits if start <= visit.began < end]
    happened = [event for event in events if start <= event.time < end]
    hens = [visit for visit in today if visit.kind == HEN]
    png = day_picture(day, hens, zone, eggs=eggs, found=found, best=best)
    return Digest(text=_text(day, hens, happened, zone, eggs, found), png=png, height=png_height(png))


def week_digest(
    days: Sequence[date],
    visits: Sequence[Visit],
    events: Sequence[Event],
    zone: tzinfo,
    *,
    eggs: Sequence[HenEggs] = (),
    found: Mapping[date, int] | None = None,
) -> Digest:
    """The digest of days in a row. ``found``: eggs by day; None: no nest is watched."""
    hens = [visit for visit in visits if visit.kind == HEN]
    named = len({visit.subject for visit in hens} - NO_NAMES)
    lines = [digest_texts.week_heading(days[0], days[-1]), digest_texts.digest_summary(len(hens), named)]
    if found is not None:
        lines.append(egg_texts.digest_eggs(sum(found.values()), eggs))
    lines += _happenings(events, zone, dated=True)
    png = week_picture(days, hens, zone, eggs=eggs, found=found)
    return Digest(text="\n".join(lines), png=png, height=png_height(png))


# Text


def _text(
    day: date,
    hens: Sequence[Visit],
    events: Sequence[Event],
    zone: tzinfo,
    eggs: Sequence[HenEggs],
    found: int | None,
) -> str:
    """Title, sum, eggs, what went wrong, then a line for each hen as far as a caption reaches."""
    by_hen = _by_hen(hens)
    head = [digest_texts.digest_title(day), digest_texts.digest_summary(len(hens), _count_hens(by_hen))]
    if found is not None:
        head.append(egg_texts.digest_eggs(found, eggs))
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
    return len(by_hen.keys() - NO_NAMES)


def _hen_line(hen: str, visits: Sequence[Visit], zone: tzinfo) -> str:
    length = sum((visit.duration for visit in visits), timedelta())
    first, last = (visits[i].began.astimezone(zone) for i in (0, -1))
    return digest_texts.digest_hen(hen, len(visits), length, first, last)


def _happenings(events: Sequence[Event], zone: tzinfo, *, dated: bool = False) -> list[str]:
    """A line for each sort of thing that is out of the ordinary."""
    predators = [(e.subject, e.time.astimezone(zone)) for e in events if isinstance(e, PredatorSeen)]
    others = Counter(e.subject for e in events if isinstance(e, AnimalSeen)).most_common()
    motion = sum(isinstance(e, MotionSeen) for e in events)
    lost = Counter(e.camera for e in events if isinstance(e, CameraLost)).most_common()
    strangers = [e.time.astimezone(zone) for e in events if isinstance(e, StrangerSeen)]
    gone = sum(e.count for e in events if isinstance(e, EggGone) and not e.unseen)
    bad = Counter((e.camera, e.fault) for e in events if isinstance(e, PictureBad)).most_common()
    lines = []
    if predators:
        more = len(predators) - LISTED
        lines.append(digest_texts.digest_predators(predators[:LISTED], more, dated=dated))
    if gone:
        lines.append(digest_texts.digest_gone(gone))
    if strangers:
        more = len(strangers) - LISTED
        lines.append(digest_texts.digest_strangers(strangers[:LISTED], more, dated=dated))
    if missing := _missing(events, zone):
        lines.append(digest_texts.digest_missing(missing[-LISTED:], dated=dated))
    if others:
        lines.append(digest_texts.digest_others(others[:LISTED], len(others) - LISTED))
    if motion:
        lines.append(digest_texts.digest_motion(motion))
    if lost:
        lines.append(digest_texts.digest_faults(lost[:LISTED], len(lost) - LISTED))
    if bad:
        lines.append(digest_texts.digest_bad_pictures(bad[:LISTED], len(bad) - LISTED))
    return lines


def _missing(events: Sequence[Event], zone: tzinfo) -> list[tuple[date, Sequence[str]]]:
    """Who was not home, by the last roll call of each day."""
    calls = [e for e in events if isinstance(e, FlockComplete | FlockIncomplete)]
    last = {local_day(e.time, zone): e for e in sorted(calls, key=lambda e: e.time)}
    return [(day, e.missing) for day, e in last.items() if isinstance(e, FlockIncomplete)]
