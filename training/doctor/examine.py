"""The three stages in order: before training, at its start, and while it trains."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from training.doctor import contract, data_checks, first_steps, settings_check, signals, structure, verdict
from training.doctor.finding import Finding, Severity, error, in_order, note
from training.doctor.samples import FitData, look_at
from training.doctor.subject import Subject, meet
from training.doctor.untouched import (
    PROBE_ERRORS,
    give_weights,
    quiet,
    randomness_kept,
    untouched,
    weights_of,
)
from training.doctor.watch import Watch

log = logging.getLogger(__name__)

_NOT_EXAMINED = "not-examined"
Check = Callable[[Subject], Iterator[Finding]]
_BEFORE: tuple[Check, ...] = (data_checks.check, contract.check, settings_check.check)


def examine(model: Any, x: Any, y: Any = None, *, trial: bool = True, **fit_arguments: Any) -> list[Finding]:
    """The first two stages for a compiled model and the arguments of its `fit`, which are left as they are.

    A generator given as ``x`` is used up in part: use ``Visit`` where training follows. ``trial``: whether
    one batch is learned by heart, which takes up to a minute for a large network.
    """
    return Visit(model, {"x": x, "y": y, **fit_arguments}, trial=trial).findings


class Visit:
    """One training under the doctor's eyes.

    Made before `fit`, from its arguments; ``x`` is what to give `fit` in place of its own, ``callback`` is to
    be among its callbacks, and ``finish`` comes after it. ``findings`` grow from stage to stage.
    """

    def __init__(
        self, model: Any, arguments: Mapping[str, Any], before: Visit | None = None, *, trial: bool = True
    ) -> None:
        self._model, self._trial = model, trial
        self._subject: Subject | None = None
        self._early: list[Finding] = []
        self._late: list[Finding] = []
        self._start: list[Any] = []
        self.x = arguments["x"]
        record = None if before is None else before.callback.record
        self.callback: Watch = Watch(record)
        # What a generator takes of the random numbers it would have taken anyway.
        with quiet(), nullcontext() if isinstance(self.x, Iterator) else randomness_kept():
            self.x, data = look_at(dict(arguments))
        with quiet():
            if data is not None:
                self._begin(data, before)
        if self._subject is None:
            self._early.append(_not_examined("fit", "its data or its model could not be read"))

    @property
    def findings(self) -> list[Finding]:
        return in_order([*self._early, *self._late])

    def _begin(self, data: FitData, before: Visit | None) -> None:
        with randomness_kept():
            try:
                subject = self._subject = meet(self._model, data)
            except PROBE_ERRORS:
                log.debug("The model could not be looked over", exc_info=True)
                return
            if before is not None and before._start:
                self._start, self._early = before._start, before._early
                return
            self._start = weights_of(self._model)
            self._early = list(_before(subject))
            with untouched(self._model):
                self._early += _collected(structure.check, subject)
                self._early += _collected(signals.check, subject)
                if self._trial and _sound(self._early):
                    self._early += _collected(first_steps.check, subject)

    def finish(self, failure: BaseException | None = None) -> None:
        """After `fit`; ``failure`` is what it raised."""
        subject = self._subject
        if isinstance(failure, Exception):
            self._early = [finding for finding in self._early if finding.kind != _NOT_EXAMINED]
            if not _errors(self._early):
                self._early.append(_failed(failure, subject))
        if subject is None:
            return
        with quiet(), untouched(self._model):
            kept = weights_of(self._model)
            self._late = _collected(
                lambda s: verdict.check(s, self.callback.record, self._start, self._early), subject
            )
            give_weights(self._model, kept)


def _before(subject: Subject) -> Iterator[Finding]:
    for check in _BEFORE:
        yield from _collected(check, subject)


def _collected(check: Check, subject: Subject) -> list[Finding]:
    """What a check finds, until it fails: a stranger's model may, where its training does not."""
    found: list[Finding] = []
    try:
        for finding in check(subject):
            found.append(finding)  # one by one: what was found before a failure stands
    except PROBE_ERRORS as failure:
        log.debug("A check could not be made", exc_info=True)
        what = getattr(check, "__module__", __name__).rpartition(".")[2]
        found.append(_not_examined(what, f"{type(failure).__name__}: {_short(failure)}"))
    return found


def _not_examined(what: str, why: str) -> Finding:
    return note(_NOT_EXAMINED, what, why, "What is told beside this stands; the rest was not looked at.")


def _short(failure: Exception) -> str:
    """Of a failure within a compiled function only the end is of interest, not the way there."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()] or [""]
    return (lines[-1] if lines[0].startswith("in user code") else " ".join(lines))[:300]


def _sound(findings: list[Finding]) -> bool:
    """Is it worth while to train on trial? Not where it is known to fail."""
    return not any(f.kind in ("not-finite", "label-range", "input-range", "frozen-layers") for f in findings)


def _errors(findings: list[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _failed(failure: Exception, subject: Subject | None) -> Finding:
    last = subject.forward.calls[-1].name if subject is not None and subject.forward.calls else "fit"
    return error(
        "fit-failed",
        last if subject is not None and subject.forward.failure is not None else "fit",
        f"{type(failure).__name__}: {_short(failure)}",
        "Compare the shapes that it names with those of the inputs, the layers and the targets.",
    )
