"""Back to the model before: the same from the chat, from its message's button, and from the command line."""

from __future__ import annotations

from datetime import datetime

from coop import training_news
from coop.addressees import Addressees
from coop.classify.package import ModelPackage
from coop.domain.notification import Notification
from coop.domain.training import Outcome, Training
from coop.errors import StoreError
from coop.places import models_dir
from coop.settings import Settings
from coop.store.store import Store


def go_back(
    store: Store,
    settings: Settings,
    addressees: Addressees,
    task: str,
    who: str,
    now: datetime,
    *,
    only: str | None = None,
) -> str:
    """Put the model before this one back to work and return its name, "" for none; once more undoes it.

    What cannot be used is not put to work. The message that told of the promotion says so, in every chat.
    ``only``: from this package, and no other. Raises StoreError, ModelPackageError.
    """
    leaving, coming = store.active(task) or "", store.previous(task)
    if only is not None and leaving != only:
        raise StoreError(f"{only} is not at work for the task {task!r} any more. Nothing was changed")
    if coming is None:
        raise StoreError(f"The task {task!r} has no earlier model package. Nothing was changed")
    if coming:
        ModelPackage.load(models_dir(settings) / coming)
    return store.rollback(
        task, now, _changes(store, addressees, leaving, coming, who, now), instead_of=leaving
    )


def can_go_back(store: Store, training: Training) -> bool:
    """Whether the model of a promotion is at work still, with the one before it behind it."""
    at_work, before = store.active(training.task), store.previous(training.task)
    return (at_work, before) == (training.package, training.instead)


def _changes(
    store: Store, addressees: Addressees, leaving: str, coming: str, who: str, now: datetime
) -> tuple[Notification, ...]:
    """Of the message about the promotion that is undone, or done again."""
    for package, other, back in ((leaving, coming, who), (coming, leaving, "")):
        training = store.training_of(package) if package else None
        if training is not None and training.outcome is Outcome.PROMOTED and training.instead == other:
            return training_news.at_work_again(training, addressees.keepers(), now, back)
    return ()
