"""Two real nest boxes, each day held out in turn: how many eggs, and whether a hen is there.

    make bench-nestboxes
    PYTHONPATH=tests python -m bench.nestboxes [--only 2016-06-18] [--what eggs]

Learns from all other days with `coop train` and scores the day with `coop evaluate`, as a keeper would, and
prints what is said beside the truth. Four days are few, and two of them have one picture each: their sum is
what counts. Pictures with a hen are none to count eggs on. The data is found as the tests find it:
$COOP_TEST_DATA, by default ../shared/data. Some minutes of one core for each day.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

DATA = Path(os.environ.get("COOP_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data") / "nestboxes"
Row = dict[str, str]


def rows(what: str) -> list[Row]:
    with (DATA / f"{what}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(file: Path, some: list[Row]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["path", "label", "group"])
        writer.writerows([DATA / row["path"], row["label"], row["group"]] for row in some)
    return file


def coop(folder: Path, *words: str) -> None:
    program = [sys.executable, "-c", "from coop.cli.main import main; main()"]
    environment = {**os.environ, "COOP_DATA_DIR": str(folder / "data")}
    subprocess.run([*program, *words], check=True, env=environment, cwd=folder)


def said(folder: Path, what: str, day: str) -> list[tuple[str, str]]:
    """Truth and answer of each picture of a day, by a model that never saw it."""
    learned = write(folder / f"{what}-but-{day}.csv", [r for r in rows(what) if r["group"] != day])
    scored = write(folder / f"{what}-{day}.csv", [r for r in rows(what) if r["group"] == day])
    package, figures = folder / f"{what}-but-{day}", folder / "figures.json"
    coop(folder, "train", "--data", str(learned), "--out", str(package))
    coop(folder, "evaluate", str(package), "--data", str(scored), "--json", str(figures))
    confusion = json.loads(figures.read_text())["confusion"]
    return [
        (truth, answer) for truth, row in confusion.items() for answer, n in row.items() for _ in range(n)
    ]


def eggs_line(day: str, pairs: list[tuple[str, str]]) -> str:
    numbers = [(int(truth.partition("=")[2]), int(answer.partition("=")[2])) for truth, answer in pairs]
    n = len(numbers)
    exact = sum(truth == answer for truth, answer in numbers)
    near = sum(abs(truth - answer) <= 1 for truth, answer in numbers)
    constant = max(Counter(truth for truth, _ in numbers).values())
    return (f"eggs {day}: exact {exact}/{n} (best constant {constant}/{n}), within one {near}/{n} "
            f"({near / n:.0%}); truth:said {' '.join(f'{t}:{a}' for t, a in numbers)}")  # fmt: skip


def hens_line(day: str, pairs: list[tuple[str, str]]) -> str:
    n, right = len(pairs), sum(truth == answer for truth, answer in pairs)
    return f"hen visible {day}: right {right}/{n} ({right / n:.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="score this day only")
    parser.add_argument("--what", choices=("eggs", "hens"), help="this only")
    given = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as name:
        for what, line in (("eggs", eggs_line), ("hens", hens_line)):
            if given.what not in (None, what):
                continue
            found: list[tuple[str, str]] = []
            for day in sorted({row["group"] for row in rows(what)}):
                if given.only in (None, day):
                    pairs = said(Path(name), what, day)
                    lines.append(line(day, pairs))
                    found += pairs
            lines.append(line("all days", found))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
