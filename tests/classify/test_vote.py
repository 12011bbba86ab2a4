from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.classify.card import ModelCard
from coop.classify.decide import decide
from coop.classify.vote import TrackVote, vote
from coop.domain.prediction import UNKNOWN, Prediction

CardWith = Callable[..., ModelCard]

weights = st.floats(0, 100)
picture = st.tuples(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.01, 1))
ballots = st.lists(picture, min_size=1, max_size=8)


def predictions(card: ModelCard, rows: Sequence[Sequence[float]]) -> list[Prediction]:
    return [decide(card, np.array(row) / sum(row)) for row in rows]


def test_many_weak_pictures_are_one_good_answer(colour_card: ModelCard) -> None:
    seen = predictions(colour_card, [(0.6, 0.2, 0.2), (0.45, 0.5, 0.05), (0.7, 0.1, 0.2)])
    found = vote(colour_card, seen)
    assert found.label == "red"
    assert found.confidence == pytest.approx((0.6 + 0.45 + 0.7) / 3)


def test_good_pictures_outvote_bad_ones(colour_card: ModelCard) -> None:
    seen = predictions(colour_card, [(1, 0, 0), (0, 1, 0), (0, 1, 0)])
    assert vote(colour_card, seen).label == "green"
    assert vote(colour_card, seen, [0.9, 0.1, 0.1]).label == "red"
    assert vote(colour_card, seen, [1, 0, 0]).confidence == 1.0


def test_pictures_without_any_quality_count_alike(colour_card: ModelCard) -> None:
    seen = predictions(colour_card, [(1, 0, 0), (0, 1, 0), (0, 1, 0)])
    assert vote(colour_card, seen, [0, 0, 0]).probabilities == vote(colour_card, seen).probabilities


def test_too_few_pictures_are_no_vote(colour_card: ModelCard) -> None:
    seen = predictions(colour_card, [(1, 0, 0)])
    found = vote(colour_card, seen)
    assert (found.label, found.confidence) == (UNKNOWN, 1.0)
    assert vote(colour_card, seen, min_pictures=1).label == "red"


def test_below_the_threshold_a_vote_is_unknown(colour_card: ModelCard) -> None:
    assert vote(colour_card, predictions(colour_card, [(0.49, 0.3, 0.21)] * 9)).label == UNKNOWN


@given(st.lists(st.tuples(picture, weights), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_pictures_does_not_matter(
    make_card_with: CardWith, rows: list[tuple[tuple[float, ...], float]], random: Random
) -> None:
    card = make_card_with()
    shuffled = random.sample(rows, len(rows))
    first, second = (
        vote(card, predictions(card, [row for row, _ in order]), [weight for _, weight in order])
        for order in (rows, shuffled)
    )
    assert first.probabilities == pytest.approx(second.probabilities)
    assert sum(first.probabilities.values()) == pytest.approx(1.0)


@given(ballots)
def test_a_vote_is_never_surer_than_its_surest_picture(
    make_card_with: CardWith, rows: list[tuple[float, ...]]
) -> None:
    card = make_card_with()
    seen = predictions(card, rows)
    found = vote(card, seen)
    for name in card.classes:
        assert found.probabilities[name] <= max(one.probabilities[name] for one in seen) + 1e-12


def test_a_label_is_published_when_it_repeats(colour_card: ModelCard) -> None:
    track = TrackVote(colour_card, min_pictures=2, repeats=3)
    assert track.published is None
    red, green = predictions(colour_card, [(1, 0, 0), (0, 1, 0)])
    assert [track.add(red).label for _ in range(5)] == [UNKNOWN, UNKNOWN, UNKNOWN, "red", "red"]
    published = [track.add(green).label for _ in range(9)]
    # 5 to 5 is still red; the vote is green from the sixth on and says so three times before it is published.
    assert published == ["red"] * 7 + ["green"] * 2
    assert track.pictures == 14


def test_a_flickering_vote_is_not_published(colour_card: ModelCard) -> None:
    track = TrackVote(colour_card, min_pictures=1, repeats=2)
    red, green = predictions(colour_card, [(1, 0, 0), (0, 1, 0)])
    votes = []
    for number, one in enumerate([red, green] * 3):
        assert track.add(one, 10.0**number).label == UNKNOWN  # each picture outweighs all before it
        assert track.current is not None
        votes.append(track.current.label)
    assert votes == ["red", "green"] * 3


def test_the_present_vote_is_there_before_it_is_published(colour_card: ModelCard) -> None:
    track = TrackVote(colour_card, min_pictures=1, repeats=3)
    assert track.current is None
    seen = predictions(colour_card, [(1, 0, 0)])
    track.add(seen[0])
    assert track.current == vote(colour_card, seen, min_pictures=1)
    assert track.published is not None
    assert (track.current.label, track.published.label) == ("red", UNKNOWN)


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1), weights), min_size=1, max_size=10))
def test_the_growing_vote_and_the_whole_vote_agree(
    make_card_with: CardWith, rows: list[tuple[float, float, float]]
) -> None:
    card = make_card_with()
    seen = predictions(card, [(a, b, 0.1) for a, b, _ in rows])
    track = TrackVote(card)
    for prediction, (_, _, quality) in zip(seen, rows, strict=True):
        track.add(prediction, quality)
    assert track.current == vote(card, seen, [quality for _, _, quality in rows])


@pytest.mark.parametrize("quality", [-0.1, float("nan"), float("inf")])
def test_a_quality_that_is_none_is_refused(colour_card: ModelCard, quality: float) -> None:
    seen = predictions(colour_card, [(1, 0, 0)])
    with pytest.raises(ValueError, match="quality must be zero or more"):
        vote(colour_card, seen, [quality])


def test_votes_of_nobody_or_of_strangers_are_refused(
    colour_card: ModelCard, make_card_with: CardWith
) -> None:
    with pytest.raises(ValueError, match="at least one prediction"):
        vote(colour_card, [])
    others = predictions(make_card_with(version="2"), [(1, 0, 0)])
    with pytest.raises(ValueError, match="'colours 2'"):
        vote(colour_card, others)
    with pytest.raises(ValueError, match="repeats=0"):
        TrackVote(colour_card, repeats=0)


def test_a_copy_takes_the_place_of_the_picture_before(colour_card: ModelCard) -> None:
    track = TrackVote(colour_card)
    red, green, blue = predictions(colour_card, [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    for one in (red, red, red, green):
        track.add(one)
    for _ in range(100):  # a night of pictures that look like another
        track.add(blue, again=True)
    assert (track.published, track.current) == (vote(colour_card, [red, red, red, blue]),) * 2
    assert track.pictures == 4
