"""Who is known, and who is a stranger: chosen on groups held out, and the same in the package that runs."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from coop.classify.card import TaskMode
from coop.classify.gallery import IDENTITY
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.domain.survey import Tracked
from training.best import _telling_strangers
from training.gallery import Familiar, Flock, TooFewKnownError, get_familiar, get_familiar_tuned
from training.head import Head, fit_head, write_head_package
from training.labelled import Example, LabelledSet
from training.naming import better_named
from training.quick import Looked, Trial
from training.tracks import look, runs, together
from training.unnamed import Tracks

Pictures = Callable[..., list[npt.NDArray[np.uint8]]]
Floats = npt.NDArray[np.float32]

FOLDERS = ("catdog/cat/*", "catdog/dog/*", "raccoon/images/*")
HENS = ("Alba", "Berta", "Clara", "Dora")
SIZE = 40
"""Of the features of these flocks; their hens differ in few of them, and each day in others."""


def plumages() -> dict[str, npt.NDArray[np.float64]]:
    return {name: np.random.default_rng(n).normal(0, 1, SIZE) for n, name in enumerate((*HENS, "Zita"))}


def flock_of(names: tuple[str, ...], seed: int, each: int = 40) -> tuple[Floats, list[str], list[str]]:
    """Pictures of hens over four days, whose light changes all of them alike."""
    plumage = plumages()
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


def tracks_of(names: tuple[str, ...], each: int, moods: npt.NDArray[np.float64]) -> Tracks:
    """Tracks of hens whose looks differ by their moods, which say nothing of who they are."""
    plumage = plumages()
    random = np.random.default_rng(8)
    looks = [
        plumage[name] + random.normal(0, 1, (5, len(moods))) @ moods + random.normal(0, 0.6, (5, SIZE))
        for _ in range(each)
        for name in names
    ]
    return Tracks(looks=tuple(looks), apart=tuple((k, k + 1) for k in range(0, len(looks) - 1, 2)))


def moody(names: tuple[str, ...], seed: int, each: int, moods: npt.NDArray[np.float64]) -> tuple[
    Floats, list[str], list[str]
]:  # fmt: skip
    rows, labels, days = flock_of(names, seed, each)
    off = np.random.default_rng(seed + 50).normal(0, 1, (len(rows), len(moods))) @ moods
    return (rows + off).astype(np.float32), labels, days


def test_tracks_that_nobody_named_teach_what_hens_do_not_differ_in() -> None:
    """Few labelled pictures cannot tell mood from plumage; what changes within a track is mood."""
    moods = np.random.default_rng(77).normal(0, 1.2, (6, SIZE))
    few = Flock.of(*moody(HENS, 1, 10, moods))
    tracks = tracks_of(HENS, 15, moods)
    plain, taught = get_familiar(few), get_familiar(few, tracks=tracks)
    assert (plain.tracks, taught.tracks) == (0, 60)
    found = "of each hen's tracks, she taken for a stranger, found"
    assert taught.measured[found] > plain.measured[found]
    rows, labels, _ = moody((*HENS, "Zita"), 2, 40, moods)  # other days

    def apart(familiar: Familiar) -> float:
        seen = (rows @ familiar.weights.T + familiar.bias).reshape(-1, 5, len(HENS) - 1)
        far = np.array([np.mean([familiar.gallery.distance(one) for one in track]) for track in seen])
        strange = np.array(labels)[::5] == "Zita"
        return float((far[strange][:, None] > far[~strange]).mean())

    assert apart(taught) > apart(plain)
    assert get_familiar(few, tracks=Tracks(looks=(), apart=())).tracks == 0

    hens = np.stack([plumages()[name] for name in HENS])
    random = np.random.default_rng(4)
    mixed = tuple(hens + random.normal(0, 0.2, hens.shape) for _ in range(60))  # each is of four hens
    assert get_familiar(few, tracks=Tracks(looks=mixed, apart=())).tracks == 0


def test_hens_are_named_by_the_nearest_middle_where_that_is_better() -> None:
    moods = np.random.default_rng(77).normal(0, 0.25, (20, SIZE))

    def alike(seed: int, each: int) -> tuple[Floats, list[str], list[str]]:
        """Hens that differ less, in many small moods."""
        rows, labels, days = moody(HENS, seed, each, moods)
        return rows - 0.6 * np.stack([plumages()[name] for name in labels]).astype(np.float32), labels, days

    rows, labels, days = alike(1, 8)
    tracks = tracks_of(HENS, 40, moods)
    for number, looks in enumerate(tracks.looks):
        looks -= 0.6 * plumages()[HENS[number % len(HENS)]]
    head, flock = fit_head(rows, labels, days), Flock.of(rows, labels, days)
    named = better_named(head, flock, rows, labels, days, tracks, precision=0.95)
    assert named is not head and named.classes == head.classes
    assert float(str(named.measured["held_out_log_loss"])) < float(str(head.measured["held_out_log_loss"]))
    new, truth, _ = alike(2, 40)

    def right(one: Head) -> float:
        return float((np.array(one.classes)[one.logits(new).argmax(axis=1)] == np.array(truth)).mean())

    assert right(named) > right(head)
    strange = replace(head, classes=("Alba", "Berta", "Clara", "Dora", "other"))
    assert better_named(strange, flock, rows, labels, days, None, precision=0.95) is strange


def test_the_precision_that_is_asked_for_is_that_of_the_nearest_middle_too() -> None:
    moods = np.random.default_rng(77).normal(0, 0.25, (20, SIZE))
    rows, labels, days = moody(HENS, 1, 10, moods)
    rows = rows - 0.6 * np.stack([plumages()[name] for name in labels]).astype(np.float32)
    tracks = tracks_of(HENS, 40, moods)
    for number, looks in enumerate(tracks.looks):
        looks -= 0.6 * plumages()[HENS[number % len(HENS)]]
    examples = tuple(
        Example(path=Path(f"{n}.png"), answer=frozenset({label}), group=day)
        for n, (label, day) in enumerate(zip(labels, days, strict=True))
    )
    flock = LabelledSet(source=Path("hens.csv"), mode=TaskMode.SINGLE, classes=HENS, examples=examples)
    seen = Looked(
        trials=(Trial(recipe="", head=fit_head(rows, labels, days)),), features=rows,
        coloured=(True,) * len(rows),
    )  # fmt: skip
    limits = []
    for precision in (0.5, 0.99):
        console = Console(file=io.StringIO())
        named = _telling_strangers(seen, flock, tracks, precision, console)
        assert "Hens are named by the nearest middle" in console.file.getvalue()  # type: ignore[attr-defined]
        limits.append(sum(named.thresholds.values()))
    assert limits[0] < limits[1]


def test_tracks_are_chosen_and_those_at_one_time_are_apart(tmp_path: Path) -> None:
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def walk(track: str, first: int, count: int, camera: str = "run", day: int = 4) -> list[Tracked]:
        return [
            Tracked(
                picture=f"{track} {n}", file=tmp_path / f"{track}-{n}.png", camera=camera, track=track,
                time=noon + timedelta(seconds=first + n), day=date(2026, 5, day),
            )
            for n in range(count)
        ]  # fmt: skip

    pictures = [
        *walk("a", 0, 9), *walk("b", 5, 9), *walk("c", 20, 9), *walk("d", 5, 9, camera="yard"),
        *walk("short", 0, 2), *walk("judged", 0, 9, day=5), *walk("named", 0, 4),
    ]  # fmt: skip
    found = runs(pictures, named={"named 0", "named 1"}, days={"2026-05-05"})
    assert [run[0].track for run in found] == ["a", "b", "c", "d"]
    assert together(found) == ((1, 0),)
    for one in pictures[:18]:
        colour = (30, 60, 110) if one.track == "a" else (90, 90, 90)  # b is infrared: no colours
        cv2.imwrite(str(one.file), np.full((40, 40, 3), colour, dtype=np.uint8))

    class Eye:
        def embed(self, images: Sequence[npt.NDArray[np.uint8]]) -> Floats:
            return np.stack([image.mean(axis=(0, 1)) for image in images]).astype(np.float32)

    tracks = look(found, Eye())
    assert len(tracks.looks) == 1 and tracks.looks[0].shape == (5, 3) and tracks.apart == ()
    three = Tracks(looks=(np.zeros((3, 2)),) * 3, apart=((1, 0), (2, 1)))
    assert three.without({0}).apart == ((1, 0),) and len(three.without({0}).looks) == 2
