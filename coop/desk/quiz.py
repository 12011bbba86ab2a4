"""The quiz: ten pictures that teach most, one after the other, named by a tap.

Where the labelling page keeps a queue, its pictures come in its order. Else the visits come that the watch is
least sure of, and an answer corrects the visit, as a button under its message does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from coop.classify.judge import HENS, KINDS
from coop.desk.correcting import CorrectionDesk
from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.catalogue import SheetPicture
from coop.domain.chat import Role
from coop.domain.correction import NOTHING
from coop.domain.egg import HEN
from coop.domain.label import Label
from coop.domain.notification import Button, Keyboard
from coop.domain.sighting import Visit
from coop.domain.task import NONE, UNSURE, Task, TaskKind
from coop.notify import answers
from coop.notify.desk import Answer, Caller, Pressed

QUESTIONS = 10
LEASE = timedelta(minutes=30)
LOOK_BACK = timedelta(days=7)


class QuizDesk:
    """`/quiz` asks; each answer labels the picture's visit, as the labelling page does, and asks the next."""

    def __init__(self, parts: Parts, corrections: CorrectionDesk) -> None:
        self._parts = parts
        self._corrections = corrections
        self.commands: CommandTable = {"quiz": self.quiz}
        self.presses: PressTable = {
            "quiz": (Role.KEEPER, self.answered),
            "guess": (Role.KEEPER, self.guessed),
            "pass": (Role.KEEPER, self.passed),
        }

    def quiz(self, caller: Caller, words: str) -> Answer:
        """The first question."""
        return self._next(caller, 1)

    def _next(self, caller: Caller, number: int, passed: str = "") -> Answer:
        if number > QUESTIONS:
            return Answer(text=answers.quiz_over(number - 1))
        task = self._task()
        question = self._question(caller, task, number) if task is not None else None
        question = question or self._about_a_visit(number, passed)
        if question is not None:
            return question
        return Answer(text=answers.quiz_over(number - 1) if number > 1 else answers.quiz_empty())

    # Visits that the watch is least sure of

    def guessed(self, press: Press) -> Pressed:
        """``guess:NUMBER:TAG:VISIT``: the visit was this hen or kind."""
        if len(press.words) != 3 or not press.first.isdecimal():
            return Pressed()
        visit = self._parts.store.visit(press.words[2])
        subject = self._corrections.subject_tagged(press.second)
        if visit is None or subject is None:
            return Pressed()
        done = self._corrections.correct(press, visit, *subject)
        said = Answer(text=answers.quiz_answered(subject[1], press.caller.name))
        if done.toast == answers.already_noted():
            return Pressed(toast=done.toast, answer=said)
        return Pressed(answer=said, then=self._next(press.caller, int(press.first) + 1))

    def passed(self, press: Press) -> Pressed:
        """``pass:NUMBER:VISIT``: nobody could tell."""
        if len(press.words) != 2 or not press.first.isdecimal():
            return Pressed()
        said = Answer(text=answers.quiz_passed())
        return Pressed(answer=said, then=self._next(press.caller, int(press.first) + 1, press.second))

    def _about_a_visit(self, number: int, passed: str) -> Answer | None:
        store, now = self._parts.store, self._parts.clock()
        visits = store.visits(now - LOOK_BACK, now + timedelta(seconds=1))
        known = {correction.visit for correction in store.corrections([v.key for v in visits])}
        asked = sorted((v for v in visits if v.kind == HEN and v.key not in known), key=_doubt)
        later = [v.key for v in asked].index(passed) + 1 if passed in {v.key for v in asked} else 0
        for visit in asked[later:]:
            file = self._largest(store.visit_crops(visit))
            if file is None:
                continue
            hens = self._corrections.likely_hens(visit)
            first = [visit.subject] if visit.subject in hens else []
            subjects = [*first, *(hen for hen in hens if hen not in first)][:24] or [HEN]
            choice = [
                Button(text=answers.choice(s), press=f"guess:{number}:{tag(s)}:{visit.key}") for s in subjects
            ]
            last = (
                Button(text=answers.nothing_button(), press=f"guess:{number}:{tag(NOTHING)}:{visit.key}"),
                Button(text=answers.skip_button(), press=f"pass:{number}:{visit.key}"),
            )
            return Answer(
                text=answers.quiz_question(number, QUESTIONS, visit.subject),
                picture=file.read_bytes(),
                buttons=(*grid(choice), last),
            )
        return None

    def _largest(self, crops: Sequence[str]) -> Path | None:
        """The file of the largest crop that is there and has no label."""
        store = self._parts.store
        found = [kept for key in crops if (kept := store.picture(key)) is not None and kept[1].exists()]
        if not found or all(store.is_labelled(picture.key) for picture, _ in found):
            return None
        return max(found, key=lambda kept: kept[0].width * kept[0].height)[1]

    # The queue of the labelling page

    def answered(self, press: Press) -> Pressed:
        """An answer to a question: ``quiz:NUMBER:TAG:PICTURE``, the picture by its tag."""
        task = self._task()
        if task is None or len(press.words) != 3 or not press.first.isdecimal():
            return Pressed()
        number, choice, wanted = int(press.first), press.words[1], press.words[2]
        value = tagged(choice, [*(cls.code for cls in task.offered), NONE, UNSURE])
        queued = self._queued(press.caller, task)
        pictures = next((p for p in queued if tag(p[0].picture.key) == wanted), None)
        if value is None:
            return Pressed()
        if pictures is None:  # it was answered before, here or on the page
            return Pressed(toast=answers.already_noted(), buttons=())
        batch = f"quiz-{press.id}-{wanted}"
        new = self._parts.store.add_labels(
            [
                Label(
                    picture=p.picture.key,
                    task=task.name,
                    value=value,
                    who=press.caller.name,
                    at=self._parts.clock(),
                    how="telegram",
                    batch=batch,
                    suggestion=p.suggestion.shown if p.suggestion is not None else None,
                )
                for p in pictures
                if p.value is None
            ]
        )
        shown = value if value in (NONE, UNSURE) else task.current(value).name
        said = Answer(text=answers.quiz_answered(shown, press.caller.name))
        if not new:
            return Pressed(toast=answers.already_noted(), answer=said)
        return Pressed(answer=said, then=self._next(press.caller, number + 1))

    def _question(self, caller: Caller, task: Task, number: int) -> Answer | None:
        for pictures in self._queued(caller, task):
            best = max(pictures, key=lambda p: p.picture.width * p.picture.height)
            file = self._parts.store.locate_picture(best.picture)
            if not file.exists():
                continue
            suggestion = best.suggestion
            said = task.shown(suggestion.value) if suggestion is not None else None
            return Answer(
                text=answers.quiz_question(number, QUESTIONS, said),
                picture=file.read_bytes(),
                buttons=self._choices(task, pictures[0], number, said),
            )
        return None

    def _choices(self, task: Task, first: SheetPicture, number: int, said: str | None) -> Keyboard:
        """Every class, what the model says first, then nothing at all and "cannot tell"."""
        which = tag(first.picture.key)
        offered = sorted(task.offered, key=lambda cls: cls.name != said)
        choice = [
            Button(text=answers.choice(cls.name), press=f"quiz:{number}:{tag(cls.code)}:{which}")
            for cls in offered[:24]
        ]
        last = (
            Button(text=answers.nothing_button(), press=f"quiz:{number}:{tag(NONE)}:{which}"),
            Button(text=answers.skip_button(), press=f"quiz:{number}:{tag(UNSURE)}:{which}"),
        )
        return (*grid(choice), last)

    def _queued(self, caller: Caller, task: Task) -> list[Sequence[SheetPicture]]:
        """The unlabelled pictures of the visits that wait most, kept for this chat meanwhile."""
        who = f"telegram {caller.chat}"
        visits = self._parts.store.next_visits(task.name, who, self._parts.clock(), count=3, lease=LEASE)
        open_ones = ([p for p in visit.pictures if p.value is None] for visit in visits)
        return [pictures for pictures in open_ones if pictures]

    def _task(self) -> Task | None:
        """The hens where they have names, else the kinds."""
        known = {task.name: task for task in self._parts.store.tasks()}
        for name in (HENS, KINDS):
            task = known.get(name)
            if task is None or task.kind is not TaskKind.SINGLE or not task.offered:
                continue
            if self._parts.store.progress(name).open_visits:
                return task
        return None


def _doubt(visit: Visit) -> tuple[float, datetime]:
    """The least certain first, those without a name before those with one."""
    return (0.0 if visit.subject == HEN else visit.confidence, visit.began)
