"""Dusk and daylight at the coop, from its coordinates."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from astral import Observer
from astral.sun import elevation, sunset

from coop.settings import Settings

LIGHT_FROM = 6.0
"""Degrees that the sun stands above the horizon when it must be light in a coop too."""
SURELY_DAY = (10, 15)
"""Local hours of daylight where the coordinates are not known."""


def dusk_of(day: date, settings: Settings) -> datetime | None:
    """When the roll call of a day is: sunset and the minutes that are set; None where nobody can know.

    That is without coordinates, and where the sun does not set.
    """
    observer = _observer(settings)
    if observer is None:
        return None
    try:
        set_at: datetime = sunset(observer, date=day, tzinfo=settings.zone)
    except ValueError:
        return None
    return set_at + timedelta(minutes=settings.hens.roll_call_min)


def is_light(moment: datetime, settings: Settings) -> bool:
    """Whether it must be light in the coop at a moment."""
    observer = _observer(settings)
    if observer is None:
        first, last = SURELY_DAY
        return first <= moment.astimezone(settings.zone).hour < last
    return bool(elevation(observer, moment) >= LIGHT_FROM)


def _observer(settings: Settings) -> Observer | None:
    coop = settings.coop
    if coop.latitude is None or coop.longitude is None:
        return None
    return Observer(coop.latitude, coop.longitude)
