"""The nest camera, a whole day held out: learn from one day, score the other, and the other way round.

    python tests/bench/nestcam.py [--only 2016-10-04]

Runs `coop train` and `coop evaluate` as a keeper would, once with a plain head and once as it comes, and
prints accuracy (exact match of the set) with its interval. The data is found as the tests find it:
$COOP_TEST_DATA, by default ../shared/data. Some four minutes of one core for each day learned from; --tuned
tunes the network too.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(os.environ.get("COOP_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data") / "nestcam"


def days(folder: Path) -> dict[str, Path]:
    """A CSV for each day."""
    with (DATA / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    files = {}
    for day in sorted({row["group"] for row in rows}):
        files[day] = folder / f"{day}.csv"
        with files[day].open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "label", "group"])
            writer.writerows([DATA / r["path"], r["label"], r["group"]] for r in rows if r["group"] == day)
    return files


def coop(folder: Path, *words: str) -> None:
    program = [sys.executable, "-c", "from coop.cli.main import main; main()"]
    environment = {**os.environ, "COOP_DATA_DIR": str(folder / "data")}
    subprocess.run([*program, *words], check=True, env=environment, cwd=folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="learn from this day only")
    parser.add_argument("--tuned", action="store_true", help="tune the network too")
    given = parser.parse_args()
    only, manners = given.only, {"plain head": ["--no-fine-tune", "--no-cells"], "as it comes": []}
    if given.tuned:
        manners["tuned"] = ["--fine-tune", "--no-cells"]
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = days(folder)
        for learned, data in files.items():
            [(scored, truth)] = [(day, file) for day, file in files.items() if day != learned]
            for manner, words in manners.items() if only in (None, learned) else ():
                package, figures = folder / f"{learned}-{manner}".replace(" ", "-"), folder / "figures.json"
                coop(folder, "train", "--data", str(data), "--out", str(package), *words)
                coop(folder, "evaluate", str(package), "--data", str(truth), "--json", str(figures))
                result = json.loads(figures.read_text())
                low, high = result["accuracy_interval"]
                lines.append(f"learned {learned}, scored {scored} ({result['n']}), {manner}: "
                             f"{result['accuracy']:.3f} ({low:.3f} to {high:.3f})")  # fmt: skip
    print("\n".join(lines))


if __name__ == "__main__":
    main()
