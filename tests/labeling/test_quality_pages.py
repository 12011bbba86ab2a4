"""The pages of clusters, of quality and of the data card, through the real application."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.labelling import KINDS, entry, label
from fakes.records import NOON, new_picture
from PIL import Image
from starlette.testclient import TestClient

from coop.domain.task import Task
from coop.store.store import Store
from labeling.quality.errors import LikelyError
from labeling.quality.review import Findings, errors_file, keep_errors
from labeling.suggesting.embeddings import EmbeddingCache
from labeling.web.access import Access
from labeling.web.app import create_app

ORIGIN = "http://127.0.0.1:8484"
LATER = datetime(2026, 5, 2, tzinfo=UTC)


def jpeg(n: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 48), ((n * 37) % 250, (n * 91) % 250, 90)).save(out, "JPEG")
    return out.getvalue()


def stock(store: Store, count: int, task: Task = KINDS) -> None:
    """As `fakes.labelling.stock`, with pictures that are some."""
    store.add_task(task, "Anna", NOON)
    store.import_pictures([new_picture(n, data=jpeg(n)) for n in range(count)], [])
    store.catalogue([entry(n) for n in range(count)])


@pytest.fixture
def page(store: Store, tmp_path: Path) -> TestClient:
    from zoneinfo import ZoneInfo

    access = Access(names=frozenset({"localhost"}), session=timedelta(days=30), local_keeper="Cleo")
    app = create_app(store, access, zone=ZoneInfo("UTC"), clock=lambda: LATER, cache_dir=tmp_path / "cache")
    headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "x-coop": "1"}
    return TestClient(app, base_url=ORIGIN, headers=headers, follow_redirects=False)


def got(page: TestClient, path: str) -> Any:
    answer = page.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json() if path.startswith("/api/") else answer.text


def posted(page: TestClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = page.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def members(*numbers: int) -> list[tuple[str, float]]:
    return [(f"picture-{n}", float(n)) for n in numbers]


def review(page: TestClient, key: str, value: str) -> None:
    """What the page of reviews sends for one key."""
    batch = hashlib.md5(f"{key} {value}".encode(), usedforsecurity=False).hexdigest()
    answers = [{"picture": key, "value": value, "suggestion": None}]
    posted(page, "/api/labels", id=batch, task="kinds", how="review", answers=answers)


def test_without_a_task_every_page_leads_to_where_one_is_made(page: TestClient) -> None:
    for path in ("/clusters", "/quality", "/second", "/review?what=errors", "/card"):
        answer = page.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")


def test_with_nothing_labelled_every_page_says_so(store: Store, page: TestClient) -> None:
    stock(store, 8)
    assert "coop label clusters kinds" in got(page, "/clusters")
    assert "Nothing was judged twice yet" in got(page, "/quality")
    assert "No second opinion is asked of you" in got(page, "/second?task=kinds")
    assert "Nothing left to look at" in got(page, "/review?what=duplicates")
    assert "Nothing is labelled yet" in got(page, "/card")
    assert page.get("/review?what=everything").status_code == 422
    assert "There is no task" in page.get("/quality?task=nowhere").text


def test_clusters_are_shown_named_split_and_merged(store: Store, page: TestClient, tmp_path: Path) -> None:
    stock(store, 8)
    store.make_clusters("kinds", "starter 1", NOON, [members(0, 1, 2, 3), members(4, 5), members(6, 7)])
    first, *rest = got(page, "/api/clusters?task=kinds")["clusters"]
    assert (first["pictures"], first["open"], first["thumbs"]) == (4, 4, [f"picture-{n}" for n in range(4)])
    whole = got(page, f"/api/cluster?task=kinds&number={first['number']}")
    assert [picture["key"] for picture in whole["sheet"]] == [f"picture-{n}" for n in range(4)]
    # Without embeddings nobody can tell what belongs together.
    refused = posted(page, "/api/clusters/split", 422, task="kinds", number=first["number"])
    assert "coop label clusters" in refused["detail"]
    cache = EmbeddingCache(tmp_path / "cache" / "embeddings", "starter 1")
    cache.add({f"picture-{n}": np.eye(4, dtype=np.float32)[n // 2] for n in range(4)})
    parts = posted(page, "/api/clusters/split", task="kinds", number=first["number"])["clusters"]
    assert sorted(tuple(part["thumbs"]) for part in parts) == [
        ("picture-0", "picture-1"),
        ("picture-2", "picture-3"),
    ]
    back = posted(page, "/api/clusters/unmerge", task="kinds", number=parts[0]["number"])["clusters"]
    assert [cluster["pictures"] for cluster in back] == [4]
    numbers = [cluster["number"] for cluster in rest]
    (merged,) = posted(page, "/api/clusters/merge", task="kinds", numbers=numbers)["clusters"]
    assert (merged["pictures"], merged["joined"]) == (4, True)
    assert posted(page, "/api/clusters/merge", 422, task="kinds", numbers=numbers)
    store.add_labels([label(n, "hen", "b1", how="cluster") for n in (4, 5)])
    named = got(page, f"/api/cluster?task=kinds&number={merged['number']}")
    assert (named["open"], named["values"]) == (2, [["hen", 2]])


def test_disagreements_are_settled_by_a_review(store: Store, page: TestClient) -> None:
    stock(store, 16)
    store.add_labels([label(n, "hen", "b1") for n in range(16)])
    store.add_labels([label(n, "cat" if n < 8 else "hen", "b2", who="Ben", how="double") for n in range(16)])
    found = got(page, "/api/review?what=disagreements&task=kinds")
    (item,) = found["items"]
    assert found["count"] == 1 and len(item["pictures"]) == 8
    assert item["said"] == [{"who": "Anna", "value": "hen"}, {"who": "Ben", "value": "cat"}]
    shown = got(page, "/quality?task=kinds")
    assert "Anna and Ben" in shown and "75.0%" in shown
    for picture in item["pictures"]:
        review(page, picture["key"], "hen")
    assert got(page, "/api/review?what=disagreements&task=kinds")["items"] == []
    assert store.current_labels("kinds")["picture-0"] == "hen"


def test_likely_errors_are_mended_or_confirmed_and_not_asked_about_again(
    store: Store, page: TestClient, tmp_path: Path
) -> None:
    stock(store, 8)
    store.add_labels([label(n, "hen", f"b{n}") for n in range(8)])
    errors = tuple(
        LikelyError(picture=f"picture-{n}", label="hen", confidence=0.02, better="cat", better_confidence=0.9)
        for n in range(4)
    )
    assert "Found by" in got(page, "/quality")
    keep_errors(errors_file(tmp_path / "cache", "kinds"), Findings(errors=errors, pairs=(), model="kinds 3"))
    items = got(page, "/api/review?what=errors&task=kinds")["items"]
    assert [item["keys"] for item in items] == [[f"picture-{n}"] for n in range(4)]
    assert items[0]["likely"] == {"value": "cat", "confidence": 0.9, "model": "kinds 3"}
    review(page, "picture-0", "cat")  # mended
    review(page, "picture-1", "hen")  # confirmed
    store.add_labels([label(2, "fox", "elsewhere")])  # labelled anew meanwhile
    items = got(page, "/api/review?what=errors&task=kinds")["items"]
    assert [item["keys"] for item in items] == [["picture-3"]]
    errors_file(tmp_path / "cache", "kinds").write_text("{half")
    assert got(page, "/api/review?what=errors&task=kinds")["items"] == []


def test_pairs_that_look_the_same_are_reviewed_together(store: Store, page: TestClient) -> None:
    stock(store, 3)
    store.add_labels([label(0, "hen", "b0"), label(1, "hen", "b1"), label(2, "cat", "b2")])
    found = got(page, "/api/review?what=duplicates&task=kinds")
    assert {tuple(item["keys"]) for item in found["items"]} == {
        ("picture-0", "picture-2"),
        ("picture-1", "picture-2"),
    }
    review(page, "picture-2", "hen")
    assert got(page, "/api/review?what=duplicates&task=kinds")["items"] == []


def test_a_second_opinion_sees_nothing_of_the_first(store: Store, page: TestClient) -> None:
    stock(store, 16)
    store.add_labels([label(n, "hen", "b1") for n in range(8)])
    store.add_labels([label(n, "hen", "b2", who="Cleo") for n in range(8, 16)])
    store.score_visits("kinds", {"visit-0": (0.0, "double"), "visit-1": (0.0, "double")})
    wanted = {"task": "kinds", "holder": "0" * 32}
    answer = posted(page, "/api/doubles", **wanted)
    (visit,) = answer["visits"]  # what Cleo labelled herself does not come
    assert (visit["visit"], visit["reason"], visit["blind"]) == ("visit-0", "double", True)
    assert all(picture["value"] is None and picture["who"] is None for picture in visit["pictures"])
    assert "hen" not in str(visit) and "Anna" not in str(visit)
    assert answer["progress"]["open_visits"] == 1
    other = posted(page, "/api/doubles", task="kinds", holder="1" * 32)
    assert other["visits"] == []  # it is before her on another page


def test_the_data_card_as_page_and_picture(store: Store, page: TestClient) -> None:
    stock(store, 16)
    store.add_labels([label(n, "hen" if n < 8 else "none", f"b{n}") for n in range(12)])
    shown = got(page, "/card?task=kinds")
    assert "No picture of cat and fox." in shown and "12 of 16" in shown
    answer = page.get("/card.png?task=kinds")
    assert answer.headers["content-type"] == "image/png"
    figure = Image.open(BytesIO(answer.content))
    assert figure.width == 1650 and figure.height > 800
    assert len(set(figure.convert("L").resize((64, 64)).tobytes())) > 8  # something is drawn
    assert page.get("/card.png?task=nowhere").status_code == 422
