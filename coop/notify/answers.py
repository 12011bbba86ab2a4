"""The words of the bot's answers to commands and presses, in the language spoken now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from html import unescape

from coop.domain.chat import Preferences, Role
from coop.domain.health import CameraState, CameraStatus
from coop.notify.languages import LANGUAGES, later, number, percent, short_day, tr, trn
from coop.notify.menu import commands_for
from coop.notify.reasons import reason
from coop.notify.texts import (
    REASON_LENGTH,
    clock,
    day_name,
    kind_name,
    listing,
    name,
    sign,
    span,
    upper_first,
)

_TAG = re.compile(r"<[^>]*>")


def help_text(role: Role) -> str:
    lines = [f"/{command} – {what}" for command, what in commands_for(role)]
    told = tr(
        "and write when something is worth telling: the first visit of each hen's day, an egg, a predator, "
        "a camera that fails."
    )
    return "\n".join(
        [
            f"🐔 <b>{tr('I watch the coop')}</b> {told}",
            "",
            *lines,
            "",
            f"<code>/photo {tr('name')}</code> {tr('asks one camera by its name.')}",
        ]
    )


def paired(who: str, role: Role) -> str:
    welcome = tr("Welcome, {who}.").format(who=name(who))
    if role is Role.KEEPER:
        may = tr("You hear from the coop from now on, and may change things.")
    else:
        may = tr("You hear from the coop from now on, and may look at everything.")
    return f"🤝 <b>{welcome}</b> {may}\n\n{help_text(role)}"


def bad_code() -> str:
    return f"⚠️ {tr('This code is not good any more. A new one comes from: coop pair')}"


def only_keepers() -> str:
    return f"🔒 {tr('Only keepers can change things.')}"


def which_camera(cameras: Sequence[str]) -> str:
    return tr("Which camera?") if cameras else tr("No camera is set up.")


def not_possible(problem: str) -> str:
    return f"⚠️ {name(reason(problem), REASON_LENGTH)}"


def plain(text: str) -> str:
    """One of our texts without its markup, for a toast."""
    return unescape(_TAG.sub("", text)).partition("\n")[0]


def plain_problem(problem: str) -> str:
    """The same for a toast, which knows no markup."""
    return f"⚠️ {' '.join(reason(problem).split())}"


def went_wrong() -> str:
    return f"⚠️ {tr('That did not work. The reason is in the log of the watch.')}"


def no_picture_yet(camera: str) -> str:
    told = tr("{camera}: no picture has come yet. How it is doing: /status")
    return f"⚠️ {told.format(camera=name(camera))}"


def photo(camera: str, when: datetime) -> str:
    return f"📷 {name(camera)} · {when:%H:%M:%S}"


def clip(subject: str, where: str, when: datetime, *, today: bool) -> str:
    moment = clock(when) if today else f"{short_day(when.date())}, {clock(when)}"
    return f"🎬 {upper_first(name(kind_name(subject)))} · {name(where)} · {moment}"


def no_clip() -> str:
    return tr("There is no clip yet.")


# The state of the watch

_STATES = {
    CameraState.LIVE: "🟢",
    CameraState.CONNECTING: "🟡",
    CameraState.LOST: "🔴",
    CameraState.ENDED: "⚪",
}
_STATE_NAMES = {
    CameraState.LIVE: later("live"),
    CameraState.CONNECTING: later("connecting"),
    CameraState.LOST: later("lost"),
    CameraState.ENDED: later("ended"),
}


def status(
    coop: str, cameras: Sequence[CameraStatus], models: str, uptime: timedelta, waiting: int = 0
) -> str:
    """How the watch is doing. ``waiting``: findings that could not be recorded yet."""
    lines = [f"<b>{name(coop)}</b> · {tr('watching for {span}').format(span=span(uptime))}"]
    lines += [_camera_status(camera) for camera in cameras]
    lines.append(f"🧠 {name(models, REASON_LENGTH) if models else tr('no model: every movement is told')}")
    if waiting:
        told = trn("{n} finding not recorded yet", "{n} findings not recorded yet", waiting)
        lines.append(f"⚠️ {told}: {tr('is the disk full?')}")
    return "\n".join(lines)


def _camera_status(camera: CameraStatus) -> str:
    details = [name(camera.camera), tr(_STATE_NAMES[camera.state])]
    if camera.state is CameraState.LIVE:
        details.append(trn("{n} picture a second", "{n} pictures a second", round(camera.fps)))
    if camera.reconnects:
        details.append(trn("{n} reconnect", "{n} reconnects", camera.reconnects))
    if camera.main is not None and camera.main.state is CameraState.LOST:
        details.append(tr("its large stream is lost"))
    problem = f"\n{name(reason(camera.problem), REASON_LENGTH)}" if camera.problem else ""
    return f"{_STATES[camera.state]} {' · '.join(details)}{problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """A task's model as `/model` shows it. ``right``: the share it had right on pictures held out."""

    task: str
    model: str
    right: float | None
    since: datetime | None = None


def models(lines: Sequence[ModelLine], learned: Sequence[str] = ()) -> str:
    """``learned``: a line for the last training of each task."""
    last = [f"🎓 <b>{tr('Learned last')}</b>", *learned] if learned else []
    if not lines:
        return "\n".join([f"🧠 {tr('no model: every movement is told')}", *last])
    return "\n".join([f"🧠 <b>{tr('Models at work')}</b>", *map(_model_line, lines), *last])


def that_model() -> str:
    return tr("That model")


def _model_line(line: ModelLine) -> str:
    parts = [f"{name(line.task)}: {name(line.model)}"]
    if line.right is not None:
        parts.append(tr("{share} right on pictures held out").format(share=percent(line.right)))
    return f"• {' · '.join(parts)}"


def which_rollback() -> str:
    return tr("Which model shall go back to the one before it?")


def no_rollback() -> str:
    return tr("No model has one before it.")


def rolled_back(task: str, model: str) -> str:
    if not model:
        return f"🧠 {tr('{task}: no model is at work any more.').format(task=name(task))}"
    return f"🧠 {tr('{task}: {model} is at work again.').format(task=name(task), model=name(model))}"


# Who is here, and each hen


def who_is_inside(here: Sequence[tuple[str, str, datetime]]) -> str:
    """``here``: subject, place, and since when."""
    if not here:
        return tr("I see nobody at the moment.")
    lines = [
        f"{sign(subject)} {upper_first(name(kind_name(subject)))} · {name(place)} · "
        + tr("since {time}").format(time=clock(since))
        for subject, place, since in here
    ]
    return "\n".join([f"<b>{tr('Here now')}</b>", *lines])


@dataclass(frozen=True, slots=True, kw_only=True)
class HenLine:
    """What lists say of a hen. ``seen``: local; ``eggs``: expected number, None where nobody counts."""

    name: str
    visits: int
    seen: datetime | None
    length: timedelta = timedelta()
    eggs: float | None = None


def hens(lines: Sequence[HenLine], today: date) -> str:
    if not lines:
        return tr("I know no hen by her name yet. Name some in the labelling page, or with /quiz.")
    title = f"🐔 <b>{tr('The hens, in the last seven days')}</b>"
    return "\n".join([title, *(f"• {_hen_facts(line, today)}" for line in lines)])


def hen(line: HenLine, today: date) -> str:
    return f"🐔 <b>{name(line.name)}</b>\n{tr('in the last seven days')}: {_facts(line, today)}"


def _hen_facts(line: HenLine, today: date) -> str:
    return f"{name(line.name)}: {_facts(line, today)}"


def _facts(line: HenLine, today: date) -> str:
    parts = [trn("{n} visit", "{n} visits", line.visits)]
    if line.length:
        parts.append(span(line.length))
    if line.eggs is not None:
        parts.append(egg_count(line.eggs))
    if line.seen is not None:
        parts.append(tr("last seen {when}").format(when=_when(line.seen, today)))
    return " · ".join(parts)


def _when(moment: datetime, today: date) -> str:
    return clock(moment) if moment.date() == today else f"{short_day(moment.date())}, {clock(moment)}"


def egg_count(expected: float) -> str:
    """An expected number of eggs: whole where it is certain, else with "about"."""
    if abs(expected - round(expected)) < 0.05:
        return trn("{n} egg", "{n} eggs", round(expected))
    return tr("about {n} eggs").format(n=number(expected, 1))


def which_hen() -> str:
    return tr("Which hen?")


# Mutes, snoozes, quiet hours


def which_snooze() -> str:
    return f"🔕 {tr('No routine messages: for how long? Alarms still come.')}"


def snoozed(until: datetime) -> str:
    return f"🔕 {tr('No routine messages until {time}. Alarms still come.').format(time=clock(until))}"


def awake() -> str:
    return f"🔔 {tr('Messages come again.')}"


def which_mute(muted: Sequence[str]) -> str:
    told = listing([name(kind_name(topic)) for topic in muted], most=20)
    now = f"\n{tr('Muted now: {what}').format(what=told)}" if muted else ""
    return f"🔕 {tr('Of whom shall I never tell? An alarm about them does not come either.')}{now}"


def muted(topic: str) -> str:
    return f"🔕 {tr('No more messages about: {what}').format(what=name(kind_name(topic)))}"


def unmuted(topic: str) -> str:
    return f"🔔 {tr('Messages about this come again: {what}').format(what=name(kind_name(topic)))}"


def which_quiet(now: tuple[time, time] | None) -> str:
    state = tr("Now: {hours}.").format(hours=quiet_hours(now))
    asked = tr("Between which hours shall messages make no sound? An alarm always does.")
    return f"🌙 {asked}\n{state}\n<code>/quiet 22:00-07:00</code>"


def quiet_hours(hours: tuple[time, time] | None) -> str:
    return f"{hours[0]:%H:%M}–{hours[1]:%H:%M}" if hours else tr("none")


def quiet_set(hours: tuple[time, time] | None) -> str:
    if hours is None:
        return f"🔔 {tr('No quiet hours any more.')}"
    told = tr("No sound from {start} to {end}, alarms apart.")
    return f"🌙 {told.format(start=f'{hours[0]:%H:%M}', end=f'{hours[1]:%H:%M}')}"


def bad_hours(text: str) -> str:
    told = tr("I cannot read these hours: {text}").format(text=name(text))
    return f"⚠️ {told}\n<code>/quiet 22:00-07:00</code>"


# Language and settings


def which_language() -> str:
    return "Language? · На каком языке?"


def language_set() -> str:
    return f"✅ {tr('From now on I write English here.')}"


def settings_title(wanted: Preferences, code: str, muted_topics: Sequence[str]) -> str:
    lines = [
        f"⚙️ <b>{tr('What this chat hears')}</b>",
        f"{tr('Language')}: {LANGUAGES[code]}",
        f"{tr('Quiet hours')}: {quiet_hours(wanted.quiet)}",
    ]
    if muted_topics:
        told = listing([name(kind_name(topic)) for topic in muted_topics], most=20)
        lines.append(tr("Muted now: {what}").format(what=told))
    return "\n".join(lines)


SWITCHES = {
    "arrivals": later("first visits of the day"),
    "daily": later("the digest of the day"),
    "weekly": later("the digest of the week"),
}


def switch(which: str, on: bool) -> str:
    return f"{'✅' if on else '⬜'} {upper_first(tr(SWITCHES[which]))}"


# Corrections


def right_button() -> str:
    return f"✅ {tr('right')}"


def wrong_button() -> str:
    return f"❌ {tr('wrong')}"


def not_a_hen_button() -> str:
    return f"🚫 {tr('not a hen')}"


def nothing_button() -> str:
    return f"🍃 {tr('nothing')}"


def other_hen_button() -> str:
    return f"✏️ {tr('another hen')}"


def whose_egg_button() -> str:
    return f"🥚 {tr('whose egg?')}"


def claim_choice(hen: str, *, claimed: bool) -> str:
    """A hen on a button below an egg; one that a keeper named can be taken back."""
    return f"{'✅' if claimed else sign(hen)} {upper_first(hen)}"


def egg_claimed(hen: str) -> str:
    return tr("Noted: {hen} laid it.").format(hen=hen)


def egg_unclaimed() -> str:
    return tr("Taken back: whose it is, the record says again.")


def change_button() -> str:
    return f"✏️ {tr('change')}"


def snooze_button() -> str:
    return f"🔕 {tr('snooze')}"


def snoozed_button(until: datetime) -> str:
    return f"🔔 {tr('muted until {time}').format(time=clock(until))}"


def seen_button() -> str:
    return f"👁 {tr('seen')}"


def back_button() -> str:
    return f"« {tr('back')}"


def other_button() -> str:
    return tr("another animal")


def none_button() -> str:
    return tr("none")


def choice(subject: str, *, hen: bool = True) -> str:
    """A class or a hen on a button; ``hen``: what is no class that we know is one."""
    return f"{sign(subject, hen=hen)} {upper_first(kind_name(subject))}"


def minutes_button(minutes: int) -> str:
    return span(timedelta(minutes=minutes))


def until_morning_button() -> str:
    return tr("until tomorrow")


def noted() -> str:
    return tr("Noted, thank you. The watch learns from it.")


def already_noted() -> str:
    return tr("That is noted already.")


def too_old() -> str:
    return tr("This message is too old: what it tells of is not known any more.")


def end_snooze_button() -> str:
    return f"🔔 {tr('messages again')}"


def quiet_button() -> str:
    return f"🌙 {tr('quiet hours')}"


def mute_button() -> str:
    return f"🔕 {tr('mute')}"


def snooze_toast(until: datetime) -> str:
    return f"🔕 {tr('Not told until {time}').format(time=clock(until))}"


def seen_toast(who: str) -> str:
    return tr("{who} has seen it already").format(who=who)


# The quiz


def quiz_question(number_now: int, of: int, suggestion: str | None) -> str:
    asked = f"🎓 <b>{tr('{n} of {all}: who is this?').format(n=number_now, all=of)}</b>"
    if suggestion is None:
        return asked
    return f"{asked}\n{tr('I would say: {who}').format(who=name(kind_name(suggestion)))}"


def quiz_answered(value: str, who: str) -> str:
    return f"✅ {tr('{who} says: {what}').format(who=name(who), what=name(kind_name(value)))}"


def quiz_passed() -> str:
    return f"🤷 {tr('Nobody can tell.')}"


def quiz_over(count: int) -> str:
    return f"🎓 {trn('{n} picture named. Thank you!', '{n} pictures named. Thank you!', count)}"


def quiz_empty() -> str:
    return tr("There is nothing to name at the moment.")


def skip_button() -> str:
    return tr("cannot tell")


# Digests


def timelapse(day: date) -> str:
    return f"🎞 <b>{day_name(day)}</b>"


def no_timelapse() -> str:
    return tr("There are too few pictures of this day for a film.")
