"""A fixed camera is recognised, what stands before its backdrop is cut out, and put into other pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.answers import Answers
from training.backdrop import Backdrop, joined, matched
from training.labelled import read_labelled, read_picture
from training.stream import Stream

SIZE = (96, 128)


def place() -> np.ndarray:
    """Straw, and a beam before it."""
    picture = np.random.default_rng(1).uniform(0.3, 0.5, (*SIZE, 3))
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5)
    cv2.rectangle(picture, (0, 10), (127, 22), (0.2, 0.25, 0.3), -1)
    return picture.astype(np.float32)


def shown(number: int, hen: tuple[int, int] | None = None, colour: float = 0.95) -> np.ndarray:
    """The place in another exposure, with or without a hen."""
    random = np.random.default_rng(number)
    picture = place()
    if hen is not None:
        cv2.circle(picture, hen, 14, (colour,) * 3, -1)
    noise = random.normal(0, 0.01, picture.shape)
    return np.clip(picture * random.uniform(0.6, 1.3) + random.uniform(-0.05, 0.05) + noise, 0, 1).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def backdrop() -> Backdrop:
    hens = [(20 + 11 * n, 40 + 5 * n) if n % 2 else None for n in range(10)]
    return Backdrop(np.stack([shown(n, hen) for n, hen in enumerate(hens)]))


def test_the_empty_place_is_found_behind_the_hens(backdrop: Backdrop) -> None:
    assert backdrop.fixed
    empty = matched(place(), backdrop.empty)
    assert float(np.abs(empty - backdrop.empty).mean()) < 0.03


def test_a_hen_is_cut_out_and_an_empty_place_is_not(backdrop: Backdrop) -> None:
    mask = backdrop.mask(shown(50, (60, 60)))
    truth = cv2.circle(np.zeros(SIZE, np.float32), (60, 60), 14, 1.0, -1)
    overlap = np.minimum(mask, truth).sum() / np.maximum(mask, truth).sum()
    assert overlap > 0.6
    assert backdrop.mask(shown(51)).max() < 0.5


def test_two_hens_who_never_met_are_in_one_picture(backdrop: Backdrop) -> None:
    base, donor = shown(60, (30, 60), colour=0.02), shown(61, (100, 60))
    random = np.random.default_rng(0)
    both = joined(base, matched(donor, base), (backdrop.mask(base), backdrop.mask(donor)), random)
    assert both is not None
    changed = np.abs(both - base).mean(axis=2) > 0.1
    assert 200 < changed.sum() < 0.4 * changed.size
    assert both[60, 30].mean() < 0.3  # the dark one is still there
    nothing = np.zeros(SIZE, np.float32)
    assert joined(base, donor, (nothing, nothing), random) is None


def nest(folder: Path, *, fixed: bool = True) -> Stream:
    """White or brown or none, never both; of a fixed camera, or of one that looks elsewhere each time."""
    lines = ["path,label,group"]
    for n in range(18):
        label = ("white", "brown", "none")[n % 3]
        picture = shown(n, None if label == "none" else (25 + 4 * n, 50), 0.95 if label == "white" else 0.02)
        if not fixed:
            noise = np.random.default_rng(n).uniform(0, 1, (12, 16, 3)).astype(np.float32)
            picture = cv2.resize(noise, SIZE[::-1])
        cv2.imwrite(str(folder / f"{n}.png"), picture * 255)
        lines.append(f"{n}.png,{label},day {n // 6}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    pictures = read_labelled(folder / "labels.csv")
    answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
    return Stream(
        examples=pictures.examples, answers=answers, learned=np.arange(18), side=96, recipe="places"
    )


def test_every_set_is_learned_as_often_as_any_other_also_those_never_seen(tmp_path: Path) -> None:
    source = nest(tmp_path)
    assert len(source.donors) == 12
    pictures, targets = source.batch(1, 160)
    sets = {(0, 0): 0, (0, 1): 0, (1, 0): 0, (1, 1): 0}
    for brown, white in targets.astype(int).tolist():
        sets[brown, white] += 1
    assert min(sets.values()) > 20 and max(sets.values()) < 70
    assert 0 <= pictures.min() <= pictures.max() <= 255


def test_pictures_of_many_places_are_not_joined(tmp_path: Path) -> None:
    source = nest(tmp_path, fixed=False)
    assert source.donors == ()
    assert source.batch(1, 48)[1].sum(axis=1).max() == 1


def test_real_cameras_and_collections_are_told_apart(test_data: Path) -> None:
    def read(pattern: str) -> np.ndarray:
        files = sorted(test_data.glob(pattern))[:24]
        return np.stack([cv2.resize(read_picture(f), (160, 120)) for f in files]).astype(np.float32) / 255

    assert Backdrop(read("nestcam/*.jpg")).fixed
    assert Backdrop(read("nestboxes/*.jpg")).fixed
    assert not Backdrop(read("catdog/*/*.jpg")).fixed
    assert not Backdrop(read("nestcam/*.jpg")[:5]).fixed  # too few to say
