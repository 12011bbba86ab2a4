"""Pictures that nobody labelled, as more to learn from: those a network is surest of, and not too many.

The pseudo-labels of Lee (2013), with a cap: they are at most three in ten of what is learned from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from coop.classify.card import NONE, TaskMode
from training.answers import Answers, Doubles
from training.fitting import Fitted, Ground
from training.head import best_temperature
from training.labelled import Example, is_readable
from training.tune import raw_outputs, task_logits

Numbers = npt.NDArray[np.intp]

SHARE = 0.3
"""Of what is learned from pseudo-labels are at most so much."""
SURE = 0.9
"""Pictures whose answer is less probable teach what is not so."""
MOST_ASKED = 2_000


def most(labelled: int, share: float = SHARE) -> int:
    """How many pseudo-labels may be added to so many labels."""
    return int(labelled * share / (1 - share) + 1e-9)


def chosen(
    fitted: Fitted, ground: Ground, learned: Numbers, unlabelled: Sequence[Example]
) -> tuple[Example, ...]:
    """The unlabelled pictures of which the network is surest, labelled by it: of each answer as many, at most
    `most` of them together. How sure it may be is calibrated on the pictures that it learned from."""
    some = thinned(unlabelled, MOST_ASKED)
    if not some:
        return ()
    asked, numbers = ground.with_more([replace(e, answer=_any_answer(ground.answers)) for e in some])
    known = ground.answers.of(learned)
    temperature = max(1.0, best_temperature(fitted.logits(learned), known)[0])
    shown = replace(fitted.stream, examples=asked.pictures.examples).plain(numbers)
    logits = task_logits(ground.answers, raw_outputs(fitted.model, shown)) / temperature
    return tuple(
        replace(some[k], answer=answer) for k, answer in surest(ground.answers, logits, most(len(learned)))
    )


def surest(answers: Answers, logits: Doubles, count: int) -> list[tuple[int, frozenset[str]]]:
    """The pictures of which the logits are surest, with what they say; every answer's turn in a round."""
    there, absent = answers.log_probabilities(logits)
    said = answers.said(logits)
    each = np.where(said, there, absent if answers.mode is TaskMode.MULTI else 0.0)
    sure = np.exp(each.sum(axis=1))
    by_answer: dict[frozenset[str], list[int]] = {}
    for k in np.argsort(-sure, kind="stable"):
        if sure[k] >= SURE:
            answer = frozenset(n for n, there in zip(answers.classes, said[k], strict=True) if there)
            by_answer.setdefault(answer, []).append(int(k))
    found: list[tuple[int, frozenset[str]]] = []
    while len(found) < count and any(by_answer.values()):
        for answer, numbers in by_answer.items():
            if numbers and len(found) < count:
                found.append((numbers.pop(0), answer))
    return found


def thinned(examples: Sequence[Example], count: int) -> Sequence[Example]:
    """At most so many of them, evenly."""
    if len(examples) <= count:
        return examples
    return [examples[int(k)] for k in np.linspace(0, len(examples) - 1, count)]


def _any_answer(answers: Answers) -> frozenset[str]:
    """Some answer, for pictures that are only looked at."""
    label = answers.labels[0]
    empty = answers.mode is TaskMode.MULTI and label in ("", NONE)
    return frozenset() if empty else frozenset(label.split("|"))


def not_among(unlabelled: Sequence[Example], labelled: Sequence[Example]) -> tuple[Example, ...]:
    """Those whose very bytes are none of the labelled pictures', and each once."""
    seen = {_digest(example) for example in labelled}
    found = []
    for example in thinned(unlabelled, 2 * MOST_ASKED):
        if is_readable(example.path) and (digest := _digest(example)) not in seen:
            seen.add(digest)
            found.append(example)
    return tuple(found)


def _digest(example: Example) -> bytes:
    return hashlib.sha256(example.path.read_bytes()).digest()
