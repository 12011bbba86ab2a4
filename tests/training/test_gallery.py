"""Who is known, and who is a stranger: chosen on groups held out, and the same in the package that runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from coop.classify.gallery import IDENTITY
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from training.gallery import Flock, TooFewKnownError, get_familiar, get_familiar_tuned
from training.head import fit_head, write_head_package

Pictures = Callable[..., list[npt.NDArray[np.uint8]]]
Floats = npt.NDArray[np.float32]

FOLDERS = ("catdog/cat/*", "catdog/dog/*", "raccoon/images/*")
HENS = ("Alba", "Berta", "Clara", "Dora")
SIZE = 40
"""Of the features of these flocks; their hens differ in few of them, and each day in others."""


def flock_of(names: tuple[str, ...], seed: int, each: int = 40) -> tuple[Floats, list[str], list[str]]:
    """Pictures of hens over four days, whose light changes all of them alike."""
    plumage = {name: np.random.default_rng(n).normal(0, 1, SIZE) for n, name in enumerate((*HENS, "Zita"))}
    random = np.random.default_rng(seed)
    days = random.normal(0, 1, (4, 3)) @ np.random.default_rng(99).normal(0, 0.3, (3, SIZE))
    labels = [name for name in names for _ in range(each)]
    day = np.arange(len(labels)) % 4
    rows = (
        np.stack([plumage[name] for name in labels]) + days[day] + random.normal(0, 0.6, (len(labels), SIZE))
    )
    return rows.astype(np.float32), labels, [f"day {n}" for n in day]


def test_an_unseen_bird_is_far_from_all_and_the_flock_is_near() -> None:
    familiar = get_familiar(Flock.of(*flock_of(HENS, 1)))
    assert familiar.measured["of the flock's own tracks called strange"] <= 0.02
    assert familiar.measured["of each hen's tracks, she taken for a stranger, found"] >= 0.9
    assert familiar.gallery.embeddings.shape == (160, len(HENS) - 1)

    def distances(names: tuple[str, ...]) -> npt.NDArray[np.float64]:
        rows, _, _ = flock_of(names, 2)  # other days
        seen = (rows @ familiar.weights.T + familiar.bias).reshape(-1, 5, len(HENS) - 1)
        return np.array([np.mean([familiar.gallery.distance(one) for one in track]) for track in seen])

    assert (distances(HENS) <= familiar.within).mean() >= 0.9
    assert (distances(("Zita",)) > familiar.within).all()


def test_a_network_that_learned_from_the_pictures_is_judged_by_those_it_did_not_see() -> None:
    rows, labels, groups = flock_of(HENS, 1)
    held = np.array(groups) == "day 3"
    flock = Flock.of(rows, labels, groups)
    flattered = get_familiar_tuned(flock, flock, flock).within
    assert get_familiar_tuned(flock, flock.some(~held), flock.some(held)).within > flattered


@pytest.mark.parametrize(
    ("names", "each", "dark", "told"),
    [(("Alba",), 40, 0, "two hens"), (HENS, 8, 0, "pictures of Alba"), (HENS, 12, 12, "pictures of Alba")],
)
def test_too_little_is_said_with_what_to_do(names: tuple[str, ...], each: int, dark: int, told: str) -> None:
    rows, labels, groups = flock_of(names, 1, each)
    with pytest.raises(TooFewKnownError, match=rf"{told}.*10 pictures by day"):
        Flock.of(rows, labels, groups, [n >= dark for n in range(len(labels))]).checked(labels)


def test_pictures_of_no_hen_are_none_of_the_flock() -> None:
    rows, labels, groups = flock_of((*HENS, "Zita"), 1)
    labels = ["other" if name == "Zita" else name for name in labels]
    assert Flock.of(rows, labels, groups).hens == list(HENS)


def test_the_package_knows_the_flock_as_training_did(
    tmp_path: Path, starter: Classifier, pictures: Pictures
) -> None:
    """Real pictures: cats, dogs and raccoons are at home here, and all other things are strangers."""
    known = [picture for folder in FOLDERS for picture in pictures(folder, 0, 30)]
    features, labels = starter.embed(known), [folder.split("/")[-2] for folder in FOLDERS for _ in range(30)]
    groups = [str(number % 6) for number in range(90)]
    familiar = get_familiar(Flock.of(features, labels, groups))
    head = replace(fit_head(features, labels, groups), familiar=familiar)
    write_head_package(tmp_path / "hens", head, task="hens", name="hens", version="1", trained_on={})
    package = ModelPackage.load(tmp_path / "hens")
    assert package.card.familiar_within == familiar.within
    assert package.card.measured["strangers"] == familiar.measured
    classifier = Classifier(package)
    assert IDENTITY in classifier._network.outputs

    def strangeness(images: list[npt.NDArray[np.uint8]]) -> list[float]:
        found = [one.strangeness for one in classifier.predict(images)]
        assert all(value is not None for value in found)
        return [float(value or 0) for value in found]

    here = familiar.gallery.distance(features[0] @ familiar.weights.T + familiar.bias) / familiar.within
    assert strangeness(known[:1]) == pytest.approx([here], rel=0.01)
    at_home = strangeness(pictures(FOLDERS[0], 60, 80))
    strangers = strangeness(pictures("imagenet-sample/*.jpg", 300, 1000, 35))
    assert np.median(at_home) < 1 < np.median(strangers)
