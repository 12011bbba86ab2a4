import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.domain.prediction import UNKNOWN
from coop.errors import ModelPackageError
from training.head import HeadError, fit_head, write_head_package

Floats = npt.NDArray[np.float32]
Pictures = Callable[..., list[npt.NDArray[np.uint8]]]


def clouds(
    spread: float = 0.3, pictures: int = 40, classes: int = 3, features: int = 20, seed: int = 0
) -> tuple[Floats, list[str], list[str]]:
    """Points around one centre for each class; each class is seen in four groups."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, features))
    truth = np.arange(pictures) % classes
    points = centres[truth] + spread * rng.normal(size=(pictures, features))
    return (
        points.astype(np.float32),
        [f"hen{number}" for number in truth],
        [f"day{(number // classes) % 4}" for number in range(pictures)],
    )


@pytest.fixture(scope="module")
def pets(starter: Classifier, pictures: Pictures) -> tuple[Floats, list[str], list[str]]:
    images = pictures("catdog/cat/*", 0, 30) + pictures("catdog/dog/*", 0, 30)
    labels = ["cat"] * 30 + ["dog"] * 30
    return starter.embed(images), labels, [str(number % 6) for number in range(60)]


def test_a_few_pictures_teach_cats_and_dogs_and_the_package_runs(
    tmp_path: Path, starter: Classifier, pictures: Pictures, pets: tuple[Floats, list[str], list[str]]
) -> None:
    features, labels, groups = pets
    head = fit_head(features, labels, groups)
    assert head.measured["held_out_accuracy"] == pytest.approx(1.0, abs=0.1)
    package = write_head_package(
        tmp_path / "pets", head, task="pets", name="pets", version="1", trained_on={"data": "catdog"}
    )
    assert ModelPackage.load(tmp_path / "pets").card == package.card
    unseen = pictures("catdog/cat/*", 30, 50) + pictures("catdog/dog/*", 30, 50)
    classifier = Classifier(package, threads=2)
    called = [prediction.label for prediction in classifier.predict(unseen)]
    right = [label == name for label, name in zip(called, ["cat"] * 20 + ["dog"] * 20, strict=True)]
    assert sum(right) >= 36
    assert called.count(UNKNOWN) <= 4
    np.testing.assert_allclose(classifier.embed(unseen[:2]), starter.embed(unseen[:2]), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        classifier.logits(unseen[:4]), head.logits(starter.embed(unseen[:4])), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("features", [4, 20, 300])
def test_fewer_and_more_features_than_pictures(features: int) -> None:
    points, labels, groups = clouds(features=features, spread=0.1)
    head = fit_head(points, labels, groups)
    assert head.classes == ("hen0", "hen1", "hen2")
    assert head.measured["held_out_accuracy"] == 1.0
    called = np.array(head.classes)[head.logits(points).argmax(axis=1)]
    assert called.tolist() == labels


def test_scaling_the_features_changes_nothing() -> None:
    points, labels, groups = clouds(spread=1.0)
    first, second = (fit_head(values, labels, groups) for values in (points, points * 100 + 7))
    np.testing.assert_allclose(first.logits(points), second.logits(points * 100 + 7), atol=1e-2)


def test_a_group_is_never_on_both_sides() -> None:
    """Features that give away the group and nothing else: a leaking split would score them perfectly."""
    rng = np.random.default_rng(0)
    groups = [f"visit{number // 5}" for number in range(100)]
    marks = rng.normal(size=(20, 30))
    points = np.repeat(marks, 5, axis=0).astype(np.float32)
    labels = [str(rng.integers(2)) for _ in range(20) for _ in range(1)]
    head = fit_head(points, [labels[number // 5] for number in range(100)], groups)
    accuracy = head.measured["held_out_accuracy"]
    assert isinstance(accuracy, float)
    assert accuracy < 0.8


def test_what_cannot_be_told_apart_is_unknown() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 10)).astype(np.float32)
    labels = [str(number % 2) for number in range(200)]
    groups = [str(number // 20) for number in range(200)]
    head = fit_head(points, labels, groups)
    probabilities = np.exp(head.logits(points) / head.temperature)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    limits = np.array([head.thresholds[name] for name in head.classes])
    believed = probabilities.max(axis=1) >= limits[probabilities.argmax(axis=1)]
    assert believed.mean() < 0.1


def test_calibration_lowers_the_loss_of_a_head_that_is_too_sure() -> None:
    points, labels, groups = clouds(spread=1.5, pictures=120, features=100)
    head = fit_head(points, labels, groups)
    loss = head.measured["held_out_log_loss"]
    assert isinstance(loss, float)
    assert loss < np.log(3)  # better than saying nothing
    assert all(0.5 <= value <= 1 for value in head.thresholds.values())


def test_the_same_pictures_teach_the_same_head() -> None:
    first, second = (fit_head(*clouds(spread=1.0)) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert first.thresholds == second.thresholds


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda x, y, g: (x[:-1], y, g), "do not fit 40 labels"),
        (lambda x, y, g: (x, y, g[:-1]), "39 groups"),
        (lambda x, y, g: (x, ["hen"] * len(y), g), "1 classes in 4 groups"),
        (lambda x, y, g: (x, y, ["day"] * len(g)), "3 classes in 1 groups"),
        (lambda x, y, g: (np.where(x > 1, np.nan, x), y, g), "not finite"),
        (lambda x, y, g: (np.ones_like(x), y, g), "same features"),
        (lambda x, y, g: (x[:0], [], []), "0 classes"),
    ],
)
def test_what_cannot_teach_is_refused(
    change: Callable[[Floats, list[str], list[str]], tuple[Floats, list[str], list[str]]], complaint: str
) -> None:
    with pytest.raises(HeadError, match=complaint):
        fit_head(*change(*clouds()))


def test_a_head_for_other_features_is_not_written(tmp_path: Path) -> None:
    head = fit_head(*clouds(features=20))
    with pytest.raises(ModelPackageError):
        write_head_package(tmp_path / "p", head, task="hens", name="p", version="1", trained_on={})
    assert not list(tmp_path.iterdir())


def test_it_needs_no_tensorflow() -> None:
    code = "import sys, training.head; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
