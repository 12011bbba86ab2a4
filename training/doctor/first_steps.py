"""At the start: does the network overfit one batch, and better than one that is shown nothing?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from training.doctor.baseline import constant_loss
from training.doctor.finding import Finding, error
from training.doctor.subject import Subject
from training.doctor.trial import RATE, Course, Trial, blank, one_batch

ROWS = 32
STEPS = 80
RATES = (RATE, RATE / 10, RATE * 10)
"""One of them suits the network, if any does."""


def check(subject: Subject) -> Iterator[Finding]:
    """To be called where the model may be changed and is put back afterwards."""
    sample = subject.data.train
    if len(sample) < 4 or not subject.model.trainable_variables or not subject.has_loss:
        return
    target = subject.target
    if target is not None and np.ptp(target[: len(target)], axis=0).max(initial=0) == 0:
        return  # nothing to learn, which is told of elsewhere
    trial = Trial(subject.model)
    batch = one_batch(sample, ROWS)
    courses = []
    for rate in RATES:
        courses.append(trial.run(batch, STEPS, rate))
        if courses[-1].cut or courses[-1].falling or _learned(subject, courses[-1]):
            return
    best = min(range(len(RATES)), key=lambda i: (not np.isfinite(courses[i].last), courses[i].last))
    pair = blank(batch(0))
    yield from _judged(subject, courses[best], trial.run(lambda step: pair, STEPS, RATES[best]))


def _floor(subject: Subject) -> float | None:
    """What a constant answer costs on the batch."""
    batch = subject.data.train.rows(ROWS)[1]
    return constant_loss(subject.loss, subject.model, np.asarray(batch)) if hasattr(batch, "shape") else None


def _learned(subject: Subject, course: Course) -> bool:
    if not np.isfinite(course.last):
        return False
    floor = _floor(subject)
    return course.last < 0.85 * min(course.first, course.first if floor is None else floor)


def _judged(subject: Subject, shown: Course, without: Course) -> Iterator[Finding]:
    told = f"in {len(shown.losses)} steps on the same {ROWS} samples the loss went from {shown.first:.3g} to "
    if not np.isfinite(shown.last) or shown.last > 0.95 * shown.first:
        yield error(
            "cannot-overfit",
            subject.model.name,
            told + f"{shown.last:.3g}",
            "What cannot learn one batch by heart has a fault in its layers, loss or data: look there first.",
        )
    elif shown.last > 0.95 * without.last:
        yield error(
            "ignores-input",
            subject.model.name,
            told + f"{shown.last:.3g}, and to {without.last:.3g} with empty inputs",
            "Nothing of the input arrives at the answer: look at dead or frozen layers and at the inputs.",
        )
