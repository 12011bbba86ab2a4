"""What the suite says: tables for the screen, files for machines, pictures for eyes."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from bench.motion.detectors import OURS
from bench.motion.measure import THUMB, Result
from bench.motion.scene import Kind
from rich.console import Console
from rich.table import Table

FOUND_AT_LEAST, FALSE_AT_MOST = 0.98, 0.01
"""What is asked for: of frames with a thing in detect scenes, and of frames in ignore scenes."""


def print_tables(
    console: Console, results: Sequence[Result], rates: Sequence[float], names: Sequence[str]
) -> None:
    """For each rate: frames found and recall in detect scenes, false frames in ignore scenes, CPU."""
    for rate in rates:
        console.print(_detect_table(results, rate, names))
        console.print(_ignore_table(results, rate, names))
    console.print(_cpu_table(results, rates, names))


def _detect_table(results: Sequence[Result], rate: float, names: Sequence[str]) -> Table:
    table = Table(
        title=f"Detect, {rate:g} frames a second: % of frames found / % recall at IoU 0.3 / % false frames"
    )
    table.add_column("scene")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("ours: IoU, merged, split")
    for result in _of(results, Kind.DETECT):
        cells = []
        for name in names:
            tally = result.tallies[rate, name]
            colour = "green" if tally.found_share >= FOUND_AT_LEAST else "red"
            shares = f"{100 * tally.recall:5.1f} {100 * tally.false_share:5.1f}"
            cells.append(f"[{colour}]{100 * tally.found_share:5.1f}[/] {shares}")
        own = result.tallies.get((rate, OURS))
        shape = f"{own.mean_iou:.2f} {own.merged:4d} {own.split:4d}" if own else ""
        table.add_row(result.scene, *cells, shape)
    return table


def _ignore_table(results: Sequence[Result], rate: float, names: Sequence[str]) -> Table:
    table = Table(title=f"Ignore, {rate:g} frames a second: % of frames with a false region")
    table.add_column("scene")
    for name in names:
        table.add_column(name, justify="right")
    for result in _of(results, Kind.IGNORE):
        cells = []
        for name in names:
            share = result.tallies[rate, name].false_share
            colour = "green" if share <= FALSE_AT_MOST else "red"
            cells.append(f"[{colour}]{100 * share:.1f}[/]")
        table.add_row(result.scene, *cells)
    return table


def _cpu_table(results: Sequence[Result], rates: Sequence[float], names: Sequence[str]) -> Table:
    table = Table(title="CPU ms a frame of 1280 x 720 (process time, one OpenCV thread, decoding excluded)")
    table.add_column("frames a second")
    for name in names:
        table.add_column(name, justify="right")
    for rate in rates:
        table.add_row(f"{rate:g}", *(f"{cpu_ms(results, rate, name):.2f}" for name in names))
    return table


def cpu_ms(results: Sequence[Result], rate: float, name: str) -> float:
    """Median over the scenes, which a busy moment of the machine does not move."""
    return float(np.median([result.tallies[rate, name].cpu_ms for result in results]))


def shortfalls(results: Sequence[Result], rates: Sequence[float], name: str) -> list[str]:
    """The scenes in which a detector does not do what is asked for, in words."""
    lines = []
    for result in results:
        for rate in rates:
            tally = result.tallies[rate, name]
            where = f"{result.scene} at {rate:g}/s"
            if result.kind is Kind.DETECT and tally.found_share < FOUND_AT_LEAST:
                lines.append(f"{where}: {100 * tally.found_share:.1f} % of frames found")
            if result.kind is Kind.IGNORE and tally.false_share > FALSE_AT_MOST:
                lines.append(f"{where}: {100 * tally.false_share:.1f} % of frames false")
    return lines


def write_files(folder: Path, results: Sequence[Result], about: Mapping[str, Any]) -> None:
    """``motion.json`` with everything, ``motion.csv`` with a row for each scene, rate and detector."""
    rows = [
        {"scene": result.scene, "kind": str(result.kind), "fps": rate, "detector": name} | tally.as_row()
        for result in results
        for (rate, name), tally in result.tallies.items()
    ]
    (folder / "motion.json").write_text(
        json.dumps({**about, "rows": rows}, indent=1) + "\n", encoding="utf-8"
    )
    with (folder / "motion.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def plot(folder: Path, results: Sequence[Result], rate: float, names: Sequence[str]) -> None:
    """Scenes across, detectors down: what is right in green, what is wrong in red."""
    mpl.use("Agg")
    from matplotlib import pyplot

    kinds = [kind for kind in Kind if _of(results, kind)]
    figure, axes = pyplot.subplots(len(kinds), 1, figsize=(14, 1.8 + 0.42 * len(names) * len(kinds) * 1.6))
    for axis, kind in zip(np.atleast_1d(axes), kinds, strict=True):
        chosen = _of(results, kind)
        good = np.array(
            [
                [
                    t.found_share if kind is Kind.DETECT else 1 - t.false_share
                    for t in (r.tallies[rate, name] for r in chosen)
                ]
                for name in names
            ]
        )
        axis.imshow(good, cmap="RdYlGn", vmin=0.5, vmax=1.0, aspect="auto")
        axis.set_xticks(range(len(chosen)), [r.scene for r in chosen], rotation=35, ha="right")
        axis.set_yticks(range(len(names)), names)
        what = (
            "% of frames with things found" if kind is Kind.DETECT else "% of frames without a false region"
        )
        axis.set_title(f"{what}, {rate:g} frames a second")
        for (row, column), value in np.ndenumerate(good):
            axis.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=8)
    figure.tight_layout()
    figure.savefig(folder / "motion.png", dpi=110)
    pyplot.close(figure)


def contact_sheets(folder: Path, results: Sequence[Result]) -> None:
    """``scenes.png``: what each scene looks like. ``worst-*.png``: where ours did worst, if anywhere."""
    samples = [_labelled(_picture(r.sample), r.scene) for r in results if r.sample]
    _save(folder / "scenes.png", samples, 4)
    for kind in Kind:
        cells = []
        for result in _of(results, kind):
            if not result.worst:
                continue
            row = [_picture(picture) for picture in result.worst[:4]]
            row += [np.full((THUMB[1], THUMB[0], 3), 32, np.uint8)] * (4 - len(row))
            row[0] = _labelled(row[0], result.scene)
            cells += row
        if cells:
            _save(folder / f"worst-{kind}.png", cells, 4)


def _of(results: Sequence[Result], kind: Kind) -> list[Result]:
    return [result for result in results if result.kind is kind]


def _picture(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def _labelled(picture: np.ndarray, text: str) -> np.ndarray:
    out = picture.copy()
    cv2.rectangle(out, (0, 0), (THUMB[0], 26), (0, 0, 0), -1)
    cv2.putText(out, text, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 230, 255), 1, cv2.LINE_AA)
    return out


def _save(file: Path, cells: Sequence[np.ndarray], columns: int) -> None:
    empty = np.full((THUMB[1], THUMB[0], 3), 32, np.uint8)
    padded = [*cells, *[empty] * (-len(cells) % columns)]
    rows = [np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]
    cv2.imwrite(str(file), np.vstack(rows))
