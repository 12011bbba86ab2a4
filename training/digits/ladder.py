"""`coop train digits`: the ladder of digits, climbed with the trainer that tunes networks for the coop.

    idx files -> for each rung and seed: network -> the doctor's look -> `training.tune` -> test set, once
              -> mean and deviation over the seeds -> the networks of the last rung together

Nothing is chosen by the test set: each run has a fixed number of epochs, and its figure is the one after the
last. Every run keeps its last epoch, so one that was stopped goes on, and one that is done is not repeated.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what TensorFlow tells of graphics cards

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from coop.errors import CoopError
from training.checkup import check_up
from training.digits.figure import draw
from training.digits.idx import Digits, read_digits
from training.digits.rungs import ENSEMBLE, ENSEMBLE_REFERENCE, RUNGS, Rung, RungPlan
from training.digits.stream import DigitStream, as_seen
from training.doctor.finding import Severity
from training.evaluating import bars, say, teller
from training.tune import tune

Floats = npt.NDArray[np.float32]

SEEDS, QUICK_SEEDS = 5, 2
_AT_ONCE = 500


class LadderError(CoopError, ValueError):
    """A ladder that cannot be climbed as it was asked."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a rung reaches. ``right``: the share of the test set, by seed; of the ensemble one figure."""

    name: str
    reference: float
    right: tuple[float, ...]
    weights: int
    epochs: int
    cpu_seconds: float | None
    told: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        return float(np.mean(self.right))

    @property
    def deviation(self) -> float | None:
        """Over the seeds, as estimated from them; None of a single one."""
        return float(np.std(self.right, ddof=1)) if len(self.right) > 1 else None


def climb(
    data: Path, out: Path, console: Console, *, seeds: int, quick: bool, only: Collection[str] = ()
) -> tuple[Standing, ...]:
    """Climb the rungs ``only`` (all of them if none), and write the table and its figure into ``out``.

    Raises LabelledDataError for files that are missing or damaged, LadderError for an unknown rung.
    """
    wanted = _wanted(only)
    digits = read_digits(data)
    out.mkdir(parents=True, exist_ok=True)
    try:
        standings = [_rung(rung, digits, out, console, seeds, quick) for rung in wanted]
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from the last epoch.")
        raise
    if wanted[-1] is RUNGS[-1] and seeds > 1:
        standings.append(_together(wanted[-1], standings[-1], digits, out, seeds))
    _write(out, standings, data, quick)
    console.print(_table(standings))
    console.print(f"Wrote {out / 'ladder.json'} and {out / 'ladder.png'}", highlight=False, soft_wrap=True)
    return tuple(standings)


def _wanted(only: Collection[str]) -> tuple[Rung, ...]:
    """The rungs, in their order; the ensemble is made of the last one's networks."""
    names = [*(rung.name for rung in RUNGS), ENSEMBLE]
    for name in only:
        if name not in names:
            raise LadderError(f"There is no rung {name!r}. Choose of: {', '.join(names)}")
    chosen = {RUNGS[-1].name if name == ENSEMBLE else name for name in only} or set(names)
    return tuple(rung for rung in RUNGS if rung.name in chosen)


def _rung(rung: Rung, digits: Digits, out: Path, console: Console, seeds: int, quick: bool) -> Standing:
    results = [_run(rung, seed, digits, _folder(out, rung, seed), console, quick) for seed in range(seeds)]
    spent = [result["cpu_seconds"] for result in results]
    return Standing(
        name=rung.name,
        reference=rung.reference,
        right=tuple(result["right"] for result in results),
        weights=results[0]["weights"],
        epochs=results[0]["plan"]["epochs"],
        cpu_seconds=None if None in spent else round(float(np.mean(spent)), 1),
        told=tuple(sorted({kind for result in results for kind in result["told"]})),
    )


def _folder(out: Path, rung: Rung, seed: int) -> Path:
    return out / rung.name / f"seed-{seed}"


def _run(
    rung: Rung, seed: int, digits: Digits, folder: Path, console: Console, quick: bool
) -> dict[str, Any]:
    """One network from its first weights to its figure; what is done already is read."""
    plan = rung.planned(seed, quick=quick)
    stream = DigitStream(digits=digits, bending=rung.bending, seed=seed)
    done = _done(folder, plan, stream)
    if done is not None:
        return done
    model = rung.network(seed)
    findings = check_up(model, stream, plan)
    for finding in findings:
        say(console, f"{rung.name}: the doctor, {finding.severity}: {finding.kind} at {finding.where}: "
                     f"{finding.evidence}. {finding.remedy}")  # fmt: skip
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise LadderError(f"The doctor found {rung.name} ill (see above): a figure of it would mean nothing")
    broken, began = (folder / "run.npz").exists(), time.process_time()
    with bars(console) as bar:
        tell, name = teller(bar), f"{rung.name}, seed {seed}"
        tune(model, stream, plan, folder, progress=lambda step, steps: tell(name, step, steps))
    spent = time.process_time() - began
    logits = np.asarray(model.predict(as_seen(digits.test_pictures), batch_size=_AT_ONCE, verbose=0))
    np.save(folder / "logits.npy", logits)
    np.savez(folder / "weights.npz", *model.get_weights())
    result = {
        "right": _right(logits, digits),
        "weights": int(model.count_params()),
        "cpu_seconds": None if broken else round(spent, 1),
        "told": [finding.kind for finding in findings],
        "plan": asdict(plan),
        "key": stream.key,
    }
    _replace(folder / "result.json", result)
    (folder / "run.npz").unlink(missing_ok=True)
    say(console, f"{rung.name}, seed {seed}: {result['right']:.2%} right after {plan.epochs} epochs")
    return result


def _done(folder: Path, plan: RungPlan, stream: DigitStream) -> dict[str, Any] | None:
    """What a run of the same plan and data came to, if there was one."""
    file = folder / "result.json"
    if not file.is_file():
        return None
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return result if result["plan"] == asdict(plan) and result["key"] == stream.key else None


def _together(rung: Rung, alone: Standing, digits: Digits, out: Path, seeds: int) -> Standing:
    """The networks of a rung as one: the mean of their probabilities."""
    folders = [_folder(out, rung, seed) for seed in range(seeds)]
    sure = np.mean([_probabilities(np.load(folder / "logits.npy")) for folder in folders], axis=0)
    return Standing(
        name=ENSEMBLE,
        reference=ENSEMBLE_REFERENCE,
        right=(_right(sure, digits),),
        weights=alone.weights * seeds,
        epochs=alone.epochs,
        cpu_seconds=None if alone.cpu_seconds is None else round(alone.cpu_seconds * seeds, 1),
    )


def _probabilities(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _right(said: Floats, digits: Digits) -> float:
    return float((said.argmax(axis=1) == digits.test_labels).mean())


def _write(out: Path, standings: Sequence[Standing], data: Path, quick: bool) -> None:
    _replace(
        out / "ladder.json",
        {
            "data": data.name,
            "quick": quick,
            "rungs": [{**asdict(s), "mean": s.mean, "deviation": s.deviation} for s in standings],
        },
    )
    draw([(s.name, s.reference, s.right) for s in standings], out / "ladder.png")


def _replace(file: Path, content: Any) -> None:
    """Whole or not at all."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.replace(file)


def _table(standings: Sequence[Standing]) -> Table:
    table = Table("rung", title="Right of the test set after the last epoch, in percent")
    for column in ("reference", "mean", "deviation", "seeds", "weights", "epochs", "CPU s"):
        table.add_column(column, justify="right")
    for s in standings:
        table.add_row(
            s.name, f"{s.reference * 100:.1f}" if s.name != ENSEMBLE else f"{s.reference * 100:.2f}",
            f"{s.mean * 100:.2f}", "" if s.deviation is None else f"{s.deviation * 100:.2f}",
            "together" if s.name == ENSEMBLE else str(len(s.right)), f"{s.weights:,}", str(s.epochs),
            "" if s.cpu_seconds is None else f"{s.cpu_seconds:.0f}",
        )  # fmt: skip
    return table
