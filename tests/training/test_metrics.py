"""The figures of an evaluation against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics import (
    Counts,
    balanced_accuracy,
    bootstrap_interval,
    count,
    expected_calibration_error,
    macro_f1,
)


def bools(*rows: str) -> np.ndarray:
    return np.array([[c == "1" for c in row] for row in rows])


def test_counts_of_a_class() -> None:
    counts = count(bools("11001")[0], bools("10101")[0])
    assert counts == Counts(true=2, false=1, missed=1)
    assert (counts.precision, counts.recall, counts.f1) == (2 / 3, 2 / 3, 2 / 3)
    nothing = Counts(true=0, false=0, missed=0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, 0.0)


def test_macro_f1_leaves_out_what_never_occurs() -> None:
    truth, answers = bools("100", "010", "010", "100"), bools("100", "100", "010", "100")
    # F1 of the first class 2*2/(2*2+1+0) = 0.8, of the second 2*1/(2*1+0+1) = 2/3; the third is nowhere.
    assert macro_f1(truth, answers) == pytest.approx((0.8 + 2 / 3) / 2)
    assert macro_f1(bools("0", "0"), bools("0", "0")) == 1.0


def test_balanced_accuracy_weighs_classes_alike() -> None:
    truth, answers = ["hen"] * 9 + ["fox"], ["hen"] * 10
    assert balanced_accuracy(truth, answers) == 0.5


def test_calibration_error() -> None:
    confidence = np.array([0.9] * 10 + [0.6] * 10)
    right = np.array([True] * 9 + [False] + [True] * 3 + [False] * 7)
    assert expected_calibration_error(confidence, right) == pytest.approx((0.0 + 0.3) / 2)
    assert expected_calibration_error(np.ones(4), np.ones(4, dtype=bool)) == 0.0
    with pytest.raises(ValueError, match="one shape"):
        expected_calibration_error(np.ones(3), np.ones(4, dtype=bool))


def test_the_interval_is_that_of_a_known_distribution() -> None:
    """80 right of 100: the binomial's 95% interval is 0.8 plus and minus 1.96 times 0.04."""
    right = np.array([1.0] * 80 + [0.0] * 20)
    low, high = bootstrap_interval(lambda k: float(right[k].mean()), ["day"] * 100)
    assert low == pytest.approx(0.72, abs=0.015)
    assert high == pytest.approx(0.88, abs=0.015)


def test_the_interval_draws_within_each_group() -> None:
    """One day all right, the other all wrong: every sample has the same share, so the interval is a point."""
    right = np.array([1.0] * 10 + [0.0] * 30)
    groups = ["a"] * 10 + ["b"] * 30
    assert bootstrap_interval(lambda k: float(right[k].mean()), groups) == (0.25, 0.25)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_a_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    error = expected_calibration_error(np.array([p for p, _ in pairs]), np.array([r for _, r in pairs]))
    assert 0 <= error <= 1
