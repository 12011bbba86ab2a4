"""What a linear head is to say, in all three kinds of task, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from coop.classify.card import ModelCard, Preprocessing, TaskMode
from coop.classify.decide import probabilities
from training.answers import Answers, sureness, thresholds

MULTI = Answers(mode=TaskMode.MULTI, labels=("white|brown", "none", "white"))
SINGLE = Answers(mode=TaskMode.SINGLE, labels=("hen", "cat", "hen", "hen"))
COUNT = Answers(mode=TaskMode.COUNT, labels=("eggs=0", "eggs=2", "eggs=1"))


def test_classes_and_targets() -> None:
    assert MULTI.classes == ("brown", "white")
    assert MULTI.targets.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert SINGLE.classes == ("cat", "hen")
    assert SINGLE.targets.tolist() == [[0, 1], [1, 0], [0, 1], [0, 1]]
    assert COUNT.classes == ("eggs=0", "eggs=1", "eggs=2", "eggs=3")  # one more than was seen
    assert COUNT.targets.tolist() == [[0], [2], [1]]
    assert COUNT.truth.tolist()[1] == [False, False, True, False]


def test_every_answer_counts_the_same_and_every_number_as_often_as_it_comes() -> None:
    np.testing.assert_allclose(SINGLE.weights, [1 / 6, 1 / 2, 1 / 6, 1 / 6])
    np.testing.assert_allclose(COUNT.weights, [1 / 3] * 3)


def test_a_picture_that_leaves_a_count_out_cannot_be_fitted() -> None:
    answers = Answers(mode=TaskMode.COUNT, labels=("eggs=1|hens=0", "eggs=2"))
    with pytest.raises(ValueError, match="'eggs=2' says nothing of 'hens'"):
        _ = answers.targets


@pytest.mark.parametrize(("fitted", "number"), [(0.2, 0), (0.6, 1), (1.9, 2), (2.8, 3), (-5.0, 0), (9.0, 3)])
def test_a_fitted_number_is_called_by_the_nearest_one(fitted: float, number: int) -> None:
    matrix, bias = COUNT.to_logits
    said = COUNT.said(np.array([[fitted]]) @ matrix + bias)
    assert said[0].argmax() == number


def test_a_number_is_spread_as_a_normal_distribution() -> None:
    """Between neighbours k and k + 1 the odds are exp(x - k - 1/2)."""
    matrix, bias = COUNT.to_logits
    there, _ = COUNT.log_probabilities(np.array([[1.3]]) @ matrix + bias)
    np.testing.assert_allclose(np.diff(there[0]), [0.8, -0.2, -1.2])


@pytest.mark.parametrize("answers", [MULTI, SINGLE, COUNT])
def test_the_daemon_makes_the_same_probabilities(answers: Answers) -> None:
    logits = np.random.default_rng(0).normal(size=(len(answers.labels), len(answers.classes)))
    card = ModelCard(
        name="m",
        version="1",
        task="t",
        mode=answers.mode,
        classes=answers.classes,
        preprocessing=Preprocessing(size=32),
        thresholds=dict.fromkeys(answers.classes, 0.5),
    )
    there, absent = answers.log_probabilities(logits)
    np.testing.assert_allclose(np.exp(there), [probabilities(card, row) for row in logits])
    np.testing.assert_allclose(np.exp(there) + np.exp(absent), np.ones_like(there))


@pytest.mark.parametrize("answers", [MULTI, SINGLE, COUNT])
def test_the_loss_is_least_for_the_truth(answers: Answers) -> None:
    right = np.where(answers.truth, 3.0, -3.0)
    assert answers.loss(right) < answers.loss(np.zeros_like(right)) < answers.loss(-right)
    assert answers.accuracy(right) == 1.0


def test_a_threshold_is_where_enough_of_the_decisions_are_right() -> None:
    answers = Answers(mode=TaskMode.SINGLE, labels=("a", "a", "a", "b", "b", "a"))
    p = np.array([0.95, 0.9, 0.85, 0.3, 0.2, 0.3])  # of a; the last one is wrongly called b with 0.7
    logits = np.log(np.stack([p, 1 - p], axis=1))
    found = thresholds(answers, logits, 0.95, np.linspace(0.5, 0.95, 10), 0.9)
    assert found == {"a": 0.5, "b": 0.75}  # from 0.75 on only the one of 0.8 is left, which is right
    sure, decides, right = sureness(answers, logits)
    assert decides.sum() == 6 and right[decides].tolist() == [True, True, True, True, True, False]
    assert sure[0, 0] == pytest.approx(0.95)
