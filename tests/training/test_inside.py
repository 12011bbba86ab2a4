"""What is seen of a network while it is tuned: of one so small that all of it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from coop.classify.card import TaskMode
from training.answers import Answers

pytestmark = pytest.mark.train


@dataclass
class Patches:
    """Red and blue pictures, as a stream has them."""

    answers: Answers = field(
        default_factory=lambda: Answers(mode=TaskMode.SINGLE, labels=("blue", "red") * 20)
    )

    @property
    def learned(self) -> npt.NDArray[np.intp]:
        return np.arange(20)

    def plain(self, numbers: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        pictures = np.zeros((len(numbers), 16, 16, 3), np.float32)
        for picture, number in zip(pictures, numbers, strict=True):
            picture[4:12, 4:12, 0 if number % 2 else 2] = 255
        return pictures


HELD = np.arange(20, 40)


@pytest.fixture
def model(keras_module: Any) -> Any:
    """It knows red from blue, and is as sure of it as it can be: any other weights lose."""
    import keras

    from training.network import ANSWER, FEATURES

    picture = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(2, 1, name="maps")(picture)
    answer = keras.layers.Dense(2, name=ANSWER)(keras.layers.GlobalAveragePooling2D(name=FEATURES)(maps))
    made = keras.Model(picture, answer)
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[0, 0, 2, 0] = kernel[0, 0, 0, 1] = 1 / 64
    made.get_layer("maps").set_weights([kernel, np.zeros(2, np.float32)])
    made.get_layer(ANSWER).set_weights([np.eye(2, dtype=np.float32) * 6, np.zeros(2, np.float32)])
    return made


def test_the_landscape_lies_around_the_weights_and_leaves_them(model: Any) -> None:
    from training.inside import landscape
    from training.tune import raw_outputs, task_logits

    stream, before = Patches(), [np.array(v) for v in model.get_weights()]
    found = landscape(model, stream, HELD, task_logits, seconds=1e6)  # type: ignore[arg-type]
    assert found is not None and found.held.shape == (13, 13) == found.learned.shape
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    some = HELD[:16]
    here = stream.answers.of(some).loss(task_logits(stream.answers, raw_outputs(model, stream.plain(some))))
    assert found.held[6, 6] == pytest.approx(here)
    assert found.held.max() > 3 * here, "far from the weights it is worse"
    corners = found.held[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.median(corners) > np.median(found.held[5:8, 5:8])


def test_pictures_that_take_turns_are_all_followed() -> None:
    """Forty pictures of four hens in turns, of which some are followed: hens of each name are among them."""
    from training.inside import Following
    from training.tune import task_logits

    four = Patches(Answers(mode=TaskMode.SINGLE, labels=("a", "b", "c", "d") * 25))
    following = Following(four, np.arange(100), task_logits)  # type: ignore[arg-type]
    assert len(following._truth.labels) == 24 and set(following._truth.labels) == {"a", "b", "c", "d"}


def test_filters_move_by_their_own_size() -> None:
    from training.inside import _as_long_as

    random = np.random.default_rng(0)
    for shape, axes in (((3, 3, 4, 5), (0, 1, 2)), ((3, 3, 4, 1), (0, 1)), ((6, 5), (0,))):
        value = random.normal(size=shape) * np.arange(1, shape[-1] + 1)
        moved = _as_long_as(value, random)
        norms = [np.sqrt((part**2).sum(axis=axes)) for part in (value, moved)]
        assert norms[0] == pytest.approx(norms[1], rel=1e-5)


def test_without_time_there_is_no_landscape(model: Any) -> None:
    from training.inside import landscape
    from training.tune import task_logits

    assert landscape(model, Patches(), HELD, task_logits, seconds=0.0) is None  # type: ignore[arg-type]


def test_pictures_are_followed_and_everything_is_drawn(model: Any) -> None:
    from training.inside import Following, look_inside
    from training.network import ANSWER
    from training.report.learning import ABOUT
    from training.tune import task_logits

    stream = Patches()
    following = Following(stream, HELD, task_logits)  # type: ignore[arg-type]
    assert following.run is None
    kernel, bias = model.get_layer(ANSWER).get_weights()
    for step in range(1, 65):  # at first it takes red for blue
        model.get_layer(ANSWER).set_weights([kernel * (step - 32) / 32, bias])
        following.step(step, 64, 1 / step, model, (None, None))
    run = following.run
    assert run is not None and list(run.looks) == [1, *range(4, 65, 4)]
    assert run.sure[0].max() < 0.01 and run.sure[-1].min() > 0.99
    assert run.held_losses[0] > run.held_losses[-1]
    following.seconds = 1e6
    figures = look_inside(model, stream, HELD, task_logits, following)  # type: ignore[arg-type]
    assert list(figures) == list(ABOUT)
    for data in figures.values():
        drawn = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert drawn.shape[0] > 200 and drawn.std() > 10
