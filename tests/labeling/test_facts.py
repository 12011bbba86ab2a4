"""What is measured of a picture, against the peer that defines it."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
import pytest
from fakes.pictures import drawn, jpeg
from PIL import Image, ImageFilter

from labeling.facts import NEAR, distances, facts_of, phash
from labeling.pictures import read_picture


@pytest.mark.parametrize("seed", range(20))
def test_the_hash_is_that_of_imagehash(seed: int) -> None:
    image = drawn(seed, (90 + seed, 300 - seed))
    assert phash(image.convert("L")) == int(str(imagehash.phash(image)), 16)


def test_the_hash_is_that_of_imagehash_on_real_pictures(test_data: Path) -> None:
    for file in sorted((test_data / "nestcam").glob("*.jpg"))[::30]:
        with Image.open(file) as image:
            assert phash(image.convert("L")) == int(str(imagehash.phash(image)), 16), file.name


def test_near_duplicates_are_near_and_others_far() -> None:
    facts = [facts_of(drawn(seed, (320, 240))) for seed in range(40)]
    saved_again = facts_of(read_picture(jpeg(0, (320, 240), quality=40)).image)
    away = distances([fact.phash for fact in facts], saved_again.phash)
    assert away[0] <= NEAR < min(away[1:])


def test_brightness_contrast_and_sharpness_say_what_they_mean() -> None:
    grey = Image.new("L", (100, 60), 77)
    facts = facts_of(grey)
    assert (facts.brightness, facts.contrast, facts.sharpness) == (77, 0, 0)
    halves = Image.fromarray(np.repeat(np.array([[0, 200]], np.uint8), 128, axis=1).repeat(256, axis=0))
    assert facts_of(halves).brightness == pytest.approx(100)
    assert facts_of(halves).contrast == pytest.approx(100)
    blurred = drawn(1, (320, 240)).filter(ImageFilter.GaussianBlur(4))
    assert facts_of(drawn(1, (320, 240))).sharpness > facts_of(blurred).sharpness


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 2)])
def test_the_smallest_pictures_have_facts(size: tuple[int, int]) -> None:
    assert 0 <= facts_of(Image.new("RGB", size, "red")).phash < 1 << 64
