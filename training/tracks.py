"""Which tracks that nobody named are looked at, to teach what hens differ in: see `training.unnamed`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from coop.classify.judge import is_coloured
from coop.domain.survey import Tracked
from training.labelled import LabelledDataError, read_picture
from training.quick import Embeds, at_most
from training.unnamed import Tracks

LOOKS = 5
"""Of a track so many pictures are looked at; of fewer than `FEWEST` it says little."""
FEWEST = 3
MOST = 120
"""So many tracks, some ten seconds of one core, evenly over all there are."""


Run = tuple[Tracked, ...]


def runs(
    pictures: Sequence[Tracked], named: Collection[str], days: Collection[str], most: int = MOST
) -> list[Run]:
    """Tracks worth a look, without pictures that are ``named`` already, and ``days`` to be judged by."""
    open_to_it = [
        one
        for one in pictures
        if one.picture not in named and (one.day is None or one.day.isoformat() not in days)
    ]
    found = [tuple(run) for _, run in groupby(open_to_it, key=lambda one: (one.camera, one.track))]
    found = [run for run in found if len(run) >= FEWEST]
    return [found[int(k)] for k in np.linspace(0, len(found) - 1, min(most, len(found)))]


def look(found: Sequence[Run], eye: Embeds, tell: Callable[[int], None] | None = None) -> Tracks:
    """Look at tracks. Pictures without colours, such as the infrared ones of a night, are left out."""
    looks, kept = [], []
    for number, run in enumerate(found, start=1):
        seen = [
            picture
            for k in np.linspace(0, len(run) - 1, min(LOOKS, len(run)))
            if (picture := _picture(run[int(k)])) is not None and is_coloured(picture)
        ]
        if len(seen) >= FEWEST:
            looks.append(eye.embed([at_most(picture) for picture in seen]).astype(np.float64))
            kept.append(run)
        if tell is not None:
            tell(number)
    return Tracks(looks=tuple(looks), apart=together(kept))


def together(found: Sequence[Run]) -> tuple[tuple[int, int], ...]:
    """The pairs of tracks of one camera of which each was there while the other was."""
    return tuple(
        (a, b)
        for a, one in enumerate(found)
        for b, other in enumerate(found[:a])
        if one[0].camera == other[0].camera
        and one[0].track != other[0].track
        and one[0].time <= other[-1].time
        and other[0].time <= one[-1].time
    )


def _picture(one: Tracked) -> npt.NDArray[np.uint8] | None:
    try:
        return read_picture(one.file)
    except LabelledDataError:
        return None
