"""What the whole flow costs on a 1280 x 720 H.264 recording: CPU of each step, memory, start-up time.

    python tests/bench/pipeline.py [VIDEO]

Without VIDEO a busy morning of the simulated coop is encoded first. The same again, decoding beside the
whole, on a scene in which nothing happens, coded as a camera does: most of all days. CPU is process time (all
threads of this process), so a busy machine changes it little; every figure is the median of several runs of
the same frames, those of the quiet scene the least.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.coded import recording
from fakes.daemon import Daemon, NotifySocket, wait_for

from coop.assembly import camera_clips, camera_judge, camera_pipeline, jpeg
from coop.clip.writer import ClipWriter
from coop.domain.findings import Findings
from coop.first_visits import FirstVisits
from coop.frame.sim.source import open_sim
from coop.frame.source import open_source
from coop.models import Models
from coop.notify.compose import Composer
from coop.pipeline import Pipeline
from coop.places import open_store
from coop.recorder import Recorder, for_each_event
from coop.settings import CameraSettings, Settings
from coop.settings_values import SecretUrl
from coop.store.store import Store

RUNS = 3
FRAMES = 450
SCENE = "sim://?flock=1&seed=7&days=1&from=5&to=20&w=1280&h=720"

T = TypeVar("T")


class Meter:
    """CPU seconds of each step, and how often it ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.seconds[step] += time.process_time() - began
        self.calls[step] += 1

    def timed(self, step: str, function: Callable[..., T]) -> Callable[..., T]:
        def wrapped(*args: object, **kwargs: object) -> T:
            with self.measure(step):
                return function(*args, **kwargs)

        return wrapped


class Timed:
    """A part of the pipeline whose public calls are measured."""

    def __init__(self, meter: Meter, step: str, part: object) -> None:
        self._meter, self._step, self._part = meter, step, part

    def __getattr__(self, name: str) -> object:
        value = getattr(self._part, name)
        return self._meter.timed(self._step, value) if callable(value) else value


def busy_morning(folder: Path) -> Path:
    """The simulated coop's liveliest frames as a video of 720p at 5 frames a second."""
    video = folder / "morning.mp4"
    source = open_sim(SCENE, "bench")
    with ClipWriter(video) as clip:
        for number, frame in enumerate(source.frames(threading.Event())):
            if number >= FRAMES:
                break
            clip.write(frame.image, frame.time)
    return video


def decode(video: Path) -> tuple[int, float]:
    """Frames, and CPU seconds for reading them alone."""
    began = time.process_time()
    source = open_source(str(video), "bench", clock=lambda: datetime.now(UTC), timezone=UTC)
    count = sum(1 for _ in source.frames(threading.Event()))
    return count, time.process_time() - began


def measured_pipeline(settings: Settings, models: Models, store: Store, meter: Meter) -> Pipeline:
    composer = Composer(zone=UTC)
    recorder = Recorder(store, for_each_event(lambda event: composer.compose(event, ["bench"])))
    clips = camera_clips(
        "bench",
        settings,
        folder=store.clips_under_way,
        record=lambda clip, now: recorder(Findings(clips=(clip,)), now),
        patient=True,
    )
    pipeline = camera_pipeline(
        "bench",
        CameraSettings(url=SecretUrl("bench.mp4")),
        settings,
        zones=(),
        judge=camera_judge(models.current, settings),
        record=meter.timed("store", recorder),
        is_first_today=FirstVisits(store, UTC),
    )
    return replace(
        pipeline,
        motion=Timed(meter, "motion", pipeline.motion),  # type: ignore[arg-type]
        tracker=Timed(meter, "track", pipeline.tracker),  # type: ignore[arg-type]
        judge=Timed(meter, "crop + classify", pipeline.judge),  # type: ignore[arg-type]
        visits=Timed(meter, "event", pipeline.visits),  # type: ignore[arg-type]
        clips=Timed(meter, "clips", clips),  # type: ignore[arg-type]
        illustrate=meter.timed("event picture", pipeline.illustrate),
        encode=meter.timed("crop as JPEG", jpeg),
    )


def run_once(video: Path, settings: Settings, models: Models) -> tuple[Meter, float, int]:
    """One pass over the video: CPU of each step, of the whole, and frames."""
    meter, frames = Meter(), 0
    with tempfile.TemporaryDirectory() as folder, open_store(_in_folder(settings, Path(folder))) as store:
        pipeline = measured_pipeline(settings, models, store, meter)
        began = time.process_time()
        source = open_source(str(video), "bench", clock=lambda: datetime.now(UTC), timezone=UTC)
        for frame in source.frames(threading.Event()):
            pipeline.step(frame)
            frames += 1
        pipeline.pause(frame.time)
        return meter, time.process_time() - began, frames


def _in_folder(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"data_dir": folder})


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """CPU seconds a frame where nothing happens, the least of several runs side by side."""

    decoding: float
    motion: float
    whole: float


def quiet_scene(folder: Path, settings: Settings, models: Models) -> Quiet:
    """Nothing to see, but for what a sensor and a coder make of it."""
    video = recording(folder, "quiet-day", 10)
    decodings, motions, wholes = [], [], []
    for _ in range(2 * RUNS):
        count, seconds = decode(video)
        decodings.append(seconds / count)
        meter, seconds, count = run_once(video, settings, models)
        wholes.append(seconds / count)
        motions.append(meter.seconds["motion"] / count)
    return Quiet(decoding=min(decodings), motion=min(motions), whole=min(wholes))


def start_up(folder: Path) -> tuple[float, float]:
    """Wall seconds until `coop run` is ready (its model written before), and its peak memory in MB."""
    toml = '[cameras.coop]\nurl = "sim://?flock=1&seed=7&from=5"\n'
    seconds = []
    for _ in range(RUNS):
        with NotifySocket(folder / "notify") as systemd, Daemon(folder, toml) as daemon:
            began = time.monotonic()
            daemon.start(env={"NOTIFY_SOCKET": str(systemd.path)})
            wait_for("READY=1", lambda systemd=systemd: "READY=1" in systemd.heard())
            seconds.append(time.monotonic() - began)
            time.sleep(5)
            peak = _peak_mb(Path(f"/proc/{daemon.process.pid}/status").read_text())
            daemon.stop()
        systemd.path.unlink()
    return statistics.median(seconds[1:]), peak


_REPLAY = """
import sys
from pathlib import Path
from coop.cli.main import app
app(["replay", sys.argv[1]], standalone_mode=False)
print(Path("/proc/self/status").read_text())
"""


def replay_memory(video: Path, data_dir: Path) -> float:
    """Peak memory of `coop replay` on the video, in MB, as its own process sees it.

    The resource usage of a child is no use here: it counts the memory of the parent that was forked.
    """
    environment = {**os.environ, "COOP_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-c", _REPLAY, str(video)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return _peak_mb(said)


def _peak_mb(status: str) -> float:
    """The peak memory in the text of a process's status file, in MB."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data_dir=folder / "data", timezone="UTC")
        models = Models(settings, lambda task: None)
        models.refresh()
        with console.status("Encoding the recording"):
            video = Path(sys.argv[1]) if len(sys.argv) > 1 else busy_morning(folder)
        with console.status("Decoding alone"):
            decodings = [decode(video) for _ in range(RUNS)]
        with console.status("The whole pipeline"):
            runs = [run_once(video, settings, models) for _ in range(RUNS)]
        with console.status("A quiet scene"):
            quiet = quiet_scene(folder, settings, models)
        with console.status("Starting the daemon"):
            ready, peak = start_up(folder)
        with console.status("Memory of a replay"):
            replaying = replay_memory(video, settings.data_dir)
    console.print(f"CPU ms a frame of {video.name}, {runs[0][2]} frames, median of {RUNS} runs")
    table = Table()
    for column in ("step", "ms a frame", "calls", "ms a call"):
        table.add_column(column, justify="left" if column == "step" else "right")
    decoding = statistics.median(seconds / count for count, seconds in decodings)
    table.add_row("decoding alone", f"{decoding * 1000:.2f}", str(runs[0][2]), "")
    for step in runs[0][0].seconds:
        seconds = statistics.median(meter.seconds[step] for meter, _, _ in runs)
        calls = runs[0][0].calls[step]
        table.add_row(step, f"{1000 * seconds / runs[0][2]:.2f}", str(calls), f"{1000 * seconds / calls:.2f}")
    whole = statistics.median(seconds / frames for _, seconds, frames in runs)
    table.add_row("the whole", f"{whole * 1000:.2f}", str(runs[0][2]), "", style="bold")
    console.print(table)
    console.print(
        f"A quiet scene: decoding alone {1000 * quiet.decoding:.2f} ms a frame, motion "
        f"{1000 * quiet.motion:.2f}, the whole {1000 * quiet.whole:.2f}: "
        f"{quiet.whole / quiet.decoding:.2f} times decoding"
    )
    console.print(f"Peak memory: `coop replay` {replaying:.0f} MB, `coop run` (simulated coop) {peak:.0f} MB")
    console.print(f"`coop run` is ready after {ready:.1f} s")


if __name__ == "__main__":
    main()
