"""Many cameras, and cameras that misbehave: what they cost, how soon they are back, what they leave behind.

    python tests/bench/cameras.py [--cameras 16] [--seconds 60] [--reconnections 300] [--only load,return,...]

Everything runs against real RTSP servers (the pictures are coded once and never again) and, for load and
reconnections, a real `coop run`, whose processor time and memory are its own alone. Each camera has a server
to itself, as in life: GStreamer's stands still for good when somebody begins to watch a stream that others
watch already (it seeks for the newcomer, and waits for a lock that the stream holds). Writes figures and a
plot into bench-output/cameras/.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.coded import recording
from fakes.daemon import Daemon, wait_for
from fakes.proxy import Wire
from fakes.rtsp import RtspServer, lengthened
from fakes.trouble import TROUBLES

from coop.domain.health import CameraState, CameraStatus, DaemonStatus
from coop.frame.latest import LatestFrame
from coop.frame.source import open_source
from coop.frame.watch import CameraWatch
from coop.store.store import Store

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "bench-output" / "cameras"
SHARED = Path(os.environ.get("COOP_TEST_DATA") or ROOT.parent / "shared" / "data")
TOOL = SHARED.parent / "tools" / "rtsp_server.py"
FPS, ANALYSED = 10, 5
WARM_S = 10.0
OUTAGE_S = 12.0
WIRES = 8


# --- (a) load ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Load:
    """What so many cameras took; ``oldest`` are seconds, each the oldest frame of one camera's last 5 s."""

    what: str
    cameras: int
    cores: float
    cores_of_servers: float
    read_fps: float
    analysed_fps: float
    least_analysed_fps: float
    dropped: int
    oldest_median: float
    oldest_p99: float
    oldest_max: float
    rss_mb: float
    reconnects: int


def load(what: str, cameras: Sequence[RtspServer], mains: Sequence[RtspServer], seconds: float) -> Load:
    """A real daemon over so many cameras, measured after it has warmed up."""
    toml = "[events]\ncamera_lost_after_s = 3600\n"
    for number, camera in enumerate(cameras):
        main = f'main_url = "{mains[number].url}"\n' if mains else ""
        toml += f'[cameras.cam{number:02d}]\nurl = "{camera.url}"\n{main}fps = {ANALYSED}\nclips = false\n'
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        daemon = stack.enter_context(Daemon(Path(name), toml)).start()
        try:
            wait_for("all cameras", lambda: _all_live(daemon, len(cameras)), 90)
        except AssertionError as error:
            raise RuntimeError(f"{error}:\n{daemon.log[-3000:]}") from None
        time.sleep(WARM_S)
        pids = (daemon.process.pid, *(server.pid for server in (*cameras, *mains)))
        began, used = time.monotonic(), [_cpu_s(pid) for pid in pids]
        with daemon.store() as store:
            dropped = sum(camera.dropped for camera in _status(store).cameras)
            looks = list(_looks(store, seconds))
        passed = time.monotonic() - began
        spent = [_cpu_s(pid) - before for pid, before in zip(pids, used, strict=True)]
        rss = _memory_mb(daemon.process.pid)
        daemon.stop()
    every = [camera for look in looks for camera in look.cameras]
    oldest = [camera.oldest_s for camera in every if camera.oldest_s is not None]
    by_camera = [[c.analysed or 0.0 for look in looks for c in look.cameras if c.camera == one.camera]
                 for one in looks[-1].cameras]  # fmt: skip
    return Load(
        what=what,
        cameras=len(cameras),
        cores=spent[0] / passed,
        cores_of_servers=sum(spent[1:]) / passed,
        read_fps=statistics.fmean(camera.fps for camera in every),
        analysed_fps=statistics.fmean(camera.analysed or 0.0 for camera in every),
        least_analysed_fps=min(map(statistics.fmean, by_camera)),
        dropped=sum(camera.dropped for camera in looks[-1].cameras) - dropped,
        oldest_median=statistics.median(oldest),
        oldest_p99=float(np.percentile(oldest, 99)),
        oldest_max=max(oldest),
        rss_mb=rss,
        reconnects=sum(camera.reconnects for camera in looks[-1].cameras),
    )


def _served(stack: ExitStack, video: Path, count: int) -> list[RtspServer]:
    """So many cameras that see the same, each a server of its own."""
    return [stack.enter_context(RtspServer(TOOL, video)) for _ in range(count)]


def _looks(store: Store, seconds: float) -> Iterator[DaemonStatus]:
    """The status row, each second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield _status(store)
        time.sleep(1.0)


def _status(store: Store) -> DaemonStatus:
    status = store.status()
    assert status is not None, "the daemon has ended"
    return status


def _all_live(daemon: Daemon, count: int) -> bool:
    if not (daemon.data / "coop.db").exists():
        return False
    with daemon.store() as store:
        status = store.status()
    return status is not None and [c.state for c in status.cameras] == [CameraState.LIVE] * count


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    return _status_field(pid, "VmRSS") / 1024


def _status_field(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


# --- (b) reconnections ------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class After:
    """The daemon after so many reconnections."""

    reconnections: int
    seconds: float
    rss_mb: float
    threads: int
    files: int


def reconnections(count: int, video: Path, tell: Callable[[Sequence[After]], None]) -> int:
    """Trouble on many wires at once, again and again; the reconnections of a camera without any."""
    with ExitStack() as stack:
        *servers, other = _served(stack, video, WIRES + 1)
        wires = [stack.enter_context(Wire(server.port)) for server in servers]
        urls = [f"rtsp://127.0.0.1:{wire.port}/coop" for wire in wires]
        toml = "[classify]\nstarter = false\n[events]\ncamera_lost_after_s = 3600\n"
        for number, url in enumerate([*urls, other.url]):
            toml += f'[cameras.cam{number}]\nurl = "{url}"\nfps = 2\ntimeout_s = 1\nclips = false\n'
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        daemon = stack.enter_context(Daemon(folder, toml)).start()
        wait_for("all cameras", lambda: _all_live(daemon, WIRES + 1), 120)
        store = stack.enter_context(daemon.store())
        began, after = time.monotonic(), []
        troubles = list(TROUBLES.values())
        for turn in range(-(-count // WIRES)):
            before = [camera.reconnects for camera in _status(store).cameras]
            for number, wire in enumerate(wires):
                troubles[(turn + number) % len(troubles)](wire, 1.0)
            time.sleep(2.5)
            for wire in wires:
                wire.mend()
            wait_for("all cameras back", lambda before=before: _are_back(store, before), 60)
            pid = daemon.process.pid
            now = After(
                reconnections=sum(camera.reconnects for camera in _status(store).cameras[:WIRES]),
                seconds=time.monotonic() - began,
                rss_mb=_memory_mb(pid),
                threads=_status_field(pid, "Threads"),
                files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
            )
            after.append(now)
            tell(after)
        neighbour = _status(store).cameras[-1].reconnects
        daemon.stop()
    return neighbour


def _are_back(store: Store, before: Sequence[int]) -> bool:
    cameras = _status(store).cameras
    live = all(camera.state is CameraState.LIVE and not camera.problem for camera in cameras)
    return live and all(c.reconnects > b for c, b in zip(cameras[:WIRES], before, strict=False))


def plot(after: Sequence[After], path: Path) -> None:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(3, 1, figsize=(9, 7), sharex=True, layout="constrained")
    x = [one.reconnections for one in after]
    for axis, (name, values) in zip(
        axes,
        {
            "memory, MB": [one.rss_mb for one in after],
            "threads": [one.threads for one in after],
            "open files": [one.files for one in after],
        }.items(),
        strict=True,
    ):
        axis.plot(x, values, color="#33638d", linewidth=1.2)
        axis.set_ylabel(name)
        axis.set_ylim(0, 1.25 * max(values))
        axis.set_xlim(0, max(x))
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("reconnections (broken off, half open, late answers, garbage, refused, in turn)")
    axes[0].set_title(f"coop run, {WIRES + 1} cameras, {WIRES} of them in trouble all the time")
    figure.savefig(path, dpi=110)
    plt.close(figure)


# --- (c) how soon a camera is back ------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Back:
    what: str
    lost_after_s: float
    back_after_s: float
    said: str


def returns(folder: Path, video: Path, rounds: int) -> list[Back]:
    """Every trouble with the settings as they are by default, all at once, each with a server of its own."""
    found: list[Back] = []
    threads = []
    ways: dict[str, Callable[[RtspServer, Wire], Callable[[], None]]] = {
        "server frozen (SIGSTOP)": lambda server, wire: _do(server.freeze, server.resume),
        "server killed (SIGKILL), restarted": lambda server, wire: _do(server.kill, server.start),
        "half-open TCP": lambda server, wire: _do(wire.half_open, wire.mend),
        "connections refused": lambda server, wire: _do(wire.refuse, wire.mend),
        "broken off, answers too late": lambda server, wire: _late(wire),
        "garbage packets": lambda server, wire: _garbage(wire),
    }
    for what, way in ways.items():
        for turn in range(rounds):
            work = (what, way, video, OUTAGE_S + turn * 2.7, found)
            threads.append(threading.Thread(target=_one_return, args=work))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found, key=lambda back: list(ways).index(back.what))


def _do(begin: Callable[[], None], mend: Callable[[], None]) -> Callable[[], None]:
    begin()
    return mend


def _late(wire: Wire) -> Callable[[], None]:
    wire.delay_s = 8.0
    wire.reset()
    return wire.mend


def _garbage(wire: Wire) -> Callable[[], None]:
    wire.garbage = 0.05
    return wire.mend


def _one_return(
    what: str,
    way: Callable[[RtspServer, Wire], Callable[[], None]],
    video: Path,
    outage_s: float,
    found: list[Back],
) -> None:
    with RtspServer(TOOL, video) as server, Wire(server.port) as wire:
        url = f"rtsp://127.0.0.1:{wire.port}/coop"
        slot = LatestFrame()
        watch = CameraWatch(
            what,
            lambda: open_source(url, what, clock=lambda: datetime.now(UTC), timezone=UTC, fps=2),
            slot,
        )
        watch.start()
        _until(watch, lambda status: status.state is CameraState.LIVE)
        _until(watch, lambda status: False, 3.0)
        began = time.monotonic()
        mend = way(server, wire)
        lost = _until(watch, lambda status: status.state is CameraState.LOST, 30.0)
        lost_after = time.monotonic() - began
        _until(watch, lambda status: False, outage_s - lost_after)
        said = watch.status().problem
        mend()
        began = time.monotonic()
        _until(watch, lambda status: status.state is CameraState.LIVE, 60.0)
        found.append(
            Back(
                what=what,
                lost_after_s=lost_after,
                back_after_s=time.monotonic() - began,
                said=said or lost.problem,
            )
        )
        watch.stop(10)


def _until(watch: CameraWatch, what: Callable[[CameraStatus], bool], within_s: float = 60.0) -> CameraStatus:  # type: ignore[type-arg]
    """Play the app, which checks each second, until something has come about or time is up."""
    end = time.monotonic() + within_s
    next_check = time.monotonic() + 1.0
    while not what(status := watch.status()) and time.monotonic() < end:
        time.sleep(0.05)
        if time.monotonic() > next_check:
            watch.check()
            next_check += 1.0
    return status


# --- the report -------------------------------------------------------------


def load_table(loads: Sequence[Load]) -> Table:
    table = Table(
        title=f"{FPS} pictures a second of 1280x720, {ANALYSED} of them analysed; CPU of `coop run` alone"
    )
    for name in ("", "cameras", "CPU cores", "(servers)", "read/s", "analysed/s", "(least)", "dropped",
                 "oldest frame: median", "p99", "max", "memory", "reconnects"):  # fmt: skip
        table.add_column(name, justify="right" if name else "left")
    for one in loads:
        table.add_row(
            one.what, str(one.cameras), f"{one.cores:.2f}", f"{one.cores_of_servers:.2f}",
            f"{one.read_fps:.1f}", f"{one.analysed_fps:.2f}", f"{one.least_analysed_fps:.2f}",
            str(one.dropped), f"{one.oldest_median:.2f} s", f"{one.oldest_p99:.2f} s",
            f"{one.oldest_max:.2f} s", f"{one.rss_mb:.0f} MB", str(one.reconnects),
        )  # fmt: skip
    return table


def returns_table(found: Sequence[Back]) -> Table:
    table = Table(title="Back after the camera is back, seconds, default settings")
    for name in ("trouble", "times", "lost after", "back after: median", "max", "it says"):
        table.add_column(name, justify="left" if name in ("trouble", "it says") else "right")
    for what in dict.fromkeys(back.what for back in found):
        those = [back for back in found if back.what == what]
        backs = [back.back_after_s for back in those]
        lost = statistics.median(back.lost_after_s for back in those)
        table.add_row(
            what, str(len(those)), f"{lost:.1f}", f"{statistics.median(backs):.1f}", f"{max(backs):.1f}",
            those[0].said,
        )  # fmt: skip
    return table


def reconnections_table(after: Sequence[After], neighbour: int) -> Table:
    table = Table(title="coop run while cameras go and come")
    for name in ("reconnections", "after", "memory", "threads", "open files"):
        table.add_column(name, justify="right")
    fifth = max(1, len(after) // 6)
    for one in [after[0], *after[fifth - 1 :: fifth]]:
        table.add_row(
            str(one.reconnections),
            f"{one.seconds:.0f} s",
            f"{one.rss_mb:.0f} MB",
            str(one.threads),
            str(one.files),
        )
    table.caption = f"reconnections of the camera without trouble meanwhile: {neighbour}"
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--reconnections", type=int, default=300)
    parser.add_argument("--only", default="load,return,reconnections")
    parser.add_argument("--scenes", default="quiet,quiet-two,hen,hen-two")
    wanted = parser.parse_args()
    only = wanted.only.split(",")
    console = Console(width=max(150, Console().width))
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with console.status("Coding what the cameras see"):
            quiet = lengthened(recording(folder, "quiet-day", FPS), folder, times=60)
        if "load" in only:
            with console.status("Coding what the cameras see"):
                hens = lengthened(recording(folder, "hen-day", FPS), folder, times=60)
                small_quiet = recording(folder, "quiet-day", FPS, (640, 360))
                small_quiet = lengthened(small_quiet, folder, times=60)
                small = lengthened(recording(folder, "hen-day", FPS, (640, 360)), folder, times=60)
            loads = []
            scenes: dict[str, tuple[str, Path, Path | None]] = {
                "quiet": ("quiet", quiet, None),
                "hen": ("a hen, always", hens, None),
                "quiet-two": ("quiet, 640x360 beside 720p", small_quiet, quiet),
                "hen-two": ("a hen, 640x360 beside 720p", small, hens),
            }
            for what, video, main in (scenes[name] for name in wanted.scenes.split(",")):
                with console.status(f"Load: {what}"), ExitStack() as stack:
                    servers = _served(stack, video, wanted.cameras)
                    mains = _served(stack, main, wanted.cameras) if main is not None else []
                    loads.append(load(what, servers, mains, wanted.seconds))
            _written("load.json", [asdict(one) for one in loads])
            console.print(load_table(loads))
        if "return" in only:
            with console.status("How soon cameras are back"):
                found = returns(folder, quiet, rounds=3)
            _written("return.json", [asdict(one) for one in found])
            console.print(returns_table(found))
        if "reconnections" in only:
            after: list[After] = []

            def tell(so_far: Sequence[After]) -> None:
                after[:] = so_far
                status.update(f"{after[-1].reconnections} reconnections, {after[-1].rss_mb:.0f} MB")
                _written("reconnections.json", [asdict(one) for one in after])

            with console.status("Reconnections") as status:
                neighbour = reconnections(wanted.reconnections, quiet, tell)
            plot(after, OUT / "reconnections.png")
            console.print(reconnections_table(after, neighbour))
    console.print(f"Written into {OUT}")


def _written(name: str, what: object) -> None:
    (OUT / name).write_text(json.dumps(what, indent=1) + "\n")


if __name__ == "__main__":
    main()
