"""What models of the task `nest` say, in each way that they may say it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from coop.classify.card import ModelCard, Preprocessing, TaskMode
from coop.classify.nest import NestReader, NestView, interpret
from coop.domain.frame import Picture
from coop.domain.nest import NestState
from coop.domain.prediction import Prediction

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


def card(mode: TaskMode, classes: list[str]) -> ModelCard:
    return ModelCard(
        name="nest",
        version="1",
        task="nest",
        mode=mode,
        classes=tuple(classes),
        preprocessing=Preprocessing(size=224),
        thresholds=dict.fromkeys(classes, 0.6),
    )


@pytest.mark.parametrize(
    ("mode", "chances", "answer"),
    [
        ("count", "eggs=0 .1, eggs=1 .1, eggs=2 .8, hens=0 1, hens=1 0", "eggs 2"),
        ("count", "eggs=0 .9, eggs=1 .1, hens=0 1, hens=1 0", "empty 0"),
        ("count", "eggs=0 .9, eggs=1 .1, hens=0 .1, hens=1 .9", "hen"),
        ("count", "eggs=0 .9, eggs=1 .1, hens=0 .8, hens=1 .2", "unseen unsure"),
        ("count", "eggs=0 1, eggs=1 0, hens=0 1, hens=1 0, hands=0 .1, hands=1 .9", "unseen covered"),
        ("single", "empty .1, eggs=1 .85, eggs=2 .05, hen 0, hand 0", "eggs 1"),
        ("single", "empty .1, eggs=1 .1, hen .1, hand .7", "unseen covered"),
        ("single", "empty .1, eggs .9, hen 0", "eggs"),
        ("multi", "eggs .1, hen .9", "hen"),
        ("multi", "eggs .02, hen .01", "empty 0"),
    ],
)
def test_every_kind_of_model_is_understood(mode: str, chances: str, answer: str) -> None:
    by_class = {name: float(p) for name, p in (part.split() for part in chances.split(", "))}
    label = max(by_class, key=by_class.__getitem__)
    prediction = Prediction(task="nest", label=label, confidence=0.9, probabilities=by_class)
    found = interpret(card(TaskMode(mode), list(by_class)), prediction)
    number = str(np.argmax(found.chances)) if found.chances else ""
    assert " ".join(filter(None, (found.state.value, number, found.reason))) == answer


class Sees:
    """A model that always sees two eggs."""

    card = card(TaskMode.COUNT, ["eggs=0", "eggs=1", "eggs=2", "hens=0", "hens=1"])

    def predict(self, images: list[Picture]) -> list[Prediction]:
        chances = {"eggs=0": 0.0, "eggs=1": 0.1, "eggs=2": 0.9, "hens=0": 1.0, "hens=1": 0.0}
        return [
            Prediction(task="nest", label="eggs=2|hens=0", confidence=0.9, probabilities=chances)
            for _ in images
        ]


def test_darkness_and_what_stands_before_it_hide_a_nest() -> None:
    light = np.full((60, 80, 3), (90, 120, 160), np.uint8)
    views = [
        NestView(nest="a", image=light, key="kept"),
        NestView(nest="b", image=light // 20),
        NestView(nest="c", image=light, covered=True),
        NestView(nest="d", image=np.full((60, 80, 3), 120, np.uint8)),
    ]
    assert NestReader("coop", {}).read(views, NOW) == ()
    found = NestReader("coop", {"nest": Sees()}).read(views, NOW)
    assert [(r.nest, r.state, r.eggs, r.reason) for r in found] == [
        ("a", NestState.EGGS, 2, ""),
        ("b", NestState.UNSEEN, None, "dark"),
        ("c", NestState.UNSEEN, None, "covered"),
        ("d", NestState.EGGS, 2, "infrared"),
    ]
    assert (found[0].picture, found[0].model, found[0].counts) == ("kept", "nest 1", True)
