"""What the coop itself has to tell: eggs, the roll call, strangers, pictures of no use. Plain words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from coop.domain.egg import NOBODY
from coop.domain.event import (
    CameraBack,
    CameraLost,
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
from coop.notify import languages
from coop.notify.languages import later, number, percent, tr, trn
from coop.notify.texts import (
    REASON_LENGTH,
    camera_back,
    camera_lost,
    clock,
    day_name,
    headline,
    listing,
    name,
    span,
)

LOUD = (EggGone, FlockIncomplete, HenMissing, StrangerSeen, CameraLost, PictureBad, WatchTroubled)
"""What makes a sound: something to look after."""
CERTAIN = 0.9
WORTH_NAMING = 0.05
_FAULTS = {
    "dark": later("Camera {camera} sees nothing: it is dark"),
    "blurred": later("Camera {camera} is out of focus, or its lens is dirty"),
    "moved": later("Camera {camera} was moved: its zones may be wrong now"),
    "covered": later("Camera {camera} is covered"),
    "frozen": later("Camera {camera} shows one and the same picture"),
}
_WAS = {
    "dark": later("dark"),
    "blurred": later("out of focus"),
    "moved": later("moved"),
    "covered": later("covered"),
    "frozen": later("one and the same picture"),
}
_TOLD = {
    "disk": later("The disk is nearly full"),
    "heat": later("The box is too hot"),
    "clock": later("The clock of the box is wrong"),
}
_TROUBLES = {"disk": later("disk"), "heat": later("heat"), "clock": later("clock")}


def is_loud(event: Event) -> bool:
    """Whether an event is told with a sound, whatever is muted: not eggs that were perhaps collected."""
    return isinstance(event, LOUD) and not (isinstance(event, EggGone) and event.unseen)


def news(event: Event, zone: tzinfo) -> str | None:
    """The text that tells an event, in Telegram's HTML; None for one that is only recorded."""
    where, when = name(event.place), clock(event.time.astimezone(zone))
    match event:
        case EggLaid(number=1):
            there = tr("{eggs} there now").format(eggs=eggs(event.eggs))
            return f"{headline('🥚', laid_by(event))}\n{where} · {when} · {there}"
        case EggGone():
            return _gone(event, where, when)
        case HenCleared():
            first = headline("🎉", tr("{hen} lays after all").format(hen=name(event.subject)))
            return f"{first}\n{tr('She is no longer under suspicion.')}"
        case HenMissing():
            first = headline("❓", tr("{hen} was not seen today").format(hen=name(event.subject)))
            return f"{first}{_last_seen(event.last_seen, zone)}"
        case FlockIncomplete():
            missing = listing([name(hen) for hen in event.missing], most=12)
            first = headline("⚠️", tr("Not home: {hens}").format(hens=missing))
            home = tr("{n} of {all} are in")
            counted = home.format(n=number(event.hens - len(event.missing)), all=number(event.hens))
            return f"{first}\n{when} · {counted}"
        case FlockComplete():
            return f"🌙 {trn('{n} hen, and she is home', 'All {n} hens are home', event.hens)}\n{when}"
        case StrangerSeen():
            return f"{headline('❗', tr('A bird that is none of yours'))}\n{where} · {when}"
        case CameraLost():
            return camera_lost(event.camera, event.reason, event.time.astimezone(zone))
        case CameraBack():
            return camera_back(event.camera, event.away, event.time.astimezone(zone))
        case PictureBad():
            told = tr(_FAULTS[event.fault]) if event.fault in _FAULTS else "{camera}: " + name(event.fault)
            return f"{headline('📷', told.format(camera=name(event.camera)))}\n{when}"
        case PictureGood():
            told = tr("Camera {camera} sees well again").format(camera=name(event.camera))
            return f"📷 {told}\n{when} · {tr('after {span}').format(span=span(event.away))}"
        case WatchTroubled():
            return f"{headline('🖥', _trouble_told(event))}\n{when}"
        case WatchWell():
            return f"🖥 {tr('{what}: all is well again').format(what=trouble(event.fault))}\n{when}"
    return None


def trouble(fault: str) -> str:
    """What troubles the box, in a word."""
    return tr(_TROUBLES[fault]) if fault in _TROUBLES else name(fault)


def _trouble_told(event: WatchTroubled) -> str:
    """The reason has its figures in English; elsewhere the fault alone is told."""
    if languages.language() == languages.SOURCE and event.reason:
        return name(event.reason, REASON_LENGTH)
    return tr(_TOLD[event.fault]) if event.fault in _TOLD else name(event.fault)


def claimed(event: EggLaid, owners: Sequence[tuple[str, float]], who: str, zone: tzinfo) -> str:
    """The text about eggs of which a keeper said whose they are; of each the hen, with how sure that is."""
    hens = [_owner(hen, sure) for hen, sure in owners]
    if event.together == 1:
        first = tr("{hen} laid an egg").format(hen=hens[0])
    else:
        first = tr("{eggs}, by {hens}").format(eggs=eggs(event.together), hens=listing(hens))
    where, when = name(event.place), clock(event.time.astimezone(zone))
    there = tr("{eggs} there now").format(eggs=eggs(event.eggs))
    said = tr("so says {who}").format(who=name(who))
    return f"{headline('🥚', first)}\n{where} · {when} · {there}\n👤 {said}"


def _owner(hen: str, sure: float) -> str:
    if hen == NOBODY:
        return tr("somebody")
    return name(hen) if sure >= 1.0 else f"{name(hen)} ({percent(sure)})"


def laid_by(event: EggLaid) -> str:
    """Whose egg it is, as sure as that is and no surer; of eggs found at once all in one sentence."""
    named = [s for s in event.shares if s.hen != NOBODY and s.probability >= WORTH_NAMING]
    shares = tr(" or ").join(f"{name(s.hen)} ({percent(s.probability)})" for s in named[:3])
    sure = bool(named) and named[0].probability >= CERTAIN
    if event.together > 1:
        return _laid_together(event, name(named[0].hen) if sure else "", shares)
    if not named:
        return tr("An egg, and nobody knows whose")
    if sure:
        return tr("{hen} laid an egg").format(hen=name(named[0].hen))
    return tr("An egg, by {hens}").format(hens=shares)


def _laid_together(event: EggLaid, hen: str, shares: str) -> str:
    """The same hens share all eggs of one find alike, so one message tells of all."""
    found = eggs(event.together)
    if hen:
        return tr("{hen} laid {eggs}").format(hen=hen, eggs=found)
    if not shares:
        return tr("{eggs}, and nobody knows whose").format(eggs=found)
    return tr("{eggs}, each by {hens}").format(eggs=found, hens=shares)


def eggs(count: int) -> str:
    return trn("{n} egg", "{n} eggs", count)


def eggs_perhaps_collected(count: int) -> str:
    return trn("{n} egg was collected or is gone", "{n} eggs were collected or are gone", count)


def _gone(event: EggGone, where: str, when: str) -> str:
    if event.unseen:
        told = eggs_perhaps_collected(event.count)
        return f"{headline('🧺', told)}\n{where} · {when} · {tr('the camera could not see meanwhile')}"
    first = headline("⚠️", are_gone(event.count))
    who = listing([name(suspect) for suspect in event.suspects])
    seen = f" · {tr('at the nest meanwhile: {hens}').format(hens=who)}" if who else ""
    return f"{first}\n{where} · {when}{seen}"


def gone_line(event: EggGone, zone: tzinfo) -> str:
    """The same in a line below the alarm about who was there."""
    told = f"🧺 {eggs_perhaps_collected(event.count)}" if event.unseen else f"⚠️ {are_gone(event.count)}"
    return f"{told} · {name(event.place)} · {clock(event.time.astimezone(zone))}"


def picture_fault(fault: str) -> str:
    """What is wrong with a picture, in a word or two."""
    return tr(_WAS[fault]) if fault in _WAS else name(fault)


def are_gone(count: int) -> str:
    return trn("{n} egg is gone", "{n} eggs are gone", count)


def _last_seen(last: datetime | None, zone: tzinfo) -> str:
    if last is None:
        return ""
    local = last.astimezone(zone)
    day: date = local.date()
    return f"\n{tr('last seen {when}').format(when=f'{day_name(day)}, {clock(local)}')}"
