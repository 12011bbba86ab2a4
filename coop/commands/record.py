"""`coop eggs` and `coop hens`: the ledger and the flock, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from coop.commands.tables import Row, egg_row, local
from coop.domain.egg import tally
from coop.domain.hen import HenDay, hen_days
from coop.domain.zone import ZoneKind
from coop.settings import Settings
from coop.store.store import Store

EGG_COLUMNS = ("found", "nest", "laid by", "after", "now")
TALLY_COLUMNS = ("hen", "eggs", "from", "to", "newest")
HEN_COLUMNS = (
    "hen", "visits", "first", "last", "place", "first out", "home", "nest visits", "nest minutes", "eggs",
    "suspect",
)  # fmt: skip
REACHES_BACK = timedelta(days=1)
"""A visit may have begun so long before the period that it reaches into."""


def egg_rows(store: Store, since: datetime, until: datetime, zone: tzinfo) -> list[Row]:
    """One row for each egg found in the period."""
    return [egg_row(egg, zone) for egg in store.eggs(since, until)]


def tally_rows(
    store: Store, hens: Sequence[str], since: datetime, until: datetime, zone: tzinfo
) -> list[Row]:
    """One row for each hen: the eggs expected of her, and the middle nine tenths of what is possible."""
    return [
        {
            "hen": count.hen,
            "eggs": round(count.expected, 2),
            "from": count.low,
            "to": count.high,
            "newest": local(count.newest, zone)[:-3] if count.newest is not None else "",
        }
        for count in tally(store.eggs(since, until), hens, since, until)
    ]


def hen_rows(
    store: Store, hens: Sequence[str], since: datetime, until: datetime, settings: Settings
) -> list[Row]:
    """One row for each hen: when and where she was, her time on the nests, her eggs."""
    found = store.eggs(since, until)
    counted = {count.nest for count in store.nest_counts()} | {egg.nest for egg in found}
    days = hen_days(
        store.visits(since - REACHES_BACK, until),
        hens,
        nests=_places(settings, ZoneKind.NEST_BOX) | counted,
        roosts=_places(settings, ZoneKind.ROOST) | {ZoneKind.ROOST.value},
        since=since,
    )
    eggs = {count.hen: count for count in tally(found, hens, since, until)}
    suspected = store.suspected()
    return [
        _hen_row(day, settings.zone)
        | {
            "eggs": round(eggs[day.hen].expected, 2) if day.hen in eggs else 0.0,
            "suspect": local(suspected[day.hen], settings.zone)[:10] if day.hen in suspected else "",
        }
        for day in days
    ]


def known_hens(store: Store, settings: Settings, since: datetime, until: datetime) -> tuple[str, ...]:
    """The flock's names: from the settings, else those who came or laid in the period."""
    if settings.hens.names:
        return settings.hens.names
    visits = store.visits(since - REACHES_BACK, until)
    days = hen_days(visits, (), nests=(), roosts=(), since=since)
    return tuple(day.hen for day in days)


def _places(settings: Settings, kind: ZoneKind) -> set[str]:
    return {
        name
        for camera in settings.active_cameras.values()
        for name, zone in camera.zones.items()
        if zone.kind is kind
    }


def _hen_row(day: HenDay, zone: tzinfo) -> dict[str, object]:
    def time(moment: datetime | None) -> str:
        return local(moment, zone)[:-3] if moment is not None else ""

    return {
        "hen": day.hen,
        "visits": day.visits,
        "first": time(day.first),
        "last": time(day.last),
        "place": day.place,
        "first out": time(day.first_out),
        "home": time(day.home),
        "nest visits": day.nest_visits,
        "nest minutes": round(day.on_nest.total_seconds() / 60),
    }
