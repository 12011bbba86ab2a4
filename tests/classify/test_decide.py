from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.classify.card import ModelCard, TaskMode
from coop.classify.decide import decide, probabilities
from coop.domain.prediction import UNKNOWN

CardWith = Callable[..., ModelCard]
logits = st.lists(st.floats(-500, 500, width=32), min_size=3, max_size=3)


@given(logits)
def test_single_probabilities_sum_to_one_whatever_the_logits(
    make_card_with: CardWith, values: list[float]
) -> None:
    found = probabilities(make_card_with(), np.array(values))
    assert found.sum() == pytest.approx(1.0)
    assert (found >= 0).all()
    assert found.argmax() == np.argmax(values) or found.max() == pytest.approx(found[int(np.argmax(values))])


def test_a_higher_temperature_is_less_sure(make_card_with: CardWith) -> None:
    cold, hot = (probabilities(make_card_with(temperature=t), np.array([2.0, 1.0, 0.0])) for t in (0.5, 2.0))
    assert cold.max() > hot.max()
    assert cold.argmax() == hot.argmax()


@pytest.mark.parametrize(("value", "label"), [(0.79, UNKNOWN), (0.8, "red"), (0.9, "red")])
def test_below_its_own_threshold_a_class_is_unknown(
    make_card_with: CardWith, value: float, label: str
) -> None:
    card = make_card_with(thresholds={"red": 0.8, "green": 0.1, "blue": 0.1})
    found = decide(card, np.array([value, 1 - value, 0.0]))
    assert (found.label, found.confidence) == (label, value)
    assert found.probabilities == {"red": value, "green": 1 - value, "blue": 0.0}
    assert (found.task, found.model) == ("colour", "colours 1")


@pytest.mark.parametrize(
    ("values", "label", "confidence"),
    [
        ([0.9, 0.1], "white", 0.9),
        ([0.9, 0.8], "white|brown", 0.8),
        ([0.1, 0.2], "none", 0.8),
        ([0.9, 0.55], UNKNOWN, 0.55),
        ([0.9, 0.4], UNKNOWN, 0.6),
    ],
)
def test_a_multi_task_names_the_set(
    make_card_with: CardWith, values: list[float], label: str, confidence: float
) -> None:
    classes = ("white", "brown")
    card = make_card_with(mode=TaskMode.MULTI, classes=classes, thresholds=dict.fromkeys(classes, 0.7))
    found = decide(card, np.array(values))
    assert found.label == label
    assert found.confidence == pytest.approx(confidence)


def test_multi_probabilities_stand_alone(make_card_with: CardWith) -> None:
    card = make_card_with(mode=TaskMode.MULTI)
    found = probabilities(card, np.array([1000.0, 0.0, -1000.0]))
    np.testing.assert_allclose(found, [1.0, 0.5, 0.0])


def test_a_count_task_gives_one_number_for_each_name(make_card_with: CardWith) -> None:
    classes = ("eggs=0", "hens=0", "eggs=1", "hens=1", "eggs=2")
    card = make_card_with(mode=TaskMode.COUNT, classes=classes)
    values = probabilities(card, np.array([0.0, 0.0, 9.0, 5.0, 0.0]))
    assert values[[0, 2, 4]].sum() == pytest.approx(1.0)
    assert values[[1, 3]].sum() == pytest.approx(1.0)
    found = decide(card, values)
    assert found.label == "eggs=1|hens=1"
    assert found.confidence == pytest.approx(values[3])
    assert decide(card, np.array([0.4, 0.0, 0.3, 1.0, 0.3])).label == UNKNOWN
