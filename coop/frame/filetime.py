"""When a file says that it was taken, by its name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_DATE_TIME = re.compile(
    r"""(?<!\d)
    (?P<year>19\d\d|20\d\d) [-_.:]? (?P<month>\d\d) [-_.:]? (?P<day>\d\d)
    (?:[-_.\ ]{1,3}|T|_T)?
    (?P<hour>\d\d) [-_.:h]? (?P<minute>\d\d)
    (?: [-_.:m]? (?P<second>\d\d) (?:[.,]?(?P<fraction>\d{3}(?:\d{3})?))? )?
    (?P<zone>Z|[+-]\d\d:\d\d|\+\d{4})?
    (?!\d)""",
    re.VERBOSE,
)
_EPOCH = re.compile(r"(?<!\d)(?P<seconds>1\d{9})(?:\.?(?P<fraction>\d{3}(?:\d{3})?))?(?!\d)")


def time_in_name(name: str, timezone: tzinfo) -> datetime | None:
    """The date and time of day in a file's name, in UTC, or None if there is none.

    Understood: ``20161004-101112``, ``2016-10-04_10-11-12``, ``20161004101112.250``,
    ``2016-10-04T10:11:12Z``, times without seconds, and the seconds or milliseconds of the Unix epoch. A time
    without an offset is one of ``timezone``; in the hour that autumn repeats, the first.
    """
    for found in _DATE_TIME.finditer(name):
        moment = _calendar_time(found, timezone)
        if moment is not None:
            return moment
    epoch = _EPOCH.search(name)
    if epoch is None:
        return None
    return datetime.fromtimestamp(int(epoch["seconds"]), UTC) + _fraction(epoch["fraction"])


def _calendar_time(found: re.Match[str], timezone: tzinfo) -> datetime | None:
    fields = (int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second"))
    try:
        naive = datetime(*fields)  # type: ignore[arg-type] # noqa: DTZ001 - the zone is added below
    except ValueError:  # such as month 13: digits that only look like a time
        return None
    zone = _offset(found["zone"]) or timezone
    return naive.replace(tzinfo=zone).astimezone(UTC) + _fraction(found["fraction"])


def _offset(text: str | None) -> tzinfo | None:
    return None if text is None else datetime.strptime(text, "%z").tzinfo


def _fraction(digits: str | None) -> timedelta:
    return timedelta(seconds=float(f"0.{digits}")) if digits else timedelta()
