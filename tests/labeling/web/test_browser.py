"""The pages in a real browser; the server is killed amid the work, and nothing is lost."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest
from conftest import missing_part
from fakes.chromium import chromium, find_chromium
from fakes.page import EGGS, KINDS, PLUMAGE, stock
from fakes.page_server import PageServer, PageThread
from playwright.sync_api import Browser, Page, Route

Running: TypeAlias = PageServer | PageThread
PATIENCE_S = 60.0
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    if find_chromium() is None:
        missing_part("Chromium is not installed; tests/setup-system.sh does it")
    with chromium() as browser:
        yield browser


@pytest.fixture
def data(fresh_database: Path, tmp_path: Path) -> Path:
    """48 pictures in visits of four, in three tasks, the first with suggestions."""
    (tmp_path / "data").mkdir()
    shutil.copy(fresh_database, tmp_path / "data" / "coop.db")
    with PageServer(tmp_path).store() as store:
        stock(store, 48, KINDS, PLUMAGE, EGGS, suggested=True)
    return tmp_path


@pytest.fixture
def server(request: pytest.FixtureRequest, data: Path) -> Iterator[Running]:
    """The page; as a process of its own for the tests that kill it."""
    kind = PageServer if request.node.get_closest_marker("kill") else PageThread
    with kind(data) as server:
        yield server


@pytest.fixture
def open_page(running: Browser, server: Running) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser of its own, and fails where one asks elsewhere or errs."""
    contexts, wrong = [], list[str]()

    def open_one(path: str, *, phone: bool = False) -> Page:
        context = running.new_context(viewport=PHONE if phone else DESKTOP, has_touch=phone)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: wrong.append(request.url) if not request.url.startswith(server.url) else None,
        )
        page.goto(server.url + path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert wrong == []


LATER = replace(KINDS, name="later")


def wait_saved(page: Page, count: int) -> None:
    page.wait_for_selector(f'#saved[data-saved="{count}"][data-waiting="0"]')


def shown_visit(page: Page) -> str:
    """The first picture of what is shown, once it is."""
    page.wait_for_selector("#stage .picture img")
    source = page.locator("#stage .picture img").first.get_attribute("src") or ""
    return urlsplit(source).path.rsplit("/", 1)[1]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def labels(server: Running, task: str = "kinds") -> dict[str, str]:
    with server.store() as store:
        found = store.current_labels(task)
    return {key: found[key] for key in sorted(found, key=lambda key: int(key.removeprefix("picture-")))}


def test_a_key_labels_a_visit_and_brings_the_next(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/visits?task=kinds")
    assert shown_visit(page) == "picture-0"
    press(page, "2")
    assert shown_visit(page) == "picture-4", "at once, before the server has answered"
    press(page, "Enter", "0", "u", "s")
    wait_saved(page, 20)
    expected = ["cat"] * 4 + ["hen"] * 4 + ["none"] * 4 + ["unsure"] * 4 + ["skip"] * 4
    assert labels(server) == {f"picture-{n}": value for n, value in enumerate(expected)}
    with server.store() as store:
        assert {label.suggestion for label in store.labels()} == {"hen 0.90 starter 1"}


def test_the_first_picture_is_asked_for_before_any_queue(open_page: Callable[..., Page]) -> None:
    page = open_page("/visits?task=kinds")
    shown_visit(page)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some((e) => e.name.endsWith('/api/queue'))"
    )
    asked = page.evaluate("() => performance.getEntriesByType('resource').map((e) => [e.startTime, e.name])")
    when = {urlsplit(name).path: start for start, name in asked}
    assert when["/view/picture-0"] < when["/api/queue"]


def test_a_page_that_paints_nothing_sends_all_the_same(
    open_page: Callable[..., Page], server: Running
) -> None:
    page = open_page("/visits?task=kinds")
    shown_visit(page)
    page.evaluate("() => { window.requestAnimationFrame = () => 0; }")  # as in a window behind another
    press(page, "2", "1")
    wait_saved(page, 8)
    assert list(labels(server).values()) == ["cat"] * 4 + ["hen"] * 4


def test_a_page_loaded_again_goes_on_with_the_visit_on_top(
    open_page: Callable[..., Page], server: Running
) -> None:
    with server.store() as store:
        stock(store, 80, LATER)  # more than a page holds, so that others are left for it when it asks again
    page = open_page("/visits?task=later")
    for _ in range(3):
        assert shown_visit(page) == "picture-0"
        page.reload()


def test_a_mixed_visit_costs_one_more_key(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/visits?task=kinds")
    shown_visit(page)
    page.locator("#stage .picture").nth(1).click()
    page.locator("#stage .picture").nth(2).click(modifiers=["Shift"])
    press(page, "3", "1")
    assert shown_visit(page) == "picture-4"
    press(page, "ArrowRight", ".", "2", "Enter")
    wait_saved(page, 8)
    assert list(labels(server).values()) == ["hen", "fox", "fox", "hen", "hen", "cat", "hen", "hen"]


def test_undo_goes_back_and_redo_forward(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/visits?task=kinds")
    shown_visit(page)
    press(page, "1", "2", "z", "z", "z")
    assert shown_visit(page) == "picture-0"
    press(page, "y", "3")
    wait_saved(page, 12)
    assert labels(server) == {f"picture-{n}": "hen" if n < 4 else "fox" for n in range(8)}
    page.reload()
    shown_visit(page)
    press(page, "z")  # what was done before this page was opened
    page.wait_for_function("() => document.querySelector('#toasts')?.textContent.includes('Took back 4')")
    assert shown_visit(page) == "picture-4"
    assert labels(server) == {f"picture-{n}": "hen" for n in range(4)}


def test_classes_are_put_together_and_eggs_are_counted(
    open_page: Callable[..., Page], server: Running
) -> None:
    page = open_page("/visits?task=plumage")
    shown_visit(page)
    press(page, "1", "2", "Enter", "2", "Enter", "1", "1", "0")
    wait_saved(page, 12)
    values = ["brown|white"] * 4 + ["white"] * 4 + ["none"] * 4
    assert list(labels(server, "plumage").values()) == values
    page = open_page("/visits?task=eggs")
    shown_visit(page)
    press(page, "3", "0", "e", "1", "2", "Enter")
    wait_saved(page, 12)
    assert list(labels(server, "eggs").values()) == ["eggs=3"] * 4 + ["none"] * 4 + ["eggs=12"] * 4


@pytest.mark.kill
def test_nothing_is_lost_when_the_server_is_killed_amid_the_work(
    open_page: Callable[..., Page], server: PageServer
) -> None:
    page = open_page("/visits?task=kinds")
    shown_visit(page)
    pressed = []
    for n in range(9):
        if n in (2, 5):
            server.kill()
        key, value = (("1", "hen"), ("2", "cat"), ("3", "fox"))[n % 3]
        before = shown_visit(page)
        press(page, key)
        pressed.append(value)
        page.wait_for_function(
            "name => !document.querySelector('#stage img')?.src.endsWith(name)", arg=before
        )
        if n in (3, 6):
            said = page.locator("#saved").get_attribute("data-saved")
            assert len(labels(server)) >= int(said or "0"), "what it calls saved is saved"
            server.start()
    wait_saved(page, 36)
    assert labels(server) == {f"picture-{n}": pressed[n // 4] for n in range(36)}
    with server.store() as store:
        assert len(store.labels()) == 36, "each once"


@pytest.mark.kill
def test_answers_survive_the_browser_page_too(open_page: Callable[..., Page], server: PageServer) -> None:
    page = open_page("/visits?task=kinds")
    shown_visit(page)
    page.wait_for_function("() => document.querySelectorAll('#stage img').length === 4")
    server.kill()
    press(page, "2", "2")
    page.wait_for_selector('#saved[data-state="offline"]')
    assert page.locator("#saved").get_attribute("data-waiting") == "8"
    context = page.context
    page.close()
    server.start()
    again = context.new_page()
    again.goto(f"{server.url}/grid?task=kinds")
    wait_saved(again, 8)
    assert labels(server) == {f"picture-{n}": "cat" for n in range(8)}


def test_two_browsers_never_show_the_same_visit(open_page: Callable[..., Page], server: Running) -> None:
    """The first page holds all twelve visits of this small task, and lets go of them when it is left."""
    one = open_page("/visits?task=kinds")
    assert shown_visit(one) == "picture-0"
    other = open_page("/visits?task=kinds")
    other.wait_for_selector("#empty-done:not([hidden])")
    one.goto(f"{server.url}/tasks")
    deadline = time.monotonic() + PATIENCE_S
    while not other.locator("#stage .picture").count():
        assert time.monotonic() < deadline
        other.reload()
        other.wait_for_load_state("networkidle")
    assert shown_visit(other) == "picture-0"


def test_the_grid_selects_and_labels_many(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/grid?task=kinds&oldest=true")
    tiles = page.locator(".tile")
    tiles.nth(47).wait_for()
    tiles.nth(0).click()
    tiles.nth(3).click(modifiers=["Shift"])
    press(page, "2")
    start, end = (tiles.nth(n).bounding_box() for n in (4, 6))
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 20, steps=8)
    page.mouse.up()
    press(page, "3")
    press(page, "ArrowRight", "Shift+ArrowRight", "Enter")
    wait_saved(page, 9)
    expected = ["cat"] * 4 + ["fox"] * 3 + ["hen"] * 2
    assert labels(server) == {f"picture-{n}": value for n, value in enumerate(expected)}
    press(page, "z")
    wait_saved(page, 9)
    press(page, "Control+a", "u")
    wait_saved(page, 57)
    assert set(labels(server).values()) == {"unsure"}
    page.select_option('[name="value"]', "")
    page.wait_for_selector("#empty:not([hidden])")


def test_the_choices_of_the_filters_move_no_picture(open_page: Callable[..., Page], server: Running) -> None:
    held: list[Route] = []
    page = open_page("/tasks")
    page.route("**/api/choices*", lambda route: held.append(route))
    page.goto(f"{server.url}/grid?task=kinds")
    page.locator(".tile").nth(47).wait_for()
    before = page.locator(".tile").nth(20).bounding_box()
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    page.wait_for_selector('[name="suggested"] option:nth-child(2)', state="attached")
    assert page.locator(".tile").nth(20).bounding_box() == before


def test_a_drag_ends_with_the_button_whatever_moves_below_the_mouse(open_page: Callable[..., Page]) -> None:
    """A browser says "pointerover" also when the page moves: with the button up that must select nothing."""
    page = open_page("/grid?task=kinds&oldest=true")
    page.locator(".tile").nth(47).wait_for()
    page.evaluate(
        """() => {
          const tiles = document.querySelectorAll(".tile");
          const say = (name, tile) =>
            tile.dispatchEvent(new PointerEvent(name, { bubbles: true, pointerType: "mouse", button: 0 }));
          say("pointerdown", tiles[4]);
          say("pointerover", tiles[6]);
          say("pointerup", tiles[6]);
          say("pointerover", tiles[20]);
        }"""
    )
    assert page.locator('.tile[aria-pressed="true"]').count() == 3
    page.locator(".tile").nth(9).click()
    assert page.locator('.tile[aria-pressed="true"]').count() == 4, "the next click counts again"


def test_single_pictures_follow_one_another(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/picture?task=kinds")
    page.wait_for_selector('#loupe img[src="/view/picture-0"]')
    press(page, "1")
    page.wait_for_selector('#loupe img[src="/view/picture-1"]')
    press(page, "+", "*", "2", "ArrowLeft")
    page.wait_for_selector('#loupe img[src*="picture-1"]')
    page.wait_for_selector("#history .chip >> text=cat")
    press(page, "z")
    wait_saved(page, 2)
    page.wait_for_function("() => document.querySelector('#now').textContent.startsWith('No label')")
    assert labels(server) == {"picture-0": "hen"}


def test_a_phone_labels_by_touch(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/visits?task=kinds", phone=True)
    shown_visit(page)
    page.locator("#stage .picture").nth(0).tap()
    page.locator('.choice[data-answer="cat"]').tap()
    page.locator("#accept").tap()
    wait_saved(page, 4)
    assert list(labels(server).values()) == ["cat", "hen", "hen", "hen"]
    for path in ("/visits", "/grid", "/picture", "/tasks"):
        page.goto(f"{server.url}{path}?task=kinds")
        page.wait_for_load_state("networkidle")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{path} is {wide} wide"
        small = page.evaluate(SMALL_TARGETS)
        assert small == [], path


def test_a_beginner_makes_a_task_and_sees_what_to_do(open_page: Callable[..., Page], server: Running) -> None:
    page = open_page("/tasks")
    page.locator("[data-open]").click()
    page.fill("#hen-names", "Agnes, Berta")
    page.locator("text=Begin with hens").click()
    page.wait_for_selector("#empty-none:not([hidden])")
    assert "coop label import FOLDER --task hens" in page.locator("#empty").inner_text()
    with server.store() as store:
        assert [cls.name for cls in store.task("hens").offered] == ["Agnes", "Berta"]
    press(page, "?")
    assert page.locator("#help").is_visible()
    press(page, "Escape")
    assert not page.locator("#help").is_visible()


SMALL_TARGETS = """[...document.querySelectorAll('button, a, select, input:not([type=checkbox])')]
  .filter((e) => e.checkVisibility() && !e.closest('.examples, dialog, .facts dl, .skip'))
  .map((e) => [e.outerHTML.slice(0, 90), Math.round(e.getBoundingClientRect().height)])
  .filter(([, height]) => height > 0 && height < 43)"""
"""What a finger would miss: lower than 44 pixels."""
NO_LONGER_SHOWN = "name => !document.querySelector('#stage img')?.src.endsWith(name)"
