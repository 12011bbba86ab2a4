"""Cuts moving things out of a frame, and keeps the best pictures of each."""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

import cv2

from coop.domain.box import Box
from coop.domain.frame import Frame, Picture
from coop.domain.track import Crop, Track

PAD = 0.15
"""What is seen around a thing, as a share of its longer side."""

MAX_SIDE = 512

_SHARP = 150.0  # variance of the Laplacian that is worth half of all sharpness
_LARGE = 160.0  # pixels: the longer side that is worth half of all size
_COMMON = 64  # pixels: sharpness is measured at about this height, so that near and far compare
_CUT_OFF = 0.5  # what a box at the border of the picture is worth


def cut(frame: Frame, track: Track, *, pad: float = PAD, max_side: int = MAX_SIDE) -> Crop:
    """A square out of the frame around the track's box, with ``pad`` of its longer side on each side of it.

    The square is moved inside the picture; only where the picture is too small for it the crop is not square.
    What surrounds a thing helps to recognise it: the starter called 52% of 187 motion crops hens when they
    were cut tightly and filled up with grey, and 72% when cut square. A crop larger than ``max_side`` pixels
    is made smaller by averaging, its proportion kept. ValueError if the box lies outside the picture.
    """
    box = track.box.clipped(frame.width, frame.height)
    if box is None:
        raise ValueError(
            f"The box of track {track.id} lies outside the picture of {frame.width} x {frame.height} pixels. "
            f"Received: {track.box.xywh}"
        )
    padded = square_around(box, pad, frame.width, frame.height)
    pixels = frame.cutout(padded)
    whole = box.x > 0 and box.y > 0 and box.right < frame.width and box.bottom < frame.height
    return Crop(
        camera=frame.camera,
        time=frame.time,
        track_id=track.id,
        box=track.box,
        padded=padded,
        image=at_most(pixels, max_side).copy(),
        quality=_quality(frame.cutout(box), whole),
        whole=whole,
    )


def square_around(box: Box, pad: float, width: int, height: int) -> Box:
    """The square around a padded box, as far as it fits into a picture of ``width`` x ``height``."""
    side = round(max(box.w, box.h) * (1 + 2 * pad))
    w, h = min(side, width), min(side, height)
    cx, cy = box.centre
    x = min(max(round(cx - w / 2), 0), width - w)
    y = min(max(round(cy - h / 2), 0), height - h)
    return Box(x, y, w, h)


def at_most(image: Picture, side: int) -> Picture:
    """A picture whose longer side has at most ``side`` pixels, made smaller by averaging."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cast(Picture, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _quality(image: Picture, whole: bool) -> float:
    """How well a picture serves to recognise what it shows, 0 to 1: sharp, large and not cut off."""
    sharp = _saturating(sharpness(image), _SHARP)
    large = _saturating(max(image.shape[:2]), _LARGE)
    quality: float = (0.5 * sharp + 0.5 * large) * (1.0 if whole else _CUT_OFF)
    return quality


def _saturating(value: float, half: float) -> float:
    """0 to 1, one half at ``half``: more is always better, but ever less so."""
    return value / (value + half)


def sharpness(image: Picture) -> float:
    """The variance of the Laplacian of a grey picture of common size; 0 for one too small to tell.

    Contrast counts too, and may: a dark hen is compared only with herself, since quality orders the crops
    of one track.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if min(grey.shape) < 3:
        return 0.0
    scale = _COMMON / min(grey.shape)
    # A small one is enlarged, or the hard edges of its few pixels would pass for sharpness.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


class BestCrops:
    """The best few crops of each track, spread over its time.

    Of the crops within ``apart_s`` seconds of one another only the best is kept, and of those at most
    ``each``. Of more than ``tracks`` tracks the one offered to least recently is forgotten.
    """

    def __init__(self, *, each: int = 5, apart_s: float = 1.0, tracks: int = 200) -> None:
        if each < 1 or tracks < 1 or apart_s < 0:
            raise ValueError(
                "each and tracks must be at least 1, apart_s at least 0. "
                f"Received: each={each}, tracks={tracks}, apart_s={apart_s}"
            )
        self._each = each
        self._apart_s = apart_s
        self._tracks = tracks
        self._kept: OrderedDict[str, list[Crop]] = OrderedDict()

    def offer(self, crop: Crop) -> bool:
        """Take a crop if it is among the best; whether it was taken."""
        kept = self._kept.setdefault(crop.track_id, [])
        self._kept.move_to_end(crop.track_id)
        if len(self._kept) > self._tracks:
            self._kept.popitem(last=False)
        near = [old for old in kept if abs((old.time - crop.time).total_seconds()) < self._apart_s]
        if any(old.quality >= crop.quality for old in near):
            return False
        for old in near:
            kept.remove(old)
        kept.append(crop)
        kept.sort(key=lambda one: -one.quality)
        dropped = kept[self._each :]
        del kept[self._each :]
        return crop not in dropped

    def best(self, track_id: str) -> tuple[Crop, ...]:
        """The crops kept of a track, best first; none of a track that is not known."""
        return tuple(self._kept.get(track_id, ()))

    def forget(self, track_id: str) -> None:
        """Let go of a track's crops; a track that is not known is forgotten already."""
        self._kept.pop(track_id, None)
