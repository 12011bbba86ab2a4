"""One message for a trouble that comes and goes: what is now, and below it what was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from coop.domain.event import (
    CameraBack,
    CameraLost,
    EggGone,
    Event,
    PictureBad,
    PictureGood,
    WatchTroubled,
    WatchWell,
)
from coop.notify.languages import tr
from coop.notify.news import eggs_perhaps_collected, news, picture_fault, trouble
from coop.notify.texts import clock, name, span

BEGINS = (CameraLost, PictureBad, WatchTroubled)
ENDS = (CameraBack, PictureGood, WatchWell)
NAMES = tuple(kind.__name__ for kind in (*BEGINS, *ENDS, EggGone))
MOST = 8
"""Lines below what is now: the newest."""


def belongs(event: Event) -> bool:
    """Whether an event is told in the message of an episode."""
    return isinstance(event, BEGINS + ENDS) or is_aside(event)


def is_aside(event: Event) -> bool:
    """What came of a trouble: eggs that nobody saw taken, since the camera could not see."""
    return isinstance(event, EggGone) and event.unseen


def topic_of(event: Event) -> str:
    """What an episode is about: a camera, or a fault of the box."""
    return event.subject if isinstance(event, (WatchTroubled, WatchWell)) else event.camera


def episode(events: Sequence[Event], zone: tzinfo) -> str:
    """The message of an episode with all its events, oldest first."""
    newest = next((e for e in reversed(events) if not is_aside(e)), events[-1])
    told = news(newest, zone) or ""
    if isinstance(newest, ENDS):
        told, _, _ = told.partition("\n")  # its time and length stand below
    below = [line for event, line in _was(events, zone) if event is not newest]
    return "\n".join([told, *below[-MOST:]])


def _was(events: Sequence[Event], zone: tzinfo) -> list[tuple[Event, str]]:
    """A line for each trouble, with the event that began it, and for each thing that came of one."""
    lines: list[tuple[Event, str]] = []
    begun: Event | None = None
    for event in events:
        if is_aside(event) and isinstance(event, EggGone):
            where, when = name(event.place), clock(event.time.astimezone(zone))
            lines.append((event, f"• {when} · {where} · {eggs_perhaps_collected(event.count)}"))
        elif isinstance(event, BEGINS):
            begun = event
            lines.append((event, f"• {_since(event.time, zone)} · {_what(event)}"))
        elif begun is not None:
            at = next(n for n, (one, _) in enumerate(lines) if one is begun)
            lines[at] = begun, f"• {_from_to(begun.time, event.time, zone)} · {_what(begun)}"
            begun = None
    return lines


def _since(time: datetime, zone: tzinfo) -> str:
    return tr("since {time}").format(time=clock(time.astimezone(zone)))


def _from_to(first: datetime, last: datetime, zone: tzinfo) -> str:
    length = span(max(last - first, timedelta()))
    return f"{clock(first.astimezone(zone))} – {clock(last.astimezone(zone))} · {length}"


def _what(event: Event) -> str:
    match event:
        case PictureBad():
            return picture_fault(event.fault)
        case WatchTroubled():
            return trouble(event.fault)
    return tr("no pictures")
