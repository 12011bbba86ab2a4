"""Near-duplicates: a visit's pictures that look alike teach little, and weigh what they show too much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coop.domain.dataset import LabelledPicture
from labeling.facts import NEAR, distances


def thinned(pictures: Sequence[LabelledPicture], most: int) -> list[LabelledPicture]:
    """At most ``most`` of those that look alike within a visit and have the same label; the sharpest stay.

    A picture stays unless ``most`` sharper ones that stay look like it. Pictures that look alike with
    different labels all stay: that difference is what is to be learned.
    """
    alike: dict[tuple[str, str], list[LabelledPicture]] = {}
    for picture in pictures:
        alike.setdefault((picture.visit, picture.value), []).append(picture)
    return [kept for group in alike.values() for kept in _thinned(group, most)]


def _thinned(group: list[LabelledPicture], most: int) -> list[LabelledPicture]:
    if len(group) <= most:
        return group
    kept: list[LabelledPicture] = []
    hashes = np.zeros(len(group), np.uint64)
    for picture in sorted(group, key=lambda picture: (-picture.sharpness, picture.sha256)):
        near = distances(hashes[: len(kept)], picture.phash) <= NEAR
        if np.count_nonzero(near) < most:
            hashes[len(kept)] = picture.phash
            kept.append(picture)
    return kept
