"""What is refused before any route is asked, and what no answer may be used for."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.page import ORIGIN, Clock, batch, page_app, stock
from starlette.testclient import TestClient

from coop.store.store import Store
from labeling.web.access import Access, host_name, is_loopback
from labeling.web.guard import LARGEST_BODY


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8484", "localhost:8484", "[::1]:8484", "192.168.1.7", "LocalHost."]
)
def test_our_own_names_and_bare_addresses_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/tasks", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example:8484", "localhost.evil.example", "127.0.0.1.evil.example", "", "xn--lclhost-1ya"]
)
def test_a_foreign_name_is_refused(client: TestClient, host: str) -> None:
    """A page of another's whose name was made to point here (DNS rebinding) reads nothing."""
    assert client.get("/tasks", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "http://127.0.0.1:9999", "sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_foreign_page_changes_nothing(client: TestClient, store: Store, headers: dict[str, str]) -> None:
    stock(store, 4)
    answer = client.post("/api/labels", json=batch("a", {"picture-0": "hen"}), headers=headers)
    assert answer.status_code == 403
    assert store.labels() == ()


def test_who_does_not_say_where_it_comes_from_changes_nothing(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    stock(store, 4)
    silent = TestClient(page_app(store, tmp_path, clock), base_url=ORIGIN, headers={"x-coop": "1"})
    assert silent.post("/api/labels", json=batch("a", {"picture-0": "hen"})).status_code == 403


def test_a_form_cannot_do_what_scripts_do(store: Store, clock: Clock, tmp_path: Path) -> None:
    stock(store, 4)
    form = TestClient(page_app(store, tmp_path, clock), base_url=ORIGIN, headers={"origin": ORIGIN})
    assert form.post("/api/labels", json=batch("a", {"picture-0": "hen"})).status_code == 403


def test_a_browser_without_fetch_metadata_may_label(store: Store, clock: Clock, tmp_path: Path) -> None:
    """On the local network there is no TLS, so browsers send only the origin."""
    stock(store, 4)
    phone = TestClient(
        page_app(store, tmp_path, clock), base_url=ORIGIN, headers={"origin": ORIGIN, "x-coop": "1"}
    )
    assert phone.post("/api/labels", json=batch("a", {"picture-0": "hen"})).json() == {"new": True}


def test_too_much_is_refused(client: TestClient) -> None:
    answer = client.post("/api/labels", content=b" " * (LARGEST_BODY + 1))
    assert answer.status_code == 413


def test_a_request_without_a_length_is_refused(client: TestClient) -> None:
    assert client.post("/api/labels", content=iter([b"{}"])).status_code == 411


@pytest.mark.parametrize("path", ["/tasks", "/static/style.css", "/api/count?task=x", "/thumb/none"])
def test_every_answer_is_locked_down(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_static_files_do_not_lead_out(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_program_interface_is_not_published(client: TestClient) -> None:
    assert {client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


def test_hosts_are_read_as_browsers_write_them() -> None:
    assert [host_name(h) for h in ("a:1", "[::1]:2", "A.", "1.2.3.4")] == ["a", "::1", "a", "1.2.3.4"]
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1", "x")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_where_people_log_in_nobody_is_the_local_keeper() -> None:
    from datetime import timedelta

    assert Access(names=frozenset(), session=timedelta(1)).must_log_in
