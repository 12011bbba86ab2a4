"""What the coop itself has to tell: eggs, the roll call, strangers, pictures of no use. Plain words."""

from __future__ import annotations

from datetime import tzinfo

from coop.domain.egg import NOBODY
from coop.domain.event import (
    EggGone,
    EggLaid,
    Event,
    FlockComplete,
    FlockIncomplete,
    HenCleared,
    HenMissing,
    PictureBad,
    PictureGood,
    StrangerSeen,
    WatchTroubled,
    WatchWell,
)
from coop.notify.texts import clock, name, span

LOUD = (EggGone, FlockIncomplete, HenMissing, StrangerSeen, PictureBad, WatchTroubled)
"""What makes a sound: something to look after."""
CERTAIN = 0.9
WORTH_NAMING = 0.05
_FAULTS = {
    "dark": "sees nothing: it is dark",
    "blurred": "is out of focus, or its lens is dirty",
    "moved": "was moved: its zones may be wrong now",
    "covered": "is covered",
    "frozen": "shows one and the same picture",
}


def news(event: Event, zone: tzinfo) -> str | None:
    """The text that tells an event, in Telegram's HTML; None for one that is only recorded."""
    where, when = name(event.place), clock(event.time.astimezone(zone))
    match event:
        case EggLaid():
            return f"🥚 <b>{laid_by(event)}</b>\n{where} · {when} · {_eggs(event.eggs)} there now"
        case EggGone():
            who = ", ".join(name(s) for s in event.suspects)
            seen = f" · at the nest meanwhile: {who}" if who else ""
            return f"⚠️ <b>{_eggs(event.count)} gone</b>\n{where} · {when}{seen}"
        case HenCleared():
            return f"🎉 <b>{name(event.subject)} did lay</b>\nNo longer under suspicion."
        case HenMissing():
            last = event.last_seen
            seen = f"\nLast seen {last.astimezone(zone):%A %H:%M}" if last is not None else ""
            return f"❓ <b>{name(event.subject)} was not seen today</b>{seen}"
        case FlockIncomplete():
            missing = ", ".join(name(hen) for hen in event.missing)
            home = event.hens - len(event.missing)
            return f"⚠️ <b>Not home: {missing}</b>\n{when} · {home} of {event.hens} are in"
        case FlockComplete():
            return f"🌙 All {event.hens} hens are home\n{when}"
        case StrangerSeen():
            return f"❗ <b>A bird that is none of yours</b>\n{where} · {when}"
        case PictureBad():
            return f"📷 <b>Camera {name(event.camera)} {_FAULTS.get(event.fault, event.fault)}</b>\n{when}"
        case PictureGood():
            return f"📷 Camera {name(event.camera)} sees well again\n{when} · after {span(event.away)}"
        case WatchTroubled():
            return f"🖥 <b>{name(event.reason)}</b>\n{when}"
        case WatchWell():
            return f"🖥 {name(event.fault)}: all is well again\n{when}"
    return None


def laid_by(event: EggLaid) -> str:
    """Whose egg it is, as sure as that is and no surer."""
    named = [s for s in event.shares if s.hen != NOBODY and s.probability >= WORTH_NAMING]
    if not named:
        return "An egg, and nobody knows whose"
    if named[0].probability >= CERTAIN:
        return f"{name(named[0].hen)} laid an egg"
    shares = " or ".join(f"{name(s.hen)} ({s.probability:.0%})" for s in named[:3])
    return f"An egg, by {shares}"


def _eggs(count: int) -> str:
    return "1 egg" if count == 1 else f"{count} eggs"
