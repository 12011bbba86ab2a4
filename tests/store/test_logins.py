"""People of the labelling page: passwords, links and sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.records import NOON, moment
from sqlalchemy import text

from coop.errors import LabelError
from coop.store.store import Store

HOUR = timedelta(hours=1)
PASSWORD = "correct horse"


def test_a_right_password_opens_a_session(store: Store) -> None:
    store.add_login("Anna", NOON, PASSWORD)
    token = store.log_in("Anna", PASSWORD, NOON, HOUR)
    assert token is not None
    login = store.session(token, moment(1))
    assert login is not None
    assert (login.name, login.has_password) == ("Anna", True)
    assert store.session(token, NOON + HOUR) is None
    store.log_out(token)
    assert store.session(token, moment(1)) is None


@pytest.mark.parametrize(("name", "password"), [("Anna", "wrong"), ("Berta", ""), ("Clara", PASSWORD)])
def test_a_wrong_one_opens_nothing(store: Store, name: str, password: str) -> None:
    store.add_login("Anna", NOON, PASSWORD)
    store.add_login("Berta", NOON)
    assert store.log_in(name, password, NOON, HOUR) is None


def test_a_link_is_good_once_and_for_a_while(store: Store) -> None:
    store.add_login("Berta", NOON)
    link, late = store.new_link("Berta", NOON, HOUR), store.new_link("Berta", NOON, HOUR)
    found = store.link(link, moment(1))
    assert found is not None
    assert found.name == "Berta"
    session = store.follow_link(link, moment(1), HOUR)
    assert session is not None
    assert store.session(session, moment(2)) is not None
    assert store.follow_link(link, moment(3), HOUR) is None
    assert store.follow_link(late, NOON + HOUR, HOUR) is None


def test_a_link_is_no_session(store: Store) -> None:
    store.add_login("Berta", NOON, PASSWORD)
    link, session = store.new_link("Berta", NOON, HOUR), store.log_in("Berta", PASSWORD, NOON, HOUR)
    assert session is not None
    assert store.session(link, moment(1)) is None
    assert store.follow_link(session, moment(1), HOUR) is None


def test_another_password_ends_every_session(store: Store) -> None:
    store.add_login("Anna", NOON, PASSWORD)
    token = store.log_in("Anna", PASSWORD, NOON, HOUR)
    store.set_password("Anna", "another one")
    assert token is not None
    assert store.session(token, moment(1)) is None
    assert store.log_in("Anna", PASSWORD, NOON, HOUR) is None
    assert store.log_in("Anna", "another one", NOON, HOUR) is not None


def test_who_is_let_in_no_more_can_be_let_in_again(store: Store) -> None:
    store.add_login("Anna", NOON, PASSWORD)
    token = store.log_in("Anna", PASSWORD, NOON, HOUR)
    assert token is not None
    store.disable_login("Anna", moment(1))
    assert store.session(token, moment(2)) is None
    assert store.log_in("Anna", PASSWORD, moment(2), HOUR) is None
    assert [login.disabled for login in store.logins()] == [moment(1)]
    store.disable_login("Anna", moment(3), back=True)
    assert store.log_in("Anna", PASSWORD, moment(4), HOUR) is not None


def test_the_database_holds_no_secret(store: Store) -> None:
    store.add_login("Anna", NOON, PASSWORD)
    secrets = [PASSWORD, store.log_in("Anna", PASSWORD, NOON, HOUR), store.new_link("Anna", NOON, HOUR)]
    with store._engine.connect() as connection:
        rows = [
            str(row)
            for table in ("logins", "login_tokens")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert len(rows) == 3
    assert not [secret for secret in secrets if any(str(secret) in row for row in rows)]


def test_tokens_that_are_over_are_cleared_away(store: Store) -> None:
    store.add_login("Anna", NOON, PASSWORD)
    for n in range(5):
        store.log_in("Anna", PASSWORD, moment(n), timedelta(seconds=1))
    with store._engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM login_tokens")) == 1


@pytest.mark.parametrize("name", ["", "  ", "a" * 41, "a\nb"])
def test_a_name_that_cannot_be_is_refused(store: Store, name: str) -> None:
    with pytest.raises(LabelError):
        store.add_login(name, NOON)


def test_what_is_wrong_is_said_without_the_password(store: Store) -> None:
    with pytest.raises(LabelError, match="8 to 200") as error:
        store.add_login("Anna", NOON, "short")
    assert "short" not in str(error.value)
    store.add_login("Anna", NOON)
    with pytest.raises(LabelError, match="already"):
        store.add_login("Anna", NOON)
    with pytest.raises(LabelError, match=r"no keeper 'Berta'\. There are: Anna"):
        store.new_link("Berta", NOON, HOUR)
