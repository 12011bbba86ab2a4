"""The models at work, and the way back to the one before."""

from __future__ import annotations

from coop.classify.package import ModelPackage
from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.chat import Role
from coop.domain.notification import Button
from coop.errors import ModelPackageError
from coop.notify import answers
from coop.notify.desk import Answer, Caller, Pressed
from coop.places import models_dir


class ModelDesk:
    """`/model` and `/rollback`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {"model": self.model, "rollback": self.rollback}
        self.presses: PressTable = {"undo": (Role.KEEPER, self.rollback_pressed)}

    def model(self, caller: Caller, words: str) -> Answer:
        """Which model is at work for each task, and how good it was on pictures held out."""
        lines = []
        for task, card in sorted(self._parts.models.cards.items()):
            right = card.measured.get("held_out_accuracy")
            lines.append(
                answers.ModelLine(
                    task=task, model=card.model, right=right if isinstance(right, float) else None
                )
            )
        can = (Button(text=f"⏪ {task}", press=f"undo:{tag(task)}") for task in self._revocable())
        return Answer(text=answers.models(lines), buttons=grid(list(can)))

    def rollback(self, caller: Caller, words: str) -> Answer:
        """Put the model before this one back to work; asks for the task where there are several."""
        tasks = self._revocable()
        if not tasks:
            return Answer(text=answers.no_rollback())
        if words not in tasks and len(tasks) > 1:
            choice = [Button(text=task, press=f"undo:{tag(task)}") for task in tasks]
            return Answer(text=answers.which_rollback(), buttons=grid(choice))
        return self._roll_back(words if words in tasks else tasks[0])

    def rollback_pressed(self, press: Press) -> Pressed:
        task = tagged(press.first, self._revocable())
        return Pressed() if task is None else Pressed(then=self._roll_back(task))

    def _roll_back(self, task: str) -> Answer:
        store = self._parts.store
        name = store.rollback(task, self._parts.clock())
        try:
            ModelPackage.load(models_dir(self._parts.settings) / name)
        except ModelPackageError:
            store.rollback(task, self._parts.clock())  # which undoes it
            raise
        return Answer(text=answers.rolled_back(task, name))

    def _revocable(self) -> tuple[str, ...]:
        """The tasks whose model has one before it."""
        return self._parts.store.revocable()
