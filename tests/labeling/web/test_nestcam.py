"""The real nest camera: imported with its labels, and labelled again through the page's own requests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from fakes.importing import bring_in
from fakes.page import NOW, an_id
from starlette.testclient import TestClient

from coop.domain.task import Task, TaskClass
from coop.store.store import Store


def test_every_picture_is_labelled_again_as_it_was(client: TestClient, store: Store, test_data: Path) -> None:
    bring_in(store, test_data / "nestcam" / "labels.csv", task="nest")
    nest = store.task("nest")
    truth = store.current_labels("nest")
    store.add_task(
        Task(
            name="again",
            kind=nest.kind,
            daemon=False,
            classes=tuple(TaskClass(code=cls.code, name=cls.name) for cls in nest.offered),
        ),
        "Anna",
        NOW,
    )
    store.join_task("again")
    keys, visits = 0, 0
    while True:
        body = {"task": "again", "holder": an_id("script"), "count": 24}
        answer = client.post("/api/queue", json=body).raise_for_status().json()
        if not answer["visits"]:
            break
        for visit in answer["visits"]:
            answers = [{"picture": p["key"], "value": truth[p["key"]]} for p in visit["pictures"]]
            batch = {"id": an_id(visit["visit"]), "task": "again", "how": "visit", "answers": answers}
            client.post("/api/labels", json=batch).raise_for_status()
            keys += len(Counter(answer["value"] for answer in answers))
            visits += 1
    assert store.current_labels("again") == truth
    assert store.progress("again").open_pictures == 0
    assert visits <= keys < len(truth), "a key for each kind of picture in a visit, not for each picture"
