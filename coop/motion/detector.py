"""Finds what moves in the frames of one camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import Mask, Motion
from coop.domain.zone import Point
from coop.motion.background import Area, Background
from coop.motion.belief import Belief
from coop.motion.ghosts import is_ghost
from coop.motion.light import is_grey, is_light, is_whole_change, light_gains, local_gains
from coop.motion.regions import despeckled, followed, merged, regions_in_source, things
from coop.motion.shadows import without_shadow
from coop.motion.small import Planes, shrink

_RELEARN_S = 1.0  # how long a new picture is looked at before anything in it counts as moving
_LEVEL_STEP, _LEVEL_S = 0.004, 1.0  # so much, or so long, and a common change of brightness is looked for
_LIGHT_STEP = 0.01  # a common change of brightness below this is left to ordinary learning
_UNSETTLED = 0.004  # of the picture: while more differs, the new light has not settled
_MARGIN = 0.15  # of the size of a thing, all around: so far it may get while its background is relearned
_LOCAL = 0.02  # of the picture: if more differs, it may be the light
_LOCAL_STEP, _LOCAL_S = 0.005, 1.0  # what was no light is not looked at again before it changed by so much
_EXPLAINED = 0.8  # of what differs: the light is followed if no more than this is left
_ROOM = 3  # pixels of the small picture around a thing in which its outline is looked for
_SPECK = 8  # pixels of the small picture: the smallest thing that is more than noise


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
        self._source: tuple[int, int] | None = None  # (width, height) of the frames that were learned

    def detect(self, frame: Frame, keep: Sequence[Box] = ()) -> Motion:
        """Where ``frame`` differs from what the camera usually sees, and learn from it.

        ``keep``: boxes (source pixels) of things known to be alive; what stands still in them becomes
        background far more slowly. The first frame, a frame of another size and a change of the whole
        picture are learned for a second; meanwhile ``relearning`` is True and there are no regions.
        """
        planes = shrink(frame.image, self._width)
        if self._source != (frame.width, frame.height):
            self._open(planes, frame)
            return self._nothing(relearning=True)
        dt = self._passed(frame.time)
        self._follow_light(planes, dt)
        perhaps, surely = self._background.differing(planes)
        if self._watched is not None:
            perhaps, surely = perhaps & self._watched, surely & self._watched
        clean = despeckled(perhaps)
        suspected = self._may_be_light(clean, dt)
        switched = suspected and is_grey(planes) != is_grey(self._background.known)
        if suspected and not switched and self._follow_local_light(planes, clean):
            perhaps, surely = self._background.differing(planes)
            if self._watched is not None:
                perhaps, surely = perhaps & self._watched, surely & self._watched
            clean = despeckled(perhaps)
        kept = [area for box in keep if (area := self._area(box, frame)) is not None]
        if self._light_changed(clean, dt) or switched:
            if self._relearn_left <= 0:
                self._known_before = self._background.known
            self._relearn_left = _RELEARN_S
            self._there = merged([*self._there, *(_box(area) for area in kept)])
        self._relearn_left -= dt
        if self._relearn_left > 0:
            return self._relearn(planes, perhaps, clean, surely, frame, dt)
        moving, boxes = things(clean, surely, self._smallest)
        boxes, sure = self._believed(merged(boxes), moving, kept, dt)
        boxes = self._without_light(planes, moving, boxes)
        boxes = [without_shadow(moving, box, planes, self._background.known) for box in boxes]
        if self._background.learn(planes, perhaps, clean, moving, sure, kept, dt, self._keep_rate):
            boxes = self._without_ghosts(planes, moving, boxes)
        self._there = tuple(boxes)
        regions = regions_in_source(boxes, moving, frame.width, frame.height)
        return Motion(regions=regions, mask=moving)

    def _without_light(self, planes: Planes, moving: Mask, boxes: Sequence[Box]) -> list[Box]:
        """The boxes of what is more than another light on the background, which is learned if it lasts."""
        there = []
        for box in boxes:
            area = self._around(box)
            shape = moving[area]
            if not is_light(shape, planes[:, *area], self._background.known[:, *area]):
                there.append(box)
                continue
            if self._background.is_still(area, shape):
                self._background.absorb(planes, area, shape)
            shape[:] = 0
        return there

    def _believed(
        self, boxes: Sequence[Box], moving: Mask, kept: Sequence[Area], dt: float
    ) -> tuple[list[Box], list[Area]]:
        """The boxes that are believed, and the areas of those that are sure; the others leave the mask."""
        verdicts = self._belief.judge(boxes, moving, self._background.flickering, kept, dt)
        for box, (believed, _) in zip(boxes, verdicts, strict=True):
            if not believed:
                moving[box.y : box.bottom, box.x : box.right] = 0
        there = [box for box, (believed, _) in zip(boxes, verdicts, strict=True) if believed]
        sure = [self._around(box) for box, (_, is_sure) in zip(boxes, verdicts, strict=True) if is_sure]
        for box in self._belief.came:
            self._background.flicker.forgive(self._around(box))
        return there, sure

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
        self._belief = Belief()
        self._known_before = planes  # the background before the light changed
        self._there: tuple[Box, ...] = ()  # what was in the last picture
        self._time = frame.time
        self._relearn_left = _RELEARN_S
        self._share = 0.0
        self._level, self._since_level = 0.0, 0.0
        self._no_light, self._since_light = 0.0, 0.0

    def _passed(self, time: datetime) -> float:
        """Seconds since the last frame: none if the clock was set back, after a long gap half of settling."""
        seconds = (time - self._time).total_seconds()
        self._time = time
        return min(max(seconds, 0.0), self._settle_s / 2)

    def _follow_light(self, planes: Planes, dt: float) -> None:
        """Follow a change of the whole picture, which is looked for when its mean has changed, or a second on."""
        level, self._since_level = cv2.mean(planes[1])[0], self._since_level + dt
        if abs(level - self._level) <= _LEVEL_STEP * level and self._since_level < _LEVEL_S:
            return
        self._level, self._since_level = level, 0.0
        gains = light_gains(planes, self._background.mean)
        if np.abs(gains - 1).max() > _LIGHT_STEP:
            self._background.brighten(gains[:, np.newaxis, np.newaxis])

    def _may_be_light(self, differing: Mask, dt: float) -> bool:
        """Whether to look for a change of the light: not where one was just looked for in vain."""
        share = cv2.countNonZero(differing) / self._looked_at
        self._since_light += dt
        if share < _LOCAL or (abs(share - self._no_light) < _LOCAL_STEP and self._since_light < _LOCAL_S):
            return False
        self._level, self._since_level = 0.0, 0.0
        self._no_light, self._since_light = share, 0.0
        return True

    def _follow_local_light(self, planes: Planes, differing: Mask) -> bool:
        """Whether a change of the light from place to place explains much of what differs; then follow it."""
        gains = local_gains(planes, self._background.known, differing=differing)
        if gains is None:
            return False
        before = cv2.countNonZero(differing)
        if self._background.how_many_differ(planes, gains) > _EXPLAINED * before:
            return False
        self._background.brighten(gains)
        return True

    def _light_changed(self, mask: Mask, dt: float) -> bool:
        share = cv2.countNonZero(mask) / self._looked_at
        changed = is_whole_change(share, self._share, dt)
        self._share = 0.0 if changed else share
        return changed

    def _relearn(
        self, planes: Planes, perhaps: Mask, clean: Mask, surely: Mask, frame: Frame, dt: float
    ) -> Motion:
        """Learn a picture in a new light; only what was there before is looked for in it."""
        hidden = [self._padded(box) for box in self._there]
        where = np.zeros_like(clean)
        for area in hidden:
            where[area] = 255
        if cv2.countNonZero(cv2.compare(clean, where, cv2.CMP_GT)) > _UNSETTLED * self._looked_at:
            gains = local_gains(planes, self._known_before, unsure=where) if hidden else None
            if gains is None:
                self._background.restart(planes)
                self._there = ()
                return self._nothing(relearning=True)
            self._background.relight(planes, self._known_before * gains, hidden)
            perhaps, surely = self._background.differing(planes)
            clean = despeckled(perhaps)
        moving, boxes = things(clean & where, surely, self._smallest)
        self._there = followed(self._there, merged(boxes))
        self._background.learn(planes, perhaps, clean, moving, hidden, hidden, dt, self._keep_rate)
        regions = regions_in_source(self._there, moving, frame.width, frame.height)
        return Motion(regions=regions, mask=moving, relearning=True)

    def _padded(self, box: Box) -> Area:
        """The rows and columns of a box with room for what a thing in it may do within a frame."""
        x, y = round(box.w * _MARGIN) + _ROOM, round(box.h * _MARGIN) + _ROOM
        return slice(max(box.y - y, 0), box.bottom + y), slice(max(box.x - x, 0), box.right + x)

    def _without_ghosts(self, planes: Planes, moving: Mask, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """The boxes of things that are there; what is only a hole in the background is mended."""
        there = []
        for box in boxes:
            area = self._around(box)
            shape = moving[area]
            if self._background.is_still(area, shape) and is_ghost(
                shape, planes[:, *area], self._background.mean[:, *area].astype(np.uint8)
            ):
                self._background.absorb(planes, area, shape)
                shape[:] = 0
            else:
                there.append(box)
        return tuple(there)

    def _around(self, box: Box) -> Area:
        """The rows and columns of a box of the small picture, with a little room."""
        return (
            slice(max(box.y - _ROOM, 0), box.bottom + _ROOM),
            slice(max(box.x - _ROOM, 0), box.right + _ROOM),
        )

    def _nothing(self, *, relearning: bool) -> Motion:
        return Motion(regions=(), mask=np.zeros(self._shape, dtype=np.uint8), relearning=relearning)

    def _area(self, box: Box, frame: Frame) -> Area | None:
        """The rows and columns of the small picture that a box of the source touches."""
        clipped = box.clipped(frame.width, frame.height)
        if clipped is None:
            return None
        rows, columns = self._shape
        y, x = rows / frame.height, columns / frame.width
        return (
            slice(int(clipped.y * y), math.ceil(clipped.bottom * y)),
            slice(int(clipped.x * x), math.ceil(clipped.right * x)),
        )


def motion_mask_in_source_size(motion: Motion, frame: Frame) -> Mask:
    """The motion mask, uint8 of the frame's own height and width: 255 where it moved and 0 elsewhere."""
    mask: npt.NDArray[Any] = cv2.resize(
        motion.mask, (frame.width, frame.height), interpolation=cv2.INTER_NEAREST
    )
    return mask


def _box(area: Area) -> Box:
    rows, columns = area
    return Box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)


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
