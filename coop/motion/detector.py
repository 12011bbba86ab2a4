"""Finds what moves in the frames of one camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import Mask, Motion
from coop.domain.zone import Point
from coop.motion.areas import Area, area_in_small, around, box_of, holds_any
from coop.motion.background import Background
from coop.motion.belief import Belief
from coop.motion.drift import Drift
from coop.motion.follower import LightFollower
from coop.motion.ghosts import is_ghost
from coop.motion.light import in_grey, is_light, local_gains
from coop.motion.regions import despeckled, followed, merged, regions_in_source, things
from coop.motion.shadows import without_shadow
from coop.motion.shake import Shake
from coop.motion.small import Planes, shrink

_RELEARN_S = 1.0  # how long a new picture is looked at before anything new in it counts as moving
_UNSETTLED = 0.004  # of the picture: while more differs, the new light has not settled
_SEEN = 0.1  # of a box must differ for something to be in it
_MARGIN = 0.15  # of the size of a thing, all around: so far it may get from one look to the next ...
_PACE = 0.7  # ... and of its width a second to either side, while its background is relearned
_LIVING_S = 0.5  # how often it is asked whether a thing that is known to live is only light
_AGREEMENT, _BEYOND_DOUBT = 0.5, 0.7  # correlation of textures from which on a thing is only light
_ROOM = 3  # pixels of the small picture around a thing in which its outline is looked for
_SPECK = 8  # pixels of the small picture: the smallest thing that is more than noise


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Difference:
    """Where a picture may differ from the background, without specks too, and where it surely does.

    ``count``: how many pixels differ, without specks.
    """

    perhaps: Mask
    surely: Mask
    clean: Mask
    count: int


class MotionDetector:
    """Looks for motion in the frames of one camera, one `detect` a frame, in the order of time.

    ``width``: pixels across of the small picture that is searched; smaller is cheaper and sees less far.
    ``contrast``: grey levels by which a thing must at least differ from what is behind it; lower finds
    more and errs more. ``noise_factor``: how many times the usual noise of a pixel is added to that.
    ``min_share``: the smallest thing, as a share of the picture. ``learn_s``: seconds in which the
    background follows a slow change. ``settle_s``: seconds until something that moved and then stood still is
    background. ``keep_rate``: the share of its usual speed at which that happens to what is kept.
    ``ignore``: polygons in shares of the picture's width and height in which nothing is looked for.
    """

    def __init__(
        self,
        *,
        width: int = 320,
        contrast: float = 8.0,
        noise_factor: float = 1.2,
        min_share: float = 0.0005,
        learn_s: float = 20.0,
        settle_s: float = 60.0,
        keep_rate: float = 0.2,
        ignore: Sequence[Sequence[Point]] = (),
    ) -> None:
        _check("width", width, 32, 4096)
        _check("contrast", contrast, 1, 100)
        _check("noise_factor", noise_factor, 0, 20)
        _check("min_share", min_share, 0, 1)
        _check("learn_s", learn_s, 0.1, 86_400)
        _check("settle_s", settle_s, 1, 86_400)
        _check("keep_rate", keep_rate, 0, 1)
        for polygon in ignore:
            _check_polygon(polygon)
        self._width = width
        self._contrast = contrast
        self._noise_factor = noise_factor
        self._min_share = min_share
        self._learn_s = learn_s
        self._settle_s = settle_s
        self._keep_rate = keep_rate
        self._ignore = tuple(tuple(polygon) for polygon in ignore)
        self._there: tuple[Box, ...] = ()  # what was in the last picture
        self._source: tuple[int, int] | None = None  # (width, height) of the frames that were learned

    def detect(self, frame: Frame, keep: Sequence[Box] = ()) -> Motion:
        """Where ``frame`` differs from what the camera usually sees, and learn from it.

        ``keep``: boxes (source pixels) of things known to be alive; what stands still in them becomes
        background far more slowly. The first frame, a frame of another size and a change of the whole
        picture are learned for a second; meanwhile ``relearning`` is True, and there are regions only of
        what was there before the change.
        """
        planes = shrink(frame.image, self._width)
        if self._source != (frame.width, frame.height):
            self._open(planes, frame)
            return Motion(regions=(), mask=np.zeros(self._shape, dtype=np.uint8), relearning=True)
        dt = self._passed(frame.time)
        kept = [area for box in keep if (area := area_in_small(box, frame, self._shape)) is not None]
        known = self._background.known
        switched = self._light.follow_whole(planes, self._background, dt)
        planes, differs = self._steady(planes, dt)
        if not switched and self._light.follow_local(
            planes, self._background, differs.clean, differs.count, dt
        ):
            differs = self._difference(planes)
        if switched:
            known = self._as_in_this_light(known)
        if self._light.has_lost(differs.count, dt) or switched:
            self._begin_to_relearn(known, kept)
        self._relearn_left -= dt
        if self._relearn_left > 0:
            return self._relearn(planes, differs, frame, dt)
        return self._look(planes, differs, kept, frame, dt)

    def _look(
        self, planes: Planes, differs: _Difference, kept: Sequence[Area], frame: Frame, dt: float
    ) -> Motion:
        """What is there in a light that is known."""
        moving, boxes = things(differs.clean, differs.surely, self._smallest)
        believed, alive = self._believed(merged(boxes), moving, kept, dt)
        solid = self._without_light(planes, moving, believed, kept, dt)
        there = [without_shadow(moving, box, planes, self._background.known) for box in solid]
        if self._background.learn(
            planes,
            differs.perhaps,
            differs.clean,
            moving,
            alive,
            kept,
            dt,
            self._keep_rate,
            news=self._belief.news,
        ):
            there = self._without_ghosts(planes, moving, there, kept)
        drifted = self._drift.shift(planes, self._background.known, moving, dt)
        if drifted is not None:
            self._background.move(*drifted)
        self._there = tuple(there)
        regions = regions_in_source(there, moving, frame.width, frame.height)
        return Motion(regions=regions, mask=moving)

    def _open(self, planes: Planes, frame: Frame) -> None:
        self._source = frame.width, frame.height
        self._shape: tuple[int, int] = planes.shape[1], planes.shape[2]
        self._watched = _watched(self._ignore, *self._shape)
        pixels = planes.shape[1] * planes.shape[2]
        self._smallest = max(_SPECK, round(self._min_share * pixels))
        self._looked_at = pixels if self._watched is None else max(cv2.countNonZero(self._watched), 1)
        self._background = Background(
            planes,
            contrast=self._contrast,
            noise_factor=self._noise_factor,
            learn_s=self._learn_s,
            settle_s=self._settle_s,
        )
        self._light = LightFollower(self._looked_at)
        self._belief = Belief()
        self._drift = Drift()
        self._shake = Shake(self._shape)
        self._there = ()
        self._known_before = planes  # the background before the light changed
        self._last_seen: dict[bool, Planes] = {}  # the background when the camera left or entered infrared
        self._relearning = 0.0  # seconds
        self._relearn_left = _RELEARN_S
        self._unasked = 0.0  # seconds since it was asked what lives and what is light
        self._time = frame.time

    def _passed(self, time: datetime) -> float:
        """Seconds since the last frame: none if the clock was set back, after a long gap half of settling."""
        seconds = (time - self._time).total_seconds()
        self._time = time
        return min(max(seconds, 0.0), self._settle_s / 2)

    def _difference(self, planes: Planes) -> _Difference:
        perhaps, surely = self._background.differing(planes, calm=self._belief.is_calm)
        if self._watched is not None:
            perhaps, surely = perhaps & self._watched, surely & self._watched
        clean = despeckled(perhaps)
        return _Difference(perhaps=perhaps, surely=surely, clean=clean, count=cv2.countNonZero(clean))

    def _steady(self, planes: Planes, dt: float) -> tuple[Planes, _Difference]:
        """The picture as it would be had nobody knocked the camera, and where it differs."""
        differs = self._difference(planes)
        steady = self._shake.put_back(planes, self._background.known, differs.count, dt)
        if steady is None:
            return planes, differs
        left = self._difference(steady)
        if not self._shake.explains(differs.count, left.count):
            return planes, self._difference(planes)
        lies = self._shake.come_to_stay()
        if lies is None:
            return steady, left
        self._background.move(*lies)
        return planes, self._difference(planes)

    def _believed(
        self, boxes: Sequence[Box], moving: Mask, kept: Sequence[Area], dt: float
    ) -> tuple[list[Box], list[Area]]:
        """The boxes that are believed, and areas of what may be alive; the others leave the mask."""
        verdicts = self._belief.judge(
            boxes, moving, self._background.flickering, kept, dt, infrared=self._light.infrared
        )
        there, alive = [], []
        for box, (believed, may_be_alive) in zip(boxes, verdicts, strict=True):
            if may_be_alive:
                alive.append(around(box, _ROOM, _ROOM))
            if believed:
                there.append(box)
            else:
                moving[box.y : box.bottom, box.x : box.right] = 0
        for box in self._belief.came:
            self._background.flicker.forgive(around(box, _ROOM, _ROOM))
        return there, alive

    def _without_light(
        self, planes: Planes, moving: Mask, boxes: Sequence[Box], kept: Sequence[Area], dt: float
    ) -> list[Box]:
        """The boxes of what is more than another light on the background, which is learned if it lasts.

        What holds a thing that is known to live must be light beyond doubt: there she may stand in new light.
        It is asked of her once a second, and as long as the answer is yes.
        """
        self._unasked += dt
        ask_all, there, lit = self._unasked >= _LIVING_S, [], False
        for box in boxes:
            area = around(box, _ROOM, _ROOM)
            shape, lives = moving[area], holds_any(area, kept)
            agreement = _BEYOND_DOUBT if lives else _AGREEMENT
            if (lives and not ask_all) or not is_light(
                shape, planes[:, *area], self._background.known[:, *area], agreement
            ):
                there.append(box)
                continue
            lit = lit or lives
            if self._background.is_still(area, shape):
                self._background.absorb(planes, area, shape)
            shape[:] = 0
        if ask_all and not lit:
            self._unasked = 0.0
        return there

    def _without_ghosts(
        self, planes: Planes, moving: Mask, boxes: Sequence[Box], kept: Sequence[Area]
    ) -> list[Box]:
        """The boxes of things that are there; what is only a hole in the background is mended."""
        there = []
        areas = [around(box, _ROOM, _ROOM) for box in boxes]
        alive = [area for area in areas if holds_any(area, kept)]
        for box, area in zip(boxes, areas, strict=True):
            shape = moving[area]
            if self._background.is_still(area, shape) and self._is_hole(planes, area, shape, alive):
                self._background.absorb(planes, area, shape)
                shape[:] = 0
            else:
                there.append(box)
        return there

    def _is_hole(self, planes: Planes, area: Area, shape: Mask, alive: Sequence[Area]) -> bool:
        """Whether what stands still is nothing. ``alive``: where something lives.

        Where the background is a guess, all is nothing but what lives, once she who hid it is seen elsewhere.
        """
        if alive and self._background.is_guess(area, shape):
            return area not in alive
        return is_ghost(shape, planes[:, *area], self._background.known[:, *area])

    def _begin_to_relearn(self, known: Planes, kept: Sequence[Area]) -> None:
        """The light has changed too much to be followed; ``known`` is the background in the old light."""
        if self._relearn_left <= 0:
            self._known_before = known
            self._relearning = 0.0
        self._relearn_left = _RELEARN_S
        self._there = merged([*self._there, *(box_of(area) for area in kept)])

    def _as_in_this_light(self, known: Planes) -> Planes:
        """The background as it was when the camera last saw in infrared, or in colours, as it does again.

        ``known``: the background until now. In infrared it has no colours: what was brown or blue is grey.
        """
        infrared = self._light.infrared
        self._last_seen[not infrared] = known
        if infrared not in self._last_seen:
            return in_grey(known) if infrared else known
        return self._last_seen[infrared]

    def _relearn(self, planes: Planes, differs: _Difference, frame: Frame, dt: float) -> Motion:
        """Learn a picture in a new light; only what was there before is looked for in it.

        Behind a thing that was there the background cannot be seen, so the old one is put into the new light.
        """
        self._relearning += dt
        aside = _MARGIN + _PACE * min(self._relearning, _RELEARN_S)
        hidden = [around(b, _ROOM + round(b.w * aside), _ROOM + round(b.h * _MARGIN)) for b in self._there]
        where = np.zeros(self._shape, dtype=np.uint8)
        for area in hidden:
            where[area] = 255
        outside = cv2.countNonZero(cv2.bitwise_and(differs.clean, cv2.bitwise_not(where)))
        if outside > _UNSETTLED * self._looked_at:
            gains = local_gains(planes, self._known_before, unsure=where) if hidden else None
            if gains is None:
                self._background.restart(planes)
                self._there = ()
                return Motion(regions=(), mask=np.zeros_like(where), relearning=True)
            self._background.relight(planes, self._known_before * gains, hidden)
            differs = self._difference(planes)
        moving, boxes = things(differs.clean & where, differs.surely, self._smallest)
        self._there = followed(self._there, merged(boxes), [box_of(area) for area in hidden])
        self._background.learn(
            planes, differs.perhaps, differs.clean, moving, hidden, hidden, dt, self._keep_rate
        )
        regions = regions_in_source(self._there, moving, frame.width, frame.height)
        seen = tuple(region for region in regions if region.fill >= _SEEN)
        return Motion(regions=seen, mask=moving, relearning=True)


def motion_mask_in_source_size(motion: Motion, frame: Frame) -> Mask:
    """The motion mask, uint8 of the frame's own height and width: 255 where it moved and 0 elsewhere."""
    mask: npt.NDArray[Any] = cv2.resize(
        motion.mask, (frame.width, frame.height), interpolation=cv2.INTER_NEAREST
    )
    return mask


def _watched(ignore: Sequence[Sequence[Point]], rows: int, columns: int) -> Mask | None:
    """255 where motion is looked for, 0 in the ignored polygons; None if everything is looked at."""
    if not ignore:
        return None
    watched = np.full((rows, columns), 255, dtype=np.uint8)
    for polygon in ignore:
        corners = np.array([(x * columns, y * rows) for x, y in polygon])
        cv2.fillPoly(watched, [np.round(corners).astype(np.int32)], 0)
    return watched


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be between {least} and {most}. Received: {value}")


def _check_polygon(polygon: Sequence[Point]) -> None:
    if len(polygon) < 3 or not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in polygon):
        raise ValueError(
            "A polygon to ignore needs at least 3 points, each with x and y between 0 and 1 (shares of the "
            f"picture's width and height). Received: {[*polygon]}"
        )
