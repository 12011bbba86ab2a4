"""Agreement, against numbers that others published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.quality.agreement import confusion, difference, kappa, kappa_of, share


def test_kappa_and_its_error_as_published() -> None:
    """Bonett, statpsych: ci.kappa(.05, 31, 12, 4, 58), the row "Cohen kappa"."""
    found = kappa_of(np.array([[31.0, 12.0], [4.0, 58.0]]))
    assert found.value == pytest.approx(0.6756757, abs=5e-8)
    assert found.error == pytest.approx(0.07344761, abs=5e-9)
    assert (found.low, found.high) == (
        pytest.approx(0.5317210, abs=5e-8),
        pytest.approx(0.8196303, abs=5e-8),
    )


def test_kappa_of_more_classes_as_published() -> None:
    """Fleiss (1981, p. 213): 100 patients in three classes."""
    found = kappa_of(np.array([[75.0, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert (round(found.agreed, 2), round(found.by_chance, 2)) == (0.89, 0.66)
    assert round(found.value or 0, 3) == 0.676


def test_wilson_and_newcombe_as_published() -> None:
    """Newcombe (1998), Statistics in Medicine 17: 81 of 263, and 56 of 70 less 48 of 80 (method 10)."""
    wilson = share(81, 263)
    assert (round(wilson.low, 4), round(wilson.high, 4)) == (0.2553, 0.3662)
    gap = difference(share(56, 70), share(48, 80))
    assert gap is not None
    assert [round(value, 4) for value in gap] == [0.2, 0.0524, 0.3339]


def test_what_cannot_be_told_is_none() -> None:
    assert kappa([]).value is None
    assert kappa([("hen", "hen")] * 5).value is None
    assert "all alike" in str(kappa([("hen", "hen")] * 5))
    assert kappa([("hen", "fox")]).error is None
    assert share(0, 0).value is None and str(share(0, 0)) == "nothing to count yet"
    assert difference(share(0, 0), share(1, 2)) is None
    assert str(share(9, 10)) == "9 of 10 (90.0%, 59.6% to 98.2%)"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_laws_of_kappa(pairs: list[tuple[str, str]]) -> None:
    found, turned = kappa(pairs), kappa([(b, a) for a, b in pairs])
    answers, table = confusion(pairs)
    assert table.sum() == len(pairs) and len(answers) == len(table)
    if found.value is not None and turned.value is not None:
        assert found.value == pytest.approx(turned.value)
        assert -1 <= (found.low or 0) <= found.value <= (found.high or 1) <= 1
        assert (found.value > 1 - 1e-9) == all(a == b for a, b in pairs)
