"""Pairing by a one-time code, and strangers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.records import NOON, moment
from sqlalchemy import text

from coop.domain.chat import Chat
from coop.store import chats as module
from coop.store.store import Store

TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize("typed", ["{code}", " {code} ", "{lower}", "{bare}"])
def test_a_code_pairs_one_chat(store: Store, typed: str) -> None:
    code = store.new_pairing_code(NOON, TEN_MINUTES)
    written = typed.format(code=code, lower=code.lower(), bare=code.replace("-", ""))
    chat = store.pair(written, "42", "Anna", moment(1))
    assert chat == Chat(id="42", name="Anna", role="keeper", since=moment(1))
    assert store.chats() == (chat,)
    assert store.pair(code, "43", "Eve", moment(2)) is None
    assert store.chats() == (chat,)


def test_a_code_expires(store: Store) -> None:
    code = store.new_pairing_code(NOON, TEN_MINUTES)
    assert store.pair(code, "42", "Anna", NOON + TEN_MINUTES) is None
    assert store.chats() == ()


def test_codes_live_side_by_side_and_give_their_role(store: Store) -> None:
    first = store.new_pairing_code(NOON, TEN_MINUTES)
    second = store.new_pairing_code(NOON, TEN_MINUTES, role="watcher")
    assert first != second
    assert store.pair(second, "43", "Ben", moment(1)) == Chat(
        id="43", name="Ben", role="watcher", since=moment(1)
    )
    assert store.pair(first, "42", "Anna", moment(2)) is not None
    assert [chat.name for chat in store.chats()] == ["Ben", "Anna"]


def test_pairing_again_changes_name_and_role_only(store: Store) -> None:
    store.pair(store.new_pairing_code(NOON, TEN_MINUTES), "42", "Anna", NOON)
    code = store.new_pairing_code(NOON, TEN_MINUTES, role="watcher")
    again = store.pair(code, "42", "Anne", moment(5))
    assert again == Chat(id="42", name="Anne", role="watcher", since=NOON)
    assert store.chats() == (again,)


def test_who_guesses_is_not_listened_to_until_there_is_a_new_code(store: Store) -> None:
    code = store.new_pairing_code(NOON, TEN_MINUTES)
    for _ in range(module.GUESSES_OF_A_CHAT):
        assert store.pair("AAAA-AAAA", "66", "Eve", NOON) is None
    assert store.pair(code, "66", "Eve", NOON) is None
    assert store.pair(code, "42", "Anna", NOON) is not None, "others are not punished"
    assert store.pair(store.new_pairing_code(NOON, TEN_MINUTES), "66", "Evelyn", NOON) is not None


def test_a_code_that_many_guess_at_is_worthless(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GUESSES_AT_A_CODE", 6)
    code = store.new_pairing_code(NOON, TEN_MINUTES)
    for n in range(6):
        store.pair("AAAA-AAAA", f"bot {n}", "Eve", NOON)
    assert store.pair(code, "42", "Anna", NOON) is None


def test_the_code_itself_is_not_stored(store: Store) -> None:
    code = store.new_pairing_code(NOON, TEN_MINUTES).replace("-", "")
    with store._engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM pairing_codes")).one()
    assert code not in " ".join(map(str, row))


def test_forgetting_a_chat(store: Store) -> None:
    store.pair(store.new_pairing_code(NOON, TEN_MINUTES), "42", "Anna", NOON)
    assert store.forget_chat("42")
    assert not store.forget_chat("42")
    assert store.chats() == ()


def test_a_stranger_is_noted_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.note_stranger("66", NOON)
    assert not store.note_stranger("66", moment(99))
    monkeypatch.setattr(module, "STRANGERS_NOTED", 2)
    assert store.note_stranger("67", NOON)
    assert not store.note_stranger("68", NOON), "an attack must not fill the disk"
