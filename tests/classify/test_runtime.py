import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from coop.classify.card import ModelCard
from coop.classify.package import write_package
from coop.classify.runtime import Classifier
from coop.classify.tflite_writer import GraphWriter
from coop.domain.prediction import UNKNOWN
from coop.errors import ModelPackageError

CardWith = Callable[..., ModelCard]


@pytest.fixture
def classifier(tmp_path: Path, colour_card: ModelCard, colour_model: bytes) -> Classifier:
    return Classifier(write_package(tmp_path / "colours", colour_card, colour_model))


def plain(blue: int, green: int, red: int, height: int = 20, width: int = 20) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), (blue, green, red), dtype=np.uint8)


def test_answers_come_in_the_order_of_the_pictures(classifier: Classifier) -> None:
    found = classifier.predict([plain(0, 0, 255), plain(0, 255, 0, 15, 20), plain(255, 0, 0), plain(9, 9, 9)])
    assert [one.label for one in found] == ["red", "green", "blue", UNKNOWN]
    assert all(sum(one.probabilities.values()) == pytest.approx(1) for one in found)


def test_no_pictures_no_answers(classifier: Classifier) -> None:
    assert classifier.predict([]) == []
    assert classifier.embed([]).shape == (0, 3)


def test_features_are_what_the_network_computes(classifier: Classifier) -> None:
    found = classifier.embed([plain(255, 0, 51)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.2, 0, 1]], atol=1e-5)
    np.testing.assert_allclose(classifier.logits([plain(255, 0, 51)]), [[2, 0, 10]], atol=1e-4)


def test_temperature_is_applied(tmp_path: Path, make_card_with: CardWith, colour_model: bytes) -> None:
    images = [plain(0, 0, 255)]
    sure, unsure = (
        Classifier(write_package(tmp_path / str(t), make_card_with(temperature=t), colour_model)).predict(
            images
        )[0]
        for t in (1.0, 10.0)
    )
    assert sure.confidence == pytest.approx(1 / (1 + 2 * np.exp(-10)))
    assert unsure.confidence == pytest.approx(1 / (1 + 2 * np.exp(-1)))


@pytest.mark.parametrize("copies", [1, 2])
def test_threads_share_one_classifier(
    tmp_path: Path, colour_card: ModelCard, colour_model: bytes, copies: int
) -> None:
    classifier = Classifier(write_package(tmp_path / "c", colour_card, colour_model), copies=copies)
    wrong: list[str] = []

    def ask(image: npt.NDArray[np.uint8], label: str) -> None:
        wrong.extend(p.label for p in classifier.predict([image] * 200) if p.label != label)

    jobs = [(plain(0, 0, 255), "red"), (plain(0, 255, 0), "green"), (plain(255, 0, 0), "blue")]
    threads = [threading.Thread(target=ask, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_model_without_features_says_so(tmp_path: Path, colour_card: ModelCard) -> None:
    graph = GraphWriter("no features")
    mean = graph.average_over_picture(graph.cast_to_float(graph.picture_input("image", 32)), "logits")
    classifier = Classifier(write_package(tmp_path / "c", colour_card, graph.finish({"logits": mean})))
    with pytest.raises(ModelPackageError, match="no output 'embedding'"):
        classifier.embed([plain(0, 0, 0)])


def test_answers_that_are_not_finite_are_refused(tmp_path: Path, colour_card: ModelCard) -> None:
    graph = GraphWriter("the logarithm of nothing")
    mean = graph.average_over_picture(graph.cast_to_float(graph.picture_input("image", 32)), "mean")
    model = graph.finish({"logits": graph.log(graph.scale(mean, 0.0), "logits")})
    classifier = Classifier(write_package(tmp_path / "c", colour_card, model))
    with pytest.raises(ModelPackageError, match="not finite"):
        classifier.predict([plain(0, 0, 0)])


def test_what_is_no_picture_is_refused(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="picture"):
        classifier.predict([np.zeros((0, 0, 3), dtype=np.uint8)])


def test_copies_must_be_some(tmp_path: Path, colour_card: ModelCard, colour_model: bytes) -> None:
    with pytest.raises(ValueError, match="copies=0"):
        Classifier(write_package(tmp_path / "c", colour_card, colour_model), copies=0)


def test_threads_must_be_some(tmp_path: Path, colour_card: ModelCard, colour_model: bytes) -> None:
    with pytest.raises(ValueError, match="threads=0"):
        Classifier(write_package(tmp_path / "c", colour_card, colour_model), threads=0)
