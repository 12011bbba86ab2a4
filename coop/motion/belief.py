"""Which things are believed at once, and which must be seen again first: moths, flakes and leaves must."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from coop.domain.box import Box
from coop.domain.motion import Mask
from coop.motion.areas import Area

_THICK = 0.024  # of the picture's width: what is nowhere thicker may be a thread, a flake or a moth
_NEAR = (
    0.8  # of its own side: what is found so close to where a thing was, is the same thing a frame later ...
)
_ALIKE = 3.0  # ... if neither is larger than the other by this factor
_SEEN = 2  # times: that something was there twice, and elsewhere, may be two flakes
_TRAVELS = 0.5  # diagonals of its box: what has come so far goes somewhere ...
_SWAYS = 1.5  # ... and so far a small thing where much flickers in the wind: leaves sway
_GUSTS = 1.2  # flashes a second: with more of them it is windy
_FLICKERS = 0.1  # of a box: a thin thing where so much flickers is believed only when it travels
_CLUMP = 5  # times as large as a thick thing must be: so large are some leaves together
_CLOSE = 2  # pixels around a box that count too
_FLASH_S = 0.5  # a thin thing that is gone sooner was a flash
_MEMORY_S = 30.0  # over which flashes are averaged
_CALM = 0.05  # flashes a second; with fewer even a thin thing is believed at once
_RESTLESS = 0.3  # flashes a second: rain, leaves or moths
_CROWD = 3  # thin things that come at once are flashes: the camera was knocked, or a gust came
_MANY = 0.03  # flashes a frame; ten times as many ask for one more sight
_AGAIN_S = 0.19  # between two sights that a thin thing needs
_NEWS_S = 1.5  # a thing that came so long ago is no news any more


@dataclass(kw_only=True)
class _Chain:
    """A thing through the frames: where it was first and last, for how long, and whether it is believed."""

    first: Box
    last: Box
    seconds: float = 0.0
    hits: int = 1
    sure: bool = False  # thick, kept, or has travelled
    alive: bool = False  # kept, or has travelled
    believed: bool = False

    def __post_init__(self) -> None:
        self.x, self.y = _centre(self.last)

    def follow(self, box: Box, dt: float) -> None:
        self.last = box
        self.x, self.y = _centre(box)
        self.seconds += dt
        self.hits += 1

    def has_travelled(self, diagonals: float) -> bool:
        x0, y0 = _centre(self.first)
        way = math.hypot(self.x - x0, self.y - y0)
        return self.hits > _SEEN and way >= diagonals * math.hypot(self.last.w, self.last.h)


class Belief:
    """Follows the things of one camera from frame to frame, as far as it takes to believe them.

    A thick thing, one in an area that is kept and one that travels are sure. A thin one is believed at once
    only while the scene is calm. Where things flash (come and go within half a second), it must be seen
    again in the same place, the more often the more flashes there are: a flake may fall to where one was.
    Leaves that a gust moves together are thick, so in the wind what is small where much flickers is thin.
    """

    def __init__(self) -> None:
        self._chains: list[_Chain] = []
        self._flashes = 0.0  # a second
        self.news = False  # whether a thing that is believed came just now, and does not move as if alive
        self.came: list[
            Box
        ] = []  # the way here of each thing that turned out to be alive in the last picture

    @property
    def is_calm(self) -> bool:
        """Whether little flashes."""
        return self._flashes < _RESTLESS

    def judge(
        self,
        boxes: Sequence[Box],
        mask: Mask,
        flickering: Mask,
        kept: Sequence[Area],
        dt: float,
        *,
        infrared: bool = False,
    ) -> list[tuple[bool, bool]]:
        """For each thing whether it is believed, and whether it may be alive.

        ``mask`` shows the shapes of the things, and ``flickering`` where something came and went before.
        ``infrared``: before an infrared lamp there are always moths, so no scene is calm.
        """
        thick = max(2, round(_THICK * mask.shape[1]))
        self.came = []
        free = list(self._chains)
        chains = [self._chain_of(box, free, dt) for box in boxes]
        # Whether a thing that is sure is thin does not matter any more.
        gusts = self._flashes >= _GUSTS
        sways = [
            gusts and not chain.sure and max(box.w, box.h) < _CLUMP * thick and _flickers(box, flickering)
            for box, chain in zip(boxes, chains, strict=True)
        ]
        thin = [
            not chain.sure and (leaf or not _is_thick(box, mask, thick))
            for box, chain, leaf in zip(boxes, chains, sways, strict=True)
        ]
        crowd = sum(chain.hits == 1 and is_thin for chain, is_thin in zip(chains, thin, strict=True))
        if crowd >= _CROWD:
            self._flashes += crowd / _MEMORY_S
        for box, chain, is_thin, leaf in zip(boxes, chains, thin, sways, strict=True):
            far = _SWAYS if leaf else _TRAVELS
            if not chain.alive and (_is_kept(box, kept) or chain.has_travelled(far)):
                chain.alive = True
                self.came.append(chain.first.union(box))
            chain.sure = chain.sure or chain.alive or not is_thin
            chain.believed = (
                chain.believed
                or chain.sure
                or (self._is_enough(chain, dt, infrared) and not _flickers(box, flickering))
            )
        self.news = any(c.believed and not c.alive and c.seconds < _NEWS_S for c in chains)
        self._chains = chains
        self._count(sum(chain.seconds < _FLASH_S and not chain.sure for chain in free), dt)
        return [(chain.believed, chain.sure) for chain in chains]

    def _chain_of(self, box: Box, free: list[_Chain], dt: float) -> _Chain:
        """The chain that goes on with a box, taken from the free ones; else a new one."""
        reach = _NEAR * math.sqrt((1 + _ALIKE) * box.area / 2)  # no thing alike is the same from further off
        x, y = _centre(box)
        near = [c for c in free if abs(c.x - x) <= reach and abs(c.y - y) <= reach]
        chain = min(near, key=lambda c: _away(c.last, box), default=None)
        if chain is None or _away(chain.last, box) > _NEAR:
            return _Chain(first=box, last=box)
        free.remove(chain)
        chain.follow(box, dt)
        return chain

    def _is_enough(self, chain: _Chain, dt: float, infrared: bool) -> bool:
        if self._flashes < _CALM and not infrared:
            return True
        needed = 2 + max(0, round(math.log10(max(self._flashes * dt / _MANY, 1))))
        return chain.hits >= needed and chain.seconds >= _AGAIN_S * (needed - 1)

    def _count(self, flashes: int, dt: float) -> None:
        self._flashes = self._flashes * math.exp(-dt / _MEMORY_S) + flashes / _MEMORY_S


def _is_kept(box: Box, kept: Sequence[Area]) -> bool:
    x, y = _centre(box)
    return any(a[0].start <= y < a[0].stop and a[1].start <= x < a[1].stop for a in kept)


def _flickers(box: Box, flickering: Mask) -> bool:
    rows, columns = _around(box.y, box.bottom), _around(box.x, box.right)
    return cv2.countNonZero(flickering[rows, columns]) > _FLICKERS * box.area


def _around(start: int, stop: int) -> slice:
    return slice(max(start - _CLOSE, 0), stop + _CLOSE)


def _is_thick(box: Box, mask: Mask, thick: int) -> bool:
    if min(box.w, box.h) < thick:
        return False
    shape = mask[box.y : box.bottom, box.x : box.right]
    inner = cv2.erode(shape, np.ones((thick, thick), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.countNonZero(inner) > 0


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.w / 2, box.y + box.h / 2


def _away(a: Box, b: Box) -> float:
    """How far two boxes are apart, in sides of a square of their size; infinite if one is much larger."""
    if max(a.area, b.area) > _ALIKE * min(a.area, b.area):
        return math.inf
    (x, y), (x0, y0) = _centre(a), _centre(b)
    return math.hypot(x - x0, y - y0) / math.sqrt((a.area + b.area) / 2)
