"""`make bench-coop`: thirty days of a simulated flock, watched by models that learned it on other seeds.

What was watched is kept in ``--folder`` at each midnight, and the next call goes on there.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

from bench.coop.month import Month, Watched, sketch, watch
from bench.coop.report import Scores, compare, lines, plot, reliability
from bench.coop.school import learn

from coop.places import open_store

START = date(2026, 5, 4)
TRAINING = (1001, 1002, 1003, 1004)


def main() -> None:
    """Learn, watch every seed, and print what was right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flock", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--lesson-days", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="keep models, records and figures here")
    parser.add_argument("--at-once", type=int, help="watch so many more days of each seed, and report")
    parser.add_argument("--processes", type=int, default=1, help="seeds at a time")
    parser.add_argument(
        "--sketch", action="store_true", help="no pictures: what is behind the models, with models that err"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = args.folder or Path(scratch)
        models = folder / f"models-{args.flock}"
        if not args.sketch and not (models / "nest").exists():
            models.mkdir(parents=True, exist_ok=True)
            for task, said in learn(models, args.flock, TRAINING, args.lesson_days, START).items():
                print(f"{task}: {said}", flush=True)
        scores = Scores()
        learned = None if args.sketch else models
        jobs = [(args.flock, seed, args.days, args.at_once, learned, folder) for seed in args.seeds]
        if args.processes > 1:
            with ProcessPoolExecutor(args.processes) as pool:
                months = list(pool.map(_month, jobs))
        else:
            months = [_month(job) for job in jobs]
        for month in months:
            if not month.days:
                continue
            with open_store(month.settings) as store:
                compare(month.source, month.settings, store, month.messages, scores, sketch=args.sketch)
        for line in (*scores.wrong, "", *lines(scores, sketch=args.sketch)):
            print(line)
        for said, was, count in reliability(scores):
            print(f"said {said:.2f}: so in {was:.2f} of {count}")
        plot(scores, folder / "reliability.png")


def _month(job: tuple[int, int, int, int | None, Path | None, Path]) -> Watched:
    flock, seed, days, at_once, models, folder = job
    data = folder / f"flock-{flock}-seed-{seed}"
    month = Month(flock=flock, seed=seed, days=days, start=START)
    if models is None:
        return sketch(month, data)
    return watch(month, models, data, at_once, lambda line: print(f"seed {seed}: {line}", flush=True))


if __name__ == "__main__":
    main()
