"""Times are aware UTC inside the program; a day is what the keeper's time zone says it is."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC. A naive time is refused, since nobody can know what it meant."""
    if moment.tzinfo is None:
        raise ValueError(f"A time needs a time zone. Received: {moment.isoformat()}")
    return moment.astimezone(UTC)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """The calendar day of ``moment`` where the coop stands."""
    return as_utc(moment).astimezone(zone).date()


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """First moment of ``day`` and of the next one, in UTC: 23, 24 or 25 hours apart."""
    start = datetime.combine(day, time(), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)
