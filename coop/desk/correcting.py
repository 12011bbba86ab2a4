"""Buttons under messages about visits: right, wrong, not a hen, snooze, seen.

A correction is taken into the record in one transaction: the log of corrections, labels for the crops of
the visit, the visit and its events, and the changed messages. A program that is killed has all or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from coop.classify.judge import HENS, KINDS
from coop.desk.chats import SNOOZES, until_of
from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.chat import Mute, Role
from coop.domain.correction import NOTHING, Correction
from coop.domain.label import Label
from coop.domain.notification import Button, Keyboard
from coop.domain.picture import PictureKind
from coop.domain.sighting import Visit
from coop.domain.task import NONE, Task, TaskClass, TaskKind
from coop.errors import LabelError
from coop.ledger import reattribute
from coop.notify import answers
from coop.notify.desk import Pressed
from coop.notify.visit_message import MOTION, egg_buttons

HEN = "hen"
OTHER_KINDS = ("cat", "dog", "fox", "wild carnivore", "raptor", "rodent", "person", "bird")
"""Offered where something is no hen, besides what the model knows."""
LIKELY = timedelta(days=7)
LATEST = timedelta(days=1)
"""No visit goes on for so long after its correction."""


class CorrectionDesk:
    """The buttons of messages. They carry a verb and the key of a visit; nothing is believed of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {}
        keeper = Role.KEEPER
        self.presses: PressTable = {
            "right": (keeper, self.right),
            "wrong": (keeper, self.wrong),
            "nohen": (keeper, self.not_a_hen),
            "is": (keeper, self.is_subject),
            "which": (keeper, self.which),
            "back": (keeper, self.back),
            "snooze": (keeper, self.snooze),
            "sleep": (keeper, self.sleep),
            "awake": (keeper, self.awake),
            "seen": (keeper, self.seen),
        }

    # Corrections

    def right(self, press: Press) -> Pressed:
        """What the message says is right."""
        visit = self._visit(press)
        return _too_old() if visit is None else self.correct(press, visit, visit.kind, visit.subject)

    def wrong(self, press: Press) -> Pressed:
        """The hens, the most likely first; below them what else it may be."""
        visit = self._visit(press)
        if visit is None:
            return _too_old()
        hens = [hen for hen in self.likely_hens(visit) if hen != visit.subject]
        if not hens:
            return self.not_a_hen(press)
        other = Button(text=answers.other_button(), press=f"nohen:{visit.key}")
        return Pressed(buttons=(*self._choices(visit, hens), (other, _back(visit))))

    def not_a_hen(self, press: Press) -> Pressed:
        """What it may be besides a hen."""
        visit = self._visit(press)
        if visit is None:
            return _too_old()
        kinds = [kind for kind in self._kinds() if kind not in (HEN, visit.subject)]
        hen = [HEN] if visit.kind != HEN else []
        nothing = Button(text=answers.nothing_button(), press=f"is:{visit.key}:{tag(NOTHING)}")
        return Pressed(buttons=(*self._choices(visit, [*hen, *kinds]), (nothing, _back(visit))))

    def is_subject(self, press: Press) -> Pressed:
        """It was this hen, or this kind."""
        visit = self._visit(press)
        if visit is None:
            return _too_old()
        subject = self.subject_tagged(press.second)
        return Pressed() if subject is None else self.correct(press, visit, *subject)

    def subject_tagged(self, wanted: str) -> tuple[str, str] | None:
        """Kind and subject of a button's tag: a hen by name, or a kind."""
        hen = tagged(wanted, self._parts.hens())
        if hen is not None:
            return HEN, hen
        kind = tagged(wanted, (HEN, NOTHING, *self._kinds()))
        return None if kind is None else (kind, kind)

    def which(self, press: Press) -> Pressed:
        """A message that tells of several visits: which of them is meant?"""
        visits = self._told_together(press)
        if not visits:
            return _too_old()
        choice = [Button(text=answers.choice(v.subject), press=f"wrong:{v.key}") for v in visits]
        return Pressed(buttons=(*grid(choice), (_back(visits[0]),)))

    def back(self, press: Press) -> Pressed:
        """The buttons as they were."""
        return Pressed(buttons=self._buttons(press))

    def correct(self, press: Press, visit: Visit, kind: str, subject: str) -> Pressed:
        """Take the correction into the record, all of it or nothing."""
        store, now = self._parts.store, self._parts.clock()
        known = store.corrections([visit.key])
        if known and (known[-1].kind, known[-1].subject) == (kind, subject):
            return Pressed(toast=answers.already_noted(), buttons=self._buttons(press))
        correction = Correction(
            visit=visit.key,
            kind=kind,
            subject=subject,
            who=press.caller.name,
            at=now,
            batch=f"telegram-{visit.key[:8]}-{press.id}",
            was_kind=visit.kind,
            was_subject=visit.subject,
        )
        labels = self.labels(correction, store.visit_crops(visit))
        messages = self._parts.teller.retell([visit.key], correction.batch, correction=correction)
        new = store.correct(correction, labels, messages)
        store.acknowledge(visit.key, press.caller.name, now)  # who corrects an alarm has seen it
        # Should the program end here, the routine does the same within a minute.
        changed = reattribute(store, visit.began, now)
        store.queue(self._parts.teller.retell_eggs(changed), now)
        return Pressed(toast=answers.noted() if new else answers.already_noted())

    def label_late_crops(self) -> int:
        """Label the crops that came after their visit was corrected; returns how many.

        A message comes when a hen does, her crops when she is gone: most corrections are made in between.
        """
        store, labelled = self._parts.store, 0
        for correction, crops in store.unlabelled_crops(self._parts.clock() - LATEST):
            late = replace(correction, batch=f"{correction.batch}+{tag(crops[0])}")
            labels = self.labels(late, crops)
            labelled += len(labels) if store.add_labels(labels) else 0
        return labelled

    def labels(self, correction: Correction, crops: Sequence[str]) -> list[Label]:
        """What a correction says of each crop, for every task that it says something of."""
        if correction.kind == MOTION:
            return []  # that something moved is no class
        values = {KINDS: self._value(KINDS, correction.kind)}
        if correction.kind == HEN and correction.subject != HEN:
            values[HENS] = self._value(HENS, correction.subject)
        return [
            Label(
                picture=crop,
                task=task,
                value=value,
                who=correction.who,
                at=correction.at,
                how="telegram",
                batch=f"{correction.batch}-{task}",
                suggestion=correction.was_subject,
            )
            for task, value in values.items()
            for crop in crops
        ]

    def _value(self, task: str, name: str) -> str:
        """A class's code, the task and the class made where there were none."""
        if name == NOTHING:
            self._task(task)
            return NONE
        try:
            return self._task(task).named(name).code
        except LabelError:
            added = self._parts.store.add_classes(task, [name], "telegram", self._parts.clock())
            return added.named(name).code

    def _task(self, name: str) -> Task:
        store = self._parts.store
        known = {task.name: task for task in store.tasks()}
        if name in known:
            return known[name]
        names = self._kinds() if name == KINDS else self._parts.hens()
        classes = tuple(TaskClass(code=cls, name=cls) for cls in names)
        task = Task(name=name, kind=TaskKind.SINGLE, classes=classes, pictures=PictureKind.CROP)
        return store.add_task(task, "telegram", self._parts.clock())

    # What may be meant

    def likely_hens(self, visit: Visit) -> list[str]:
        """Every hen; first those that came to this place most in the last days."""
        until = visit.began + timedelta(seconds=1)
        here = [
            v.subject
            for v in self._parts.store.visits(until - LIKELY, until)
            if v.kind == HEN and v.place == visit.place
        ]
        hens = self._parts.hens()
        return sorted(hens, key=lambda hen: (-here.count(hen), hen.casefold()))

    def _kinds(self) -> tuple[str, ...]:
        card = self._parts.models.cards.get(KINDS)
        known = [kind for kind in card.classes if kind != NOTHING] if card is not None else []
        return tuple(dict.fromkeys((*known, HEN, *OTHER_KINDS)))

    def _choices(self, visit: Visit, subjects: Sequence[str]) -> Keyboard:
        return grid([Button(text=answers.choice(s), press=f"is:{visit.key}:{tag(s)}") for s in subjects[:24]])

    # Snooze

    def snooze(self, press: Press) -> Pressed:
        """For how long this hen or kind shall not be told of."""
        choice = [
            Button(text=answers.minutes_button(minutes), press=f"sleep:{press.first}:{minutes}")
            for minutes in SNOOZES
        ]
        morning = Button(text=answers.until_morning_button(), press=f"sleep:{press.first}:day")
        back = Button(text=answers.back_button(), press=f"back:{press.first}")
        return Pressed(buttons=(tuple(choice), (morning, back)))

    def sleep(self, press: Press) -> Pressed:
        parts, now = self._parts, self._parts.clock()
        until, topic = until_of(press.second, now, parts.local()), self._topic(press)
        if until is None or topic is None:
            return _too_old()
        parts.store.set_mute(Mute(chat=press.caller.chat, topic=topic, until=until), press.caller.name, now)
        return self._shown_anew(press, answers.snooze_toast(until.astimezone(parts.zone)))

    def awake(self, press: Press) -> Pressed:
        topic = self._topic(press)
        if topic is None:
            return _too_old()
        self._parts.store.unmute(press.caller.chat, topic)
        return self._shown_anew(press, answers.plain(answers.awake()))

    def _topic(self, press: Press) -> str | None:
        """A message about one visit is about its subject, one about several about all routine."""
        visits = self._told_together(press)
        if not visits:
            return None
        return visits[0].subject if len(visits) == 1 else ""

    def _shown_anew(self, press: Press, toast: str) -> Pressed:
        """The message of this chat as it is now, by way of the outbox."""
        edits = self._parts.teller.retell([press.first], f"mute-{press.id}")
        mine = [edit for edit in edits if self._is_here(edit.chat, press)]
        self._parts.store.queue(mine, self._parts.clock())
        return Pressed(toast=toast)

    # Alarms

    def seen(self, press: Press) -> Pressed:
        """Somebody has seen the alarm: no chat is told of it again."""
        parts, now = self._parts, self._parts.clock()
        visit = self._visit(press)
        if visit is None:
            return _too_old()
        parts.store.acknowledge(visit.key, press.caller.name, now)
        who, at = parts.store.acknowledged([visit.key])[visit.key]
        parts.store.queue(parts.teller.retell([visit.key], f"seen-{visit.key}"), now)
        mine = who == press.caller.name and now - at < timedelta(seconds=2)
        return Pressed(toast="" if mine else answers.seen_toast(who), buttons=self._buttons(press))

    # What a button is about

    def _visit(self, press: Press) -> Visit | None:
        """The visit of a button, where there is one: what a button carries may be forged."""
        return self._parts.store.visit(press.first)

    def _told_together(self, press: Press) -> list[Visit]:
        """The visits that the message which tells of this one tells of."""
        store = self._parts.store
        roots = [t.message for t in store.tellings(visit=press.first) if self._is_here(t.chat, press)]
        keys = [t.visit for root in roots for t in store.tellings(message=root)]
        known = store.visits_by_key(keys)
        return [known[key] for key in dict.fromkeys(keys) if key in known]

    def _is_here(self, address: str, press: Press) -> bool:
        return address.partition("/")[0] == press.caller.chat

    def _buttons(self, press: Press) -> Keyboard | None:
        """The buttons that the message has by what is known now."""
        edits = self._parts.teller.retell([press.first], "shown")
        own = next((n.buttons for n in edits if self._is_here(n.chat, press)), None)
        return own if own is not None else egg_buttons(self._egg_of(press.first), press.first)

    def _egg_of(self, key: str) -> str | None:
        """The egg whose message the button of a visit is below."""
        visit = self._parts.store.visit(key)
        if visit is None:
            return None
        eggs = self._parts.store.eggs(visit.began, visit.last_seen + LATEST)
        return next((egg.key for egg in eggs if any(share.visit == key for share in egg.shares)), None)


def _too_old() -> Pressed:
    return Pressed(toast=answers.too_old())


def _back(visit: Visit) -> Button:
    return Button(text=answers.back_button(), press=f"back:{visit.key}")
