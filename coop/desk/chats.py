"""What a chat wants to hear: snooze, mutes, quiet hours, language, switches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.chat import EVERYTHING, Mute, Role
from coop.domain.notification import Button, Keyboard
from coop.notify import answers
from coop.notify.desk import Answer, Caller, Pressed
from coop.notify.languages import LANGUAGES, speaking

SNOOZES = (30, 60, 180)
"""Minutes offered."""
MORNING = time(6)
LONGEST = timedelta(days=30)
QUIET = (("21:00", "07:00"), ("22:00", "07:00"), ("22:00", "08:00"), ("23:00", "06:00"))
_LENGTH = re.compile(r"(\d{1,3})\s*(m|min|h|d|мин|м|ч|д)?\.?", re.IGNORECASE)
_MINUTES = {"h": 60, "ч": 60, "d": 1440, "д": 1440}
_HOURS = re.compile(r"(\d{1,2}(?::\d{2})?)\s*[-–—]\s*(\d{1,2}(?::\d{2})?)")
OFF = ("off", "none", "нет", "выкл")


class ChatDesk:
    """`/snooze`, `/mute`, `/quiet`, `/language`, `/settings`, and the buttons under their answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {
            "snooze": self.snooze,
            "mute": self.mute,
            "quiet": self.quiet,
            "language": self.language,
            "settings": self.settings,
        }
        keeper = Role.KEEPER
        self.presses: PressTable = {
            "rest": (keeper, self.rest),
            "mute": (keeper, self.mute_pressed),
            "quiet": (keeper, self.quiet_pressed),
            "lang": (keeper, self.language_pressed),
            "switch": (keeper, self.switch_pressed),
            "menu": (keeper, self.menu_pressed),
        }

    # Snooze: all routine messages of a chat

    def snooze(self, caller: Caller, words: str) -> Answer:
        """No routine messages for a while; without a length it asks for one."""
        minutes = minutes_in(words)
        if words.casefold() in OFF:
            return self._rest(caller, None)
        if minutes is None:
            return Answer(text=answers.which_snooze(), buttons=self._snooze_choice(caller))
        return self._rest(caller, self._parts.clock() + timedelta(minutes=minutes))

    def rest(self, press: Press) -> Pressed:
        until = until_of(press.first, self._parts.clock(), self._parts.local())
        if until is None and press.first != "0":
            return Pressed()
        return Pressed(answer=self._rest(press.caller, until))

    def _rest(self, caller: Caller, until: datetime | None) -> Answer:
        if until is None:
            self._parts.store.unmute(caller.chat, EVERYTHING)
            return Answer(text=answers.awake())
        self._mute(caller, EVERYTHING, until)
        return Answer(
            text=answers.snoozed(until.astimezone(self._parts.zone)),
            buttons=((Button(text=answers.end_snooze_button(), press="rest:0"),),),
        )

    def _snooze_choice(self, caller: Caller) -> Keyboard:
        choice = [Button(text=answers.minutes_button(m), press=f"rest:{m}") for m in SNOOZES]
        choice.append(Button(text=answers.until_morning_button(), press="rest:day"))
        if any(mute.topic == EVERYTHING for mute in self._mutes(caller)):
            choice.append(Button(text=answers.end_snooze_button(), press="rest:0"))
        return grid(choice)

    # Mutes: one kind or hen, for good

    def mute(self, caller: Caller, words: str) -> Answer:
        """Never tell of a kind or a hen; the same again takes it back."""
        if words:
            topic = next((t for t in self._topics(caller) if words.casefold() in _called(t)), None)
            if topic is not None:
                return self._toggle(caller, topic)
        return self._mute_menu(caller)

    def mute_pressed(self, press: Press) -> Pressed:
        topic = tagged(press.first, self._topics(press.caller))
        if topic is None:
            return Pressed()
        said = self._toggle(press.caller, topic)
        return Pressed(toast=answers.plain(said.text), answer=self._mute_menu(press.caller))

    def _toggle(self, caller: Caller, topic: str) -> Answer:
        if any(mute.topic == topic for mute in self._mutes(caller)):
            self._parts.store.unmute(caller.chat, topic)
            return Answer(text=answers.unmuted(topic))
        self._mute(caller, topic, None)
        return Answer(text=answers.muted(topic))

    def _mute_menu(self, caller: Caller) -> Answer:
        muted = [mute.topic for mute in self._mutes(caller) if mute.topic]
        kinds = self._parts.settings.events.predators
        choice = [
            Button(
                text=f"{'🔕 ' if topic in muted else ''}{answers.choice(topic, hen=topic not in kinds)}",
                press=f"mute:{tag(topic)}",
            )
            for topic in self._topics(caller)
        ]
        return Answer(text=answers.which_mute(muted), buttons=grid(choice))

    def _topics(self, caller: Caller) -> tuple[str, ...]:
        """What may be muted: predators, other kinds, hens, and whatever is muted already."""
        kinds = (*self._parts.settings.events.predators, "cat", "dog", "person", "bird", "motion")
        muted = (mute.topic for mute in self._mutes(caller) if mute.topic)
        return tuple(dict.fromkeys((*kinds, *self._parts.hens(), *muted)))

    def _mute(self, caller: Caller, topic: str, until: datetime | None) -> None:
        mute = Mute(chat=caller.chat, topic=topic, until=until)
        self._parts.store.set_mute(mute, caller.name, self._parts.clock())

    def _mutes(self, caller: Caller) -> list[Mute]:
        return [mute for mute in self._parts.store.mutes(self._parts.clock()) if mute.chat == caller.chat]

    # Quiet hours

    def quiet(self, caller: Caller, words: str) -> Answer:
        """Hours without sound, such as `/quiet 22:00-07:00`; `/quiet off` ends them."""
        if not words:
            return self._quiet_menu(caller)
        if words.casefold() in OFF:
            return self._set_quiet(caller, None)
        hours = hours_in(words)
        return Answer(text=answers.bad_hours(words)) if hours is None else self._set_quiet(caller, hours)

    def quiet_pressed(self, press: Press) -> Pressed:
        hours = hours_in(press.first.replace(".", ":"))
        if hours is None and press.first != "off":
            return Pressed()
        return Pressed(answer=self._set_quiet(press.caller, hours))

    def _quiet_menu(self, caller: Caller) -> Answer:
        now = self._parts.addressees.preferences(caller.chat).quiet
        choice = [
            Button(text=f"{a}–{b}", press=f"quiet:{a.replace(':', '.')}-{b.replace(':', '.')}")
            for a, b in QUIET
        ]
        choice.append(Button(text=answers.none_button(), press="quiet:off"))
        return Answer(text=answers.which_quiet(now), buttons=grid(choice, 2))

    def _set_quiet(self, caller: Caller, hours: tuple[time, time] | None) -> Answer:
        wanted = self._parts.addressees.preferences(caller.chat)
        self._parts.store.set_preferences(replace(wanted, quiet=hours))
        return Answer(text=answers.quiet_set(hours))

    # Language

    def language(self, caller: Caller, words: str) -> Answer:
        """English or Russian, for this chat."""
        code = next(
            (c for c, called in LANGUAGES.items() if words.casefold() in (c, called.casefold())), None
        )
        return self._set_language(caller, code) if words and code is not None else _language_menu()

    def language_pressed(self, press: Press) -> Pressed:
        if press.first not in LANGUAGES:
            return Pressed()
        return Pressed(answer=self._set_language(press.caller, press.first))

    def _set_language(self, caller: Caller, code: str) -> Answer:
        wanted = self._parts.addressees.preferences(caller.chat)
        self._parts.store.set_preferences(replace(wanted, language=code))
        with speaking(code):
            return Answer(text=answers.language_set())

    # All of it on one page

    def settings(self, caller: Caller, words: str) -> Answer:
        """What this chat hears, with switches."""
        wanted = self._parts.addressees.preferences(caller.chat)
        muted = [mute.topic for mute in self._mutes(caller) if mute.topic]
        switches = [
            (Button(text=answers.switch(which, getattr(wanted, which)), press=f"switch:{which}"),)
            for which in answers.SWITCHES
        ]
        more = (
            Button(text=answers.quiet_button(), press="menu:quiet"),
            Button(text=answers.mute_button(), press="menu:mute"),
            Button(text="🌐 English · Русский", press="menu:lang"),
        )
        text = answers.settings_title(wanted, self._parts.addressees.language(caller.chat), muted)
        return Answer(text=text, buttons=(*switches, more[:2], more[2:]))

    def switch_pressed(self, press: Press) -> Pressed:
        which = press.first
        if which not in answers.SWITCHES:
            return Pressed()
        wanted = self._parts.addressees.preferences(press.caller.chat)
        self._parts.store.set_preferences(wanted.switched(which))
        return Pressed(answer=self.settings(press.caller, ""))

    def menu_pressed(self, press: Press) -> Pressed:
        match press.first:
            case "quiet":
                return Pressed(answer=self._quiet_menu(press.caller))
            case "mute":
                return Pressed(answer=self._mute_menu(press.caller))
            case "lang":
                return Pressed(answer=_language_menu())
        return Pressed()


def _language_menu() -> Answer:
    choice: Sequence[Button] = [
        Button(text=called, press=f"lang:{code}") for code, called in LANGUAGES.items()
    ]
    return Answer(text=answers.which_language(), buttons=grid(choice))


def _called(topic: str) -> set[str]:
    return {topic.casefold(), answers.choice(topic).partition(" ")[2].casefold()}


def minutes_in(text: str) -> int | None:
    """A length such as "90", "45 min" or "2h" in minutes; None for anything else, and for none or a month."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        return None
    minutes = int(found[1]) * _MINUTES.get((found[2] or "").lower(), 1)
    return minutes if 0 < minutes <= LONGEST / timedelta(minutes=1) else None


def hours_in(text: str) -> tuple[time, time] | None:
    """Two times of day such as "22:00-07:00" or "22-7"; None for anything else."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        return None
    try:
        begin, end = _time(found[1]), _time(found[2])
    except ValueError:
        return None
    return None if begin == end else (begin, end)


def _time(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute or 0))


def until_of(choice: str, now: datetime, local: datetime) -> datetime | None:
    """The moment that a snooze button means: so many minutes, or "day" for tomorrow morning."""
    if choice == "day":
        morning = local.replace(hour=MORNING.hour, minute=0, second=0, microsecond=0)
        return (morning if morning > local else morning + timedelta(days=1)).astimezone(now.tzinfo)
    minutes = minutes_in(choice)
    return now + timedelta(minutes=minutes) if minutes is not None else None
