"""What becomes of a message that may or may not have arrived: a pure rule."""

from __future__ import annotations

from dataclasses import dataclass

from coop.domain.notification import OutboxItem, OutboxState

EDIT_ATTEMPTS = 5
"""How often an edit is tried: repeating one changes nothing that is seen, but it must end some time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The next state of an uncertain item, and whether its text is then marked as a possible repeat."""

    state: OutboxState
    repeat: bool


def after_doubt(item: OutboxItem) -> Verdict:
    """Whether to send again what may have arrived.

    An edit: yes, it shows nothing twice. An alarm: once, marked as a possible repeat, since a fox not told is
    worse than a fox told twice. Anything else: no.
    """
    if item.notification.edits is not None:
        again = item.attempts < EDIT_ATTEMPTS
        return Verdict(state=OutboxState.NEW if again else OutboxState.UNCERTAIN, repeat=False)
    if item.notification.alarm and not item.repeat:
        return Verdict(state=OutboxState.NEW, repeat=True)
    return Verdict(state=OutboxState.UNCERTAIN, repeat=item.repeat)
