"""What the labelling page costs a person and a machine: `make bench-labeling`.

A hundred thousand generated pictures, `coop label` as a process of its own, and Chromium. Times are of the
wall clock, whatever else the machine does meanwhile; the load is printed beside them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.labeling.stock import CLASSES, fill
from fakes.chromium import chromium
from fakes.page import an_id
from fakes.page_server import PageServer
from playwright.sync_api import Page, ViewportSize

DECISION_S = 0.8
DECISIONS = 20
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
CONNECTIONS = 6
"""As many as a browser opens to one server."""

WATCH_KEYS = """() => {
  window.painted = [];
  addEventListener('keydown', (event) => {
    const began = event.timeStamp;
    const before = document.querySelector('#stage img, #loupe img')?.src;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const image = document.querySelector('#stage img, #loupe img');
        const there = image !== null && image.src !== before && image.complete && image.naturalWidth > 0;
        window.painted.push(there ? performance.now() - began : Infinity);
      };
      channel.port2.postMessage(null);
    });
  }, true);
}"""
"""From a key press to just after the frame that shows the next picture; Infinity if it does not."""

WATCH_FIRST = """() => {
  const look = () => {
    const image = document.querySelector('#stage .picture img');
    if (!image?.complete || image.naturalWidth === 0) return requestAnimationFrame(look);
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { window.firstPainted = performance.timeOrigin + performance.now(); };
    channel.port2.postMessage(null);
  };
  requestAnimationFrame(look);
}"""
"""When the first picture is painted, as the page itself knows it, in ms since 1970."""

AT_REST_MS = 2000
"""A browser that has just been started is busy with itself for so long."""


class Client:
    """One connection that is kept, as a browser keeps it."""

    def __init__(self, server: PageServer) -> None:
        self._host = f"127.0.0.1:{server.port}"
        self._connection = http.client.HTTPConnection(self._host, timeout=60)

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads(self._ask("POST", path, json.dumps(body).encode()))

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Host": self._host, "Origin": f"http://{self._host}", "X-Coop": "1"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:200]!r}")
        return data


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.labeling", description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--data", type=Path, help="A folder to keep, or that a run before kept.")
    options = parser.parse_args()
    with _folder(options.data) as folder:
        server = PageServer(folder)
        if not (folder / "data").exists():
            took = _timed(lambda: _fill(server, options.pictures))
            _row("set-up", f"{options.pictures} pictures in {took:.0f} s")
        with server:
            measure(server)


def measure(server: PageServer) -> None:
    _row("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    client = Client(server)
    holder = {"task": "kinds", "holder": an_id("bench")}
    first = _timed(lambda: (client.get("/visits?task=kinds"), client.post("/api/queue", holder)))
    _row("first page at the server", f"{first * 1000:.0f} ms, just started")
    cpu = _cpu_s(server.pid)
    nexts = []
    seen: list[str] = []
    for _ in range(60):
        began = time.perf_counter()
        visits = client.post("/api/queue", holder | {"count": 1, "without": seen[-40:]})["visits"]
        nexts.append(time.perf_counter() - began)
        seen += [visit["visit"] for visit in visits]
    client.post("/api/leave", holder)
    mean = (_cpu_s(server.pid) - cpu) / len(nexts)
    _row("next visit at the server", f"{_spread(nexts)}; {mean * 1000:.1f} ms of CPU")
    for name, query in (
        ("grid, all", ""),
        ("grid, label hen", "&value=hen"),
        ("grid, no label, camera nest", "&value=&camera=nest"),
        ("grid, unlike the model", "&unlike=true"),
    ):
        cold = _timed(lambda query=query: _grid(server, query))  # type: ignore[misc]
        cpu = _cpu_s(server.pid)
        warm = _timed(lambda query=query: _grid(server, query))  # type: ignore[misc]
        cpu = _cpu_s(server.pid) - cpu
        took = f"{warm * 1000:.0f} ms, {cpu * 1000:.0f} ms of CPU; the first time {cold * 1000:.0f} ms"
        _row(f"{name}: 200 pictures", took)
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)
        _row("first page, Chromium just started", _first_picture(page, server))
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)
        page.set_content("A keeper's browser is open already, and has shown something.")
        page.wait_for_timeout(AT_REST_MS)
        _row("first page, Chromium open", _first_picture(page, server))
        _row("key to next visit painted", _spread(_keys(page, 300), "300 visits"))
        _open(page, server, "/picture?task=kinds", "#loupe img[src]")
        _row("key to next picture painted", _spread(_keys(page, 300), "300 pictures"))
        _row("by picture", _speed(page, DECISIONS, lambda n: page.keyboard.press("1")))
        _open(page, server, "/visits?task=kinds", "#stage .picture img")
        _row("by visit of 8", _speed(page, 8 * DECISIONS, lambda n: page.keyboard.press("Enter")))
        _open(page, server, "/grid?task=kinds&value=&oldest=true", ".tile >> nth=199")
        _row("by grid, 8 selected", _speed(page, 8 * DECISIONS, lambda n: _in_grid(page, n)))
    _row("memory of the server", f"{_memory_mb(server.pid):.0f} MB at most")
    _row("load of the machine", f"{os.getloadavg()[0]:.1f}")


def _fill(server: PageServer, count: int) -> None:
    (server.folder / "data").mkdir()
    with server.store() as store:
        fill(store, count)


def _grid(server: PageServer, query: str) -> None:
    """What a browser asks for a page of the grid."""
    clients = [Client(server) for _ in range(CONNECTIONS)]
    found = json.loads(clients[0].get(f"/api/pictures?task=kinds{query}"))["pictures"]
    if len(found) != 200:
        raise RuntimeError(f"{query}: {len(found)} pictures instead of 200")

    def fetch(n: int) -> None:
        for picture in found[n::CONNECTIONS]:
            clients[n].get(f"/thumb/{picture['key']}")

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(fetch, range(CONNECTIONS)))


def _open(page: Page, server: PageServer, path: str, ready: str) -> None:
    page.goto(server.url + path)
    page.wait_for_selector(ready)
    page.wait_for_function("() => document.querySelector('#stage img, #loupe img')?.complete")


def _first_picture(page: Page, server: PageServer) -> str:
    """From asking for the page to its first picture: painted in the page, and noticed by Playwright."""
    page.add_init_script(f"({WATCH_FIRST})()")
    asked = time.time()
    noticed = _timed(lambda: _open(page, server, "/visits?task=kinds", "#stage .picture img"))
    painted = page.wait_for_function("() => window.firstPainted").json_value() / 1000 - asked
    return f"{painted * 1000:.0f} ms to the first picture; {noticed * 1000:.0f} ms until Playwright saw it"


def _keys(page: Page, count: int) -> list[float]:
    """Seconds from each of ``count`` key presses to its picture."""
    page.wait_for_timeout(1500)
    page.evaluate(WATCH_KEYS)
    for n in range(count):
        page.keyboard.press("12345"[n % len(CLASSES)])
        page.wait_for_function("(n) => window.painted.length > n", arg=n)
        page.wait_for_timeout(150)  # quicker than any person
    return [float(ms) / 1000 for ms in page.evaluate("window.painted")]


def _speed(page: Page, pictures: int, decide: Callable[[int], None]) -> str:
    """Labelled pictures a minute of a keeper who takes 0.8 s to decide."""
    page.wait_for_timeout(1500)
    began = time.perf_counter()
    for n in range(DECISIONS):
        time.sleep(DECISION_S)
        decide(n)
    page.wait_for_selector('#saved[data-waiting="0"]')
    minutes = (time.perf_counter() - began) / 60
    return f"{pictures / minutes:.0f} pictures a minute"


def _in_grid(page: Page, n: int) -> None:
    """Select a run of eight and label it."""
    tiles = page.locator(".tile")
    tiles.nth(8 * n).click()
    tiles.nth(8 * n + 7).click(modifiers=["Shift"])
    page.keyboard.press("1")


def _cpu_s(pid: int) -> float:
    """What the server has used of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _spread(seconds: Sequence[float], what: str = "") -> str:
    ordered = sorted(seconds)
    middle, late = statistics.median(ordered), ordered[int(0.95 * len(ordered))]
    return f"median {middle * 1000:.1f} ms, 95% within {late * 1000:.1f} ms" + (f" ({what})" if what else "")


def _row(name: str, value: str) -> None:
    print(f"{name:34} {value}", flush=True)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """A folder in memory where there is one, so that the set-up does not wait for a disk."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="coop-bench-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
