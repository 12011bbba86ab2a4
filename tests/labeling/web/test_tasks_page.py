"""Tasks and classes through the page, and the pages that there are before there is anything."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.page import EGGS, KINDS, batch, stock
from starlette.testclient import TestClient

from coop.domain.task import TaskClass, TaskKind
from coop.store.store import Store


def change(client: TestClient, what: str, **changes: Any) -> int:
    return client.post("/api/class", json={"task": "kinds", "what": what} | changes).status_code


def names(store: Store) -> list[str]:
    return [cls.name for cls in store.task("kinds").offered]


def cls_of(store: Store, code: str) -> TaskClass:
    return next(cls for cls in store.task("kinds").classes if cls.code == code)


@pytest.mark.parametrize("path", ["/visits", "/grid", "/picture"])
def test_without_a_task_every_page_leads_to_making_one(client: TestClient, path: str) -> None:
    assert client.get(path).headers["location"] == "/tasks"
    page = client.get("/tasks").text
    assert "Begin with kinds" in page
    assert "Begin with hens" in page


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"name": "kinds", "kind": "single", "pictures": "crop", "classes": ["hen", "fox"]}, TaskKind.SINGLE),
        ({"name": "nest", "kind": "count", "pictures": "zone", "classes": ["eggs"]}, TaskKind.COUNT),
        ({"name": "plumage", "kind": "multi", "classes": ["white", " brown ", ""]}, TaskKind.MULTI),
    ],
)
def test_a_click_makes_a_task(client: TestClient, store: Store, body: dict[str, Any], kind: TaskKind) -> None:
    client.post("/api/task", json=body).raise_for_status()
    task = store.task(body["name"])
    assert task.kind is kind
    assert [cls.name for cls in task.offered] == [n.strip() for n in body["classes"] if n.strip()]
    assert client.get(f"/visits?task={body['name']}").status_code == 200


@pytest.mark.parametrize("name", ["kinds", "", "a|b", "none"])
def test_a_task_that_cannot_be_is_refused(client: TestClient, store: Store, name: str) -> None:
    stock(store, 1)
    assert client.post("/api/task", json={"name": name, "kind": "single"}).status_code == 422


def test_classes_are_changed_without_losing_labels(client: TestClient, store: Store) -> None:
    stock(store, 4)
    client.post("/api/labels", json=batch("a", {"picture-0": "cat", "picture-1": "fox"}))
    assert change(client, "add", names=["marten", "dog"]) == 200
    assert change(client, "rename", code="cat", name="tom cat") == 200
    assert change(client, "merge", code="fox", into="dog") == 200
    assert change(client, "order", codes=["dog", "cat"]) == 200
    assert change(client, "retire", code="marten") == 200
    assert names(store) == ["dog", "tom cat", "hen"]
    page = client.get("/tasks?task=kinds").text
    assert "tom cat" in page
    assert "is part of" in page
    assert client.get("/api/picture?task=kinds&key=picture-1").json()["picture"]["value"] == "dog"
    assert change(client, "part", code="fox") == 200
    assert change(client, "offer", code="marten") == 200
    assert client.get("/api/picture?task=kinds&key=picture-1").json()["picture"]["value"] == "fox"
    assert set(names(store)) == {"dog", "tom cat", "hen", "fox", "marten"}


def test_a_class_is_described_and_given_examples(client: TestClient, store: Store) -> None:
    stock(store, 4)
    described = {"definition": "No cock", "colour": "#112233", "key": "h"}
    assert change(client, "describe", code="hen", **described) == 200
    assert change(client, "example", code="hen", picture="picture-2") == 200
    assert cls_of(store, "hen").examples == ("picture-2",)
    assert (cls_of(store, "hen").definition, cls_of(store, "hen").key) == ("No cock", "h")
    assert "#112233" in client.get("/colours.css?task=kinds").text
    assert "/thumb/picture-2" in client.get("/tasks?task=kinds").text
    assert change(client, "example", code="hen", picture="picture-2") == 200
    assert cls_of(store, "hen").examples == ()


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("rename", {"code": "hen", "name": "cat"}),
        ("rename", {"code": "wolf", "name": "dog"}),
        ("merge", {"code": "hen", "into": "hen"}),
        ("describe", {"code": "hen", "key": "z"}),
        ("describe", {"code": "hen", "colour": "red; } body { display: none"}),
        ("example", {"code": "wolf", "picture": "picture-0"}),
        ("burn", {"code": "hen"}),
    ],
)
def test_a_change_that_cannot_be_is_explained(
    client: TestClient, store: Store, what: str, changes: dict[str, Any]
) -> None:
    stock(store, 1)
    assert change(client, what, **changes) == 422
    assert names(store) == ["hen", "cat", "fox"]


@pytest.mark.parametrize("name", ['<script>alert("1")</script>', "';}*{}", "a\\b", "Ünïcödé 🐔", '"quoted"'])
def test_a_name_is_never_markup(client: TestClient, store: Store, name: str) -> None:
    stock(store, 1)
    assert change(client, "add", names=[name]) == 200
    for path in ("/tasks", "/visits", "/grid", "/picture"):
        page = client.get(f"{path}?task=kinds").text
        assert "<script>alert" not in page, path
    css = client.get("/colours.css?task=kinds").text
    assert css.count("{") == css.count("}") == 4


def test_every_page_of_a_task_is_there(client: TestClient, store: Store) -> None:
    stock(store, 4, KINDS, EGGS)
    for path in ("/visits", "/grid", "/picture", "/tasks"):
        page = client.get(f"{path}?task=eggs")
        assert page.status_code == 200
        assert 'aria-current="page"' in page.text
    assert client.get("/visits?task=none").status_code == 422
