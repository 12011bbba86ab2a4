"""Pictures that two people judged without knowing of each other: how far they agree, and who was right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from coop.domain.label import Label
from coop.domain.task import SKIP, UNSURE, Task
from coop.store.quality import DOUBLE
from coop.store.store import Store
from labeling.quality.agreement import Kappa, Pair, Share, Table, confusion, kappa, share

REVIEW = "review"
"""How a label is given that settles a disagreement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """One picture judged twice. ``settled`` is what a review said; None where none was needed or made."""

    picture: str
    visit: str
    first: str
    first_who: str
    second: str
    second_who: str
    settled: str | None = None

    @property
    def agree(self) -> bool:
        return self.first == self.second

    @property
    def answer(self) -> str | None:
        """What counts as true: the review, else what both said; None for a disagreement that stands."""
        return self.settled if self.settled is not None else (self.first if self.agree else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanBaseline:
    """How often one person's answer is the settled one: what a model may hope for on these pictures.

    ``accuracy`` counts the answers of both people, a visit answered by one key once. Where both agreed that
    is taken for right; of a disagreement that nobody settled yet (``unsettled``) one answer at most is right,
    and half of it is counted so.
    """

    accuracy: Share
    unsettled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two people (or one with oneself, earlier and later) on the same things."""

    first: str
    second: str
    equal: Share
    kappa: Kappa


def doubles(store: Store, task: Task) -> tuple[Double, ...]:
    """Every picture of a task that was judged twice, in today's classes, by visit.

    The first judgement is the newest that stood before the second, by another person or the same one. What
    somebody passed by ("skip") is no judgement.
    """
    histories = store.histories(task.name, [DOUBLE])
    visits = store.visits_of(list(histories))
    found = (_double(log, task, visits.get(picture, picture)) for picture, log in histories.items())
    return tuple(sorted((d for d in found if d is not None), key=lambda d: (d.visit, d.picture)))


def disagreements(all_doubles: Iterable[Double]) -> tuple[Double, ...]:
    """Those that still wait for somebody to settle them."""
    return tuple(double for double in all_doubles if double.answer is None)


def judged_once(all_doubles: Sequence[Double]) -> tuple[Double, ...]:
    """One of each kind of answer in a visit: a key that labels eight pictures is one judgement, not eight."""
    seen: dict[tuple[str | None, ...], Double] = {}
    for double in all_doubles:
        answers = (double.first, double.first_who, double.second, double.second_who, double.settled)
        seen.setdefault((double.visit, *answers), double)
    return tuple(seen.values())


def pairs_of_people(all_doubles: Sequence[Double]) -> tuple[PairAgreement, ...]:
    """Agreement of each two people, in the order of names."""

    def people(double: Double) -> tuple[str, str]:
        first, second = sorted((double.first_who, double.second_who))
        return first, second

    found = []
    for (first, second), group in groupby(sorted(judged_once(all_doubles), key=people), key=people):
        pairs = [_by_person(double, first) for double in group]
        equal = share(sum(a == b for a, b in pairs), len(pairs))
        found.append(PairAgreement(first=first, second=second, equal=equal, kappa=kappa(pairs)))
    return tuple(found)


def overall(all_doubles: Sequence[Double]) -> Kappa:
    """Cohen's kappa of first against second judgements, whoever gave them."""
    return kappa([(double.first, double.second) for double in judged_once(all_doubles)])


def confusion_of_people(all_doubles: Sequence[Double]) -> tuple[tuple[str, ...], Table]:
    """The answers given, and how often each met each; which was first does not matter, so it is symmetric."""
    once = judged_once(all_doubles)
    answers, table = confusion([(double.first, double.second) for double in once])
    return answers, (table + table.T) / 2


def human_baseline(store: Store, task: Task) -> HumanBaseline:
    """How often one person's blind answer is the settled one, with its interval."""
    once = [
        double
        for double in judged_once(doubles(store, task))
        if UNSURE not in (double.first, double.second, double.settled)
    ]
    right = 0.0
    for double in once:
        if double.answer is None:
            right += 1
        else:
            right += (double.first == double.answer) + (double.second == double.answer)
    # The two answers on one thing are not independent, so the interval is that of n things, not of 2 n.
    accuracy = share(right / 2, len(once))
    return HumanBaseline(accuracy=accuracy, unsettled=sum(double.answer is None for double in once))


def _double(log: Sequence[Label], task: Task, visit: str) -> Double | None:
    given = [label for label in log if label.value != SKIP]
    number = next((n for n, label in enumerate(given) if label.how == DOUBLE), 0)
    if number == 0:
        return None  # nothing stands before it, or it was passed by
    first, second = given[number - 1], given[number]
    review = next((label for label in reversed(given[number:]) if label.how == REVIEW), None)
    return Double(
        picture=first.picture,
        visit=visit,
        first=task.today(first.value),
        first_who=first.who,
        second=task.today(second.value),
        second_who=second.who,
        settled=None if review is None else task.today(review.value),
    )


def _by_person(double: Double, first: str) -> Pair:
    turned = double.first_who != first
    return (double.second, double.first) if turned else (double.first, double.second)


def counts_by_person(all_doubles: Sequence[Double]) -> Mapping[str, Share]:
    """For each person how often their answer was the settled one."""
    tally: dict[str, list[bool]] = {}
    for double in judged_once(all_doubles):
        if double.answer is not None:
            for who, answer in ((double.first_who, double.first), (double.second_who, double.second)):
                tally.setdefault(who, []).append(answer == double.answer)
    return {who: share(sum(right), len(right)) for who, right in sorted(tally.items())}
