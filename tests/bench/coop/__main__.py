"""`make bench-coop`: thirty days of a simulated flock, watched by models that learned it on other seeds."""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date
from pathlib import Path

from bench.coop.month import Month, watch
from bench.coop.report import report
from bench.coop.school import learn

START = date(2026, 5, 4)
TRAINING = (1001, 1002)


def main() -> None:
    """Learn, watch every seed, and print what was right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flock", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--lesson-days", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="keep models, records and figures here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = args.folder or Path(scratch)
        models = folder / f"models-{args.flock}"
        if not (models / "nest").exists():
            models.mkdir(parents=True, exist_ok=True)
            for task, said in learn(models, args.flock, TRAINING, args.lesson_days, START).items():
                print(f"{task}: {said}", flush=True)
        for seed in args.seeds:
            began = time.process_time()
            month = Month(flock=args.flock, seed=seed, days=args.days, start=START)
            data = folder / f"flock-{args.flock}-seed-{seed}"
            source, settings = watch(month, models, data, lambda line: print(line, flush=True))
            print(f"seed {seed}: {args.days} days in {time.process_time() - began:.0f} s of CPU", flush=True)
            report(source, settings, data)


if __name__ == "__main__":
    main()
