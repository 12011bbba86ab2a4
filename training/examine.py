"""A look at labelled pictures before anything is learned: what makes training impossible, or poor."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coop.classify.card import TaskMode
from training.labelled import Example, LabelledDataError, LabelledSet, unreadable

_FEW = 3  # names in a sentence
_FEWEST = 4  # pictures: with fewer there is nothing to hold out
_HARDLY = 15


@dataclass(frozen=True, kw_only=True)
class Examined:
    """Pictures to learn from, and what a person should know of them, one sentence each."""

    pictures: LabelledSet
    warnings: tuple[str, ...]


def examine(pictures: LabelledSet) -> Examined:
    """Sort out what cannot be learned from. Raises LabelledDataError where nothing can be.

    Pictures that cannot be read, and identical files with different labels, are left out with a warning.
    """
    bad = set(unreadable(pictures))
    kept = [example for example in pictures.examples if example.path not in bad]
    torn, kept = _contradictions(kept)
    good = LabelledSet(
        source=pictures.source, mode=pictures.mode, classes=pictures.classes, examples=tuple(kept)
    )
    left_out = [
        *_of_files("cannot be read as a picture, and is left out", sorted(bad)),
        *_of_files("is the same file as another one with another label: all of them are left out", torn),
    ]
    _require_something_to_tell(good, left_out)
    return Examined(pictures=good, warnings=(*left_out, *_poor(good)))


def _contradictions(examples: list[Example]) -> tuple[list[Path], list[Example]]:
    """The files whose very bytes have several labels, and the examples without them."""
    same: dict[bytes, list[Example]] = defaultdict(list)
    for example in examples:
        same[hashlib.sha256(example.path.read_bytes()).digest()].append(example)
    torn = {e.path for group in same.values() if len({e.answer for e in group}) > 1 for e in group}
    return sorted(torn), [example for example in examples if example.path not in torn]


def _require_something_to_tell(pictures: LabelledSet, left_out: Sequence[str]) -> None:
    labels, n = Counter(example.label for example in pictures.examples), len(pictures)
    because = f" ({' '.join(left_out).removesuffix('.')})" if left_out else ""
    if len(labels) < 2:
        only = next(iter(labels), None)
        what = "no picture can be used" if only is None else f"all {n} pictures are {only!r}"
        raise LabelledDataError(
            pictures.source,
            f"{what}, so there is nothing to tell apart{because}",
            "Label pictures of something else too"
            if only is not None
            else "Restore the files, or label others",
        )
    # A number between two others can be learned from those; a class is known from its own pictures only.
    if n < _FEWEST or (pictures.mode is not TaskMode.COUNT and n < 2 * len(labels)):
        raise LabelledDataError(
            pictures.source,
            f"{n} pictures of {len(labels)} different answers are too few to learn from{because}",
            "Label at least a few of each",
        )


def _poor(pictures: LabelledSet) -> Iterator[str]:
    """What will make the model worse than it need be."""
    if len(pictures) < _HARDLY:
        yield (
            f"Only {len(pictures)} pictures: a model can be made of them, but its figures say little. "
            "Label more, of other days too."
        )
    by_name: dict[str, set[str]] = defaultdict(set)
    count: Counter[str] = Counter()
    for example in pictures.examples:
        for name in example.answer or {"none"}:
            count[name] += 1
            by_name[name].add(example.group)
    if pictures.mode is not TaskMode.COUNT:
        for name, number in sorted(count.items()):
            if number < 5:
                yield f"{name!r} has {_pictures(number)}: label more, it will hardly be recognised."
            elif len(by_name[name]) == 1 and len(pictures.groups) > 1:
                [group] = by_name[name]
                yield f"All {number} pictures of {name!r} are of {group}: how well it is known is a guess."
        most, least = max(count.values()), min(count.values())
        if most > 20 * least:
            common = count.most_common(1)[0][0]
            yield f"There are {most // least} times as many pictures of {common!r} as of the rarest class."
    if len(pictures.groups) == 1:
        yield (
            "All pictures are of one day or visit: the figures come from other hours of it, and another day "
            "will be harder. Label a second day."
        )


def _of_files(what: str, files: list[Path]) -> Iterator[str]:
    if files:
        names = ", ".join(path.name for path in files[:_FEW])
        more = f" and {len(files) - _FEW} more" if len(files) > _FEW else ""
        yield f"{names}{more} {what}."


def _pictures(number: int) -> str:
    return "only one picture" if number == 1 else f"only {number} pictures"
