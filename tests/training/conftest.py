"""The starter in both its forms. TensorFlow is an extra: without it these tests skip, but not in CI."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from conftest import missing_part

from coop.classify.efficientnet_lite import LiteWeights, load_lite_weights
from coop.classify.network import Network
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter

Pictures = Callable[..., list[npt.NDArray[np.uint8]]]


@pytest.fixture(scope="session")
def keras_module() -> Any:
    """``training.starter_keras``, which brings TensorFlow."""
    if importlib.util.find_spec("tensorflow") is None:
        missing_part("TensorFlow is not installed; pip install 'neurocoop[train]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training import starter_keras

    return starter_keras


@pytest.fixture(scope="session")
def weights() -> LiteWeights:
    return load_lite_weights()


@pytest.fixture(scope="session")
def starter_package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return ModelPackage.load(ensure_starter(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="session")
def starter_network(starter_package: ModelPackage) -> Network:
    return Network(starter_package.model, threads=2)


@pytest.fixture(scope="session")
def starter(starter_package: ModelPackage) -> Classifier:
    return Classifier(starter_package, threads=2)


@pytest.fixture(scope="session")
def pictures(test_data: Path) -> Pictures:
    """The pictures that a pattern finds in the test data, in the order of their names."""

    def read(
        pattern: str, start: int = 0, stop: int | None = None, step: int = 1
    ) -> list[npt.NDArray[np.uint8]]:
        paths = sorted(path for path in test_data.glob(pattern) if path.suffix == ".jpg")
        assert len(paths) >= (stop or 1), f"{pattern} has only {len(paths)} pictures"
        return [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in paths[start:stop:step]]

    return read
