"""The outbox: what is due, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.records import NOON, moment, note

from coop.domain.findings import Findings
from coop.domain.notification import OutboxItem, OutboxState
from coop.errors import StoreError
from coop.store.store import Store


def put(store: Store, *keys: str, **changes: Any) -> None:
    store.record(Findings(notifications=tuple(note(key, **changes) for key in keys)), NOON)


def due(store: Store, now: datetime = NOON, limit: int = 20) -> list[str]:
    return [item.notification.key for item in store.due(now, limit)]


def item(store: Store, key: str) -> OutboxItem:
    found = store.outbox_item(key)
    assert found is not None
    return found


def begin(store: Store, key: str) -> int:
    found = item(store, key)
    assert store.begin_sending(found.id, NOON)
    return found.id


def send(store: Store, key: str, message_id: str) -> None:
    store.finish_sent(begin(store, key), message_id, NOON)


def test_what_is_new_is_due_oldest_first(store: Store) -> None:
    assert due(store) == []
    put(store, "b", "a")
    put(store, "c")
    assert due(store) == ["b", "a", "c"]
    assert due(store, limit=2) == ["b", "a"]
    assert due(store, moment(-1)) == []


def test_a_sent_message_is_not_due_again(store: Store) -> None:
    put(store, "a")
    id = begin(store, "a")
    assert due(store) == []
    assert item(store, "a").state is OutboxState.SENDING
    store.finish_sent(id, "77", NOON)
    assert due(store) == []
    sent = item(store, "a")
    assert (sent.state, sent.message_id, sent.attempts) == (OutboxState.SENT, "77", 1)


def test_sending_is_committed_before_the_network_is_touched(store: Store, url: str, media_dir: Path) -> None:
    put(store, "a")
    begin(store, "a")
    with Store.open(url, media_dir) as other:
        assert item(other, "a").state is OutboxState.SENDING


def test_only_one_may_send(store: Store) -> None:
    put(store, "a")
    id = begin(store, "a")
    assert not store.begin_sending(id, NOON)
    store.finish_sent(id, "77", NOON)
    assert not store.begin_sending(id, NOON)
    assert item(store, "a").attempts == 1


def test_a_retry_waits(store: Store) -> None:
    put(store, "a", "b")
    store.retry_later(begin(store, "a"), moment(30), "flood control")
    assert due(store) == ["b"]
    assert due(store, moment(30)) == ["a", "b"]
    assert item(store, "a").problem == "flood control"


def test_a_failed_message_is_over(store: Store) -> None:
    put(store, "a")
    store.fail(begin(store, "a"), "the chat is gone")
    assert due(store, moment(9999)) == []
    failed = item(store, "a")
    assert (failed.state, failed.problem) == (OutboxState.FAILED, "the chat is gone")


def test_what_expires_is_not_sent(store: Store) -> None:
    put(store, "a", expires=moment(10))
    assert due(store, moment(9)) == ["a"]
    assert due(store, moment(10)) == []
    assert (item(store, "a").state, item(store, "a").problem) == (OutboxState.FAILED, "expired")


def test_a_possible_repeat_that_expires_has_not_surely_failed(store: Store) -> None:
    put(store, "a", alarm=True, expires=moment(10))
    assert store.finish_uncertain(begin(store, "a"), "timed out", NOON) is OutboxState.NEW
    assert due(store, moment(10)) == []
    assert item(store, "a").state is OutboxState.UNCERTAIN


def test_an_uncertain_message_is_not_repeated(store: Store) -> None:
    put(store, "a")
    assert store.finish_uncertain(begin(store, "a"), "timed out", NOON) is OutboxState.UNCERTAIN
    assert due(store, moment(9999)) == []
    assert item(store, "a").problem == "timed out"


def test_an_uncertain_alarm_is_repeated_once_and_marked(store: Store) -> None:
    put(store, "a", alarm=True)
    assert store.finish_uncertain(begin(store, "a"), "timed out", NOON) is OutboxState.NEW
    [again] = store.due(NOON, 20)
    assert (again.repeat, again.attempts) == (True, 1)
    assert store.finish_uncertain(begin(store, "a"), "timed out", NOON) is OutboxState.UNCERTAIN
    assert due(store) == []


def test_a_crash_while_sending(store: Store) -> None:
    put(store, "plain", "later")
    put(store, "alarm", alarm=True)
    put(store, "edit", edits="later")
    send(store, "later", "5")
    for key in ("plain", "alarm", "edit"):
        begin(store, key)
    recovered = store.recover_outbox(moment(100))
    assert [(found.notification.key, found.state, found.repeat) for found in recovered] == [
        ("plain", OutboxState.UNCERTAIN, False),
        ("alarm", OutboxState.NEW, True),
        ("edit", OutboxState.NEW, False),
    ]
    assert due(store, moment(100)) == ["alarm", "edit"]
    assert store.recover_outbox(moment(101)) == ()


def test_an_edit_waits_for_its_message_and_knows_its_id(store: Store) -> None:
    put(store, "a")
    put(store, "edit", edits="a")
    assert due(store) == ["a"]
    id = begin(store, "a")
    assert due(store) == []
    store.finish_sent(id, "77", NOON)
    [edit] = store.due(NOON, 20)
    assert (edit.notification.key, edit.message_id) == ("edit", "77")


def test_only_the_newest_edit_is_sent(store: Store) -> None:
    put(store, "a")
    for key in ("first", "second", "third"):
        put(store, key, edits="a")
    send(store, "a", "77")
    assert due(store) == ["third"]
    assert item(store, "first").state is OutboxState.REPLACED
    send(store, "third", "77")
    put(store, "first", edits="a")  # the same findings recorded again
    assert due(store) == []
    put(store, "fourth", edits="a")
    assert due(store) == ["fourth"]


def test_a_newer_edit_waits_for_the_one_under_way(store: Store) -> None:
    put(store, "a")
    put(store, "first", edits="a")
    send(store, "a", "77")
    id = begin(store, "first")
    put(store, "second", edits="a")
    assert due(store) == []
    store.finish_sent(id, "77", NOON)
    assert due(store) == ["second"]


def test_an_older_edit_that_must_be_retried_gives_way_to_a_newer_one(store: Store) -> None:
    put(store, "a")
    put(store, "first", edits="a")
    send(store, "a", "77")
    id = begin(store, "first")
    put(store, "second", edits="a")
    store.retry_later(id, moment(1), "flood control")
    assert due(store, moment(1)) == ["second"]


def test_an_edit_of_a_repeated_alarm_waits(store: Store) -> None:
    put(store, "a", alarm=True)
    put(store, "edit", edits="a")
    store.finish_uncertain(begin(store, "a"), "timed out", NOON)
    assert due(store) == ["a"]
    send(store, "a", "78")
    assert due(store) == ["edit"]


@pytest.mark.parametrize("fate", ["failed", "uncertain", "missing"])
def test_an_edit_of_a_message_that_nobody_has_is_dropped(store: Store, fate: str) -> None:
    if fate != "missing":
        put(store, "a")
        id = begin(store, "a")
        store.fail(id, "gone") if fate == "failed" else store.finish_uncertain(id, "timed out", NOON)
    put(store, "edit", edits="a")
    assert due(store) == []
    assert item(store, "edit").state is OutboxState.FAILED
    assert "never surely sent" in item(store, "edit").problem


def test_counts_name_every_state(store: Store) -> None:
    assert store.outbox_counts() == dict.fromkeys(OutboxState, 0)
    put(store, "a", "b", "c")
    send(store, "a", "1")
    begin(store, "b")
    counts = store.outbox_counts()
    assert (counts[OutboxState.SENT], counts[OutboxState.SENDING], counts[OutboxState.NEW]) == (1, 1, 1)


def test_an_unknown_id_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no item 99"):
        store.fail(99, "why")
