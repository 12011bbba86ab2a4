"""Every word the keeper reads on the phone, in one place so that it can be translated.

All texts are Telegram's HTML. Whatever comes from outside (names, places, reasons) is escaped here and
nowhere else, and cut so that a caption never passes Telegram's limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape

from coop.domain.health import CameraState, CameraStatus

NAME_LENGTH = 60
"""Longest name or place shown, in characters."""

REASON_LENGTH = 300
"""Longest reason shown, in characters."""

KINDS: dict[str, tuple[str, str]] = {
    "hen": ("🐔", "a hen"),
    "rooster": ("🐓", "a rooster"),
    "chick": ("🐤", "a chick"),
    "cat": ("🐈", "a cat"),
    "dog": ("🐕", "a dog"),
    "fox": ("🦊", "a fox"),
    "wild carnivore": ("🦡", "a wild carnivore"),
    "raptor": ("🦅", "a bird of prey"),
    "owl": ("🦉", "an owl"),
    "snake": ("🐍", "a snake"),
    "rodent": ("🐀", "a rodent"),
    "person": ("🧍", "a person"),
    "bird": ("🐦", "a bird"),
    "motion": ("👀", "something"),
    "unknown": ("👀", "something"),
}
"""Sign and phrase for the classes we know. A subject that is not here is a hen's own name."""


def name(text: str, length: int = NAME_LENGTH) -> str:
    """A name from outside, on one line, cut and escaped."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return escape(plain if len(plain) <= length else plain[: length - 1] + "…", quote=False)


def sign(subject: str) -> str:
    return KINDS.get(subject, ("🐔", ""))[0]


def someone(subject: str) -> str:
    """A class with its article, or a hen's name."""
    known = KINDS.get(subject)
    return known[1] if known else name(subject)


def label(subject: str) -> str:
    """What a picture calls it: plain text, not HTML."""
    known = KINDS.get(subject)
    return known[1].partition(" ")[2].capitalize() if known and " " in known[1] else subject


def some(kind: str) -> str:
    """A class with its article, also one that is not in the table."""
    if kind in KINDS:
        return KINDS[kind][1]
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {name(kind)}"


def at(place: str, camera: str) -> str:
    """Where, as a line's first words. A place that is only the camera itself is called so."""
    return f"camera {name(camera)}" if place == camera else name(place)


def clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def stamp(moment: datetime) -> str:
    """Day and time as they stand on a picture, the same in every country."""
    return f"{moment:%Y-%m-%d %H:%M}"


def span(length: timedelta) -> str:
    """A length of time as a person says it: ``under a minute``, ``1 h 40 min``, ``2 days 3 h``."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"


def day_name(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def headline(emoji: str, who: str, rest: str, *, sure: bool) -> str:
    """The bold first line: ``🐔 Probably Clover is here``."""
    words = f"{who if sure else f'probably {who}'}{rest}"
    return f"{emoji} <b>{words[:1].upper()}{words[1:]}</b>"


def hen_arrived(subject: str, where: str, when: datetime, *, sure: bool) -> str:
    first = headline(sign(subject), someone(subject), " is here", sure=sure)
    return f"{first}\n{where} · {clock(when)} · first visit today"


def predator_seen(kind: str, where: str, when: datetime, *, sure: bool) -> str:
    first = headline(f"🚨 {sign(kind) if kind in KINDS else '🐾'}", some(kind), "!", sure=sure)
    return f"{first}\n{where} · {clock(when)}"


def motion_seen(where: str, when: datetime) -> str:
    return f"👀 <b>Something moved</b>\n{where} · {clock(when)}"


def visit_ended(
    subject: str, where: str, began: datetime, ended: datetime, length: timedelta, *, sure: bool
) -> str:
    first = headline(sign(subject), someone(subject), " was here", sure=sure)
    hours = clock(began) if clock(began) == clock(ended) else f"{clock(began)} – {clock(ended)}"
    return f"{first}\n{where} · {hours} · {span(length)}"


def camera_lost(camera: str, reason: str, when: datetime) -> str:
    why = f"\n{name(reason, REASON_LENGTH)}" if reason.strip() else ""
    return (
        f"📷 <b>Camera {name(camera)} gives no pictures</b>\nsince {clock(when)}{why}\n"
        "I keep trying and tell you when it is back."
    )


def camera_back(camera: str, away: timedelta, when: datetime) -> str:
    return f"📷 <b>Camera {name(camera)} is back</b>\n{clock(when)} · away for {span(away)}"


def possible_repeat(text: str) -> str:
    return f"<i>possible repeat</i>\n{text}"


def without_picture(text: str) -> str:
    return f"{text}\n<i>(its picture could not be sent)</i>"


def test_message(when: datetime) -> str:
    return f"✅ <b>Test message</b>\n{clock(when)} · If you hear and see this, alarms will reach you."


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


# The digest


def digest_title(day: date) -> str:
    return f"📋 <b>{day_name(day)}</b>"


def digest_summary(visits: int, hens: int) -> str:
    """``hens``: how many were told apart; 0 where no model knows them."""
    if not visits:
        return "No hen visited."
    counted = f"{visits} visit{'s' if visits != 1 else ''}"
    return f"{counted} by {hens} {'hens' if hens != 1 else 'hen'}." if hens else f"{counted} by hens."


def digest_hen(subject: str, visits: int, length: timedelta, first: datetime, last: datetime) -> str:
    times = clock(first) if clock(first) == clock(last) else f"{clock(first)} – {clock(last)}"
    who = "hens" if subject == "hen" else name(subject)
    return f"• {who}: {visits} × · {span(length)} · {times}"


def digest_more(hens: int) -> str:
    return f"• and {hens} more"


def _listed(parts: Sequence[str], more: int) -> str:
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def digest_predators(seen: Sequence[tuple[str, datetime]], more: int) -> str:
    return "🚨 " + _listed([f"{name(kind)} at {clock(when)}" for kind, when in seen], more)


def digest_others(seen: Sequence[tuple[str, int]], more: int) -> str:
    return "👀 " + _listed([f"{name(kind)} {count} ×" for kind, count in seen], more)


def digest_motion(count: int) -> str:
    return f"👀 something moved {count} ×"


def digest_faults(faults: Sequence[tuple[str, int]], more: int) -> str:
    return "📷 " + _listed([f"{name(camera)} lost {count} ×" for camera, count in faults], more)


def chart_title(day: date) -> str:
    return day_name(day)


def chart_empty() -> str:
    return "no visits"


def chart_rest(*, known: bool) -> str:
    """The grey bars: hens beyond the colours, or not told apart."""
    return "other hens" if known else "hens"


def chart_hours() -> str:
    return "hour of the day"


def chart_visits() -> str:
    return "visits"


# Answers to commands

COMMANDS: tuple[tuple[str, str], ...] = (
    ("photo", "a picture from the coop, now"),
    ("today", "what happened today"),
    ("status", "how the watch is doing"),
    ("test", "send a test message"),
    ("help", "what I can do"),
)


def help_text() -> str:
    lines = [f"/{command} – {what}" for command, what in COMMANDS]
    return "\n".join(
        [
            "🐔 <b>I watch the coop</b> and write when something is worth telling: the first visit of each "
            "hen's day, a predator, a camera that fails.",
            "",
            *lines,
            "",
            "<code>/photo name</code> asks one camera by its name.",
        ]
    )


def paired(who: str) -> str:
    return f"🤝 <b>Welcome, {name(who)}.</b> This chat now hears from the coop.\n\n{help_text()}"


def which_camera(cameras: Sequence[str]) -> str:
    if not cameras:
        return "No camera is set up."
    return "Which camera?\n" + "\n".join(f"<code>/photo {name(camera)}</code>" for camera in cameras)


def not_possible(problem: str) -> str:
    return f"⚠️ {name(problem, REASON_LENGTH)}"


def went_wrong() -> str:
    return "⚠️ That did not work. The reason is in the coop's log."


def photo(camera: str, when: datetime) -> str:
    return f"📷 {name(camera)} · {when:%H:%M:%S}"


_STATES = {
    CameraState.LIVE: "🟢",
    CameraState.CONNECTING: "🟡",
    CameraState.LOST: "🔴",
    CameraState.ENDED: "⚪",
}


def status(
    coop: str, cameras: Sequence[CameraStatus], models: str, uptime: timedelta, waiting: int = 0
) -> str:
    """How the watch is doing. ``waiting``: findings that could not be recorded yet."""
    lines = [f"<b>{name(coop)}</b> · watching for {span(uptime)}"]
    lines += [_camera_status(camera) for camera in cameras]
    lines.append(f"🧠 {name(models, REASON_LENGTH)}" if models else "🧠 no model: every movement is told")
    if waiting:
        lines.append(f"⚠️ {waiting} finding{'s' if waiting != 1 else ''} not recorded yet: is the disk full?")
    return "\n".join(lines)


def _camera_status(camera: CameraStatus) -> str:
    details = [name(camera.camera), camera.state.value]
    if camera.state is CameraState.LIVE:
        details.append(f"{camera.fps:.0f} pictures a second")
    if camera.reconnects:
        details.append(f"{camera.reconnects} reconnect{'s' if camera.reconnects != 1 else ''}")
    if camera.main is not None and camera.main.state is CameraState.LOST:
        details.append("its large stream is lost")
    problem = f"\n{name(camera.problem, REASON_LENGTH)}" if camera.problem else ""
    return f"{_STATES[camera.state]} {' · '.join(details)}{problem}"


# The folder of messages


def chat_summary(messages: int, loud: int) -> str:
    return f"{messages} message{'s' if messages != 1 else ''}, {loud} with sound"
