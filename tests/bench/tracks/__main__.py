"""How well tracks survive meetings of hens.

PYTHONPATH=tests python -m bench.tracks [--seed N] [--each N]
"""

from __future__ import annotations

import argparse

from bench.tracks.crossings import MEETINGS
from bench.tracks.measure import measured
from rich.console import Console
from rich.table import Table


def main() -> None:
    parser = argparse.ArgumentParser(description="How well tracks survive meetings of hens.")
    parser.add_argument("--seed", type=int, default=1, help="another number, other meetings")
    parser.add_argument("--each", type=int, default=100, help="meetings of each kind")
    options = parser.parse_args()
    table = Table(title=f"{options.each} meetings of each kind, seed {options.seed}")
    for column in ("meeting", "fps", "whole %", "switches", "missed %", "false %", "MOTA", "IDF1"):
        table.add_column(column, justify="left" if column == "meeting" else "right")
    for name in MEETINGS:
        for fps in (15.0, 5.0):
            score = measured(name, options.seed, options.each, fps)
            table.add_row(
                name, f"{fps:g}", f"{100 * score.whole / score.scenes:.0f}", str(score.switches),
                f"{100 * score.missed / score.truths:.1f}", f"{100 * score.false / score.truths:.1f}",
                f"{score.mota:.3f}", f"{score.idf1:.3f}",
            )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
