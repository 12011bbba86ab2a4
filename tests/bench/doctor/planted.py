"""The planted faults: which edit of which healthy program makes it ill, and what that is called.

The programs in `tests/training/doctor/programs/` are what an outsider would write. A fault is a few
replacements in the text of one of them, and its healthy twin is the same text without these. Pairs differ in
seed and width, by their place in the table: there are four twins of each program. The two programs named in
`held_out.txt` were set aside before anything was tuned.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = ROOT / "tests" / "training" / "doctor"
PROGRAMS = HERE / "programs"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``edits``: (old, new) replacements of text that occurs once. ``kinds``: the names right for it."""

    name: str
    program: str
    kinds: frozenset[str]
    edits: tuple[tuple[str, str], ...]
    place: int

    @property
    def held_out(self) -> bool:
        return self.program in held_out()

    def healthy(self) -> str:
        return _varied((PROGRAMS / f"{self.program}.py").read_text(encoding="utf-8"), self.place)

    def ill(self) -> str:
        text = self.healthy()
        for old, new in self.edits:
            if text.count(old) != 1:
                raise ValueError(
                    f"{self.name} in {self.program}: {old!r} occurs {text.count(old)} times, not once"
                )
            text = text.replace(old, new)
        return text


@cache
def held_out() -> frozenset[str]:
    return frozenset((HERE / "held_out.txt").read_text(encoding="utf-8").split())


def _varied(text: str, place: int) -> str:
    """The program with another seed and width: one of four."""
    turn = place % 4
    text = re.sub(r"^SEED = \d+$", f"SEED = {turn + 1}", text, flags=re.MULTILINE)
    wider = (1.0, 1.25, 1.5, 0.75)[turn]
    return re.sub(
        r"^UNITS = (\d+)$", lambda found: f"UNITS = {int(int(found[1]) * wider)}", text, flags=re.MULTILINE
    )


def faults() -> list[Fault]:
    """Every row of the table, the rows of one program together."""
    table = tomllib.loads((HERE / "planted.toml").read_text(encoding="utf-8"))
    return [
        Fault(
            name=row["name"],
            program=program,
            kinds=frozenset(row["kinds"]),
            edits=tuple((old, new) for old, new in row["edits"]),
            place=place,
        )
        for program, rows in table.items()
        for place, row in enumerate(rows)
    ]
