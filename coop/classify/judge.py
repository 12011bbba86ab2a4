"""What each track is: crops chosen, classified at a bounded rate, and voted over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from coop.classify.crop import BestCrops, cut
from coop.domain.frame import Frame, Picture
from coop.domain.judgement import Judgement
from coop.domain.prediction import UNKNOWN, Prediction
from coop.domain.track import Crop, Track, TrackState

KINDS = "kinds"
HENS = "hens"
HEN = "hen"
MOTION = "motion"


class Predicts(Protocol):
    """A loaded model: one prediction for each picture (uint8 BGR)."""

    def predict(self, images: Sequence[Picture]) -> list[Prediction]: ...


Vote = Callable[[Sequence[Prediction], Sequence[float]], Prediction]
"""The verdict over the predictions of one track, weighed by the quality of their crops (0 to 1)."""


@dataclass(kw_only=True)
class _Ballots:
    """The predictions of one task for one track, each with its weight."""

    predictions: list[Prediction] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, prediction: Prediction, weight: float) -> None:
        self.predictions.append(prediction)
        self.weights.append(weight)

    def __len__(self) -> int:
        return len(self.predictions)


@dataclass(kw_only=True)
class _Case:
    """One track under judgement. ``frame`` is the picture its best crop was cut from."""

    track: Track
    frame: Frame
    best: Crop
    latest: Crop
    kinds: _Ballots = field(default_factory=_Ballots)
    hens: _Ballots = field(default_factory=_Ballots)
    next_look: datetime | None = None


class TrackJudge:
    """Judges the tracks of one camera.

    At most ``max_per_second`` pictures a second are classified, those of the least known tracks first; a
    track looked at ``settled`` times is looked at again only every ``review_every``. Without a model for
    the task `kinds` everything that moves is "motion". A hen is named by the task `hens` where there is a
    model for it; nothing is said until the name is certain, or ``settled`` looks did not make it so.
    """

    def __init__(
        self,
        models: Mapping[str, Predicts],
        vote: Vote,
        *,
        max_per_second: float = 4.0,
        min_pictures: int = 2,
        settled: int = 8,
        review_every: timedelta = timedelta(seconds=15),
        crops_kept: int = 3,
        padding: float = 0.15,
    ) -> None:
        self._models = models
        self._vote = vote
        self._interval = timedelta(seconds=1 / max_per_second)
        self._min_pictures = min_pictures
        self._settled = settled
        self._review_every = review_every
        self._padding = padding
        self._cases: dict[str, _Case] = {}
        self._crops = BestCrops(keep=crops_kept)
        self._next_picture: datetime | None = None

    def use(self, models: Mapping[str, Predicts]) -> None:
        """Go on with other models; verdicts so far are forgotten, since the models may name other classes."""
        self._models = models
        for case in self._cases.values():
            case.kinds, case.hens, case.next_look = _Ballots(), _Ballots(), None

    def update(self, frame: Frame, tracks: Sequence[Track]) -> tuple[Judgement, ...]:
        """Verdicts on the confirmed tracks seen in this frame, and the final ones on those just lost."""
        over = [t.id for t in tracks if t.state is TrackState.LOST]
        current = [t for t in tracks if t.state is TrackState.CONFIRMED and t.seen]
        for track in current:
            self._look(frame, track)
        self._classify(self._chosen(frame.time, [t.id for t in current]))
        verdicts = [self._judgement(self._cases[t.id]) for t in current]
        return (*(v for v in verdicts if v.kind != UNKNOWN), *self._final(over))

    def close(self) -> tuple[Judgement, ...]:
        """The last verdict on everything still there."""
        return self._final(list(self._cases))

    def _look(self, frame: Frame, track: Track) -> None:
        crop = cut(frame, track, pad=self._padding)
        self._crops.offer(crop)
        case = self._cases.get(track.id)
        if case is None:
            self._cases[track.id] = _Case(track=track, frame=frame, best=crop, latest=crop)
            return
        case.track, case.latest = track, crop
        if crop.quality > case.best.quality:
            case.frame, case.best = frame, crop

    def _chosen(self, now: datetime, ids: Sequence[str]) -> list[_Case]:
        """The cases whose picture of this moment is classified: one batch within the budget."""
        if KINDS not in self._models or (self._next_picture is not None and _soon(self._next_picture, now)):
            return []
        due = [self._cases[i] for i in ids]
        due = [case for case in due if case.next_look is None or not _soon(case.next_look, now)]
        due.sort(key=lambda case: len(case.kinds))
        chosen = due[: max(1, round(timedelta(seconds=1) / self._interval / 2))]
        self._next_picture = now + self._interval * len(chosen)
        for case in chosen:
            if len(case.kinds) + 1 >= self._settled:
                case.next_look = now + self._review_every
        return chosen

    def _classify(self, cases: Sequence[_Case]) -> None:
        if not cases:
            return
        kinds = self._models[KINDS].predict([case.latest.image for case in cases])
        for case, prediction in zip(cases, kinds, strict=True):
            case.kinds.add(prediction, case.latest.quality)
        hens = [
            case for case, kind in zip(cases, kinds, strict=True)
            if HENS in self._models and _most_probable(kind) == HEN
        ]  # fmt: skip
        if hens:
            names = self._models[HENS].predict([case.latest.image for case in hens])
            for case, prediction in zip(hens, names, strict=True):
                case.hens.add(prediction, case.latest.quality)

    def _judgement(self, case: _Case, *, final: bool = False) -> Judgement:
        kind, subject, confidence = self._verdict(case, final=final)
        crops = self._crops.best(case.track.id) if final else (case.best,)
        return Judgement(
            track=case.track,
            kind=kind,
            subject=subject,
            confidence=confidence,
            frame=case.frame,
            crops=tuple(crops),
            final=final,
        )

    def _verdict(self, case: _Case, *, final: bool) -> tuple[str, str, float]:
        if KINDS not in self._models:
            return MOTION, MOTION, 1.0
        if len(case.kinds) < self._min_pictures:
            return UNKNOWN, UNKNOWN, 0.0
        kind = self._vote(case.kinds.predictions, case.kinds.weights)
        if kind.label != HEN or HENS not in self._models:
            return kind.label, kind.label, kind.confidence
        return self._name(case, kind, final=final)

    def _name(self, case: _Case, kind: Prediction, *, final: bool) -> tuple[str, str, float]:
        if len(case.hens) >= self._min_pictures:
            name = self._vote(case.hens.predictions, case.hens.weights)
            if name.label != UNKNOWN:
                return HEN, name.label, name.confidence
        if final or len(case.kinds) >= self._settled:
            return HEN, HEN, kind.confidence
        return UNKNOWN, UNKNOWN, 0.0

    def _final(self, ids: Sequence[str]) -> tuple[Judgement, ...]:
        verdicts = [self._judgement(self._cases[i], final=True) for i in ids if i in self._cases]
        for track_id in ids:
            self._cases.pop(track_id, None)
            self._crops.forget(track_id)
        return tuple(verdicts)


def _soon(moment: datetime, now: datetime) -> bool:
    """Whether ``moment`` still lies ahead. Far ahead means that the clock was set back: it does not count."""
    return timedelta() < moment - now < timedelta(minutes=5)


def _most_probable(prediction: Prediction) -> str:
    return max(prediction.probabilities, key=prediction.probabilities.__getitem__)
