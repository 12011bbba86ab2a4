"""Pictures by filter, page after page; what there is to choose from; histories."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.page import batch, stock
from starlette.testclient import TestClient

from coop.store.store import Store


def asked(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.get("/api/pictures", params={"task": "kinds"} | query).raise_for_status().json()
    assert isinstance(answer, dict)
    return answer


def numbers(answer: dict[str, Any]) -> list[int]:
    return [int(picture["key"].removeprefix("picture-")) for picture in answer["pictures"]]


@pytest.mark.parametrize("oldest", [True, False])
def test_pages_follow_one_another_without_gap_or_repeat(
    client: TestClient, store: Store, oldest: bool
) -> None:
    stock(store, 25)
    seen: list[int] = []
    query: dict[str, Any] = {"oldest": oldest, "limit": 10}
    while True:
        page = asked(client, **query)
        seen += numbers(page)
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == sorted(range(25), reverse=not oldest)


def test_labelling_on_the_way_loses_no_picture(client: TestClient, store: Store) -> None:
    """The next page begins behind the last picture, and not after so many of them."""
    stock(store, 20)
    first = asked(client, value="", oldest=True, limit=10)
    client.post("/api/labels", json=batch("a", {f"picture-{n}": "hen" for n in numbers(first)}))
    assert numbers(asked(client, value="", oldest=True, limit=10, after=first["next"])) == [*range(10, 20)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"value": "hen"}, [0, 1]),
        ({"value": ""}, [3, 4, 5, 6, 7]),
        ({"camera": "nest"}, [0, 2, 4, 6]),
        ({"camera": "nest", "value": "cat"}, [2]),
        ({"suggested": "hen"}, [*range(8)]),
        ({"suggested": "fox"}, []),
        ({"unlike": True}, [2]),
        ({"who": "Anna"}, [0, 1, 2]),
        ({"who": "Berta"}, []),
        ({"source": "photos"}, [*range(8)]),
        ({"visit": "visit-00001"}, [4, 5, 6, 7]),
        ({"since": "2026-05-01", "until": "2026-05-01"}, [*range(8)]),
        ({"since": "2026-05-02"}, []),
    ],
)
def test_each_filter_finds_its_pictures(
    client: TestClient, store: Store, query: dict[str, Any], found: list[int]
) -> None:
    stock(store, 8, suggested=True)
    client.post("/api/labels", json=batch("a", {"picture-0": "hen", "picture-1": "hen", "picture-2": "cat"}))
    assert numbers(asked(client, oldest=True, **query)) == found
    assert client.get("/api/count", params={"task": "kinds"} | query).json() == {"count": len(found)}


@pytest.mark.parametrize("query", [{"after": "nonsense"}, {"after": "2026-05-01T00:00~x"}, {"task": "no"}])
def test_what_cannot_be_asked_is_explained(client: TestClient, store: Store, query: dict[str, Any]) -> None:
    stock(store, 1)
    answer = client.get("/api/pictures", params={"task": "kinds"} | query)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_there_is_what_can_be_chosen(client: TestClient, store: Store) -> None:
    stock(store, 8, suggested=True)
    client.post("/api/labels", json=batch("a", {"picture-0": "cat", "picture-1": "none"}))
    assert client.get("/api/choices?task=kinds").json() == {
        "values": [
            {"value": "cat", "shown": "cat", "count": 1},
            {"value": "none", "shown": "none", "count": 1},
        ],
        "suggested": [{"value": "hen", "shown": "hen", "count": 8}],
        "people": ["Anna"],
        "cameras": ["nest", "run"],
        "sources": ["photos"],
        "first_day": "2026-05-01",
        "last_day": "2026-05-01",
    }


def test_a_history_tells_who_when_how_and_what_was_shown(client: TestClient, store: Store) -> None:
    stock(store, 1)
    answers = [{"picture": "picture-0", "value": "cat", "suggestion": "hen 0.90 starter 1"}]
    client.post("/api/labels", json=batch("a", {}, answers=answers, took_ms=700))
    client.post("/api/labels", json=batch("b", {"picture-0": "hen"}, how="picture"))
    found = client.get("/api/history?task=kinds&key=picture-0").json()["labels"]
    assert [(label["value"], label["how"]) for label in found] == [("hen", "picture"), ("cat", "visit")]
    assert found[1] == {
        "value": "cat",
        "who": "Anna",
        "at": "2026-05-02 09:00:00",
        "how": "visit",
        "suggestion": "hen 0.90 starter 1",
        "took_ms": 700,
    }


def test_one_picture_comes_with_its_place(client: TestClient, store: Store) -> None:
    stock(store, 4)
    one = client.get("/api/picture?task=kinds&key=picture-2").json()
    assert numbers(asked(client, oldest=True, after=one["place"])) == [3]
    assert client.get("/api/picture?task=kinds&key=none").status_code == 422
