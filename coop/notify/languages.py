"""Which language the keeper reads: gettext catalogues, and what Babel knows of dates and numbers.

English is the source: a message is looked up by its English text. A catalogue is a `.po` file in `locale/`;
it is read at its first use, so nothing generated lies beside it. The language is that of the task or thread
(`speaking`), so that the functions which word a message need not hand it on.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

CATALOGUES = Path(__file__).with_name("locale")
SOURCE = "en"
LANGUAGES: dict[str, str] = {"en": "English", "ru": "Русский"}
"""Every language by its code, as those who speak it call it."""
KEYWORDS: dict[str, tuple[int, ...] | None] = {"tr": None, "trn": (1, 2), "later": None}
"""The functions whose first arguments are messages, as Babel's extraction wants them."""

_REGIONS = {"en": "en_GB", "ru": "ru_RU"}
_now: ContextVar[str] = ContextVar("language", default=SOURCE)


def known(code: str | None, otherwise: str = SOURCE) -> str:
    """A language that we speak: ``code``, which may be such as "ru-RU", else ``otherwise``."""
    plain = (code or "").replace("_", "-").partition("-")[0].lower()
    return plain if plain in LANGUAGES else otherwise


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within, every message is in this language."""
    token = _now.set(known(code))
    try:
        yield
    finally:
        _now.reset(token)


def language() -> str:
    """The language spoken now."""
    return _now.get()


def tr(message: str) -> str:
    """A message in the language spoken now."""
    return _catalogue(_now.get()).gettext(message)


def trn(one: str, many: str, n: int) -> str:
    """A message about ``n`` things, in the right plural form, with ``{n}`` filled in."""
    return _catalogue(_now.get()).ngettext(one, many, n).replace("{n}", number(n))


def later(message: str) -> str:
    """Marks a message that stands in a table and is translated where it is used."""
    return message


def number(value: float, digits: int = 0) -> str:
    """A number as this language writes it, with at most so many decimals."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=_REGIONS[_now.get()])


def percent(share: float) -> str:
    """A share of one as per cent."""
    return format_percent(share, locale=_REGIONS[_now.get()])


def long_day(day: date) -> str:
    """A weekday with its date: "Friday 4 October"."""
    return format_date(day, "EEEE d MMMM", locale=_REGIONS[_now.get()])


def short_day(day: date) -> str:
    """A date within this year: "4 Oct"."""
    return format_date(day, "d MMM", locale=_REGIONS[_now.get()])


def week_day(day: date) -> str:
    """A weekday's short name: "Fri"."""
    return format_date(day, "ccc", locale=_REGIONS[_now.get()])


def clock(moment: datetime) -> str:
    """Hour and minute of a local moment."""
    # Without the zone: Babel would turn a time that is local already once more.
    return format_datetime(moment.replace(tzinfo=None), "HH:mm", locale=_REGIONS[_now.get()])


@cache
def _catalogue(code: str) -> NullTranslations:
    if code == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)
