"""A message about visits, made anew from what is known of them: whoever, corrections and the clip included.

A message tells of one visit, or of several that began close together. It is worded from the facts alone, so
the end of a visit, a correction, an acknowledgement and a clip all change it in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from coop.domain.chat import Mute
from coop.domain.correction import NOTHING, Correction
from coop.domain.notification import Button, Keyboard
from coop.domain.sighting import Visit
from coop.notify import answers, texts
from coop.notify.messenger import CAPTION_LIMIT

MOTION = "motion"
HEN = "hen"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts:
    """What is known of a visit by now. ``remarks``: further lines (Telegram's HTML), such as about an egg.

    ``alarm``: told again until somebody has seen it; a predator that is only a warning is none.
    """

    visit: Visit
    first: bool = False
    predator: bool = False
    alarm: bool = False
    picture: str | None = None
    clip: str | None = None
    correction: Correction | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitMessage:
    """``picture`` is that of its first visit; ``clip`` shows the only one."""

    text: str
    picture: str | None
    clip: str | None
    buttons: Keyboard


def about_visits(
    facts: Sequence[VisitFacts],
    *,
    zone: tzinfo,
    sure_from: float,
    mute: Mute | None = None,
    seen: tuple[str, datetime] | None = None,
) -> VisitMessage:
    """The message. ``mute``: what its chat hears of no more; ``seen``: who saw the alarm, and when."""
    if len(facts) == 1:
        text, buttons = _single(facts[0], zone, sure_from, seen), _buttons(facts[0], mute, zone, seen)
    else:
        text, buttons = _several(facts, zone, sure_from), _batch_buttons(facts, mute, zone)
    if mute is not None:
        until = mute.until.astimezone(zone) if mute.until is not None else None
        text += f"\n{texts.muted_until(mute.topic, until)}"
    clip = facts[0].clip if len(facts) == 1 else None
    return VisitMessage(text=text, picture=facts[0].picture, clip=clip, buttons=buttons)


def _single(facts: VisitFacts, zone: tzinfo, sure_from: float, seen: tuple[str, datetime] | None) -> str:
    lines = [_what(facts, zone, sure_from), *facts.remarks]
    correction = facts.correction
    if correction is not None:
        if correction.confirms:
            lines.append(texts.confirmed(correction.who))
        else:
            lines.append(texts.corrected(correction.who, correction.was_subject))
    if seen is not None:
        lines.append(texts.seen_by(seen[0], seen[1].astimezone(zone)))
    return "\n".join(lines)


def _what(facts: VisitFacts, zone: tzinfo, sure_from: float) -> str:
    visit = facts.visit
    where, began, last = _where(visit), visit.began.astimezone(zone), visit.last_seen.astimezone(zone)
    sure = facts.correction is not None or visit.confidence >= sure_from
    if visit.kind == NOTHING:
        return texts.nothing_there(where, began)
    if visit.kind == MOTION and visit.ended is None:
        return texts.motion_seen(where, began)
    if visit.ended is not None:
        return texts.visit_ended(visit.subject, where, began, last, visit.duration, sure=sure)
    if facts.predator:
        return texts.predator_seen(visit.subject, where, began, sure=sure)
    return texts.hen_arrived(visit.subject, where, began, sure=sure, first=facts.first)


def _several(facts: Sequence[VisitFacts], zone: tzinfo, sure_from: float) -> str:
    shown = [one for one in facts if one.visit.kind != NOTHING] or list(facts)
    names = list(dict.fromkeys(one.visit.subject for one in shown))
    lines = [texts.hens_came(names, here=any(one.visit.ended is None for one in shown))]
    for number, one in enumerate(shown):
        line = _line(one, zone, sure_from)
        rest = texts.more_lines(len(shown) - number)
        if texts.units("\n".join([*lines, line, rest])) > CAPTION_LIMIT - 150:  # room for a mute
            lines.append(rest)
            break
        lines.append(line)
    return "\n".join(lines)


def _line(facts: VisitFacts, zone: tzinfo, sure_from: float) -> str:
    visit = facts.visit
    ended = visit.last_seen.astimezone(zone) if visit.ended is not None else None
    sure = facts.correction is not None or visit.confidence >= sure_from
    line = texts.hen_line(visit.subject, _where(visit), visit.began.astimezone(zone), ended, sure=sure)
    return " · ".join([line, *facts.remarks])


def _where(visit: Visit) -> str:
    return texts.at(visit.place, visit.camera)


# Buttons. What they carry is read by the desk: a verb, and the key of a visit, 32 letters long.


def egg_buttons(egg: str | None, visit: str | None) -> Keyboard:
    """Under a message about an egg: whose it is; and that the visit it rests on was another hen's."""
    row = [Button(text=answers.whose_egg_button(), press=f"whose:{egg}")] if egg else []
    if visit:
        row.append(Button(text=answers.other_hen_button(), press=f"wrong:{visit}"))
    return (tuple(row),) if row else ()


def _buttons(
    facts: VisitFacts, mute: Mute | None, zone: tzinfo, seen: tuple[str, datetime] | None
) -> Keyboard:
    key = facts.visit.key
    rows: list[tuple[Button, ...]] = []
    if facts.alarm and seen is None:
        rows.append((Button(text=answers.seen_button(), press=f"seen:{key}"),))
    if facts.correction is not None or facts.visit.kind == MOTION:
        judge: tuple[Button, ...] = (Button(text=answers.change_button(), press=f"wrong:{key}"),)
    else:
        judge = (
            Button(text=answers.right_button(), press=f"right:{key}"),
            Button(text=answers.wrong_button(), press=f"wrong:{key}"),
        )
        if facts.visit.kind == HEN:
            judge = (*judge, Button(text=answers.not_a_hen_button(), press=f"nohen:{key}"))
    return (*rows, judge, (_snooze_button(key, mute, zone),))


def _batch_buttons(facts: Sequence[VisitFacts], mute: Mute | None, zone: tzinfo) -> Keyboard:
    key = facts[0].visit.key
    change = Button(text=answers.change_button(), press=f"which:{key}")
    return ((change, _snooze_button(key, mute, zone)),)


def _snooze_button(key: str, mute: Mute | None, zone: tzinfo) -> Button:
    if mute is not None and mute.until is not None:
        return Button(text=answers.snoozed_button(mute.until.astimezone(zone)), press=f"awake:{key}")
    return Button(text=answers.snooze_button(), press=f"snooze:{key}")
