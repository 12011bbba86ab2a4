"""What the demo learns its hens from: the simulated flock on other days, labelled by the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

import numpy as np

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.domain.times import local_day
from coop.domain.zone import ZoneKind
from coop.frame.sim.source import SimSource
from coop.motion.zones import bounding_box

PICTURES_EACH = 6
"""Pictures of each hen and each visitor in an hour of the lesson: enough, and learned in seconds."""
EMPTY_SHARE = 0.25
"""How often a picture of nothing is taken too."""
LEAST_VISIBLE = 0.35
NESTS_EACH = 2
"""Pictures of one nest, hour and answer on a day of the lesson."""
NESTS_EVERY_MIN = 6
MOST_HENS = 2
OTHER = "other"

Found = tuple[str, str, Box]
"""Subject, kind and box."""


@dataclass
class Lesson:
    """Labelled pictures of the simulated flock. ``groups`` are days, which are never split."""

    pictures: list[Picture] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def add(self, picture: Picture, kind: str, subject: str, group: str) -> None:
        self.pictures.append(picture)
        self.kinds.append(kind)
        self.subjects.append(subject)
        self.groups.append(group)


def look(source: SimSource, zone: tzinfo, each: int = PICTURES_EACH) -> Lesson:
    """Crops of what moves in a simulated coop, labelled by its truth and spread over the hours of its days.

    At most ``each`` pictures of one subject in an hour; pictures of nothing are the kind "other".
    """
    lesson, rng = Lesson(), np.random.default_rng(0)
    for moment, found in _chosen(source, zone, each, rng).items():
        picture = source.picture(moment)
        taken = [seen.box for seen in source.truth.at(moment)]
        for subject, kind, box in [*found, *_empty(picture, taken, rng)]:
            lesson.add(cut_out(picture, box, rng), kind, subject, local_day(moment, zone).isoformat())
    return lesson


def look_at_nests(source: SimSource, zone: tzinfo, each: int = NESTS_EACH) -> Lesson:
    """Pictures of the nest boxes, labelled with the hens and eggs that can be seen in them.

    At most ``each`` pictures of one nest, hour and answer on a day; in every light. The kinds
    are the answers, as a CSV has them: ``eggs=2|hens=0``.
    """
    lesson, taken = Lesson(), Counter[tuple[str, str, str]]()
    nests = [place for place in source.zones if place.kind is ZoneKind.NEST_BOX]
    boxes = {nest.name: bounding_box(nest, source.width, source.height) for nest in nests}
    for moment in source.truth.frame_times():
        if moment.second or moment.microsecond or moment.minute % NESTS_EVERY_MIN:
            continue
        hens = [seen for seen in source.truth.at(moment) if seen.visible > LEAST_VISIBLE]
        eggs = source.truth.egg_boxes(moment)
        picture = None
        for name, box in boxes.items():
            if any(_middle_in(box, seen.box) for seen in hens if seen.kind != "hen"):
                continue
            here = sum(_middle_in(box, seen.box) for seen in hens)
            answer = f"eggs={sum(_middle_in(box, seen.box) for seen in eggs)}|hens={min(here, MOST_HENS)}"
            hour = f"{moment.astimezone(zone):%Y-%m-%d %H}"
            if taken[name, answer, hour] < each:
                taken[name, answer, hour] += 1
                picture = source.picture(moment) if picture is None else picture
                group = local_day(moment, zone).isoformat()
                lesson.add(picture[box.y : box.bottom, box.x : box.right].copy(), answer, name, group)
    return lesson


def _middle_in(box: Box, other: Box) -> bool:
    x, y = other.centre
    return box.x <= x < box.right and box.y <= y < box.bottom


def _chosen(
    source: SimSource, zone: tzinfo, each: int, rng: np.random.Generator
) -> dict[datetime, list[Found]]:
    """The moments to look at, with what has moved there since the frame before."""
    moving: dict[tuple[str, str], list[tuple[datetime, Found]]] = {}
    before: dict[str, Box] = {}
    for moment in source.truth.frame_times():
        now = {seen.subject: seen for seen in source.truth.at(moment)}
        for subject, seen in now.items():
            if seen.visible > LEAST_VISIBLE and before.get(subject) not in (None, seen.box):
                hour = f"{moment.astimezone(zone):%Y-%m-%d %H}"
                moving.setdefault((subject, hour), []).append((moment, (subject, seen.kind, seen.box)))
        before = {subject: seen.box for subject, seen in now.items()}
    chosen: dict[datetime, list[Found]] = {}
    for found in moving.values():
        for index in rng.permutation(len(found))[:each]:
            moment, what = found[int(index)]
            chosen.setdefault(moment, []).append(what)
    return dict(sorted(chosen.items()))


def _empty(picture: Picture, taken: Sequence[Box], rng: np.random.Generator) -> list[Found]:
    """A box of a hen's size where nothing is, if chance finds one."""
    height, width = picture.shape[:2]
    side = int(rng.integers(40, 120))
    box = Box(int(rng.integers(0, width - side)), int(rng.integers(0, height - side)), side, side)
    free = rng.random() < EMPTY_SHARE and all(box.iou(other) == 0 for other in taken)
    return [(OTHER, OTHER, box)] if free else []


def cut_out(picture: Picture, box: Box, rng: np.random.Generator) -> Picture:
    """The crop as motion might cut it: the box moved a little, and padded more or less."""
    dx, dy = (round(float(v) * side) for v, side in zip(rng.normal(0, 0.06, 2), (box.w, box.h), strict=True))
    grown = Box(box.x + dx, box.y + dy, box.w, box.h).padded(float(rng.uniform(0.05, 0.25)))
    height, width = picture.shape[:2]
    cut = grown.clipped(width, height) or box
    return picture[cut.y : cut.bottom, cut.x : cut.right].copy()
