"""Which events are worth a clip."""

from __future__ import annotations

from collections.abc import Collection

from coop.clip.director import Wants
from coop.domain.event import AnimalSeen, Event, HenArrived, MotionSeen, PredatorSeen

_KINDS: dict[str, type[Event]] = {
    "predator": PredatorSeen,
    "arrival": HenArrived,
    "animal": AnimalSeen,
    "motion": MotionSeen,
}
FIRST_ARRIVAL = "first arrival"


def worth_a_clip(of: Collection[str]) -> Wants:
    """What the words stand for: "predator", "first arrival", "arrival", "animal", "motion"."""
    unknown = set(of) - {*_KINDS, FIRST_ARRIVAL}
    if unknown:
        raise ValueError(f"Clips are made of {sorted({*_KINDS, FIRST_ARRIVAL})}. Received: {min(unknown)!r}")
    kinds = tuple(kind for word, kind in _KINDS.items() if word in of)
    first = FIRST_ARRIVAL in of

    def wants(event: Event) -> bool:
        return isinstance(event, kinds) or (first and isinstance(event, HenArrived) and event.first_of_day)

    return wants
