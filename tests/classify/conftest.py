"""The starter package, written once, and small model packages for everything that does not need it."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from coop.classify.card import ModelCard, Preprocessing, TaskMode
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.classify.tflite_writer import GraphWriter

SIZE = 32
COLOURS = ("red", "green", "blue")

Pictures = Callable[[str, int], list[npt.NDArray[np.uint8]]]


@pytest.fixture(scope="session")
def starter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_starter(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def starter(starter_folder: Path) -> Classifier:
    return Classifier(ModelPackage.load(starter_folder), threads=2)


@pytest.fixture(scope="session")
def pictures(test_data: Path) -> Pictures:
    """The first pictures that a pattern finds in the test data."""

    def read(pattern: str, count: int) -> list[npt.NDArray[np.uint8]]:
        found = (cv2.imread(str(path)) for path in sorted(test_data.glob(pattern)))
        images = [image for image in found if image is not None][:count]
        assert len(images) == count, f"{pattern} has only {len(images)} pictures"
        return images

    return read


@pytest.fixture(scope="session")
def colour_model() -> bytes:
    """A model that says which of red, green and blue a picture has most of; it embeds the mean colour."""
    graph = GraphWriter("mean colour")
    x = graph.scale(graph.cast_to_float(graph.picture_input("image", SIZE)), 1 / 255)
    mean = graph.average_over_picture(x, "embedding")
    weights = np.eye(3, dtype=np.float32) * 10
    logits = graph.dense(mean, weights, np.zeros(3, dtype=np.float32), "logits")
    return graph.finish({"logits": logits, "embedding": mean})


@pytest.fixture
def colour_card() -> ModelCard:
    return make_card()


@pytest.fixture(scope="session")
def make_card_with() -> Callable[..., ModelCard]:
    return make_card


def make_card(**changes: object) -> ModelCard:
    values: dict[str, object] = {
        "name": "colours",
        "version": "1",
        "task": "colour",
        "mode": TaskMode.SINGLE,
        "classes": COLOURS,
        "preprocessing": Preprocessing(size=SIZE),
    } | changes
    values.setdefault("thresholds", dict.fromkeys(values["classes"], 0.5))  # type: ignore[call-overload]
    return ModelCard(**values)  # type: ignore[arg-type]
