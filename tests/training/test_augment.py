"""Variations of pictures: repeatable, within bounds, and none of them does nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.augment import RECIPES, Variation, contact_sheet, infrared, lit, mirrored, titled, varied


@pytest.fixture(scope="module")
def picture(test_data: Path) -> np.ndarray:
    image = cv2.imread(str(test_data / "nestcam" / "20161002124153.jpg"))
    return np.asarray(cv2.resize(image, (160, 120)), dtype=np.uint8)


EACH = {step.variation.__name__: step.variation for recipe in RECIPES.values() for step in recipe}


@pytest.mark.parametrize("name", list(EACH))
def test_each_variation_changes_a_picture_and_keeps_its_form(name: str, picture: np.ndarray) -> None:
    values = picture.astype(np.float32) / 255
    before = values.copy()
    variation: Variation = EACH[name]
    results = [variation(values, np.random.default_rng(seed)) for seed in range(5)]
    assert all(r.shape == values.shape and r.dtype == np.float32 and np.isfinite(r).all() for r in results)
    assert any(np.abs(result - values).max() > 0.01 for result in results)
    np.testing.assert_array_equal(values, before)  # the picture itself is left alone


@pytest.mark.parametrize("recipe", list(RECIPES))
def test_the_same_seed_gives_the_same_variation(recipe: str, picture: np.ndarray) -> None:
    one, same, other = (varied(picture, RECIPES[recipe], np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert one.shape == picture.shape and one.dtype == np.uint8
    assert (one != other).any()


def test_light_changes_little_on_average(picture: np.ndarray) -> None:
    """Else the network learns pictures that no camera takes."""
    values = picture.astype(np.float32) / 255
    means = [lit(values, np.random.default_rng(seed)).mean() / values.mean() for seed in range(300)]
    assert 0.8 < float(np.median(means)) < 1.2


def test_infrared_has_hardly_any_colour(picture: np.ndarray) -> None:
    grey = infrared(picture.astype(np.float32) / 255, np.random.default_rng(0))
    assert float((grey.max(axis=2) / np.maximum(grey.min(axis=2), 1e-6)).max()) < 1.3


def test_mirrored_twice_is_the_picture(picture: np.ndarray) -> None:
    values = picture.astype(np.float32)
    random = np.random.default_rng(0)
    np.testing.assert_array_equal(mirrored(mirrored(values, random), random), values)


def test_the_contact_sheet_begins_each_row_with_the_picture_itself(picture: np.ndarray) -> None:
    sheet = contact_sheet([picture, picture[:, ::-1]], RECIPES["places"], variants=3, side=64)
    assert sheet.shape == (2 * 64, 4 * 64, 3)
    np.testing.assert_array_equal(sheet[:64, :64], sheet[64:, :64][:, ::-1])


def test_a_titled_sheet_is_the_sheet_below_its_title(picture: np.ndarray) -> None:
    sheet = contact_sheet([picture, picture], RECIPES["crops"], variants=3, side=64)
    shown = titled(sheet, "crops", 2)
    top = shown.shape[0] - sheet.shape[0]
    assert shown.shape[1:] == sheet.shape[1:] and top > 20
    assert shown[:top].min() < 80, "there are words"
    assert (shown[top:] != sheet).any(axis=2).mean() < 0.12, "but for the lines nothing is covered"
    assert (titled(sheet, "", 2)[:top] != shown[:top]).any()
