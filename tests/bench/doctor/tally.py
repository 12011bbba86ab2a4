"""Counts of what the doctor found, missed, and cried wolf over."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.doctor.planted import HERE, Fault
from bench.doctor.ward import Examined
from rich.table import Table


@dataclass(frozen=True)
class Pair:
    """A program with a fault, and the same without it."""

    fault: Fault
    ill: Examined
    healthy: Examined

    @property
    def found(self) -> bool:
        return bool(self.fault.kinds & self.ill.kinds)

    def line(self) -> str:
        mark = "found " if self.found else "MISSED"
        wolf = f"  WOLF {sorted(self.healthy.errors)}" if self.healthy.errors else ""
        warned = sorted(self.healthy.kinds - self.healthy.errors)
        seconds = self.ill.seconds + self.healthy.seconds
        return (
            f"{mark} {self.fault.program}: {self.fault.name} [{' '.join(sorted(self.fault.kinds))}] said "
            f"{sorted(self.ill.kinds)}{wolf}"
            + (f"  warned {warned}" if warned else "")
            + f"  {seconds:.0f} s"
        )


def by_kind(pairs: Sequence[Pair], title: str) -> Table:
    """A row for each kind: its faults found and missed, and healthy twins that were called so."""
    table = Table(title=title)
    for column in (
        "kind",
        "faults",
        "found",
        "missed",
        "error on a healthy twin",
        "warning on a healthy twin",
    ):
        table.add_column(column, justify="left" if column == "kind" else "right")
    wanted, found = Counter[str](), Counter[str]()
    for pair in pairs:
        kind = min(pair.fault.kinds)
        wanted[kind] += 1
        found[kind] += pair.found
    healthy = twins(pairs)
    errors = Counter(kind for twin in healthy for kind in twin.errors)
    warnings = Counter(kind for twin in healthy for kind in twin.kinds - twin.errors)
    for kind in sorted({*wanted, *errors, *warnings}):
        row = (wanted[kind], found[kind], wanted[kind] - found[kind], errors[kind], warnings[kind])
        table.add_row(kind, *(str(number) for number in row))
    return table


def totals(pairs: Sequence[Pair]) -> Table:
    table = Table(title="Training doctor")
    for column in (
        "programs",
        "faults",
        "found with the right kind",
        "healthy twins",
        "with an error",
        "CPU s a program",
    ):
        table.add_column(column, justify="left" if column == "programs" else "right")
    for name, held_out in (("tuned", False), ("held out", True)):
        part = [pair for pair in pairs if pair.fault.held_out is held_out]
        if part:
            found, wolves = found_share(part), wolf_share(part)
            healthy = twins(part)
            run = [*(pair.ill for pair in part), *healthy]
            seconds = sum(examined.seconds for examined in run) / len(run)
            table.add_row(
                name, str(len(part)), f"{found:.1%}", str(len(healthy)), f"{wolves:.1%}", f"{seconds:.1f}"
            )
    return table


def below_floors(pairs: Sequence[Pair]) -> list[str]:
    """A line for each figure that is worse than `floors.toml` allows."""
    floors = tomllib.loads((HERE / "floors.toml").read_text(encoding="utf-8"))
    lines = []
    for name, held_out in (("tuned", False), ("held_out", True)):
        part = [pair for pair in pairs if pair.fault.held_out is held_out]
        if part and found_share(part) < floors[name]["found"]:
            lines.append(
                f"{name}: {found_share(part):.1%} found, at least {floors[name]['found']:.0%} is wanted"
            )
        if part and wolf_share(part) > floors[name]["wolf"]:
            lines.append(f"{name}: {wolf_share(part):.1%} with an error, at most {floors[name]['wolf']:.0%}")
    return lines


def found_share(pairs: Sequence[Pair]) -> float:
    return sum(pair.found for pair in pairs) / len(pairs)


def wolf_share(pairs: Sequence[Pair]) -> float:
    healthy = twins(pairs)
    return sum(bool(twin.errors) for twin in healthy) / len(healthy)


def twins(pairs: Sequence[Pair]) -> list[Examined]:
    """Each healthy program once, though several faults are planted in it."""
    return list({id(pair.healthy): pair.healthy for pair in pairs}.values())
