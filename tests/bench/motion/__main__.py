"""Motion detection on the generated suite, ours beside its peers, in one run.

    make bench-motion
    PYTHONPATH=tests python -m bench.motion [--scenes NAME ...] [--seed N] [--seconds S] [--fps F]
        [--quick] [--debian] [--minutes M]

A run of the whole suite takes the better part of an hour. What scenes gave is kept, and the same call again
goes on with the rest: with `--minutes` it ends after so many, and the last call tells all. `--anew` measures
every scene again.

Prints tables and writes `bench-output/motion/`: `motion.json`, `motion.csv`, `motion.png` (scene by
detector), `scenes.png` (what they look like), `worst-detect.png`, `worst-ignore.png` (where ours did worst).
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.motion import debian, real, report
from bench.motion.detectors import DETECTORS, OURS
from bench.motion.floors import below, read_floors
from bench.motion.measure import Result, measure
from bench.motion.parts import Parts
from bench.motion.scenes import SCENES
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[3]
RATES = (15.0, 5.0)
_AT_ONCE = 6  # cameras that one daemon of Debian's motion keeps up with on two cores
# Debian's motion plays in real time, and its scenes are drawn and coded once more for it: all of them, 60 s
# each, would take over an hour. These stand for all that is asked, unless scenes are named.
_FOR_DEBIAN = (
    "hen-day", "hen-infrared", "hen-far", "brown-on-straw", "egg-appears", "predator-dusk",
    "noise-infrared", "infrared-on", "cloud", "web", "leaves", "shaking-mount",
)  # fmt: skip
_DEBIAN_S = 30.0


def main() -> None:
    chosen = _arguments()
    console = Console(width=max(Console().width, 190))
    names = list(chosen.detectors)
    folder = chosen.out
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    rates = (chosen.fps,) if chosen.fps else RATES
    parts = Parts(folder / "parts", chosen.seed, chosen.seconds, rates, names)
    results = _run(console, chosen, rates, names, parts)
    if len(results) < len(chosen.scenes):
        console.print(f"{len(results)} of {len(chosen.scenes)} scenes are done; the same call goes on")
        return
    report.print_tables(console, results, rates, names)
    about = {
        "seed": chosen.seed,
        "seconds": chosen.seconds,
        "render_ms": {r.scene: r.render_ms for r in results},
    }
    report.write_files(folder, results, about)
    report.plot(folder, results, max(rates), names)
    report.contact_sheets(folder, results)
    if OURS in names:
        _tell(console, f"{OURS} falls short of what is asked", report.shortfalls(results, rates, OURS))
        if chosen.seconds == 60:
            found = [line for r in results for line in below(r, read_floors().suite.get(r.scene, {}))]
            _tell(console, f"{OURS} falls below its floors", found)
    if not chosen.quick:
        _real(console, names)
    if chosen.debian:
        scenes = chosen.scenes if len(chosen.scenes) < len(SCENES) else _FOR_DEBIAN
        _debian(console, scenes, chosen.seed, min(chosen.seconds, _DEBIAN_S))
    console.print(f"{(time.monotonic() - began) / 60:.1f} minutes; files in {folder}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.motion", description=__doc__.partition("\n")[0])
    parser.add_argument("--scenes", nargs="+", choices=list(SCENES), default=list(SCENES), metavar="NAME")
    parser.add_argument(
        "--detectors", nargs="+", choices=list(DETECTORS), default=list(DETECTORS), metavar="NAME"
    )
    parser.add_argument("--seed", type=int, default=1, help="a new seed gives new scenes")
    parser.add_argument("--seconds", type=float, default=None, help="length of each scene; 60 is the suite")
    parser.add_argument("--fps", type=float, default=None, help="only this rate; 15 and 5 otherwise")
    parser.add_argument(
        "--debian", action="store_true", help="also Debian's motion on some scenes, 30 s each"
    )
    parser.add_argument(
        "--quick", action="store_true", help="24 s at 5 frames a second, generated scenes only"
    )
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes side by side"
    )
    parser.add_argument("--minutes", type=float, default=None, help="end after so many, and go on next time")
    parser.add_argument("--anew", action="store_true", help="measure again what was measured before")
    parser.add_argument("--out", type=Path, default=ROOT / "bench-output" / "motion", help="where files go")
    chosen = parser.parse_args()
    if chosen.seconds is None:
        chosen.seconds = 24.0 if chosen.quick else 60.0
    if chosen.quick and chosen.fps is None:
        chosen.fps = 5.0
    return chosen


def _run(
    console: Console,
    chosen: argparse.Namespace,
    rates: Sequence[float],
    names: Sequence[str],
    parts: Parts,
) -> list[Result]:
    """What the scenes give, as many as there is time for."""
    end = time.monotonic() + 60 * (chosen.minutes or math.inf)
    found = {} if chosen.anew else {scene: parts.taken(scene) for scene in chosen.scenes}
    left = [scene for scene in chosen.scenes if found.get(scene) is None]
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        while left and time.monotonic() < end:
            now, left = left[: chosen.jobs], left[chosen.jobs :]
            jobs = [pool.submit(measure, scene, chosen.seed, chosen.seconds, rates, names) for scene in now]
            for job in jobs:
                result = job.result()
                parts.keep(result)
                found[result.scene] = result
                if sys.stderr.isatty():
                    console.print(f"{len(chosen.scenes) - len(left)}/{len(chosen.scenes)} {result.scene}")
    return [result for scene in chosen.scenes if (result := found.get(scene)) is not None]


def _tell(console: Console, what: str, lines: Sequence[str]) -> None:
    console.print(f"[bold]{what}:[/] {'nowhere' if not lines else ''}")
    for line in lines:
        console.print(f"  {line}")


def _real(console: Console, names: Sequence[str]) -> None:
    data = Path(os.environ.get("COOP_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not data.is_dir():
        console.print(f"The real recordings are not at {data}; set COOP_TEST_DATA")
        return
    title = "highway, frames 470 to 1200; in videos without truth, % of frames with regions (regions a frame)"
    table = Table(title=title)
    for column in ("detector", "F-measure", "precision", "recall", "CPU ms", *real.VIDEOS):
        table.add_column(column, justify="left" if column == "detector" else "right")
    scores = real.highway_scores(data, names)
    for name, score in scores.items():
        videos = () if name == real.REPLAY else real.VIDEOS
        watched = [real.watch(data / "videos" / video, name) for video in videos]
        cells = [f"{100 * w.with_regions:.0f} ({w.regions:.1f})" for w in watched]
        figures = [f"{v:.4f}" for v in (score.f_measure, score.precision, score.recall)]
        table.add_row(name, *figures, f"{score.cpu_ms:.2f}", *cells)
    console.print(table)


def _debian(console: Console, scenes: Sequence[str], seed: int, seconds: float) -> None:
    reason = debian.missing()
    if reason is not None:
        console.print(f"Debian's motion is left out: {reason}")
        return
    title = f"Debian's motion, noise_level 20, lightswitch 40, {seconds:g} s: % of fifths of a second flagged"
    for first in range(0, len(scenes), _AT_ONCE):
        table = Table(title=title)
        for column in ("scene", "with a thing", "without"):
            table.add_column(column, justify="left" if column == "scene" else "right")
        for name, seen in debian.watch(scenes[first : first + _AT_ONCE], seed, seconds).items():
            shares = (seen.with_things, seen.without)
            table.add_row(name, *("" if share is None else f"{100 * share:.0f}" for share in shares))
        console.print(table)  # now: the next ones take some minutes


if __name__ == "__main__":
    main()
