"""Planted faults and their healthy twins under the training doctor: found, missed, false alarms.

    make bench-training
    PYTHONPATH=tests python -m bench.doctor [--tuned | --held-out] [--only PROGRAM ...] [--name TEXT]
        [--part-only] [--out FILE]

Prints a line for each pair as it is done, then the tables, then what is said of good programs in the style of
public examples; `--out` keeps every finding as JSON. Fails below the floors in
`tests/training/doctor/floors.toml`, or at an error on a good program.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from bench.doctor.planted import Fault, faults
from bench.doctor.public import good_programs
from bench.doctor.tally import Pair, below_floors, by_kind, totals
from bench.doctor.ward import examine_text, one_thread
from rich.console import Console


def main() -> None:
    chosen = _arguments()
    console = Console(width=150, highlight=False)
    one_thread()
    pairs = []
    twins = cache(examine_text)
    for fault in _wanted(chosen):
        pair = Pair(fault, ill=examine_text(fault.ill()), healthy=twins(fault.healthy()))
        pairs.append(pair)
        console.print(pair.line(), markup=False)
        if chosen.out:
            chosen.out.write_text(json.dumps([_kept(pair) for pair in pairs], indent=1))
    for name, part in (
        ("tuned", [p for p in pairs if not p.fault.held_out]),
        ("held out", [p for p in pairs if p.fault.held_out]),
    ):
        if part:
            console.print(by_kind(part, name))
    console.print(totals(pairs))
    wolves = [] if chosen.part_only else list(_cried_over_good_ones(console))
    short = below_floors(pairs) if not (chosen.only or chosen.name) else []
    for line in (*short, *wolves):
        console.print(f"FAILED: {line}", style="red")
    sys.exit(bool(short or wolves))


def _cried_over_good_ones(console: Console) -> Iterator[str]:
    """The good programs with an error."""
    for name, examined in good_programs():
        console.print(
            f"good program {name}: score {examined.score}, said {sorted(examined.kinds)}", markup=False
        )
        if examined.errors or examined.status or examined.score is None:
            yield f"{name}: {sorted(examined.errors)}, exit status {examined.status}"


def _wanted(chosen: argparse.Namespace) -> list[Fault]:
    return [
        fault
        for fault in faults()
        if (not chosen.only or fault.program in chosen.only)
        and not (chosen.tuned and fault.held_out)
        and not (chosen.held_out and not fault.held_out)
        and (not chosen.name or chosen.name in fault.name)
    ]


def _kept(pair: Pair) -> dict[str, object]:
    return {
        "program": pair.fault.program,
        "name": pair.fault.name,
        "wanted": sorted(pair.fault.kinds),
        "found": pair.found,
        "ill": [asdict(finding) for finding in pair.ill.findings],
        "healthy": [asdict(finding) for finding in pair.healthy.findings],
        "score": pair.healthy.score,
    }


def _arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.doctor")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--tuned", action="store_true", help="without the programs set aside")
    part.add_argument("--held-out", action="store_true", help="only the programs set aside")
    parser.add_argument("--only", nargs="+", metavar="PROGRAM", help="the faults of these programs")
    parser.add_argument("--name", metavar="TEXT", help="faults whose name has this in it")
    parser.add_argument("--part-only", action="store_true", help="without the good programs")
    parser.add_argument("--out", type=Path, metavar="FILE")
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
