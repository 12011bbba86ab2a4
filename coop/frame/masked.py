"""Privacy masks: blackened before anything looks at, keeps or sends a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from coop.domain.frame import Frame, Picture
from coop.domain.motion import Mask
from coop.domain.zone import Point, Zone
from coop.frame.source import Source, Stop

_FRACTION_BITS = 8


@dataclass(frozen=True, kw_only=True)
class MaskedSource:
    """Another source with polygons (corners in shares of the picture) blackened in every frame.

    What a frame's main stream shows of the same moment is blackened there too.
    """

    source: Source
    polygons: Sequence[Sequence[Point]]

    @property
    def live(self) -> bool:
        return self.source.live

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones that the source itself knows of: the simulated coop does."""
        return own_zones(self.source)

    def frames(self, stop: Stop) -> Iterator[Frame]:
        """See `Source`."""
        hidden: Mask | None = None
        for frame in self.source.frames(stop):
            if hidden is None or hidden.shape != frame.image.shape[:2]:
                hidden = polygon_mask(self.polygons, frame.width, frame.height)
            yield replace(frame, image=_blackened(frame.image, hidden), finer=self._finer(frame.finer))

    def _finer(self, finer: Callable[[], Picture | None] | None) -> Callable[[], Picture | None] | None:
        if finer is None:
            return None

        def hidden_too() -> Picture | None:
            picture = finer()
            if picture is None:
                return None
            height, width = picture.shape[:2]
            return _blackened(picture, polygon_mask(self.polygons, width, height))

        return hidden_too


def _blackened(picture: Picture, hidden: Mask) -> Picture:
    return np.where(hidden[..., None] > 0, np.uint8(0), picture)


def own_zones(source: Source) -> tuple[Zone, ...]:
    """The zones that a source itself knows of: the simulated coop does, a camera does not."""
    return tuple(getattr(source, "zones", ()))


def masked(source: Source, polygons: Sequence[Sequence[Point]]) -> Source:
    """``source`` behind privacy masks; the source itself where there are none."""
    return MaskedSource(source=source, polygons=polygons) if polygons else source


def polygon_mask(polygons: Sequence[Sequence[Point]], width: int, height: int) -> Mask:
    """A mask of ``height`` x ``width``, 255 inside any polygon; a pixel that is only touched counts too."""
    mask = np.zeros((height + 2, width + 2), np.uint8)  # with a margin, since a polygon may lie on the edge
    for polygon in polygons:
        # Corners in fractions of a pixel; OpenCV's coordinates name the middles of pixels.
        corners = np.array([(x * width + 0.5, y * height + 0.5) for x, y in polygon]) * 2**_FRACTION_BITS
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255, shift=_FRACTION_BITS)
    # Drawing leaves out pixels that are touched by less than half: rather too much is hidden than too little.
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)[1:-1, 1:-1]
