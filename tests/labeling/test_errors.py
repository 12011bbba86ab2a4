"""Confident learning, against the authors' own program, and pictures that look the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.labelling import KINDS
from fakes.records import moment

from coop.domain.survey import Surveyed
from labeling.quality.duplicates import unlike_duplicates
from labeling.quality.errors import Predictions, confident_joint, likely_errors


def example() -> tuple[Any, Any]:
    """Sixty predictions over three classes, and labels of which some were turned."""
    rng = np.random.default_rng(5)
    n, k = 60, 3
    truth = rng.integers(0, k, n)
    p = rng.dirichlet(np.ones(k) * 0.7, n) + 1.5 * np.eye(k)[truth] * rng.random((n, 1))
    p = (p / p.sum(1, keepdims=True)).round(3)
    p[:, 2] = 1 - p[:, 0] - p[:, 1]
    labels = truth.copy()
    turned = rng.random(n) < 0.15
    labels[turned] = (labels[turned] + 1) % k
    return p, labels


def predictions(p: Any, classes: str = "abc") -> Predictions:
    return Predictions(
        pictures=tuple(f"picture-{n}" for n in range(len(p))),
        classes=tuple(classes),
        probabilities=np.asarray(p, dtype=float),
        model="m 1",
    )


def test_the_same_as_cleanlab_finds() -> None:
    """cleanlab 2.9.0 on the same numbers: compute_confident_joint(calibrate=False) and find_label_issues."""
    p, labels = example()
    assert confident_joint(p, labels).tolist() == [[14, 1, 4], [3, 10, 3], [1, 5, 9]]
    found = likely_errors(predictions(p), ["abc"[label] for label in labels])
    assert sorted(int(error.picture.removeprefix("picture-")) for error in found) == [
        0, 2, 5, 9, 12, 19, 22, 29, 34, 35, 38, 41, 42, 45, 46, 58, 59,
    ]  # fmt: skip
    assert [error.margin for error in found] == sorted((e.margin for e in found), reverse=True)


def test_a_label_that_no_class_names_is_passed_over() -> None:
    p = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]]
    assert likely_errors(predictions(p, "ab"), ["a", "a", "b", "unsure", "unsure"]) == ()
    (found,) = likely_errors(predictions(p, "ab"), ["a", "a", "b", "unsure", "b"])
    assert (found.picture, found.label, found.better) == ("picture-4", "b", "a")
    assert found.confidence == pytest.approx(0.1) and found.better_confidence == pytest.approx(0.9)
    assert likely_errors(predictions(p, "ab"), ["unsure"] * 5) == ()


def line(n: int, value: str | None, phash: int = 0, **changes: Any) -> Surveyed:
    values: dict[str, Any] = {
        "picture": f"picture-{n}", "file": Path("x.jpg"), "camera": "nest", "time": moment(n), "width": 64,
        "height": 48, "visit": f"visit-{n // 8}", "source": "daemon", "day": date(2026, 5, 1), "phash": phash,
        "brightness": 100.0, "contrast": 30.0, "sharpness": 200.0, "value": value, "who": "Anna",
        "suggested": None, "confidence": 0.0, "margin": 0.0, "model": None,
    }  # fmt: skip
    return Surveyed(**values | changes)


def test_pictures_that_look_the_same_and_are_labelled_differently() -> None:
    lines = [
        line(0, "hen", 0xFFFF_0000_FFFF_0000),
        line(1, "cat", 0xFFFF_0000_FFFF_0007),  # three bits away
        line(2, "hen", 0xFFFF_0000_FFFF_0001),
        line(3, None, 0xFFFF_0000_FFFF_0000),
        line(4, "unsure", 0xFFFF_0000_FFFF_0000),
        line(5, "fox", 0x0000_FFFF_0000_FFFF),  # quite another picture
    ]
    found = unlike_duplicates(lines, KINDS)
    assert [(pair.first, pair.second, pair.bits) for pair in found] == [
        ("picture-1", "picture-2", 2),
        ("picture-0", "picture-1", 3),
    ]
    assert unlike_duplicates([replace(some, contrast=3.0) for some in lines], KINDS) == ()
    assert unlike_duplicates(lines, KINDS, near=1) == ()
    with pytest.raises(ValueError, match="near=9"):
        unlike_duplicates(lines, KINDS, near=9)


def test_no_near_pair_is_missed() -> None:
    """Whichever bits differ: against comparing each with each."""
    rng = np.random.default_rng(1)
    base = [int(value) for value in rng.integers(0, 1 << 63, 12)]
    hashes = []
    for value in base:
        for _ in range(6):
            turned = rng.choice(64, int(rng.integers(0, 9)), replace=False)
            hashes.append(value ^ sum(1 << int(bit) for bit in turned))
    lines = [line(n, str(rng.choice(["hen", "cat"])), phash) for n, phash in enumerate(hashes)]
    expected = {
        frozenset((a.picture, b.picture))
        for a in lines
        for b in lines
        if a.value != b.value and (a.phash ^ b.phash).bit_count() <= 6
    }
    assert {frozenset((p.first, p.second)) for p in unlike_duplicates(lines, KINDS)} == expected
    assert len(expected) > 20
