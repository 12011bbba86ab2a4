"""In which order visits are labelled: what teaches most first, random ones and a blind audit between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from math import log2

from coop.domain.survey import Surveyed, Turn
from coop.domain.task import SKIP, UNSURE, Task, codes_in
from coop.store.quality import DOUBLE
from labeling.suggesting.head import hashed

AUDIT, RANDOM = "audit", "random"

_RARE_UNTIL = 20
"""A class with so many labels is no longer rare."""
_STEPS = 20
"""Places are told apart to a 20th of a doubling: the front exactly, the back so coarsely that little is
written when few places change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of visits, 0 to 1: chosen at random, for the blind audit, and for a second judgement."""

    random: float = 0.1
    audit: float = 0.05
    double: float = 0.05


@dataclass(slots=True)
class _Known:
    """What has been labelled so far: how often each class, and from which cameras and hours."""

    classes: Counter[str] = field(default_factory=Counter)
    cameras: set[str] = field(default_factory=set)
    hours: set[tuple[str, int]] = field(default_factory=set)


def scores(
    lines: Sequence[Surveyed], turns: Mapping[str, Turn], task: Task, shares: Shares, zone: tzinfo
) -> dict[str, tuple[float, str]]:
    """Score and reason of each visit whose place or reason changed, for `Queue.score_visits`.

    Which visits are random, for the audit or judged twice depends on a hash of their keys: nobody sees it
    coming, and it is the same after every restart. Those of the audit and the random ones are spread evenly
    among the others. Visits without open pictures get a reason only if they are to be judged twice.
    """
    of_visit: dict[str, list[Surveyed]] = {}
    for line in lines:
        of_visit.setdefault(line.visit, []).append(line)
    known = _known(lines, task, zone)
    waiting = [visit for visit in of_visit if visit in turns and turns[visit].open]
    needs = {visit: _need(of_visit[visit], known, task, zone) for visit in waiting}
    new = {
        visit: (-_step(place), reason)
        for place, (visit, reason) in enumerate(_in_turn(waiting, needs, task, shares), start=1)
    }
    for visit, turn in turns.items():
        if not turn.open and visit in of_visit:
            new[visit] = turn.score, _closed_reason(visit, task, shares, turn)
    return {
        visit: (s, why)
        for visit, (s, why) in new.items()
        if (turns[visit].score, turns[visit].reason) != (s, why)
    }


def _in_turn(
    waiting: Sequence[str], needs: Mapping[str, tuple[float, str]], task: Task, shares: Shares
) -> list[tuple[str, str]]:
    """Visits with their reasons in the order of labelling: three queues, each spread over the whole."""
    chance = {visit: hashed(task.name, visit, "order") for visit in waiting}
    chosen = {visit: hashed(task.name, visit, AUDIT) for visit in waiting}
    queues: dict[str, list[str]] = {AUDIT: [], RANDOM: [], "": []}
    for visit in waiting:
        kind = AUDIT if chosen[visit] < shares.audit else ""
        if not kind and hashed(task.name, visit, RANDOM) < shares.random:
            kind = RANDOM
        queues[kind].append(visit)
    placed = []
    for kind, visits in queues.items():
        if kind:
            visits.sort(key=lambda visit: chance[visit])
        else:
            visits.sort(key=lambda visit: (-needs[visit][0], chance[visit]))
        placed += [
            ((n + 0.5) / len(visits), chance[visit], visit, kind or needs[visit][1])
            for n, visit in enumerate(visits)
        ]
    return [(visit, reason) for _, _, visit, reason in sorted(placed)]


def _need(pictures: Sequence[Surveyed], known: _Known, task: Task, zone: tzinfo) -> tuple[float, str]:
    """How much a visit's label would teach, and the chief reason."""
    suggested = [line for line in pictures if line.suggested is not None]
    parts: dict[str, float] = {}
    if suggested:
        parts["unsure"] = sum(1 - line.margin for line in suggested) / len(suggested)
        parts["disagrees"] = _disagreement(suggested, task)
        rarest = min(
            (known.classes[code] for line in suggested for code in codes_in(str(line.suggested))),
            default=_RARE_UNTIL,
        )
        parts["rare"] = 0.6 * max(0.0, 1 - rarest / _RARE_UNTIL)
    first = pictures[0]
    if known.cameras and first.camera not in known.cameras:
        parts["new place"] = 1.0
    elif known.hours and first.day is not None and _place(first, zone) not in known.hours:
        parts["new place"] = 0.4
    if not parts:
        return 0.0, ""
    reason = max(parts, key=lambda name: parts[name])
    # A visit of which the model is quite sure, and that is nothing special, comes for no reason but its turn.
    return sum(parts.values()), reason if parts[reason] >= 0.2 else ""


def _disagreement(suggested: Sequence[Surveyed], task: Task) -> float:
    """The share of a visit's pictures that are called otherwise than most of it, doubled: at most about 1.

    Pictures that have a label already speak by that.
    """
    votes: Counter[str] = Counter()
    for line in suggested:
        said = line.value if line.value not in (None, SKIP, UNSURE) else line.suggested
        votes[task.today(str(said))] += 1
    return 2 * (1 - max(votes.values()) / sum(votes.values()))


def _known(lines: Sequence[Surveyed], task: Task, zone: tzinfo) -> _Known:
    known = _Known()
    for line in lines:
        if line.value is None or line.value == SKIP:
            continue
        known.classes.update(codes_in(task.today(line.value)))
        known.cameras.add(line.camera)
        if line.day is not None:
            known.hours.add(_place(line, zone))
    return known


def _place(line: Surveyed, zone: tzinfo) -> tuple[str, int]:
    return line.camera, line.time.astimezone(zone).hour


def _closed_reason(visit: str, task: Task, shares: Shares, turn: Turn) -> str:
    # The audit says how good the model is, so its visits are not mixed up with those judged twice.
    if turn.reason in (DOUBLE, AUDIT):
        return turn.reason
    return DOUBLE if hashed(task.name, visit, DOUBLE) < shares.double else turn.reason


def _step(place: int) -> float:
    return round(log2(1 + place) * _STEPS) / _STEPS
