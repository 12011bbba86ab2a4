"""Eggs, and which hen probably laid which: probabilities, never a guess.

**Evidence.** An egg is found when a nest holds more than at the last reliable count. Whoever was on the
nest between the two counts may have laid it. A `Stay` is one such visit, with what the attribution rests
on: who it was (with the identity's confidence) and how many minutes she sat.

**Attribution** (`attribute`). The chance that a stay of m minutes leaves an egg is

    r(m) = 0.9 m² / (m² + 8²)

(two minutes 5%, eight 45%, half an hour 84%). All stays under one name are one candidate, whose identity is
c; each stay without a name is one, and a visit that no camera saw is one with a chance of 1%. A hen that
laid with probability q within the 18 hours before hardly lays again, so her candidate's chance is

    r (c f + 1 - c),    f = 1 - 0.97 q.

Each candidate lays at most one egg, independently of the others; given that k eggs were found, the
probability that candidate i is among the layers is that of the conditional Bernoulli distribution,

    P(i | k) = o_i e_(k-1)(o without i) / e_k(o),    o = chance / (1 - chance),

where e_k is the k-th elementary symmetric polynomial. With one egg that is o_i / sum(o): one visitor is
nearly certain, two share it. Of this the hen gets c f / (c f + 1 - c), never more than her identity is sure:
the rest is somebody's who was taken for her. k eggs found together cannot be told apart, so each gets 1/k.
What is left of 1 belongs to nobody that was recognised.

**A keeper's word** (`Claim`) is certain. Of eggs found together those claimed are taken out, with their hens,
before the others are shared out.

**Counting** (`tally`). The number of eggs of a hen over a period is a sum of independent yes-or-nos with
different probabilities: its distribution is the Poisson-binomial one, by convolution. The interval holds
the middle 90%.

**Suspicion** (`chance_of_none`). A hen is under suspicion while the probability that she laid nothing in
the last so many days is at least 5%: that is, while nobody could say that she did lay. She is cleared as
soon as it is below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from coop.domain.sighting import Visit

HEN = "hen"
"""The kind of a hen, and what one is called whose name nobody knows."""
NOBODY = ""
"""Who laid an egg when it was no hen that was recognised."""

MOST = 0.9
HALF_MINUTES = 8.0
UNSEEN_CHANCE = 0.01
"""Of a visit to a nest that no camera saw, in one interval between counts."""
REST = timedelta(hours=18)
"""Between two eggs of a hen lie about 25 hours, and never fewer than these."""
SECOND_EGG = 0.03
SURE_OF_NONE = 0.05
"""A hen is under suspicion while the chance that she laid nothing is at least this."""
_TAIL = 0.05
_LARGEST = 0.999


class EggFate(StrEnum):
    LYING = "lying"
    COLLECTED = "collected"
    GONE = "gone"
    """Nobody was seen to take it: broken, eaten or stolen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A visit to a nest while an egg may have been laid there. ``hen`` is `HEN` for one without a name."""

    hen: str
    visit: str
    began: datetime
    minutes: float
    identity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The probability that a hen laid an egg, and what it rests on.

    ``visit`` is her longest stay, ``minutes`` are those of all her stays, ``identity`` is the confidence that
    it was she. ``hen`` is NOBODY for what is left: someone that was not recognised, or not seen.
    """

    hen: str
    probability: float
    visit: str | None = None
    minutes: float = 0.0
    identity: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a keeper said of an egg: whose it is. ``hen`` is NOBODY for one that was taken back."""

    egg: str
    hen: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Egg:
    """An egg of the ledger, with its newest attribution.

    ``key`` is that of its `EggLaid`. It was laid after ``since``, the last reliable count without it, and
    found at ``time``, with ``together`` eggs (itself too) found at once. ``shares``: the most probable first.
    ``gone`` is when it lay there no more, None while it does; ``fate`` is how. ``claim`` is what a keeper
    said of it, which the shares follow.
    """

    key: str
    camera: str
    nest: str
    time: datetime
    since: datetime
    together: int
    shares: tuple[Share, ...]
    attributed: datetime
    picture: str | None = None
    gone: datetime | None = None
    fate: EggFate = EggFate.LYING
    claim: Claim | None = None

    def lay_with(self, other: Egg) -> bool:
        """Whether both were found at once, so that which is which cannot be told."""
        return (self.camera, self.nest, self.time) == (other.camera, other.nest, other.time)

    @property
    def likeliest(self) -> Share:
        """The most probable hen, or NOBODY where no hen at all was there."""
        named = [share for share in self.shares if share.hen != NOBODY]
        return named[0] if named else Share(hen=NOBODY, probability=1.0)

    def share_of(self, hen: str) -> float:
        return sum(share.probability for share in self.shares if share.hen == hen)


@dataclass(frozen=True, slots=True, kw_only=True)
class HenEggs:
    """How many eggs a hen laid in a period: expected, and the middle 90% of what is possible.

    ``newest`` is when the newest egg was found that is more probably hers than not; None without one.
    """

    hen: str
    expected: float
    low: int
    high: int
    newest: datetime | None


def laying_chance(minutes: float) -> float:
    """The chance that a stay of so many minutes leaves an egg."""
    return MOST * minutes**2 / (minutes**2 + HALF_MINUTES**2) if minutes > 0 else 0.0


def stays_at(visits: Iterable[Visit], nest: str, since: datetime, until: datetime) -> tuple[Stay, ...]:
    """The hens' visits to a nest that reach into (since, until], each cut to it, in order."""
    found = [
        Stay(
            hen=visit.subject,
            visit=visit.key,
            began=max(visit.began, since),
            minutes=(min(visit.last_seen, until) - max(visit.began, since)).total_seconds() / 60,
            identity=visit.confidence,
        )
        for visit in visits
        if visit.place == nest and visit.kind == HEN and visit.last_seen > since and visit.began <= until
    ]
    return tuple(sorted(found, key=lambda stay: (stay.began, stay.visit)))


def laid_lately(eggs: Iterable[Egg], before: datetime) -> dict[str, float]:
    """By hen, the probability that she laid within `REST` before a moment."""
    lately = [egg for egg in eggs if before - REST < egg.time <= before]
    hens = {share.hen for egg in lately for share in egg.shares} - {NOBODY}
    return {hen: chance_laid(lately, hen, before - REST, before) for hen in hens}


def attribute(stays: Iterable[Stay], eggs: int, laid_lately: Mapping[str, float]) -> tuple[Share, ...]:
    """Who laid one of ``eggs`` eggs that were found together; the shares of one egg sum to 1.

    ``laid_lately``: by hen, the probability that she laid within `REST` before.
    """
    if eggs < 1:
        raise ValueError(f"At least one egg is attributed. Received: {eggs}")
    by_hen: dict[str, list[Stay]] = {}
    chances: list[float] = [UNSEEN_CHANCE] * eggs
    for stay in stays:
        if stay.hen == HEN:
            chances.append(laying_chance(stay.minutes))
        else:
            by_hen.setdefault(stay.hen, []).append(stay)
    candidates = {hen: _candidate(of_hen, laid_lately.get(hen, 0.0)) for hen, of_hen in by_hen.items()}
    among = _inclusion([*(chance for chance, _ in candidates.values()), *chances], eggs)
    shares = [
        _share(hen, by_hen[hen], p * hers / eggs)
        for (hen, (_, hers)), p in zip(candidates.items(), among, strict=False)
    ]
    shares.sort(key=lambda share: (-share.probability, share.hen))
    rest = max(0.0, 1.0 - sum(share.probability for share in shares))
    return (*shares, Share(hen=NOBODY, probability=rest))


def as_claimed(claim: Claim) -> tuple[Share, ...]:
    """The shares of an egg of which a keeper said whose it is."""
    return (Share(hen=claim.hen, probability=1.0, identity=1.0),)


def chance_laid(eggs: Iterable[Egg], hen: str, after: datetime, until: datetime) -> float:
    """The probability that a hen laid any of the eggs found in (after, until]."""
    return 1.0 - chance_of_none(eggs, hen, after, until)


def chance_of_none(eggs: Iterable[Egg], hen: str, after: datetime, until: datetime) -> float:
    """The probability that a hen laid none of the eggs found in (after, until]."""
    return math.prod(1.0 - p for p in _by_find(eggs, hen, after, until))


def tally(eggs: Sequence[Egg], hens: Iterable[str], after: datetime, until: datetime) -> tuple[HenEggs, ...]:
    """Each hen's eggs of (after, until], the hen with most first. Hens without an egg are there too."""
    named = {share.hen for egg in eggs for share in egg.shares} - {NOBODY}
    counted = [_count(eggs, hen, after, until) for hen in {*hens, *named}]
    return tuple(sorted(counted, key=lambda c: (-c.expected, c.hen)))


def suspects(
    eggs: Sequence[Egg], hens: Iterable[str], watched_since: datetime | None, now: datetime, days: float
) -> dict[str, float]:
    """The hens that may have laid nothing for ``days`` days, with that probability, the surest first.

    Nobody is suspected before the nests were watched for so long.
    """
    after = now - timedelta(days=days)
    if watched_since is None or watched_since > after:
        return {}
    none = {hen: chance_of_none(eggs, hen, after, now) for hen in hens}
    return dict(sorted(((h, p) for h, p in none.items() if p >= SURE_OF_NONE), key=lambda x: (-x[1], x[0])))


def distribution(probabilities: Iterable[float]) -> list[float]:
    """The Poisson-binomial distribution: the probability of each number of successes."""
    whole = [1.0]
    for p in probabilities:
        whole = [
            (whole[n] * (1.0 - p) if n < len(whole) else 0.0) + (whole[n - 1] * p if n else 0.0)
            for n in range(len(whole) + 1)
        ]
    return whole


def interval(probabilities: Sequence[float]) -> tuple[int, int]:
    """The middle 90% of the number of successes: its 5% and its 95% quantile."""
    low, high, below = 0, len(probabilities), 0.0
    found_low = False
    for number, p in enumerate(distribution(probabilities)):
        below += p
        if not found_low and below >= _TAIL - 1e-9:
            low, found_low = number, True
        if below >= 1.0 - _TAIL - 1e-9:
            high = number
            break
    return low, high


def _count(eggs: Sequence[Egg], hen: str, after: datetime, until: datetime) -> HenEggs:
    probabilities = _by_find(eggs, hen, after, until)
    low, high = interval(probabilities)
    hers = [e.time for e in eggs if after < e.time <= until and e.share_of(hen) * e.together > 0.5]
    return HenEggs(hen=hen, expected=sum(probabilities), low=low, high=high, newest=max(hers, default=None))


def _by_find(eggs: Iterable[Egg], hen: str, after: datetime, until: datetime) -> list[float]:
    """For each time that eggs were found, the probability that one of them was the hen's."""
    finds: dict[tuple[str, str, datetime], float] = {}
    for egg in eggs:
        if after < egg.time <= until:
            where = egg.camera, egg.nest, egg.time
            finds[where] = min(1.0, finds.get(where, 0.0) + egg.share_of(hen))
    return [p for p in finds.values() if p > 0.0]


def _candidate(stays: Sequence[Stay], laid: float) -> tuple[float, float]:
    """The chance that these stays left an egg, and the probability that it is then this hen's.

    It may have been another hen, who did not lay lately.
    """
    chance = min(MOST, 1.0 - math.prod(1.0 - laying_chance(stay.minutes) for stay in stays))
    weight = sum(laying_chance(stay.minutes) for stay in stays)
    identity = sum(s.identity * laying_chance(s.minutes) for s in stays) / weight if weight else 0.0
    fresh = 1.0 - (1.0 - SECOND_EGG) * min(1.0, laid)
    hers = identity * fresh + 1.0 - identity
    return chance * hers, identity * fresh / hers if hers else 0.0


def _share(hen: str, stays: Sequence[Stay], probability: float) -> Share:
    longest = max(stays, key=lambda stay: stay.minutes)
    return Share(
        hen=hen,
        probability=probability,
        visit=longest.visit,
        minutes=sum(stay.minutes for stay in stays),
        identity=max(stay.identity for stay in stays),
    )


def _inclusion(chances: Sequence[float], eggs: int) -> list[float]:
    """For each candidate the probability to be among exactly ``eggs`` layers: conditional Bernoulli."""
    odds = [min(chance, _LARGEST) / (1.0 - min(chance, _LARGEST)) for chance in chances]
    whole = _symmetric(odds, eggs)
    return [
        odd * _symmetric([*odds[:i], *odds[i + 1 :]], eggs - 1) / whole if whole else 0.0
        for i, odd in enumerate(odds)
    ]


def _symmetric(values: Sequence[float], order: int) -> float:
    """The elementary symmetric polynomial of that order."""
    sums = [1.0] + [0.0] * order
    for value in values:
        for k in range(order, 0, -1):
            sums[k] += sums[k - 1] * value
    return sums[order]
