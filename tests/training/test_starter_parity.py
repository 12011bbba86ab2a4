"""The hand-written ``model.tflite`` against the same network in Keras, on real pictures."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from coop.classify.efficientnet_lite import LiteWeights
from coop.classify.network import Network
from coop.classify.starter import starter_tflite
from training.parity import ParityError, check_parity

pytestmark = pytest.mark.train

Floats = npt.NDArray[np.float32]
Pictures = Callable[..., list[npt.NDArray[np.uint8]]]
STEP = 20  # every 20th of the 1,000 ImageNet classes: 50 pictures


@pytest.fixture(scope="module")
def batch(pictures: Pictures) -> npt.NDArray[np.uint8]:
    """Pictures as ImageNet networks are judged on: the middle 7/8, cubic, RGB."""
    return np.stack([centre(image) for image in pictures("imagenet-sample/*.jpg", step=STEP)])


@pytest.fixture(scope="module")
def in_keras(keras_module: Any, weights: LiteWeights, batch: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    found: dict[str, Floats] = keras_module.build_starter(weights).predict(batch, verbose=0, batch_size=10)
    return found


def centre(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = min(height, width) * 7 // 8
    top, left = (height - side) // 2, (width - side) // 2
    part = image[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (224, 224), interpolation=cv2.INTER_CUBIC)[:, :, ::-1], dtype=np.uint8)


def run(network: Network, batch: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    names = sorted(network.outputs)
    rows = [network.run(picture, *names) for picture in batch]
    return {name: np.stack(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def test_every_output_is_the_same(
    keras_module: Any, starter_network: Network, batch: npt.NDArray[np.uint8], in_keras: dict[str, Floats]
) -> None:
    in_litert = run(starter_network, batch)
    assert in_litert.keys() == in_keras.keys() == {"logits", "embedding", "imagenet"}
    for name, values in in_litert.items():
        assert check_parity(values, in_keras[name], tolerance=1e-3) < 1e-2, name


def test_it_knows_imagenet(in_keras: dict[str, Floats]) -> None:
    """The whole sample gives 87%; wrong padding, normalisation or channel order all cost far more than 7%."""
    right = in_keras["imagenet"].argmax(axis=1) == np.arange(0, 1000, STEP)
    assert right.mean() >= 0.80


def test_a_slip_in_one_layer_is_noticed(
    keras_module: Any, weights: LiteWeights, batch: npt.NDArray[np.uint8], in_keras: dict[str, Floats]
) -> None:
    last = weights.blocks[-1]
    shifted = replace(last.project, bias=last.project.bias + np.float32(0.05))
    slipped = replace(weights, blocks=(*weights.blocks[:-1], replace(last, project=shifted)))
    wrong = run(Network(starter_tflite(slipped), threads=2), batch)
    with pytest.raises(ParityError, match="differ"):
        check_parity(wrong["imagenet"], in_keras["imagenet"], tolerance=1e-3)


def test_an_untrained_network_proves_nothing(
    keras_module: Any, weights: LiteWeights, batch: npt.NDArray[np.uint8]
) -> None:
    untrained = run(Network(starter_tflite(randomised(weights)), threads=2), batch)
    for outputs in untrained.values():
        with pytest.raises(ParityError, match="hardly depend"):
            check_parity(outputs, outputs.copy(), tolerance=1e-3)


@pytest.mark.parametrize(
    "outputs",
    [
        np.zeros((20, 3), dtype=np.float32),
        np.tile(np.array([1, 2, 3], dtype=np.float32), (20, 1)),
        np.outer(np.arange(20), [1, 2, 3]).astype(np.float32),  # only brighter and darker
        np.full((20, 3), np.nan, dtype=np.float32),
        np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32),  # too few
    ],
)
def test_outputs_that_prove_nothing_are_refused(keras_module: Any, outputs: Floats) -> None:
    with pytest.raises(ParityError):
        check_parity(outputs, outputs.copy(), tolerance=1e-3)


def randomised(weights: LiteWeights) -> LiteWeights:
    """The same shapes with small random weights, as a network is before training."""
    rng = np.random.default_rng(0)

    def small(values: Floats) -> Floats:
        return rng.normal(scale=0.02, size=values.shape).astype(np.float32)

    def conv(part: Any) -> Any:
        return (
            None
            if part is None
            else replace(part, weights=small(part.weights), bias=np.zeros_like(part.bias))
        )

    blocks = tuple(
        replace(b, expand=conv(b.expand), depthwise=conv(b.depthwise), project=conv(b.project))
        for b in weights.blocks
    )
    return replace(
        weights,
        stem=conv(weights.stem),
        blocks=blocks,
        top=conv(weights.top),
        classifier=small(weights.classifier),
        bias=small(weights.bias),
    )
