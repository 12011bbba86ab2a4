"""Accuracy floors: how well our detector did, less a little, so that it cannot get worse unseen.

    PYTHONPATH=tests python -m bench.motion.floors RUN.json ...

writes `floors.toml` anew from the `motion.json` of one or more runs of the whole suite (the worst of them
counts), and from the fast subset, which it measures itself.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.motion.detectors import OURS
from bench.motion.measure import Result, measure
from bench.motion.scenes import DETECT

FILE = Path(__file__).with_name("floors.toml")
FAST = (
    "hen-day",
    "hen-infrared",
    "hen-far",
    "brown-on-straw",
    "egg-appears",
    "predator-dusk",
    "two-hens",
    "hen-stands",
    "hen-switch",
    "noise-infrared",
    "infrared-on",
    "lamp",
    "cloud",
    "sun-patch",
    "web",
    "leaves",
    "compression",
    "shaking-mount",
)
FAST_SEED, FAST_SECONDS, FAST_RATE = 404, 16.0, 5.0
_SUITE_SLACK = {"found": 0.02, "recall": 0.04, "false": 0.02}  # other seeds differ by about so much
_FAST_SLACK = {
    "found": 0.01,
    "recall": 0.02,
    "false": 0.01,
}  # the same frames again: only other libraries differ

Floor = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Floors:
    """By scene and then ``at_15``, ``at_5``: least ``found`` and ``recall``, or most ``false``."""

    suite: Mapping[str, Mapping[str, Floor]]
    fast: Mapping[str, Mapping[str, Floor]]


def read_floors() -> Floors:
    """The floors as they are kept beside this module."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Floors(suite=table["suite"], fast=table["fast"])


def measure_fast(scene: str) -> Result:
    """One scene of the fast subset: some seconds at a low rate, from a seed that nothing is tuned on."""
    return measure(scene, FAST_SEED, FAST_SECONDS, (FAST_RATE,), (OURS,))


def below(result: Result, floors: Mapping[str, Floor]) -> list[str]:
    """What is worse than the floors of a scene allow, in words."""
    lines = []
    for (rate, name), tally in result.tallies.items():
        floor = floors.get(f"at_{rate:g}", {})
        if name != OURS:
            continue
        where = f"{result.scene} at {rate:g} frames a second"
        for what, value in (("found", tally.found_share), ("recall", tally.recall)):
            if value < floor.get(what, 0):
                lines.append(f"{where}: {what} {value:.3f}, at least {floor[what]} is asked for")
        if tally.false_share > floor.get("false", 1):
            lines.append(f"{where}: false {tally.false_share:.3f}, at most {floor['false']} is allowed")
    return lines


def _rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [
        {"scene": r.scene, "kind": str(r.kind), "fps": rate, "detector": name} | tally.as_row()
        for r in results
        for (rate, name), tally in r.tallies.items()
    ]


def _table(title: str, rows: Sequence[Mapping[str, Any]], slack: Floor) -> str:
    """The floors of rows, the worst of each scene and rate, as TOML."""
    lines: dict[str, dict[str, str]] = {}
    for scene in dict.fromkeys(row["scene"] for row in rows):
        for rate in sorted({row["fps"] for row in rows}, reverse=True):
            chosen = [r for r in rows if (r["scene"], r["fps"], r["detector"]) == (scene, rate, OURS)]
            if not chosen:
                continue
            if scene in DETECT:
                found = max(0.0, min(r["found_share"] for r in chosen) - slack["found"])
                recall = max(0.0, min(r["recall"] for r in chosen) - slack["recall"])
                floor = f"{{ found = {found:.3f}, recall = {recall:.3f} }}"
            else:
                floor = (
                    f"{{ false = {min(1.0, max(r['false_share'] for r in chosen) + slack['false']):.3f} }}"
                )
            lines.setdefault(scene, {})[f"at_{rate:g}"] = floor
    blocks = [
        f"[{title}.{scene}]\n" + "".join(f"{rate} = {floor}\n" for rate, floor in by_rate.items())
        for scene, by_rate in lines.items()
    ]
    return "\n".join(blocks)


def main() -> None:
    runs = [json.loads(Path(run).read_text(encoding="utf-8"))["rows"] for run in sys.argv[1:]]
    suite = _table("suite", [row for run in runs for row in run], _SUITE_SLACK)
    fast = _table("fast", _rows([measure_fast(scene) for scene in FAST]), _FAST_SLACK)
    about = (
        "# Accuracy floors of our motion detector, a little under what it reached: written by\n"
        "#     PYTHONPATH=tests python -m bench.motion.floors RUN.json ...\n"
        "# found, recall: at least; false: at most. Raise them whenever the detector gets better.\n\n"
    )
    FILE.write_text(f"{about}{suite}\n{fast}", encoding="utf-8")


if __name__ == "__main__":
    main()
