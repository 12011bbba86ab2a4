"""What the watch found in a month, beside the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from bench.coop.progress import Told
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from coop.domain.egg import NOBODY, Egg, suspects
from coop.domain.event import (
    EggGone,
    Event,
    FlockComplete,
    FlockIncomplete,
    PictureBad,
    PredatorSeen,
    StrangerSeen,
)
from coop.frame.sim.source import SimSource
from coop.frame.sim.truth import Fact, FactKind
from coop.settings import Settings
from coop.store.store import Store
from coop.sun import dusk_of

TOLD_WITHIN = timedelta(seconds=10)
SLACK = timedelta(minutes=3)
BINS = 10
MOST_MESSAGES = 15
"""A day, to a keeper with default settings."""


@dataclass
class Scores:
    """Counts of right and wrong, over all seeds. ``forecasts``: probability said, and whether it was so."""

    counts: Counter[str] = field(default_factory=Counter)
    forecasts: list[tuple[float, bool]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def share(self, part: str, whole: str) -> float:
        return self.counts[part] / self.counts[whole] if self.counts[whole] else 1.0


def compare(
    source: SimSource,
    settings: Settings,
    store: Store,
    messages: Sequence[Told],
    scores: Scores,
    *,
    sketch: bool = False,
) -> None:
    """Add one seed's month to the scores."""
    first, last = _span(source)
    events = [recorded.event for recorded in store.events(first, last)]
    eggs = store.eggs(first, last)
    _eggs(source, eggs, scores)
    _takings(source, events, scores)
    _suspects(source, settings, eggs, store, scores)
    if sketch:
        return
    _alarms(source, events, scores)
    _roll_calls(source, settings, events, scores)
    _strangers(source, events, scores)
    _faults(source, events, scores)
    _messages(messages, scores)


def _messages(messages: Sequence[Told], scores: Scores) -> None:
    days: dict[date, list[Told]] = {}
    for told in messages:
        days.setdefault(told.moment.date(), []).append(told)
    scores.counts["messages"] += len(messages)
    scores.counts["days"] += len(days)
    for day, several in days.items():
        scores.counts["most messages"] = max(scores.counts["most messages"], len(several))
        if len(several) > MOST_MESSAGES:
            scores.wrong.append(f"{len(several)} messages on {day}:")
            scores.wrong += [f"    {told.moment:%H:%M} {told.said}" for told in several]


def _span(source: SimSource) -> tuple[datetime, datetime]:
    times = [fact.time for fact in source.truth.facts]
    return min(times) - timedelta(days=1), max(times) + timedelta(days=2)


def _eggs(source: SimSource, eggs: Sequence[Egg], scores: Scores) -> None:
    laid = list(source.truth.of(FactKind.EGG_LAID))
    scores.counts["eggs laid"] += len(laid)
    scores.counts["eggs found"] += len(eggs)
    for egg in eggs:
        here = [f for f in laid if f.place == egg.nest and egg.since <= f.time <= egg.time]
        if not here:
            scores.wrong.append(f"no egg: {egg.nest} {egg.time:%d %H:%M}")
            continue
        # Eggs found at once cannot be told apart, so the one that fits best is meant.
        fact = max(here, key=lambda f: egg.share_of(f.subject))
        laid.remove(fact)
        scores.counts["eggs right"] += 1
        right = _may_be(egg, fact.subject)
        scores.counts["hen right"] += right
        if not right:
            said = ", ".join(f"{s.hen or 'nobody'} {s.probability:.2f}" for s in egg.shares)
            scores.wrong.append(f"{fact.subject}'s egg: {egg.nest} {egg.time:%d %H:%M}: {said}")
        if egg.together == 1:
            scores.forecasts += [
                (s.probability, s.hen == fact.subject) for s in egg.shares if s.hen != NOBODY
            ]
    scores.wrong += [f"egg missed: {f.subject} {f.place} {f.time:%d %H:%M}" for f in laid]


def _may_be(egg: Egg, hen: str) -> bool:
    """Whether she is the most probable hen; of k eggs found at once, one of the k most probable."""
    named = [share.hen for share in egg.shares if share.hen != NOBODY]
    return hen in named[: egg.together]


def _takings(source: SimSource, events: Sequence[Event], scores: Scores) -> None:
    for kind, name in ((FactKind.COLLECTED, "EggsCollected"), (FactKind.STOLEN, "EggGone")):
        facts = source.truth.of(kind)
        found = [e for e in events if e.name == name and not (isinstance(e, EggGone) and e.unseen)]
        unseen = [e for e in events if isinstance(e, EggGone) and e.unseen]
        scores.counts[f"{name} true"] += len(facts)
        scores.counts[f"{name} found"] += len(found)
        for fact in facts:
            hit = any(
                e.place == fact.place and fact.time <= e.time <= fact.time + timedelta(hours=3)
                for e in (*found, *unseen)
            )
            scores.counts[f"{name} right"] += hit
            if not hit:
                scores.wrong.append(f"{name} missed: {fact.place} {fact.time:%d %H:%M}")
        scores.counts["taken unseen"] += len(unseen) if kind is FactKind.STOLEN else 0


def _suspects(
    source: SimSource, settings: Settings, eggs: Sequence[Egg], store: Store, scores: Scores
) -> None:
    """The list of every evening: from day 8 on no layer, from day 10 on every hen that does not lay."""
    days = settings.nests.suspect_days
    began = min(count.first for count in store.nest_counts())
    for day, evening in enumerate(_evenings(source), start=1):
        listed = suspects(eggs, source.flock.names, began, evening, days)
        for hen in source.flock.hens:
            if day >= 8 and hen.lays:
                scores.counts["layer evenings"] += 1
                scores.counts["layers listed"] += hen.name in listed
            if day >= 10 and not hen.lays:
                scores.counts["non-layer evenings"] += 1
                scores.counts["non-layers listed"] += hen.name in listed


def _evenings(source: SimSource) -> Iterator[datetime]:
    first = min(fact.time for fact in source.truth.facts).replace(hour=22, minute=0, second=0, microsecond=0)
    last = max(fact.until for fact in source.truth.facts)
    while first <= last:
        yield first
        first += timedelta(days=1)


def _alarms(source: SimSource, events: Sequence[Event], scores: Scores) -> None:
    facts = [f for f in source.truth.of(FactKind.PREDATOR) if not _blind(source, f)]
    alarms = [e for e in events if isinstance(e, PredatorSeen)]
    scores.counts["predators"] += len(facts)
    for fact in facts:
        near = [a for a in alarms if fact.time <= a.time <= fact.until + TOLD_WITHIN]
        told = any(a.time <= fact.time + TOLD_WITHIN for a in near)
        scores.counts["predators told"] += told
        scores.counts["predators named"] += any(a.subject == fact.subject for a in near)
        if not told:
            late = f"{(near[0].time - fact.time).total_seconds():.0f} s late" if near else "not told"
            scores.wrong.append(f"{fact.subject} {late}: {fact.time:%d %H:%M:%S}")
    false = [a for a in alarms if not any(f.time <= a.time <= f.until + TOLD_WITHIN for f in facts)]
    scores.counts["false alarms"] += len(false)
    scores.wrong += [f"false alarm: {a.subject} {a.place} {a.time:%d %H:%M:%S}" for a in false]


def _blind(source: SimSource, fact: Fact) -> bool:
    """Whether the camera itself was out of order all the time."""
    return any(f.time <= fact.time and fact.until <= f.until for f in source.truth.of(FactKind.FAULT))


def _roll_calls(source: SimSource, settings: Settings, events: Sequence[Event], scores: Scores) -> None:
    calls = {e.time.date(): e for e in events if isinstance(e, FlockComplete | FlockIncomplete)}
    out = {f.time.date(): f.subject for f in source.truth.of(FactKind.OUT)}
    for evening in _evenings(source):
        day = evening.date()
        if dusk_of(day, settings) is None:
            continue
        scores.counts["evenings"] += 1
        call, missing = calls.get(day), {out[day]} if day in out else set()
        said = set(call.missing) if isinstance(call, FlockIncomplete) else set()
        right = call is not None and said == missing
        scores.counts["roll calls right"] += right
        if not right:
            scores.wrong.append(
                f"roll call {day}: out {sorted(missing)}, said {sorted(said) if call else 'nothing'}"
            )


def _strangers(source: SimSource, events: Sequence[Event], scores: Scores) -> None:
    facts = [f for f in source.truth.of(FactKind.STRANGER) if not _blind(source, f)]
    told = [e for e in events if isinstance(e, StrangerSeen)]
    scores.counts["strangers"] += len(facts)
    scores.counts["strangers told"] += sum(
        any(f.time <= e.time <= f.until + timedelta(minutes=10) for e in told) for f in facts
    )
    false = [e for e in told if not any(f.time <= e.time <= f.until + timedelta(minutes=10) for f in facts)]
    scores.counts["false strangers"] += len(false)
    scores.wrong += [f"no stranger: {e.place} {e.time:%d %H:%M}" for e in false]


def _faults(source: SimSource, events: Sequence[Event], scores: Scores) -> None:
    facts = source.truth.of(FactKind.FAULT)
    told = [e for e in events if isinstance(e, PictureBad)]
    scores.counts["faults"] += len(facts)
    for fact in facts:
        hit = any(e.fault == fact.subject and fact.time <= e.time <= fact.until + SLACK for e in told)
        scores.counts["faults told"] += hit
        if not hit:
            scores.wrong.append(f"camera {fact.subject} not told: {fact.time:%d %H:%M} to {fact.until:%H:%M}")
    false = [e for e in told if not any(f.time <= e.time <= f.until + SLACK for f in facts)]
    scores.counts["false faults"] += len(false)
    scores.wrong += [f"no fault: {e.fault} {e.time:%d %H:%M}" for e in false]


def lines(scores: Scores, *, sketch: bool = False) -> Iterator[str]:
    """The figures, each with what is asked of it; of a sketch those that do not rest on pictures."""
    c = scores.counts
    recall, precision = scores.share("eggs right", "eggs laid"), scores.share("eggs right", "eggs found")
    yield f"eggs: {c['eggs laid']} laid, {c['eggs found']} told"
    yield f"EggLaid: recall {recall:.3f}, precision {precision:.3f} (asked: 0.97 each)"
    yield f"laying hen most probable: {scores.share('hen right', 'eggs right'):.3f} of them (asked: 0.90)"
    for name in ("EggsCollected", "EggGone"):
        yield f"{name}: {c[name + ' true']} true, {c[name + ' right']} told, {c[name + ' found']} in all"
    if c["taken unseen"]:
        yield f"told as collected or gone while the camera could not see: {c['taken unseen']}"
    yield (
        f"suspects: layers listed on {c['layers listed']} of {c['layer evenings']} evenings from day 8 "
        f"(asked: 0), "
        f"non-layers on {c['non-layers listed']} of {c['non-layer evenings']} from day 10 (asked: all)"
    )
    if sketch:
        return
    yield (
        f"predators: {c['predators told']} of {c['predators']} told within 10 s, "
        f"{c['predators named']} by name, {c['false alarms']} false alarms"
    )
    yield f"roll call: right on {c['roll calls right']} of {c['evenings']} evenings"
    yield f"strangers: {c['strangers told']} of {c['strangers']} told, {c['false strangers']} false"
    yield f"camera faults: {c['faults told']} of {c['faults']} told, {c['false faults']} false"
    if c["days"]:
        yield f"messages: {c['messages'] / c['days']:.1f} a day, at most {c['most messages']} (asked: 15)"


def reliability(scores: Scores) -> list[tuple[float, float, int]]:
    """For each tenth of probability: the mean that was said, how often it was so, and of how many."""
    rows = []
    for tenth in range(BINS):
        some = [(p, hit) for p, hit in scores.forecasts if tenth / BINS < p <= (tenth + 1) / BINS]
        if some:
            rows.append(
                (sum(p for p, _ in some) / len(some), sum(hit for _, hit in some) / len(some), len(some))
            )
    return rows


def plot(scores: Scores, file: Path) -> None:
    """The reliability plot: what was said against how often it was so; the area of a dot is how many."""
    figure = Figure(figsize=(5, 5), dpi=140)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#9a948a", linewidth=1)
    for said, was, count in reliability(scores):
        axes.scatter([said], [was], s=12 + 3 * count**0.8, color="#0072B2", alpha=0.8)
        axes.annotate(str(count), (said, was), textcoords="offset points", xytext=(9, -4), fontsize=8)
    axes.set_xlabel("probability that she laid it, as said")
    axes.set_ylabel("how often she had")
    axes.set_title("Who laid the egg: reliability")
    axes.set_xlim(0, 1.05)
    axes.set_ylim(-0.05, 1.05)
    figure.tight_layout()
    figure.savefig(file)
