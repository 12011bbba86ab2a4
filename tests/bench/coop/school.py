"""Models for the bench, learned from the truth of training seeds: never of those judged."""

from __future__ import annotations

from datetime import UTC, date
from pathlib import Path

from coop.classify.judge import HENS, KINDS, is_coloured
from coop.classify.nest import NEST
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter
from coop.commands.lesson import Lesson, look, look_at_nests
from coop.frame.sim.source import SimSource, open_sim
from training.baseline import teach_density, teach_head

CROPS_OF = 2
"""Of so many seeds hens are learned; nests of all, since three eggs in one are rare."""


def source_of(flock: int, seed: int, days: int, start: date, *, hard: bool) -> SimSource:
    """Some days of a flock; ``hard`` with thieves, strangers, hens that stay out, and camera faults."""
    extra = "&trouble=1" if hard else ""
    return open_sim(f"sim://?flock={flock}&seed={seed}&days={days}&start={start.isoformat()}{extra}", "coop")


def learn(folder: Path, flock: int, seeds: tuple[int, ...], days: int, start: date) -> dict[str, str]:
    """Teach all three tasks from the training seeds; says of each how good it is on days held out."""
    features = Classifier(ModelPackage.load(ensure_starter(folder)), threads=1).embed
    crops, nests = Lesson(), Lesson()
    for number, seed in enumerate(seeds):
        source = source_of(flock, seed, days, start, hard=True)
        if number < CROPS_OF:
            _join(crops, look(source, UTC), seed)
        _join(nests, look_at_nests(source, UTC), seed)
    embedded = features(crops.pictures)
    known = source.flock.names
    hens = [i for i, subject in enumerate(crops.subjects) if subject in known]
    names, days_of = [crops.subjects[i] for i in hens], [crops.groups[i] for i in hens]
    coloured = [is_coloured(crops.pictures[i]) for i in hens]
    return {
        KINDS: teach_head(folder / KINDS, KINDS, embedded, crops.kinds, crops.groups),
        HENS: teach_head(folder / HENS, HENS, embedded[hens], names, days_of, coloured),
        NEST: teach_density(folder / NEST, NEST, nests.pictures, nests.kinds, nests.groups),
    }


def _join(lesson: Lesson, other: Lesson, seed: int) -> None:
    lesson.pictures += other.pictures
    lesson.kinds += other.kinds
    lesson.subjects += other.subjects
    lesson.groups += [f"{seed}/{group}" for group in other.groups]
