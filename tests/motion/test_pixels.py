"""Some pixels of a picture by their numbers."""

from __future__ import annotations

import numpy as np

from coop.motion.pixels import colours, mask_of, places_of, put, set_colours


def test_a_mask_as_numbers_and_back() -> None:
    mask = np.where(np.random.default_rng(3).random((7, 11)) < 0.3, 255, 0).astype(np.uint8)

    at = places_of(mask)

    assert at.tolist() == np.flatnonzero(mask).tolist()
    again = np.zeros_like(mask)
    put(again, at, 255)
    assert np.array_equal(again, mask)
    assert np.array_equal(mask_of(mask > 0), mask)


def test_the_colours_of_some_pixels_are_read_and_written_and_others_stay() -> None:
    planes = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    before, at = planes.copy(), np.array([0, 7, 19])

    read = colours(planes, at)
    assert np.array_equal(read[:, 1], planes[:, 1, 2])
    set_colours(planes, at, read + 1)

    changed = planes != before
    assert changed.sum() == 9
    assert changed[:, 1, 2].all()
