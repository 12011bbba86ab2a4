"""The words of messages: what was seen, by whom and when, in the language spoken now.

Every word that a keeper reads stands here or in its neighbours (`answers.py`, `news.py`, `menu.py`, ...), so
that it can be translated: `tr` looks it up in the catalogue of `languages.py`. All texts are Telegram's HTML.
Whatever comes from outside (names, places, reasons) is escaped in these modules and nowhere else, and cut so
that a caption never passes Telegram's limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape

from coop.notify import languages, reasons
from coop.notify.languages import later, long_day, tr, trn

NAME_LENGTH = 60
"""Longest name or place shown, in characters."""

REASON_LENGTH = 300
"""Longest reason shown, in characters."""

KINDS: dict[str, tuple[str, str]] = {
    "hen": ("🐔", later("a hen")),
    "rooster": ("🐓", later("a rooster")),
    "chick": ("🐤", later("a chick")),
    "cat": ("🐈", later("a cat")),
    "dog": ("🐕", later("a dog")),
    "fox": ("🦊", later("a fox")),
    "wild carnivore": ("🦡", later("a wild carnivore")),
    "raptor": ("🦅", later("a bird of prey")),
    "owl": ("🦉", later("an owl")),
    "snake": ("🐍", later("a snake")),
    "marten": ("🐾", later("a marten")),
    "weasel": ("🐾", later("a weasel")),
    "raccoon": ("🦝", later("a raccoon")),
    "badger": ("🦡", later("a badger")),
    "rat": ("🐀", later("a rat")),
    "mouse": ("🐁", later("a mouse")),
    "rodent": ("🐀", later("a rodent")),
    "person": ("🧍", later("a person")),
    "bird": ("🐦", later("a bird")),
    "stranger": ("❗", later("a strange bird")),
    "motion": ("👀", later("something")),
    "unknown": ("👀", later("something")),
}
"""Sign and phrase for the classes we know. A subject that is not here is a hen's own name."""


def name(text: str, length: int = NAME_LENGTH) -> str:
    """A name from outside, on one line, cut and escaped."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return escape(plain if len(plain) <= length else plain[: length - 1] + "…", quote=False)


def sign(subject: str, *, hen: bool = True) -> str:
    """``hen``: whether what is no class that we know is a hen's own name."""
    return KINDS.get(subject, ("🐔" if hen else "🐾", ""))[0]


def someone(subject: str) -> str:
    """A class with its article, or a hen's name."""
    known = KINDS.get(subject)
    return tr(known[1]) if known else name(subject)


def kind_name(subject: str) -> str:
    """A class without an article, or a hen's name, as lists and buttons call it. Plain text, not HTML."""
    known = KINDS.get(subject)
    if known is None:
        return subject
    phrase = tr(known[1])
    return phrase.partition(" ")[2] if languages.language() == languages.SOURCE and " " in phrase else phrase


def label(subject: str) -> str:
    """What a picture calls it: plain text, not HTML."""
    called = kind_name(subject)
    return called[:1].upper() + called[1:] if subject in KINDS else called


def some(kind: str) -> str:
    """A class with its article, also one that is not in the table."""
    if kind in KINDS:
        return tr(KINDS[kind][1])
    if languages.language() != languages.SOURCE:
        return name(kind)
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {name(kind)}"


def at(place: str, camera: str) -> str:
    """Where, as a line's first words. A place that is only the camera itself is called so."""
    return tr("camera {camera}").format(camera=name(camera)) if place == camera else name(place)


def clock(moment: datetime) -> str:
    return languages.clock(moment)


def stamp(moment: datetime) -> str:
    """Day and time as they stand on a picture, the same in every country."""
    return f"{moment:%Y-%m-%d %H:%M}"


def span(length: timedelta) -> str:
    """A length of time as a person says it: ``under a minute``, ``1 h 40 min``, ``2 days 3 h``."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return tr("under a minute")
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    in_hours = tr("{n} h").format(n=hours) if hours else ""
    in_minutes = tr("{n} min").format(n=minutes) if minutes else ""
    if days:
        return " ".join(filter(None, [trn("{n} day", "{n} days", days), in_hours]))
    return " ".join(filter(None, [in_hours, in_minutes]))


def day_name(day: date) -> str:
    return long_day(day)


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def headline(emoji: str, sentence: str) -> str:
    """The bold first line: ``🐔 Probably Clover is here``."""
    return f"{emoji} <b>{upper_first(sentence)}</b>"


def hen_arrived(subject: str, where: str, when: datetime, *, sure: bool, first: bool = True) -> str:
    sentence = tr("{who} is here") if sure else tr("probably {who} is here")
    told = f"{headline(sign(subject), sentence.format(who=someone(subject)))}\n{where} · {clock(when)}"
    return f"{told} · {tr('first visit today')}" if first else told


def predator_seen(kind: str, where: str, when: datetime, *, sure: bool) -> str:
    emoji = f"🚨 {sign(kind, hen=False)}"
    sentence = tr("{who}!") if sure else tr("probably {who}!")
    return f"{headline(emoji, sentence.format(who=some(kind)))}\n{where} · {clock(when)}"


def motion_seen(where: str, when: datetime) -> str:
    return f"{headline('👀', tr('Something moved'))}\n{where} · {clock(when)}"


def visit_ended(
    subject: str, where: str, began: datetime, ended: datetime, length: timedelta, *, sure: bool
) -> str:
    sentence = tr("{who} was here") if sure else tr("probably {who} was here")
    first = headline(sign(subject), sentence.format(who=someone(subject)))
    return f"{first}\n{where} · {from_to(began, ended)} · {span(length)}"


def from_to(began: datetime, ended: datetime) -> str:
    """Two times of day, or the one where they look alike."""
    first, last = clock(began), clock(ended)
    return first if first == last else f"{first} – {last}"


def hens_came(names: Sequence[str], *, here: bool) -> str:
    """The headline of a message that tells of several visits. ``names``: each once."""
    listed = listing([someone(subject) for subject in names])
    sentence = tr("{who} are here") if here else tr("{who} were here")
    return headline("🐔", sentence.format(who=listed))


def hen_line(subject: str, where: str, began: datetime, ended: datetime | None, *, sure: bool) -> str:
    """One visit of a message that tells of several."""
    who = upper_first(someone(subject))
    who = who if sure else tr("{who}, probably").format(who=who)
    times = clock(began) if ended is None else f"{from_to(began, ended)} · {span(ended - began)}"
    return f"• {who}: {where} · {times}"


def more_lines(count: int) -> str:
    return f"• {trn('and {n} more', 'and {n} more', count)}"


def listing(parts: Sequence[str], most: int = 4) -> str:
    """ "a, b and c", or "a, b, c and 5 more"."""
    most += len(parts) == most + 1  # "and 1 more" takes as much room as the one
    shown, more = list(parts[:most]), len(parts) - most
    if more > 0:
        return f"{', '.join(shown)} {trn('and {n} more', 'and {n} more', more)}"
    if len(shown) < 2:
        return "".join(shown)
    return tr("{some} and {last}").format(some=", ".join(shown[:-1]), last=shown[-1])


def confirmed(who: str) -> str:
    return f"✅ {tr('{who} says that this is right').format(who=name(who))}"


def corrected(who: str, was: str) -> str:
    told = tr("{who} corrected this; it was held to be {was}")
    return f"✏️ {told.format(who=name(who), was=someone(was))}"


def nothing_there(where: str, when: datetime) -> str:
    return f"{headline('🍃', tr('It was nothing'))}\n{where} · {clock(when)}"


def muted_until(topic: str, until: datetime | None) -> str:
    what = someone(topic) if topic else tr("everything but alarms")
    if until is None:
        return f"🔕 {tr('muted: {what}').format(what=what)}"
    return f"🔕 {tr('muted until {time}: {what}').format(time=clock(until), what=what)}"


def seen_by(who: str, when: datetime) -> str:
    return f"👁 {tr('{who} has seen this at {time}').format(who=name(who), time=clock(when))}"


def reminder(text: str) -> str:
    return f"⏰ <i>{tr('nobody has said yet that they saw this')}</i>\n{text}"


def camera_lost(camera: str, reason: str, when: datetime) -> str:
    why = f"\n{name(reasons.reason(reason), REASON_LENGTH)}" if reason.strip() else ""
    first = headline("📷", tr("Camera {camera} gives no pictures").format(camera=name(camera)))
    since = tr("since {time}").format(time=clock(when))
    return f"{first}\n{since}{why}\n{tr('I keep trying, and say here when it is back.')}"


def camera_back(camera: str, away: timedelta, when: datetime) -> str:
    first = headline("📷", tr("Camera {camera} is back").format(camera=name(camera)))
    return f"{first}\n{clock(when)} · {tr('away for {span}').format(span=span(away))}"


def possible_repeat(text: str) -> str:
    return f"<i>{tr('possible repeat')}</i>\n{text}"


def without_picture(text: str) -> str:
    return f"{text}\n<i>{tr('(its picture could not be sent)')}</i>"


def test_message(when: datetime) -> str:
    told = tr("If you hear and see this, alarms will reach you.")
    return f"{headline('✅', tr('Test message'))}\n{clock(when)} · {told}"


def units(text: str) -> int:
    """Length as Telegram counts it; the markup is counted too, so the true length is never larger."""
    return len(text.encode("utf-16-le")) // 2


def pages(text: str, limit: int) -> list[str]:
    """The text in parts of at most ``limit`` units, parted between lines (a longer line is cut)."""
    parts: list[str] = []
    for line in text.split("\n"):
        for piece in _pieces(line, limit):
            if parts and units(parts[-1]) + 1 + units(piece) <= limit:
                parts[-1] += "\n" + piece
            else:
                parts.append(piece)
    return [part for part in parts if part.strip()]


def _pieces(line: str, limit: int) -> list[str]:
    if units(line) <= limit:
        return [line]
    step = limit // 2  # a character is at most two units
    return [line[start : start + step] for start in range(0, len(line), step)]


# The folder of messages


def chat_summary(messages: int, loud: int) -> str:
    return f"{trn('{n} message', '{n} messages', messages)}, {tr('{n} with sound').format(n=loud)}"
