"""The messages about trainings: to keepers, once each, and changed when somebody goes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from coop.desk.parts import tag
from coop.domain.notification import Button, Notification
from coop.domain.training import Training
from coop.notify import training_texts as texts
from coop.notify.languages import speaking
from coop.tell import Recipient
from coop.tuning import TRAIN_EXTRA, has_train_extra


def promotion(training: Training, keepers: Sequence[Recipient], *, silent: bool) -> tuple[Notification, ...]:
    """A better model is at work: both figures, and the button that goes back."""

    def text() -> str:
        return texts.promoted(training, hint="" if has_train_extra() else texts.quick_only(TRAIN_EXTRA))

    def button() -> Button:
        return Button(text=texts.back_button(training), press=back_press(training))

    return _told(_key(training), keepers, text, silent=silent, button=button)


def gave_up(training: Training, keepers: Sequence[Recipient], *, silent: bool) -> tuple[Notification, ...]:
    """A training that was broken off again and again is not begun any more."""
    return _told(_key(training), keepers, lambda: texts.gave_up(training), silent=silent)


def not_better(training: Training, keepers: Sequence[Recipient], *, silent: bool) -> tuple[Notification, ...]:
    """Nothing to tell, but for the one time when the extra is missing: its key is always the same."""
    if has_train_extra():
        return ()
    return _told(
        "train-extra",
        keepers,
        lambda: texts.not_better_quick_only(training.task, TRAIN_EXTRA),
        silent=silent,
    )


def at_work_again(
    training: Training, keepers: Sequence[Recipient], now: datetime, back: str
) -> tuple[Notification, ...]:
    """Changes of the message about a promotion, after ``back`` went back ("": and the new model is at work
    again).
    """
    notes = []
    for keeper in keepers:
        with speaking(keeper.language):
            buttons = (
                () if back else ((Button(text=texts.back_button(training), press=back_press(training)),),)
            )
            note = Notification(
                key=f"{_key(training)}{'-' if back else '+'}{now.isoformat()}:{keeper.address}",
                chat=keeper.address, text=texts.promoted(training, back=back), buttons=buttons,
                silent=True, edits=f"{_key(training)}:{keeper.address}",
            )  # fmt: skip
        notes.append(note)
    return tuple(notes)


def back_press(training: Training) -> str:
    """What the rollback button carries: the task and the model, by their tags."""
    return f"unlearn:{tag(training.task)}:{tag(training.package)}"


def _key(training: Training) -> str:
    return f"training-{training.id}"


def _told(
    key: str,
    keepers: Sequence[Recipient],
    text: Callable[[], str],
    *,
    silent: bool,
    button: Callable[[], Button] | None = None,
) -> tuple[Notification, ...]:
    notes = []
    for keeper in keepers:
        with speaking(keeper.language):
            buttons = () if button is None else ((button(),),)
            notes.append(
                Notification(
                    key=f"{key}:{keeper.address}", chat=keeper.address, text=text(), buttons=buttons,
                    silent=silent,
                )
            )  # fmt: skip
    return tuple(notes)
