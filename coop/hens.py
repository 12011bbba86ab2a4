"""Which hens are known by name: those of the settings, and those that the model or people named."""

from __future__ import annotations

from coop.classify.judge import HENS
from coop.domain.prediction import UNKNOWN
from coop.domain.task import NONE, Task
from coop.errors import LabelError
from coop.models import Models
from coop.settings import Settings
from coop.store.store import Store


def hens_task(store: Store) -> Task | None:
    """The task that names the hens; None before anybody made it."""
    try:
        return store.task(HENS)
    except LabelError:
        return None


def known_hens(settings: Settings, store: Store, models: Models) -> tuple[str, ...]:
    """Every hen's name, in order."""
    if settings.hens.names:
        return tuple(sorted(settings.hens.names, key=str.casefold))
    task = hens_task(store)
    named = {cls.name for cls in task.offered} if task is not None else set()
    card = models.cards.get(HENS)
    named |= set(card.classes) - {NONE, UNKNOWN} if card is not None else set()
    return tuple(sorted(named, key=str.casefold))
