"""What becomes of a message that may have arrived, as a table."""

from __future__ import annotations

import pytest
from fakes.records import NOON, note

from coop.domain.notification import OutboxItem, OutboxState
from coop.store.delivery import EDIT_ATTEMPTS, after_doubt


@pytest.mark.parametrize(
    ("alarm", "edits", "attempts", "repeat", "state", "marked"),
    [
        (False, None, 1, False, OutboxState.UNCERTAIN, False),
        (False, None, 9, False, OutboxState.UNCERTAIN, False),
        (True, None, 1, False, OutboxState.NEW, True),
        (True, None, 7, False, OutboxState.NEW, True),
        (True, None, 2, True, OutboxState.UNCERTAIN, True),
        (False, "other", 1, False, OutboxState.NEW, False),
        (True, "other", EDIT_ATTEMPTS - 1, False, OutboxState.NEW, False),
        (False, "other", EDIT_ATTEMPTS, False, OutboxState.UNCERTAIN, False),
    ],
)
def test_after_doubt(
    alarm: bool, edits: str | None, attempts: int, repeat: bool, state: OutboxState, marked: bool
) -> None:
    item = OutboxItem(
        id=1,
        notification=note("one", alarm=alarm, edits=edits),
        state=OutboxState.SENDING,
        attempts=attempts,
        not_before=NOON,
        repeat=repeat,
    )
    verdict = after_doubt(item)
    assert (verdict.state, verdict.repeat) == (state, marked)
