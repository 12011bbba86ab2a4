"""What a ``sim://`` address may say."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from coop.errors import SourceError
from coop.frame.sim.flock import MAX_HENS


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """A simulated coop's parameters, checked.

    ``flock`` fixes names and plumage, ``seed`` behaviour, light and faults. ``from_hour`` and ``to_hour`` cut
    each day short, in local hours. ``speed`` only matters when paced: 60 shows an hour in a minute.
    """

    flock: int = 1
    seed: int = 1
    days: int = 2
    start: date = date(2026, 5, 1)
    hens: int = 8
    width: int = 640
    height: int = 360
    faults: bool = False
    trouble: bool = False
    zone: tzinfo = UTC
    speed: float = 1.0
    from_hour: float = 0.0
    to_hour: float = 24.0


class _Refused(ValueError):
    """A value that cannot be used; the text says what is allowed."""


def parse_options(url: str) -> SimOptions:
    """The options of ``sim://?key=value&...``; SourceError names the key, the value and what is allowed."""
    parts = urlsplit(url)
    if parts.scheme != "sim" or parts.netloc or parts.path.strip("/") or parts.fragment:
        raise SourceError(
            url, "this is not the address of a simulated coop", "Write it like sim://?flock=1&seed=7."
        )
    values: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key not in _KEYS:
            raise SourceError(url, f"the simulated coop has no parameter {key}={value}", _known(key))
        if key in values:
            raise SourceError(url, f"{key} is given twice: {values[key]} and {value}", "Give it once.")
        values[key] = value
    return _build(url, values)


def _build(url: str, values: Mapping[str, str]) -> SimOptions:
    read: dict[str, object] = {}
    for key, value in values.items():
        name, reader = _KEYS[key]
        try:
            read[name] = reader(value)
        except _Refused as refused:
            raise SourceError(url, f"{key}={value} is not possible", f"{key} is {refused}.") from None
    width, height = read.get("width"), read.get("height")
    # One of the two gives the other, at 16 to 9.
    if isinstance(width, int) and height is None:
        read["height"] = round(width * 9 / 16)
    elif isinstance(height, int) and width is None:
        read["width"] = round(height * 16 / 9)
    options = SimOptions(**read)  # type: ignore[arg-type]
    if not 1.25 <= options.width / options.height <= 2.4:
        raise SourceError(
            url,
            f"w={options.width} and h={options.height} make a picture of an unusual shape",
            "The width is 1.25 to 2.4 times the height; leave one out for 16 to 9.",
        )
    if options.from_hour >= options.to_hour:
        raise SourceError(
            url,
            f"from={options.from_hour:g} is not before to={options.to_hour:g}",
            "Both are local hours, 0 to 24.",
        )
    return options


def _known(key: str) -> str:
    near = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}It knows {', '.join(_KEYS)}."


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        # int() alone would also take " 7 ", "1_000" and other scripts' digits.
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise _Refused(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _number(low: float, high: float, unit: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise _Refused(f"a number {unit} from {low:g} to {high:g}")
        return value

    return read


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _Refused("a day such as 2026-05-01") from None
    if not 1970 <= day.year <= 2200:
        raise _Refused("a day of the years 1970 to 2200")
    return day


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise _Refused("0 or 1")
    return text == "1"


def _zone(text: str) -> tzinfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise _Refused("a time zone such as UTC or Europe/Berlin") from None


_KEYS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "flock": ("flock", _whole(0, 999_999)),
    "seed": ("seed", _whole(0, 999_999_999)),
    "days": ("days", _whole(1, 366)),
    "start": ("start", _day),
    "hens": ("hens", _whole(1, MAX_HENS)),
    "w": ("width", _whole(160, 1920)),
    "h": ("height", _whole(90, 1440)),
    "faults": ("faults", _flag),
    "trouble": ("trouble", _flag),
    "tz": ("zone", _zone),
    "speed": ("speed", _number(0.01, 100_000, "of seconds a second")),
    "from": ("from_hour", _number(0, 24, "of hours")),
    "to": ("to_hour", _number(0, 24, "of hours")),
}
