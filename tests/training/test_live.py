"""The live page: what it shows of a run is what the run did, on the page as in the film."""

import urllib.request
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from coop.classify.card import TaskMode
from training.answers import Answers
from training.labelled import Example
from training.live.course import Seen
from training.live.page import LivePage
from training.live.picture import HEIGHT, WIDTH


def seen(looks: int) -> Seen:
    """A run of two classes that goes well, after so many looks."""
    random = np.random.default_rng(0)
    labels = tuple(("brown", "white")[n % 2] for n in range(12))
    answers = Answers(mode=TaskMode.SINGLE, labels=labels)
    pictures = random.integers(0, 255, (12, 32, 32, 3)).astype(np.float32)
    examples = [
        Example(path=Path(f"{n}.png"), answer=frozenset({x}), group="a") for n, x in enumerate(labels)
    ]
    found = Seen(title="net", answers=answers, held=pictures, examples=examples, truth=answers, total=40)
    for look in range(1, looks + 1):
        logits = (answers.truth - 0.5) * look + random.normal(0, 1, (12, 2))
        found.logits = logits
        found.steps += [4 * look - 1, 4 * look]
        found.losses += [1 / look, 0.9 / look]
        found.looks.append(4 * look)
        found.held_losses.append(answers.loss(logits))
        found.accuracies.append(answers.accuracy(logits))
        for spread in (found.weights, found.biases):
            spread.append(np.percentile(random.normal(0, look, 500), (0, 10, 25, 50, 75, 90, 100)))
        found.followed.append(found.of_truth(logits))
        found.batch = pictures, np.eye(2, dtype=np.float32)[:12], logits.astype(np.float32)
        found.heat = random.random((12, 4, 4)).astype(np.float32)
    return found


def test_errors_come_first_the_surest_before_all() -> None:
    run = seen(1)
    run.logits = np.tile([[0.0, 1.0]], (12, 1))  # all of them are white
    run.logits[4] = [0.0, 9.0]  # this one surely, and wrongly
    order = run.errors_first
    assert order[0] == 4 and {order[k] % 2 for k in range(6)} == {0} and run.said(4) == "white"
    assert [run.right(k) for k in order] == [False] * 6 + [True] * 6


def test_the_page_changes_and_the_film_has_every_look(tmp_path: Path) -> None:
    def get(address: str) -> bytes:
        with urllib.request.urlopen(address, timeout=30) as answer:
            data: bytes = answer.read()
        return data

    with LivePage(tmp_path / "run.mp4") as page:
        assert page.address.startswith("http://127.0.0.1:")
        assert b"changes by itself" in get(page.address)
        assert get(page.address + "number") == b"0"
        shown = []
        for looks in (1, 4):
            page.show(seen(looks))
            data = np.frombuffer(get(page.address + "picture.png?1"), np.uint8)
            shown.append(cv2.imdecode(data, cv2.IMREAD_COLOR))
            assert shown[-1].shape == (HEIGHT, WIDTH, 3)
        assert get(page.address + "number") == b"2"
        assert (shown[0] != shown[1]).mean() > 0.01
    with av.open(str(tmp_path / "run.mp4")) as film:
        frames = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    assert len(frames) >= 3
    assert np.abs(frames[-1].astype(int) - shown[1]).mean() < 4


@pytest.mark.train
def test_grad_cam_finds_where_the_answer_comes_from(keras_module: Any) -> None:
    """A network that looks for red: it looks where red is."""
    import keras

    from training.live.watching import looked_at
    from training.network import ANSWER, FEATURES

    picture = keras.Input((32, 32, 3))
    conv = keras.layers.Conv2D(2, 4, strides=4, name="maps")
    x = keras.layers.GlobalAveragePooling2D(name=FEATURES)(conv(picture))
    dense = keras.layers.Dense(2, name=ANSWER)
    model = keras.Model(picture, dense(x))
    kernel = np.zeros((4, 4, 3, 2), np.float32)
    kernel[:, :, 0, 0] = kernel[:, :, 2, 1] = 1 / 16  # red in the first map, blue in the second
    conv.set_weights([kernel, np.zeros(2, np.float32)])
    dense.set_weights([np.eye(2, dtype=np.float32), np.zeros(2, np.float32)])
    shown = np.zeros((2, 32, 32, 3), np.float32)
    shown[0, 4:12, 20:28, 0] = 255  # red above, on the right
    shown[0, 20:24, 4:8, 2] = 255  # and less of blue, which speaks for the other answer
    shown[1, 20:28, 4:12, 2] = 255
    heat = looked_at(model, shown, np.zeros((2, 2)))
    assert heat.shape == (2, 8, 8) and heat.max() == pytest.approx(1)
    assert heat[0, 1:3, 5:7].min() > 0.9 and heat[0].sum() == pytest.approx(4, abs=0.1)
    assert heat[1, 5:7, 1:3].min() > 0.9 and heat[1].sum() == pytest.approx(4, abs=0.1)
