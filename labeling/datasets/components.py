"""What a split must not separate: pictures that share a visit, a day or a declared group, and so on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coop.domain.dataset import LabelledPicture


def components(pictures: Sequence[LabelledPicture]) -> list[list[LabelledPicture]]:
    """The pictures in sets that share nothing with one another, each in the order of hashes, by its first.

    Groups of two imports are two, whatever they are called.
    """
    parents: dict[object, object] = {}

    def root(thing: object) -> object:
        parents.setdefault(thing, thing)
        while parents[thing] != thing:
            parents[thing] = parents[parents[thing]]
            thing = parents[thing]
        return thing

    for picture in pictures:
        first, *others = _ties(picture)
        for other in others:
            parents[root(other)] = root(first)
    found: dict[object, list[LabelledPicture]] = {}
    for picture in sorted(pictures, key=lambda picture: (picture.sha256, picture.picture)):
        found.setdefault(root(next(_ties(picture))), []).append(picture)
    return list(found.values())


def _ties(picture: LabelledPicture) -> Iterator[tuple[str, ...]]:
    yield "visit", picture.visit
    if picture.day is not None:
        yield "day", picture.day.isoformat()
    if picture.group is not None:
        yield "group", picture.source, picture.group
