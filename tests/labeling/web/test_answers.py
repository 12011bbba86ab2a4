"""The next visits, answers, undo and leases, as the page's scripts ask for them."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.page import EGGS, KINDS, LOCAL, PLUMAGE, Clock, an_id, batch, browser, page_app, stock
from starlette.testclient import TestClient

from coop.store.store import Store

ONE, OTHER = an_id("one page"), an_id("another page")


def next_visits(client: TestClient, holder: str = ONE, **changes: Any) -> list[dict[str, Any]]:
    body = {"task": "kinds", "holder": holder, "count": 2} | changes
    visits: list[dict[str, Any]] = client.post("/api/queue", json=body).raise_for_status().json()["visits"]
    return visits


def brought_by(page: str) -> Any:
    """What a visit page has in itself of its first visits."""
    _, _, rest = page.partition('id="first-data">')
    return json.loads(html.unescape(rest.partition("</script>")[0]))


def names(visits: list[dict[str, Any]]) -> list[str]:
    return [visit["visit"] for visit in visits]


def test_the_next_visits_come_with_pictures_and_a_suggestion(client: TestClient, store: Store) -> None:
    stock(store, 12, suggested=True)
    body = client.post("/api/queue", json={"task": "kinds", "holder": ONE}).json()
    assert names(body["visits"]) == ["visit-00000", "visit-00001", "visit-00002"]
    first = body["visits"][0]
    assert [picture["key"] for picture in first["pictures"]] == [f"picture-{n}" for n in range(4)]
    assert first["suggestion"] == {"value": "hen", "confidence": 0.9, "shown": "hen 0.90 starter 1"}
    assert body["progress"] == {"pictures": 12, "visits": 3, "open_pictures": 12, "open_visits": 3}


def test_a_blind_visit_tells_no_opinion(client: TestClient, store: Store) -> None:
    stock(store, 4, suggested=True)
    store.score_visits("kinds", {"visit-00000": (1.0, "audit")})
    client.post("/api/labels", json=batch("a", {"picture-0": "cat"}))
    (visit,) = next_visits(client)
    assert visit["blind"]
    assert visit["suggestion"] is None
    told = {(p["suggestion"], p["value"], p["who"], p["name"]) for p in visit["pictures"]}
    assert told == {(None, None, None, "")}


def test_the_first_visits_come_with_the_page_and_are_held_for_it(client: TestClient, store: Store) -> None:
    stock(store, 20, suggested=True)
    first = brought_by(client.get("/visits?task=kinds").text)
    assert names(first["visits"]) == ["visit-00000", "visit-00001", "visit-00002"]
    assert names(next_visits(client)) == ["visit-00003", "visit-00004"], "another page gets others"
    assert names(next_visits(client, first["holder"]))[0] == "visit-00000", "this one may ask on"


def test_a_page_that_is_only_fetched_ahead_holds_nothing(client: TestClient, store: Store) -> None:
    stock(store, 4)
    page = client.get("/visits?task=kinds", headers={"Sec-Purpose": "prefetch;prerender"})
    assert brought_by(page.text) is None
    assert names(next_visits(client)) == ["visit-00000"]


def test_answers_are_saved_with_what_was_shown(client: TestClient, store: Store, clock: Clock) -> None:
    stock(store, 4, suggested=True)
    answers = [{"picture": "picture-0", "value": "cat", "suggestion": "hen 0.90 starter 1"}]
    body = batch("a", {}, answers=answers, took_ms=812, how="grid")
    assert client.post("/api/labels", json=body).json() == {"new": True}
    (label,) = store.labels()
    assert (label.value, label.who, label.at, label.how) == ("cat", "Anna", clock.now, "grid")
    assert (label.suggestion, label.took_ms, label.batch) == ("hen 0.90 starter 1", 812, an_id("a"))


def test_a_batch_that_is_sent_again_is_saved_once(client: TestClient, store: Store) -> None:
    stock(store, 4)
    body = batch("a", {"picture-0": "hen", "picture-1": "hen"})
    assert [client.post("/api/labels", json=body).json()["new"] for _ in range(3)] == [True, False, False]
    assert len(store.labels()) == 2


@pytest.mark.parametrize(
    ("task", "value", "kept"),
    [
        ("kinds", "hen", "hen"),
        ("kinds", "none", "none"),
        ("kinds", "", None),
        ("plumage", "white|brown", "brown|white"),
        ("eggs", "eggs=3", "eggs=3"),
        ("eggs", "unsure", "unsure"),
    ],
)
def test_each_kind_of_task_takes_its_values(
    client: TestClient, store: Store, task: str, value: str, kept: str | None
) -> None:
    stock(store, 4, KINDS, PLUMAGE, EGGS)
    client.post("/api/labels", json=batch("a", {"picture-0": value}, task)).raise_for_status()
    assert store.current_labels(task).get("picture-0") == kept


@pytest.mark.parametrize(
    ("task", "value"), [("kinds", "wolf"), ("kinds", "hen|cat"), ("plumage", "white|wolf"), ("eggs", "eggs")]
)
def test_a_value_that_the_task_does_not_have_is_refused(
    client: TestClient, store: Store, task: str, value: str
) -> None:
    stock(store, 4, KINDS, PLUMAGE, EGGS)
    answer = client.post("/api/labels", json=batch("a", {"picture-0": value}, task))
    assert answer.status_code == 422
    assert store.labels() == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "short"},
        {"how": "telegram"},
        {"answers": []},
        {"answers": [{"picture": "p", "value": "hen"}] * 5001},
        {"took_ms": -1},
        {"who": "Berta"},
        {"answers": [{"picture": "strange", "value": "hen"}]},
        {"task": "strange"},
    ],
)
def test_a_batch_that_cannot_be_is_refused(client: TestClient, store: Store, changes: dict[str, Any]) -> None:
    stock(store, 4)
    assert client.post("/api/labels", json=batch("a", {"picture-0": "hen"}) | changes).status_code == 422
    assert store.labels() == ()


def test_two_pages_never_get_the_same_visit(client: TestClient, store: Store, clock: Clock) -> None:
    stock(store, 16)
    assert names(next_visits(client, ONE)) == ["visit-00000", "visit-00001"]
    assert names(next_visits(client, OTHER)) == ["visit-00002", "visit-00003"]
    assert next_visits(client, an_id("a third")) == []
    client.post("/api/leave", json={"task": "kinds", "holder": ONE})
    assert names(next_visits(client, an_id("a third"))) == ["visit-00000", "visit-00001"]
    clock.pass_by(timedelta(seconds=121))
    assert names(next_visits(client, an_id("a fourth"))) == ["visit-00000", "visit-00001"]


def test_leases_are_renewed_while_the_page_is_open(client: TestClient, store: Store, clock: Clock) -> None:
    stock(store, 8)
    mine = names(next_visits(client, ONE))
    for _ in range(4):
        clock.pass_by(timedelta(seconds=60))
        body = {"task": "kinds", "holder": ONE, "visits": mine}
        assert client.post("/api/leases", json=body).json() == {"mine": mine}
    assert next_visits(client, OTHER) == []
    clock.pass_by(timedelta(seconds=121))
    assert names(next_visits(client, OTHER)) == mine
    assert client.post("/api/leases", json=body).json() == {"mine": []}


def test_undo_and_redo_go_back_to_the_beginning(client: TestClient, store: Store) -> None:
    stock(store, 4)
    for n in range(3):
        client.post("/api/labels", json=batch(f"b{n}", {"picture-0": ("hen", "cat", "fox")[n]}))
    seen = []
    for n in range(4):
        answer = client.post("/api/undo", json={"id": an_id(f"u{n}"), "task": "kinds"}).json()
        seen.append((answer["batch"], store.current_labels("kinds").get("picture-0")))
    assert seen == [(an_id("b2"), "cat"), (an_id("b1"), "hen"), (an_id("b0"), None), (None, None)]
    for n in range(3):
        client.post("/api/undo", json={"id": an_id(f"r{n}"), "task": "kinds", "redo": True})
    assert store.current_labels("kinds") == {"picture-0": "fox"}


def test_an_undo_that_is_sent_again_takes_nothing_more_back(client: TestClient, store: Store) -> None:
    stock(store, 4)
    for n in range(2):
        client.post("/api/labels", json=batch(f"b{n}", {"picture-0": ("hen", "cat")[n]}))
    body = {"id": an_id("u"), "task": "kinds"}
    answers = [client.post("/api/undo", json=body).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert store.current_labels("kinds") == {"picture-0": "hen"}


def test_the_answer_to_an_undo_brings_the_pictures_back(client: TestClient, store: Store) -> None:
    stock(store, 8)
    client.post("/api/labels", json=batch("a", {"picture-1": "hen", "picture-5": "hen"}))
    answer = client.post("/api/undo", json={"id": an_id("u"), "task": "kinds", "batch": an_id("a")}).json()
    assert [(v["visit"], [p["key"] for p in v["pictures"]]) for v in answer["visits"]] == [
        ("visit-00000", ["picture-1"]),
        ("visit-00001", ["picture-5"]),
    ]


def test_nobody_takes_back_what_another_did(store: Store, clock: Clock, tmp_path: Path) -> None:
    stock(store, 4)
    anna, berta = (
        browser(page_app(store, tmp_path, clock, replace(LOCAL, local_keeper=name)))
        for name in ("Anna", "Berta")
    )
    anna.post("/api/labels", json=batch("a", {"picture-0": "hen"}))
    answer = berta.post("/api/undo", json={"id": an_id("u"), "task": "kinds", "batch": an_id("a")})
    assert answer.status_code == 403
    assert berta.post("/api/undo", json={"id": an_id("v"), "task": "kinds"}).json()["batch"] is None
    assert store.current_labels("kinds") == {"picture-0": "hen"}
