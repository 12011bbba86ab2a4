"""What each track is: crops chosen, classified at a bounded rate, and voted over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from coop.classify.card import ModelCard
from coop.classify.crop import BestCrops, cut
from coop.classify.vote import TrackVote
from coop.domain.box import Box
from coop.domain.frame import Frame, Picture
from coop.domain.judgement import Judgement
from coop.domain.prediction import STRANGER, UNKNOWN, Prediction
from coop.domain.spending import Plenty, Spends
from coop.domain.track import Crop, Track, TrackState

KINDS = "kinds"
HENS = "hens"
HEN = "hen"
MOTION = "motion"
STRANGER_LOOKS = 5
"""Looks in colour, each at another place, from which on a hen was seen well."""
FAMILIAR = 0.8
"""So near, in the distance within which the flock stays, a look knows its hen: three in four of hers do, and
one in fifty of a stranger's. One that most looks know, or the newest two, is no stranger, however odd the
others are: asleep on the perch, with a wing stretched or wholly from behind, she is like nobody.
"""
LEAST_TRAVEL = 2.0
"""Sizes of its own that a stranger has come: a shadow or the rest of a hen on its perch has not."""
LEAST_COLOUR = 4.0
"""Grey levels between the strongest and the weakest channel of a picture by day, on average."""
LEAST_PLACES = 2
"""Places at which anything but a hen was looked at. Many looks at what stands still are copies of one, and
what is left over in a picture after a fault of its camera, a rest of straw, stands still for ever: an animal
moves, or it would not have been seen.
"""

MIN_LOOKS = 3
"""A track with fewer when it is over is looked at once more, on the crops that are kept of it."""
_STOOD_STILL = 0.7
"""The least overlap (IoU) of a thing's boxes at two looks that makes the second a copy of the first."""


class Predicts(Protocol):
    """A loaded model: one prediction for each picture (uint8 BGR)."""

    @property
    def card(self) -> ModelCard: ...

    def predict(self, images: Sequence[Picture]) -> list[Prediction]: ...


@dataclass(kw_only=True)
class _Case:
    """One track under judgement, with its latest crop, its best one, and the frame that was cut from.

    A whole frame is some megabytes, so each case keeps one and no more.
    """

    track: Track
    latest: Crop
    best: Crop
    best_frame: Frame
    votes: dict[str, TrackVote] = field(default_factory=dict)
    next_look: datetime | None = None
    looked: set[datetime] = field(default_factory=set)
    looked_at: dict[str, Box] = field(default_factory=dict)
    places: int = 0
    strangeness: list[float] = field(default_factory=list)

    def looks(self, task: str) -> int:
        """How many pictures of it the model of a task has seen."""
        return self.votes[task].pictures if task in self.votes else 0

    def add(self, prediction: Prediction, card: ModelCard, settled: int) -> None:
        """Count a prediction; after ``settled`` looks, one for as long as the thing stands still."""
        stood = self.stood(card.task)
        self.looked_at[card.task] = self.latest.box
        if card.task == KINDS and not stood:
            self.places += 1
        self.votes.setdefault(card.task, TrackVote(card)).add(
            prediction, self.latest.quality, again=stood and self.looks(card.task) >= settled
        )

    def stood(self, task: str) -> bool:
        """Whether it stands where the model of a task looked at it last."""
        before = self.looked_at.get(task)
        return before is not None and before.iou(self.latest.box) >= _STOOD_STILL

    def answer(self, task: str, *, final: bool) -> Prediction | None:
        """The published answer of a task, or at the end whatever the votes say; None before any look."""
        vote = self.votes.get(task)
        if vote is None:
            return None
        return vote.current if final else vote.published


class TrackJudge:
    """Judges the tracks of one camera.

    At most ``max_per_second`` pictures a second are classified, those of the least known tracks first; a
    track looked at ``settled`` times is looked at again only every ``review_every``, and one that was over
    before its turns came is looked at then, at most ``crops_kept`` times. While no ``time`` is left (all
    cameras share it) the looks wait. Without a model for the task `kinds` everything that moves is "motion".
    A hen is named by the task `hens` where there is a model for it; nothing is said until the name is
    certain, or ``settled`` looks did not make it so. One that came by itself, and in five looks in colour,
    each at another place, was on average ``stranger_beyond`` times as far from every hen of the model's
    gallery as those get, is a stranger, unless most looks, or the newest two, knew her. Anything but a hen
    has to be seen at two places.
    """

    def __init__(
        self,
        models: Mapping[str, Predicts],
        *,
        max_per_second: float = 4.0,
        settled: int = 8,
        review_every: timedelta = timedelta(seconds=15),
        crops_kept: int = 3,
        padding: float = 0.15,
        stranger_beyond: float = 1.1,
        time: Spends | None = None,
    ) -> None:
        self._models = models
        self._next_models = models
        self._interval = timedelta(seconds=1 / max_per_second)
        self._settled = settled
        self._review_every = review_every
        self._padding = padding
        self._stranger_beyond = stranger_beyond
        self._time = time or Plenty()
        self._cases: dict[str, _Case] = {}
        self._crops = BestCrops(each=crops_kept)
        self._next_picture: datetime | None = None

    def use(self, models: Mapping[str, Predicts]) -> None:
        """Go on with other models from the next frame on; may be called from another thread.

        Verdicts so far are forgotten, since the other models may name other classes.
        """
        self._next_models = models

    def update(self, frame: Frame, tracks: Sequence[Track]) -> tuple[Judgement, ...]:
        """Verdicts on the confirmed tracks seen in this frame, and the final ones on those just lost."""
        self._change_models()
        over = [t.id for t in tracks if t.state is TrackState.LOST]
        current = [t for t in tracks if t.state is TrackState.CONFIRMED and t.seen]
        for track in current:
            self._look(frame, track)
        self._classify(self._chosen(frame.time, [t.id for t in current]))
        verdicts = [self._judgement(self._cases[t.id], frame) for t in current]
        return (*(v for v in verdicts if v.kind != UNKNOWN), *self._final(over))

    def close(self) -> tuple[Judgement, ...]:
        """The last verdict on everything still there."""
        return self._final(list(self._cases))

    def _change_models(self) -> None:
        if self._next_models is not self._models:
            self._models = self._next_models
            for case in self._cases.values():
                case.votes, case.looked_at, case.next_look, case.strangeness = {}, {}, None, []
                case.places = 0

    def _look(self, frame: Frame, track: Track) -> None:
        crop = cut(frame, track, pad=self._padding)
        self._crops.offer(crop)
        case = self._cases.get(track.id)
        if case is None:
            self._cases[track.id] = _Case(track=track, latest=crop, best=crop, best_frame=frame)
            return
        case.track, case.latest = track, crop
        if crop.quality > case.best.quality:
            case.best, case.best_frame = crop, frame

    def _chosen(self, now: datetime, ids: Sequence[str]) -> list[_Case]:
        """The cases whose picture of this moment is classified: one batch within the budget."""
        if KINDS not in self._models or (self._next_picture is not None and _soon(self._next_picture, now)):
            return []
        if not self._time.is_left():
            return []
        due = [self._cases[i] for i in ids]
        due = [case for case in due if case.next_look is None or not _soon(case.next_look, now)]
        due.sort(key=lambda case: case.looks(KINDS))
        chosen = due[: max(1, round(timedelta(seconds=1) / self._interval / 2))]
        self._next_picture = now + self._interval * len(chosen)
        for case in chosen:
            if case.looks(KINDS) + 1 >= self._settled:
                case.next_look = now + self._review_every
        return chosen

    def _classify(self, cases: Sequence[_Case]) -> None:
        if not cases:
            return
        kinds = self._predict(KINDS, cases)
        hens = [case for case, kind in zip(cases, kinds, strict=True) if _most_probable(kind) == HEN]
        if HENS in self._models and hens:
            moved = [not case.stood(HENS) for case in hens]
            for case, name, came in zip(hens, self._predict(HENS, hens), moved, strict=True):
                if came and name.strangeness is not None and is_coloured(case.latest.image):
                    case.strangeness.append(name.strangeness)

    def _predict(self, task: str, cases: Sequence[_Case]) -> list[Prediction]:
        model = self._models[task]
        with self._time.spending():
            predictions = model.predict([case.latest.image for case in cases])
        for case, prediction in zip(cases, predictions, strict=True):
            case.looked.add(case.latest.time)
            case.add(prediction, model.card, self._settled)
        return predictions

    def _judgement(self, case: _Case, now: Frame | None) -> Judgement:
        """The verdict of the moment of a frame, or the final one."""
        final = now is None
        kind, subject, confidence = self._verdict(case, final=final)
        # While a thing is there its picture is that of this moment and place; in the end its best one.
        frame: Frame = case.best_frame if now is None else now
        crops = (self._crops.best(case.track.id) or (case.best,)) if final else (case.latest,)
        return Judgement(
            track=case.track,
            kind=kind,
            subject=subject,
            confidence=confidence,
            frame=frame,
            crops=crops,
            final=final,
        )

    def _verdict(self, case: _Case, *, final: bool) -> tuple[str, str, float]:
        if KINDS not in self._models:
            return MOTION, MOTION, 1.0
        kind = case.answer(KINDS, final=final)
        if kind is None or kind.label == UNKNOWN:
            return UNKNOWN, UNKNOWN, kind.confidence if kind else 0.0
        if kind.label != HEN and case.places < LEAST_PLACES:
            return UNKNOWN, UNKNOWN, kind.confidence
        if kind.label != HEN or HENS not in self._models:
            return kind.label, kind.label, kind.confidence
        name = case.answer(HENS, final=final)
        if self._is_stranger(case):
            return HEN, STRANGER, kind.confidence
        if name is not None and name.label != UNKNOWN:
            return HEN, name.label, name.confidence
        if final or case.looks(KINDS) >= self._settled:
            return HEN, HEN, kind.confidence
        return UNKNOWN, UNKNOWN, 0.0

    def _is_stranger(self, case: _Case) -> bool:
        """Whether she was seen well, and is like none of the flock."""
        looks = case.strangeness
        if len(looks) < STRANGER_LOOKS or case.track.travelled < LEAST_TRAVEL:
            return False
        knows = [look <= FAMILIAR for look in looks]
        known = sum(knows) > len(looks) / 2 or all(knows[-2:])
        return not known and sum(looks) / len(looks) > self._stranger_beyond

    def _look_once_more(self, case: _Case) -> None:
        """Show the models the crops worth keeping of a track that was over before it had its turns."""
        if KINDS not in self._models or case.looks(KINDS) >= MIN_LOOKS:
            return
        for crop in self._crops.best(case.track.id):
            if crop.time not in case.looked:
                case.latest = crop
                self._classify([case])

    def _final(self, ids: Sequence[str]) -> tuple[Judgement, ...]:
        for track_id in ids:
            if track_id in self._cases:
                self._look_once_more(self._cases[track_id])
        verdicts = [self._judgement(self._cases[i], None) for i in ids if i in self._cases]
        for track_id in ids:
            self._cases.pop(track_id, None)
            self._crops.forget(track_id)
        return tuple(verdicts)


def is_coloured(image: Picture) -> bool:
    """Whether a picture has colours to know a hen by: one by infrared light has none."""
    small = image[::4, ::4].astype(np.int16)
    return bool((small.max(axis=2) - small.min(axis=2)).mean() >= LEAST_COLOUR)


def _soon(moment: datetime, now: datetime) -> bool:
    """Whether ``moment`` still lies ahead. Far ahead means that the clock was set back: it does not count."""
    return timedelta() < moment - now < timedelta(minutes=5)


def _most_probable(prediction: Prediction) -> str:
    return max(prediction.probabilities, key=prediction.probabilities.__getitem__)
