"""The blind audit: how good the model is where nobody saw its answer, and whether it leads people astray."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from coop.domain.label import Label
from coop.domain.task import SKIP, UNSURE, Task
from coop.store.quality import DOUBLE
from coop.store.store import Store
from labeling.quality.agreement import Share, difference, share

AUDIT = "audit"
_SHOWN = re.compile(r"(?P<value>.+?) (?P<confidence>[01]\.\d\d) (?P<model>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the audit says of a task. A visit answered by one key counts once.

    ``blind``: how often the model was right where the keeper did not see its answer. ``shown``: how often the
    keeper gave the suggested answer where it was shown. ``gap``: ``shown`` less ``blind`` with its interval:
    what lies above zero are wrong suggestions that people accept. ``models``: which gave the blind answers.
    ``again``: how often a person who labelled something a second time, blind, said the same.
    """

    blind: Share
    shown: Share
    gap: tuple[float, float, float] | None
    again: Share
    models: tuple[str, ...]
    confused: Mapping[tuple[str, str], int]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it means, for people."""
        told = ["Nothing was labelled blind yet."]
        if self.blind.n:
            told = [f"Blind, the model is right {self.blind}."]
        if self.shown.n:
            told.append(f"Shown, its suggestion is taken {self.shown}.")
        if self.gap is not None:
            gap, low, high = self.gap
            range_ = f"{gap:+.1%} ({low:+.1%} to {high:+.1%})"
            if low > 0:
                told.append(f"People take suggestions more often than these are right: {range_}.")
            else:
                told.append(f"No sign that wrong suggestions are taken: {range_}.")
        if self.again.n:
            told.append(f"A keeper asked again, blind, says the same {self.again}.")
        return tuple(told)


def audit(store: Store, task: Task) -> Audit:
    """Measure the model and the keepers of a task on what was labelled so far.

    Suggestions of labelled pictures are never made anew, so what is compared is what the model said before.
    """
    standing = store.histories(task.name, [AUDIT])
    visits = store.visits_of(list(standing))
    lines = {line.picture: line for line in store.survey(task.name, list(standing))}
    blind: dict[tuple[str, ...], bool] = {}
    confused: dict[tuple[str, str], int] = {}
    models = set()
    for picture, log in standing.items():
        label = next((entry for entry in reversed(log) if entry.how == AUDIT), None)
        line = lines.get(picture)
        if label is None or line is None or line.suggested is None or label.value in (SKIP, UNSURE):
            continue
        said, answer = task.today(line.suggested), task.today(label.value)
        key = (visits.get(picture, picture), said, answer)
        if key not in blind and said != answer:
            confused[said, answer] = confused.get((said, answer), 0) + 1
        blind[key] = said == answer
        models.add(str(line.model))
    shown = _shown(store, task)
    blind_share = share(sum(blind.values()), len(blind))
    return Audit(
        blind=blind_share,
        shown=shown,
        gap=difference(shown, blind_share),
        again=_again(store, task),
        models=tuple(sorted(models)),
        confused=confused,
    )


def suggested_in(label: Label) -> str | None:
    """The value of the suggestion that a person was shown with a label."""
    match = _SHOWN.fullmatch(label.suggestion or "")
    return match["value"] if match else None


def _shown(store: Store, task: Task) -> Share:
    """One answer for each batch and pair of suggestion and label."""
    answers: dict[tuple[str, ...], bool] = {}
    for label in store.labels(task=task.name):
        said = suggested_in(label)
        if said is None or label.how == AUDIT or label.undoes is not None or label.value in (SKIP, UNSURE):
            continue
        said, answer = task.today(said), task.today(label.value)
        answers[label.batch or label.picture, said, answer] = said == answer
    return share(sum(answers.values()), len(answers))


def _again(store: Store, task: Task) -> Share:
    answers: dict[tuple[str, ...], bool] = {}
    histories = store.histories(task.name, [AUDIT, DOUBLE])
    visits = store.visits_of(list(histories))
    for picture, log in histories.items():
        for number, later in enumerate(log):
            earlier = next((e for e in reversed(log[:number]) if e.who == later.who), None)
            if later.how not in (AUDIT, DOUBLE) or earlier is None or SKIP in (earlier.value, later.value):
                continue
            before, after = task.today(earlier.value), task.today(later.value)
            answers[visits.get(picture, picture), later.who, before, after] = before == after
    return share(sum(answers.values()), len(answers))
