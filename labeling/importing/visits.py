"""Which imported pictures are one visit, by keys made from the source alone, so that it can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What visits are made from: a picture's key, what the source says of it, and when it was taken."""

    key: str
    group: str | None
    visit: str | None
    time: datetime | None


def visits_of(pictures: Sequence[Timed], source: str, gap: timedelta) -> Mapping[str, str]:
    """The visit of each picture, by its key.

    The source's own word first. Where pictures carry times, a pause longer than ``gap`` ends a visit, inside
    its group. Without times the group is the visit; without either each picture is one of its own.
    """
    visits: dict[str, str] = {}
    timed: dict[str, list[tuple[datetime, str]]] = {}
    for picture in pictures:
        if picture.visit is not None:
            visits[picture.key] = f"{source}/visit/{picture.visit}"
        elif picture.time is not None:
            timed.setdefault(picture.group or "", []).append((picture.time, picture.key))
        elif picture.group is not None:
            visits[picture.key] = f"{source}/group/{picture.group}"
        else:
            visits[picture.key] = f"{source}/picture/{picture.key}"
    for group, moments in timed.items():
        last, began = None, None
        for time, key in sorted(moments):
            if last is None or began is None or time - last > gap:
                began = time
            last = time
            visits[key] = f"{source}/time/{group}/{began:%Y%m%d-%H%M%S-%f}"
    return visits
