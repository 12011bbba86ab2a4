"""How well a detector did in a scene, counted frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from coop.domain.box import Box

ENOUGH = 0.3
"""A truth box is covered by a region whose overlap with it (IoU) is at least this."""
_ON = 0.2  # a region is on a thing if it covers so much of it ...
_TIGHT = 0.1  # ... and the thing fills so much of the region
_MOSTLY = 0.5


@dataclass(kw_only=True)
class Tally:
    """Counts over the scored frames of one scene, for one detector.

    ``false`` counts frames with a region that touches nothing; ``merged`` those in which one region takes in
    most of two things; ``split`` things on which two regions lie. ``overlap`` sums each truth box's best IoU.
    """

    frames: int = 0
    with_things: int = 0
    found: int = 0
    boxes: int = 0
    covered: int = 0
    overlap: float = 0.0
    false: int = 0
    merged: int = 0
    split: int = 0
    cpu_s: float = 0.0
    timed: int = 0

    def add(self, wanted: Sequence[Box], spared: Sequence[Box], regions: Sequence[Box]) -> tuple[int, int]:
        """Count one frame. Returns how many things were missed in it and how many regions were false."""
        missed = sum(not any(_is_on(region, box) for region in regions) for box in wanted)
        false = sum(not any(_touch(region, box) for box in (*wanted, *spared)) for region in regions)
        best = [max((box.iou(region) for region in regions), default=0.0) for box in wanted]
        self.frames += 1
        self.with_things += bool(wanted)
        self.found += bool(wanted) and not missed
        self.boxes += len(wanted)
        self.covered += sum(iou >= ENOUGH for iou in best)
        self.overlap += sum(best)
        self.false += bool(false)
        self.merged += any(sum(_share(box, region) > _MOSTLY for box in wanted) > 1 for region in regions)
        self.split += sum(sum(_share(region, box) > _MOSTLY for region in regions) > 1 for box in wanted)
        return missed, false

    def time(self, seconds: float) -> None:
        """Count the CPU seconds of one frame."""
        self.cpu_s += seconds
        self.timed += 1

    @property
    def found_share(self) -> float:
        """Share of the frames with things in which every thing has a region on it."""
        return self.found / self.with_things if self.with_things else 1.0

    @property
    def recall(self) -> float:
        """Share of truth boxes that a region covers."""
        return self.covered / self.boxes if self.boxes else 1.0

    @property
    def mean_iou(self) -> float:
        return self.overlap / self.boxes if self.boxes else 1.0

    @property
    def false_share(self) -> float:
        """Share of all frames with a region where nothing is."""
        return self.false / self.frames if self.frames else 0.0

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_s / self.timed if self.timed else 0.0

    def as_row(self) -> dict[str, float]:
        """Shares first, then the counts they come from."""
        shares = ("found_share", "recall", "mean_iou", "false_share", "cpu_ms")
        row = {name: round(float(getattr(self, name)), 5) for name in shares}
        return row | {field.name: getattr(self, field.name) for field in fields(self)}


def _is_on(region: Box, box: Box) -> bool:
    return _share(box, region) >= _ON and _share(region, box) >= _TIGHT


def _share(box: Box, other: Box) -> float:
    """How much of ``box`` lies in ``other``."""
    w = min(box.right, other.right) - max(box.x, other.x)
    h = min(box.bottom, other.bottom) - max(box.y, other.y)
    return w * h / box.area if w > 0 and h > 0 else 0.0


def _touch(a: Box, b: Box) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom
