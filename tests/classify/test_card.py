import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.classify.card import ModelCard, Preprocessing, TaskMode, card_from_json, card_to_json

CardWith = Callable[..., ModelCard]

class_names = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12),
    min_size=2,
    max_size=6,
    unique=True,
).filter(lambda names: "unknown" not in names)
plain = st.dictionaries(st.text(max_size=8), st.none() | st.text(max_size=8) | st.integers() | st.booleans())


@given(
    classes=class_names,
    temperature=st.floats(0.01, 100),
    threshold=st.floats(0, 1),
    trained_on=plain,
    data=st.data(),
)
def test_what_goes_in_comes_out(
    classes: list[str],
    temperature: float,
    threshold: float,
    trained_on: dict[str, object],
    data: st.DataObject,
) -> None:
    card = ModelCard(
        name="m",
        version="2025.1",
        task="kinds",
        classes=tuple(classes),
        preprocessing=Preprocessing(size=data.draw(st.integers(16, 2048))),
        thresholds=dict.fromkeys(classes, threshold),
        temperature=temperature,
        trained_on=trained_on,
        not_good_for=("rats",),
        files={"model.tflite": "0" * 64},
    )
    assert card_from_json(card_to_json(card)) == card


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "format is 2, but this program reads format 1"),
        ({"format": True}, "format: Input should be a valid integer"),
        ({"format": None}, "format is None"),
        ({"colour": "red"}, "colour: Unexpected keyword"),
        ({"classes": "hen"}, "classes"),
        ({"classes": ["hen", 3]}, r"classes\.1"),
        ({"classes": ["red", "red", "blue"]}, "named twice"),
        ({"classes": ["red"]}, "1 classes are too few"),
        ({"classes": ["red", "unknown", "blue"]}, "may not be named 'unknown'"),
        ({"classes": ["red", "a|b", "blue"]}, r"may not be named 'a\|b'"),
        ({"classes": ["red", "a\nb", "blue"]}, "may not be named"),
        ({"classes": ["red", "green"]}, "thresholds must name exactly the classes"),
        ({"thresholds": {"red": 0.5, "green": 0.5, "blue": 1.5}}, "threshold 1.5 of 'blue'"),
        ({"thresholds": {"red": 0.5, "green": 0.5, "blue": math.nan}}, "threshold nan of 'blue'"),
        ({"thresholds": {"red": 0.5, "green": 0.5, "blue": "0.5"}}, "thresholds.blue"),
        ({"temperature": 0}, "temperature 0"),
        ({"temperature": math.inf}, "temperature inf"),
        ({"temperature": "1"}, "temperature: Input should be a valid number"),
        ({"mode": "both"}, "mode"),
        ({"mode": "count"}, "class 'red' of a count task must have the form name=number"),
        ({"name": "../up"}, r"name '\.\./up'"),
        ({"version": ""}, "version ''"),
        ({"preprocessing": {"version": 2, "size": 32, "padding": "grey"}}, "preprocessing version 2"),
        ({"preprocessing": {"version": 1, "size": 32, "padding": "edge"}}, r"version 1 \(edge\)"),
        ({"preprocessing": {"version": 1, "size": 8, "padding": "grey"}}, "input size 8"),
        ({"preprocessing": {"version": 1, "padding": "grey"}}, "preprocessing.size"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(
    colour_card: ModelCard, change: dict[str, Any], complaint: str
) -> None:
    text = json.dumps(json.loads(card_to_json(colour_card)) | change)
    with pytest.raises(ValueError, match=complaint):
        card_from_json(text)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"card"', "7", "[" * 100_000])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not JSON|format"):
        card_from_json(text)


@given(
    st.text(max_size=40)
    | st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists).map(json.dumps)
)
def test_nothing_but_a_clear_error_comes_of_any_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        card_from_json(text)


def test_figures_that_json_does_not_have_are_refused(make_card_with: CardWith) -> None:
    with pytest.raises(ValueError, match="plain finite values"):
        make_card_with(measured={"accuracy": math.nan})


def test_a_multi_task_is_believed_from_one_half_on(make_card_with: CardWith) -> None:
    with pytest.raises(ValueError, match=r"from 0\.5 to 1"):
        make_card_with(mode=TaskMode.MULTI, thresholds={"red": 0.4, "green": 0.5, "blue": 0.5})
    with pytest.raises(ValueError, match="empty set"):
        make_card_with(mode=TaskMode.MULTI, classes=("white", "none"))


def test_the_model_is_named_with_its_version(colour_card: ModelCard) -> None:
    assert colour_card.model == "colours 1"
