"""The models at work, what was learned last, and the way back to the model before."""

from __future__ import annotations

from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.chat import Role
from coop.domain.notification import Button
from coop.domain.training import Training
from coop.going_back import can_go_back, go_back
from coop.notify import answers, training_texts
from coop.notify.desk import Answer, Caller, Pressed


class ModelDesk:
    """`/model` and `/rollback`, and the button under the message about a better model."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {"model": self.model, "rollback": self.rollback}
        self.presses: PressTable = {
            "undo": (Role.KEEPER, self.rollback_pressed),
            "unlearn": (Role.KEEPER, self.unlearn),
        }

    def model(self, caller: Caller, words: str) -> Answer:
        """Which model is at work for each task, how good it was held to be, and what was learned last."""
        lines = []
        for task, card in sorted(self._parts.models.cards.items()):
            right = card.measured.get("held_out_accuracy")
            lines.append(
                answers.ModelLine(
                    task=task, model=card.model, right=right if isinstance(right, float) else None
                )
            )
        at_work = self._parts.store.active_packages().values()
        last = [training_texts.last_line(t, at_work=t.package in at_work) for t in self._last()]
        can = (Button(text=f"⏪ {task}", press=f"undo:{tag(task)}") for task in self._revocable())
        return Answer(text=answers.models(lines, last), buttons=grid(list(can)))

    def rollback(self, caller: Caller, words: str) -> Answer:
        """Put the model before this one back to work; asks for the task where there are several."""
        tasks = self._revocable()
        if not tasks:
            return Answer(text=answers.no_rollback())
        if words not in tasks and len(tasks) > 1:
            choice = [Button(text=task, press=f"undo:{tag(task)}") for task in tasks]
            return Answer(text=answers.which_rollback(), buttons=grid(choice))
        return self._roll_back(words if words in tasks else tasks[0], caller.name)

    def rollback_pressed(self, press: Press) -> Pressed:
        task = tagged(press.first, self._revocable())
        return Pressed() if task is None else Pressed(then=self._roll_back(task, press.caller.name))

    def unlearn(self, press: Press) -> Pressed:
        """The button under a promotion: it undoes that one, once, by however many it is tapped."""
        task = tagged(press.first, self._revocable())
        training = None if task is None else self._made(task, press.second)
        if training is None or not can_go_back(self._parts.store, training):
            shown = training.package if training is not None else answers.that_model()
            return Pressed(toast=answers.plain(training_texts.not_at_work(shown)), buttons=())
        said = self._roll_back(training.task, press.caller.name, only=training.package)
        return Pressed(toast=answers.plain(said.text))

    def _roll_back(self, task: str, who: str, *, only: str | None = None) -> Answer:
        parts = self._parts
        name = go_back(parts.store, parts.settings, parts.addressees, task, who, parts.clock(), only=only)
        return Answer(text=answers.rolled_back(task, name))

    def _revocable(self) -> tuple[str, ...]:
        """The tasks whose model has one before it."""
        return self._parts.store.revocable()

    def _made(self, task: str, package: str) -> Training | None:
        """The training of a task that made a package, by its tag."""
        return next((t for t in self._parts.store.trainings(task) if tag(t.package) == package), None)

    def _last(self) -> list[Training]:
        """The last training of each task that has ended."""
        store = self._parts.store
        found = (
            next((t for t in store.trainings(task) if t.ended is not None), None)
            for task in self._parts.settings.training.tasks
        )
        return [training for training in found if training is not None]
