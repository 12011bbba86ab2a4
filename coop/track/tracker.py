"""Follows what moves from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import MotionRegion
from coop.domain.track import Track, TrackState
from coop.track.look import followed, look_of, unlikeness
from coop.track.matching import Numbers, match, share_inside
from coop.track.sharing import places_of_two
from coop.track.thing import Thing

_CLOCK_STEP_S = 1.0  # a clock set back by more than this ends every track
_MISSES = 2  # frames in a row that may be missed, however long they take
_COVERED = 0.6  # of a predicted box within another's region: it is behind or beside it
_STILL_COVERED = 0.2  # the same for a thing that was there a frame ago: it drifts, but did not come out
_STILL_IN = 0.5  # of a predicted box within the picture: less has left it
_LOOK = 8.0  # what quite another look costs, beside 1 for no overlap and 1 for a whole size away
_TOO_LARGE = 1.4  # times a thing's own area: the region holds more than it


class Tracker:
    """Follows the things that move before one camera; one `update` a frame, in the order of time.

    ``confirm_hits``: frames in which a thing must be found before it is believed; more means later but
    fewer false tracks. ``lost_after_s``: seconds without being found until a confirmed track is lost; two
    missed frames are forgiven in any case, so one frame a minute works too. ``hidden_s``: seconds that a
    thing may be covered by another one and keep its track.
    """

    def __init__(
        self, camera: str, *, confirm_hits: int = 3, lost_after_s: float = 2.0, hidden_s: float = 5.0
    ) -> None:
        if confirm_hits < 1:
            raise ValueError(f"confirm_hits must be at least 1. Received: {confirm_hits}")
        if lost_after_s < 0 or hidden_s < 0:
            raise ValueError(
                f"lost_after_s and hidden_s must not be negative. Received: {lost_after_s} and {hidden_s}"
            )
        self._camera = camera
        self._confirm_hits = confirm_hits
        self._lost_after_s = lost_after_s
        self._hidden_s = hidden_s
        self._things: list[Thing] = []
        self._time: datetime | None = None
        self._count = 0

    def update(self, frame: Frame, regions: Sequence[MotionRegion]) -> tuple[Track, ...]:
        """The tracks in this frame: all live ones, and those just lost, told this once.

        A tentative track that is not found again ends without a word.
        """
        lost, dt = self._pass_time(frame)
        boxes = [region.box for region in regions]
        free = self._continue(boxes, frame, dt)
        self._begin([boxes[i] for i in free], frame)
        lost += self._lose(frame)
        return tuple(thing.as_track() for thing in self._things + lost)

    def _pass_time(self, frame: Frame) -> tuple[list[Thing], float]:
        """Predict up to this frame: the things that a clock set back ends, and the seconds that passed."""
        dt = (frame.time - self._time).total_seconds() if self._time is not None else 0.0
        self._time = frame.time
        ended: list[Thing] = []
        if dt < -_CLOCK_STEP_S:
            ended, self._things = [_lost(thing) for thing in self._things if _is_confirmed(thing)], []
        dt = max(dt, 0.0)
        for thing in self._things:
            thing.predict(dt)
        return ended, dt

    def _continue(self, boxes: Sequence[Box], frame: Frame, dt: float) -> list[int]:
        """Give the boxes to the things they belong to; the indices of those that belong to none."""
        predicted = [thing.course.box for thing in self._things]
        parting = [thing.hidden_s > 0 for thing in self._things]
        found = match(
            predicted,
            boxes,
            [thing.course.uncertainty for thing in self._things],
            more=self._unlike(boxes, frame) if any(parting) else None,
            lost_sight=parting,
        )
        hidden = self._hidden(predicted, boxes, found)
        places = _places(hidden | found, predicted, boxes)
        for i, thing in enumerate(self._things):
            if i in hidden:
                thing.hide(boxes[hidden[i]], places.get(i), dt)
            elif i in found:
                thing.find(boxes[found[i]], places.get(i), frame.time, self._confirm_hits)
                if _is_alone(i, predicted, boxes[found[i]]):
                    thing.look = followed(thing.look, look_of(frame.image, boxes[found[i]]))
            else:
                thing.miss(dt)
        taken = set(found.values())
        return [i for i in range(len(boxes)) if i not in taken]

    def _unlike(self, boxes: Sequence[Box], frame: Frame) -> Numbers:
        """What it costs that a box looks unlike a thing that was hidden: hens that part differ in colour."""
        looks = [look_of(frame.image, box) for box in boxes]
        return np.array(
            [
                [_LOOK * unlikeness(thing.look, look) if thing.hidden_s > 0 else 0.0 for look in looks]
                for thing in self._things
            ]
        ).reshape(len(self._things), len(boxes))

    def _hidden(
        self, predicted: Sequence[Box], boxes: Sequence[Box], found: dict[int, int]
    ) -> dict[int, int]:
        """The things that share a box with another, and which: hens that cross keep their own courses.

        The one without a region is hidden; so is the one that got it, if it is too large for it alone.
        """
        hidden: dict[int, int] = {}
        for i, thing in enumerate(self._things):
            if i in found or not self._may_hide(thing):
                continue
            for j, at in found.items():
                partner = self._things[j]
                enough = _STILL_COVERED if thing.hidden_s > 0 else _COVERED
                if _is_confirmed(partner) and share_inside(predicted[i], boxes[at]) >= enough:
                    hidden[i] = at
                    if boxes[at].area > _TOO_LARGE * predicted[j].area and self._may_hide(partner):
                        hidden[j] = at
        return hidden

    def _may_hide(self, thing: Thing) -> bool:
        return _is_confirmed(thing) and thing.hidden_s < self._hidden_s

    def _begin(self, boxes: Sequence[Box], frame: Frame) -> None:
        for box in boxes:
            self._count += 1
            thing = Thing(self._new_id(frame.time), self._camera, box, frame.time)
            if self._confirm_hits == 1:
                thing.state = TrackState.CONFIRMED
            self._things.append(thing)

    def _lose(self, frame: Frame) -> list[Thing]:
        """Forget what was not found for too long or left the picture; those of it that were confirmed."""
        for thing in self._things:
            if not thing.seen:
                thing.box = thing.course.box.clipped(frame.width, frame.height) or thing.box
        gone = [thing for thing in self._things if self._is_gone(thing, frame)]
        self._things = [thing for thing in self._things if thing not in gone]
        return [_lost(thing) for thing in gone if _is_confirmed(thing)]

    def _is_gone(self, thing: Thing, frame: Frame) -> bool:
        if thing.seen:
            return False
        if share_inside(thing.course.box, Box(0, 0, frame.width, frame.height)) < _STILL_IN:
            return True
        patience = self._lost_after_s if _is_confirmed(thing) else 0.0
        return thing.misses > _MISSES and thing.unseen_s >= patience

    def _new_id(self, time: datetime) -> str:
        moment = time.astimezone(UTC)
        return f"{self._camera}-{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}-{self._count}"


def _places(where: Mapping[int, int], predicted: Sequence[Box], boxes: Sequence[Box]) -> dict[int, Box]:
    """Where two things are that share a box (``where``: thing to box), as far as its edges tell."""
    places: dict[int, Box] = {}
    for at in set(where.values()):
        pair = [i for i, box in where.items() if box == at]
        if len(pair) == 2:
            found = places_of_two([predicted[i] for i in pair], boxes[at])
            places |= dict(zip(pair, found, strict=True)) if found is not None else {}
    return places


def _is_alone(i: int, predicted: Sequence[Box], box: Box) -> bool:
    """Whether nothing else is expected in the box of thing ``i``, so that its look is its own."""
    fits = box.area <= _TOO_LARGE * predicted[i].area
    return fits and not any(share_inside(other, box) > 0 for k, other in enumerate(predicted) if k != i)


def _is_confirmed(thing: Thing) -> bool:
    return thing.state is TrackState.CONFIRMED


def _lost(thing: Thing) -> Thing:
    thing.state = TrackState.LOST
    thing.seen = False
    return thing
