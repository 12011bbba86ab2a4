"""The words of the digest, on its picture too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from coop.notify.languages import short_day, tr, trn
from coop.notify.news import are_gone, picture_fault
from coop.notify.texts import clock, day_name, from_to, kind_name, listing, name, span, upper_first


def digest_title(day: date) -> str:
    return f"📋 <b>{upper_first(day_name(day))}</b>"


def digest_summary(visits: int, hens: int) -> str:
    """``hens``: how many were told apart; 0 where no model knows them."""
    if not visits:
        return tr("No hen visited.")
    counted = trn("{n} visit", "{n} visits", visits)
    if not hens:
        return tr("{visits} by hens.").format(visits=counted)
    return tr("{visits} by {hens}.").format(visits=counted, hens=trn("{n} hen", "{n} hens", hens))


def digest_hen(subject: str, visits: int, length: timedelta, first: datetime, last: datetime) -> str:
    times = from_to(first, last)
    who = tr("hens") if subject == "hen" else name(kind_name(subject))
    return f"• {who}: {visits} × · {span(length)} · {times}"


def digest_more(hens: int) -> str:
    return f"• {trn('and {n} more', 'and {n} more', hens)}"


def _listed(parts: Sequence[str], more: int) -> str:
    return ", ".join(parts) + (f" {trn('and {n} more', 'and {n} more', more)}" if more > 0 else "")


def digest_predators(seen: Sequence[tuple[str, datetime]], more: int, *, dated: bool = False) -> str:
    return "🚨 " + _seen(seen, more, dated)


def digest_strangers(seen: Sequence[datetime], more: int, *, dated: bool = False) -> str:
    return "❗ " + _seen([("stranger", when) for when in seen], more, dated)


def _seen(seen: Sequence[tuple[str, datetime]], more: int, dated: bool) -> str:
    told = tr("{who} at {time}")
    return _listed(
        [
            f"{name(kind_name(kind))} ({short_day(when.date())}, {clock(when)})"
            if dated
            else told.format(who=name(kind_name(kind)), time=clock(when))
            for kind, when in seen
        ],
        more,
    )


def digest_gone(eggs: int) -> str:
    return f"⚠️ {are_gone(eggs)}"


def digest_missing(evenings: Sequence[tuple[date, Sequence[str]]], *, dated: bool = False) -> str:
    """Who was not home at dusk."""
    told = [
        listing([name(hen) for hen in hens], most=8) + (f" ({short_day(day)})" if dated else "")
        for day, hens in evenings
    ]
    return f"⚠️ {tr('Not home: {hens}').format(hens='; '.join(told))}"


def digest_bad_pictures(faults: Sequence[tuple[tuple[str, str], int]], more: int) -> str:
    """By camera and fault, how often its picture was of no use."""
    return "📷 " + _listed(
        [f"{name(camera)} · {picture_fault(fault)} {count} ×" for (camera, fault), count in faults], more
    )


def digest_others(seen: Sequence[tuple[str, int]], more: int) -> str:
    return "👀 " + _listed([f"{name(kind_name(kind))} {count} ×" for kind, count in seen], more)


def digest_motion(count: int) -> str:
    return f"👀 {tr('something moved')} {count} ×"


def digest_faults(faults: Sequence[tuple[str, int]], more: int) -> str:
    return "📷 " + _listed(
        [tr("{camera} lost {n} ×").format(camera=name(camera), n=count) for camera, count in faults], more
    )


def chart_title(day: date) -> str:
    return upper_first(day_name(day))


def chart_empty() -> str:
    return tr("no visits")


def chart_rest(*, known: bool) -> str:
    """The grey bars: hens beyond the colours, or not told apart."""
    return tr("other hens") if known else tr("hens")


def chart_hours() -> str:
    return tr("hour of the day")


def chart_visits() -> str:
    return tr("visits")


def eggs_of(count: int) -> str:
    return trn("{n} egg", "{n} eggs", count)


def eggs_by_hen() -> str:
    return tr("Eggs by hen")


def hens_unnamed() -> str:
    return tr("hens")


def week_title(first: date, last: date) -> str:
    return f"{short_day(first)} – {short_day(last)}"


def week_heading(first: date, last: date) -> str:
    return f"🗓 <b>{tr('The week')} {week_title(first, last)}</b>"
