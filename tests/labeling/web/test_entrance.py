"""Coming in by password or link, staying, going out; and guessing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fakes.page import LOGINS, Clock, batch, browser, page_app, stock
from fastapi import FastAPI
from starlette.testclient import TestClient

from coop.store.store import Store
from labeling.web.access import COOKIE, Patience

PASSWORD = "nest box 7"
DAY = timedelta(days=1)


@pytest.fixture
def app(store: Store, clock: Clock, tmp_path: Path) -> FastAPI:
    store.add_login("Anna", clock.now, PASSWORD)
    store.add_login("Berta", clock.now)
    return page_app(store, tmp_path / "cache", clock, LOGINS)


@pytest.fixture
def guest(app: FastAPI) -> TestClient:
    return browser(app)


def log_in(client: TestClient, name: str = "Anna", password: str = PASSWORD) -> int:
    body = f"name={quote(name)}&password={quote(password)}"
    form = {"content-type": "application/x-www-form-urlencoded"}
    return client.post("/login", content=body, headers=form).status_code


@pytest.mark.parametrize("path", ["/", "/visits", "/tasks", "/picture?key=x"])
def test_a_page_leads_a_stranger_to_the_login(guest: TestClient, path: str) -> None:
    answer = guest.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert guest.get("/login").status_code == 200


def test_a_stranger_sees_and_changes_nothing(guest: TestClient, store: Store) -> None:
    stock(store, 4)
    for path in ("/thumb/picture-0", "/view/picture-0", "/media/picture-0", "/api/pictures?task=kinds"):
        assert guest.get(path).status_code == 401, path
    assert guest.post("/api/labels", json=batch("a", {"picture-0": "hen"})).status_code == 401
    assert store.labels() == ()


def test_a_password_lets_in_and_the_name_stands_at_the_labels(guest: TestClient, store: Store) -> None:
    stock(store, 4)
    assert log_in(guest) == 303
    assert guest.get("/thumb/picture-0").status_code == 200
    guest.post("/api/labels", json=batch("a", {"picture-0": "hen"})).raise_for_status()
    assert [label.who for label in store.labels()] == ["Anna"]


def test_the_cookie_is_out_of_reach(guest: TestClient) -> None:
    body = f"name=Anna&password={quote(PASSWORD)}"
    answer = guest.post("/login", content=body)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize(
    ("name", "password"), [("Anna", "wrong password"), ("Berta", ""), ("Nobody", PASSWORD), ("", "")]
)
def test_a_wrong_password_lets_nobody_in(guest: TestClient, name: str, password: str) -> None:
    assert log_in(guest, name, password) == 403
    assert guest.get("/tasks").status_code == 303


def test_guessing_is_slowed_down_and_forgiven(guest: TestClient, clock: Clock) -> None:
    assert [log_in(guest, password=f"wrong {n}") for n in range(7)] == [403] * 5 + [429] * 2
    assert log_in(guest) == 429, "not even the right one is listened to"
    clock.pass_by(timedelta(seconds=31))
    assert log_in(guest) == 303


def test_links_cannot_be_guessed_for_long(guest: TestClient, clock: Clock) -> None:
    seen = [guest.post(f"/link/guess{n}").status_code for n in range(7)]
    assert seen == [403] * 5 + [429] * 2


def test_a_link_lets_in_once(app: FastAPI, store: Store, clock: Clock) -> None:
    token = store.new_link("Berta", clock.now, DAY)
    looking, first, second = browser(app), browser(app), browser(app)
    assert "Berta" in looking.get(f"/link/{token}").text, "looking at it uses it up for nobody"
    assert first.post(f"/link/{token}").status_code == 303
    assert first.get("/tasks").status_code == 200
    assert second.post(f"/link/{token}").status_code == 403
    assert second.get("/tasks").status_code == 303


def test_a_link_ends(guest: TestClient, store: Store, clock: Clock) -> None:
    token = store.new_link("Berta", clock.now, DAY)
    clock.pass_by(DAY)
    assert guest.get(f"/link/{token}").status_code == 403
    assert guest.post(f"/link/{token}").status_code == 403


def test_a_link_is_no_session_and_a_session_no_link(app: FastAPI, store: Store, clock: Clock) -> None:
    link = store.new_link("Berta", clock.now, DAY)
    session = store.log_in("Anna", PASSWORD, clock.now, DAY)
    with_link = browser(app, cookie=f"{COOKIE}={link}")
    assert with_link.get("/tasks").status_code == 303
    assert browser(app).post(f"/link/{session}").status_code == 403


@pytest.mark.parametrize("cookie", ["x", "", "a=b; ;;", f"{COOKIE}=", f"{COOKIE}={'A' * 43}", '"'])
def test_a_guessed_session_lets_nobody_in(app: FastAPI, cookie: str) -> None:
    assert browser(app, cookie=cookie).get("/tasks").status_code == 303


def test_a_session_ends(guest: TestClient, clock: Clock) -> None:
    log_in(guest)
    clock.pass_by(timedelta(days=29))
    assert guest.get("/tasks").status_code == 200
    clock.pass_by(timedelta(days=2))
    assert guest.get("/tasks").status_code == 303


def test_logging_out_ends_the_session_itself(app: FastAPI, guest: TestClient) -> None:
    log_in(guest)
    token = guest.cookies[COOKIE]
    assert guest.post("/logout").status_code == 303
    assert browser(app, cookie=f"{COOKIE}={token}").get("/tasks").status_code == 303


def test_who_is_let_in_no_more_is_out_within_seconds(guest: TestClient, store: Store, clock: Clock) -> None:
    log_in(guest)
    assert guest.get("/tasks").status_code == 200
    store.disable_login("Anna", clock.now)
    clock.pass_by(timedelta(seconds=4))
    assert guest.get("/tasks").status_code == 303
    assert log_in(guest) == 403


def test_a_foreign_page_logs_nobody_in_or_out(guest: TestClient) -> None:
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert guest.post("/login", content=b"name=Anna", headers=foreign).status_code == 403
    assert guest.post("/logout", content=b"", headers=foreign).status_code == 403


def test_patience_doubles_and_forgets() -> None:
    clock, patience = Clock(), Patience()
    for _ in range(4):
        patience.wrong("a", clock.now)
    assert not patience.wait("a", clock.now)
    waits = []
    for _ in range(9):
        patience.wrong("a", clock.now)
        waits.append(int(patience.wait("a", clock.now).total_seconds()))
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    for n in range(2000):
        patience.wrong(f"other {n}", clock.now)
    assert not patience.wait("a", clock.now), "a flood of guessers does not fill the memory"
