"""The words about eggs: whose they are, as sure as that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from coop.domain.egg import HenEggs
from coop.notify.answers import egg_count
from coop.notify.languages import number, percent, tr, trn
from coop.notify.texts import listing, name
from coop.notify.texts import span as length

WORTH_SAYING = 0.05


def eggs(
    today: int,
    today_by: Sequence[HenEggs],
    week: int,
    week_by: Sequence[HenEggs],
    lying: Sequence[tuple[str, datetime]],
) -> str:
    """``lying``: nest and local time of the eggs that lie there now."""
    lines = [f"🥚 <b>{tr('Today')}: {_found(today)}</b>", *_by_hen(today_by)]
    lines += ["", f"<b>{tr('In the last seven days')}: {_found(week)}</b>", *_by_hen(week_by)]
    if lying:
        nests: dict[str, int] = {}
        for nest, _ in lying:
            nests[nest] = nests.get(nest, 0) + 1
        told = listing([f"{name(nest)} ({number(count)})" for nest, count in nests.items()], most=8)
        lines += ["", f"🪺 {tr('In the nests now: {nests}').format(nests=told)}"]
    return "\n".join(lines)


def _found(count: int) -> str:
    return trn("{n} egg", "{n} eggs", count) if count else tr("no egg")


def _by_hen(counted: Sequence[HenEggs]) -> list[str]:
    return [f"• {name(one.hen)}: {_counted(one)}" for one in counted if one.expected >= WORTH_SAYING]


def _counted(one: HenEggs) -> str:
    told = egg_count(one.expected)
    if one.low == one.high:
        return told
    return f"{told} {tr('({low} to {high})').format(low=number(one.low), high=number(one.high))}"


def digest_eggs(found: int, by_hen: Sequence[HenEggs]) -> str:
    """The digest's line: how many, and by whom."""
    if not found:
        return f"🥚 {tr('no egg')}"
    hens = [f"{name(one.hen)} {number(one.expected, 1)}" for one in by_hen if one.expected >= WORTH_SAYING]
    return f"🥚 {_found(found)}" + (f": {listing(hens, most=10)}" if hens else "")


def suspects(none: Mapping[str, float], days: float, watched: timedelta | None) -> str:
    """``none``: by hen, the probability that she laid nothing for so many days.

    ``watched``: how long the nests have been counted, None for not at all.
    """
    if watched is None:
        return tr("No nest is counted yet: a nest box needs a zone and a model.")
    span = trn("{n} day", "{n} days", round(days))
    if watched < timedelta(days=days):
        told = tr("The nests have been counted for {span}. After {days} I can say who lays nothing.")
        return told.format(span=length(watched), days=span)
    if not none:
        return f"🎉 {tr('Every hen probably laid within {days}.').format(days=span)}"
    lines = [
        f"• {name(hen)}: {tr('{share} that she laid nothing').format(share=percent(chance))}"
        for hen, chance in none.items()
    ]
    title = tr("Perhaps no egg for {days}").format(days=span)
    return "\n".join([f"🔎 <b>{title}</b>", *lines])
