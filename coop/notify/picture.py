"""The picture that a message carries: the frame, what was seen in it, and a closer look at what is small."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from PIL import Image

from coop.domain.box import Box
from coop.domain.event import Event
from coop.domain.frame import Frame, Picture
from coop.domain.picture import NewPicture, PictureKind
from coop.notify import texts
from coop.notify.drawing import INK, PAPER, chip, chip_size, font, outline, rounded_mask, shorten, to_image
from coop.notify.languages import SOURCE, speaking

LONGEST = 1280
"""Longest side of a message's picture, in pixels: what Telegram shows without reducing it."""
SHORTEST_LONGEST = 640
"""A smaller picture is enlarged, so that the words on it can be read."""
WIDEST = 3.0
"""Largest ratio of the sides; Telegram refuses 20, and a strip is no use on a phone."""
QUALITY = 88
INSET_SHARE = 0.40
"""Side of the closer look, as a share of the picture's shorter side."""
INSET_GAIN = 1.5
"""The closer look must show the thing at least so many times larger."""
LARGEST_GAIN = 6.0


def event_picture(
    frame: Frame, box: Box | None, event: Event, zone: tzinfo | None = None, language: str = SOURCE
) -> NewPicture:
    """The picture of an event, ready to be stored under a key of its own.

    ``box`` is in pixels of the frame. The local time is written on it where a ``zone`` is given.
    ``language`` is that of the words on it: one picture is for every chat.
    """
    with speaking(language):
        title = texts.label(event.subject)
    data, width, height = render_event_picture(
        frame.finest,
        frame.to_finest(box) if box is not None else None,
        title=title,
        where=event.place,
        when=frame.time.astimezone(zone) if zone is not None else None,
    )
    return NewPicture(
        key=f"event-{event.key}",
        kind=PictureKind.FRAME,
        data=data,
        suffix=".jpg",
        camera=frame.camera,
        time=frame.time,
        width=width,
        height=height,
        box=box,
    )


def render_event_picture(
    picture: Picture, box: Box | None, *, title: str, where: str, when: datetime | None = None
) -> tuple[bytes, int, int]:
    """A JPEG with the box, its title, place and local time drawn in, and its width and height.

    ``picture``: uint8 BGR, shape (h, w, 3). Never more than 1280 pixels on the longer side.
    """
    image, scale, corner = _fitted(to_image(picture))
    box = box.clipped(picture.shape[1], picture.shape[0]) if box is not None else None
    taken = []
    if box is not None:
        seen = _scaled(box, scale, corner)
        label = _label(image, seen, title)
        taken = [seen, label.box] if label is not None else [seen]
        look = _closer_look(picture, box, scale, image, seen, taken)
        if look is not None:
            _paste_closer_look(image, *look)
            taken.append(look[1])
        outline(image, seen, width=_line(image), radius=3 * _line(image))
        if label is not None:
            chip(image, label.text, (label.box.x, label.box.y), _letters(image))
    _draw_stamp(image, where, when, taken)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=QUALITY, optimize=True)
    return data.getvalue(), image.width, image.height


def _fitted(image: Image.Image) -> tuple[Image.Image, float, tuple[int, int]]:
    """The picture in a size that Telegram takes, the scale it got, and where its corner now is."""
    longest = max(image.size)
    scale = min(LONGEST / longest, max(1.0, SHORTEST_LONGEST / longest))
    if scale != 1.0:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    width, height = image.size
    full = max(width, round(height / WIDEST)), max(height, round(width / WIDEST))
    if full == image.size:
        return image, scale, (0, 0)
    corner = (full[0] - width) // 2, (full[1] - height) // 2
    padded = Image.new("RGB", full, INK)
    padded.paste(image, corner)
    return padded, scale, corner


def _scaled(box: Box, scale: float, offset: tuple[int, int]) -> Box:
    x, y = round(box.x * scale) + offset[0], round(box.y * scale) + offset[1]
    return Box(x, y, max(1, round(box.w * scale)), max(1, round(box.h * scale)))


def _letters(image: Image.Image) -> int:
    """Size of the letters: readable when the picture is as wide as a phone."""
    return max(16, round(max(image.size) / 46))


def _line(image: Image.Image) -> int:
    return max(2, round(max(image.size) / 320))


@dataclass(frozen=True)
class _Label:
    text: str
    box: Box


def _label(image: Image.Image, seen: Box, title: str) -> _Label | None:
    """The title's place: over the box, else under it, else inside."""
    size, gap = _letters(image), 3 * _line(image)
    text = shorten(title, font(size, bold=True), image.width // 2)
    if not text:
        return None
    width, height = chip_size(text, size)
    x = max(min(seen.x, image.width - width - gap), gap)
    above, below = seen.y - height - gap, seen.bottom + gap
    y = above if above >= 0 else below if below + height <= image.height else seen.y + gap
    return _Label(text, Box(x, y, width, height))


def _closer_look(
    picture: Picture, box: Box, scale: float, image: Image.Image, seen: Box, taken: Sequence[Box]
) -> tuple[Image.Image, Box] | None:
    """What is in the box enlarged, and the corner for it; None where it would not help, or hide something."""
    side = round(min(image.size) * INSET_SHARE)
    if INSET_GAIN * max(seen.w, seen.h) > side:
        return None
    margin = round(min(image.size) * 0.025)
    right, bottom = image.width - side - margin, image.height - side - margin
    corners = [Box(x, y, side, side) for y in (margin, bottom) for x in (right, margin)]
    free = [c for c in corners if not any(c.iou(other.padded(0.1)) for other in taken)]
    if not free:
        return None
    around = _square(box, picture.shape[1], picture.shape[0], side / (LARGEST_GAIN * scale))
    cut = to_image(picture[around.y : around.bottom, around.x : around.right])
    look = cut.resize((side, side), Image.Resampling.LANCZOS)
    return look, max(free, key=lambda corner: _distance(corner, seen))


def _square(box: Box, width: int, height: int, smallest: float) -> Box:
    """A square around the box with some air, inside the picture as far as that goes."""
    side = min(round(max(box.w * 1.25, box.h * 1.25, smallest)), width, height)
    cx, cy = box.centre
    x = min(max(round(cx - side / 2), 0), width - side)
    y = min(max(round(cy - side / 2), 0), height - side)
    return Box(x, y, side, side)


def _distance(a: Box, b: Box) -> float:
    (ax, ay), (bx, by) = a.centre, b.centre
    return (ax - bx) ** 2 + (ay - by) ** 2


def _paste_closer_look(image: Image.Image, look: Image.Image, corner: Box) -> None:
    border = max(3, round(corner.w / 70))
    radius = round(corner.w / 18)
    frame = Image.new("RGB", (corner.w + 2 * border, corner.h + 2 * border), PAPER)
    place = corner.x - border, corner.y - border
    image.paste(frame, place, rounded_mask(frame.width, frame.height, radius + border))
    image.paste(look, (corner.x, corner.y), rounded_mask(corner.w, corner.h, radius))


def _draw_stamp(image: Image.Image, where: str, when: datetime | None, taken: Sequence[Box]) -> None:
    """Place and local time in the lower left corner, or in the right one where the left is taken."""
    size = round(_letters(image) * 0.8)
    words = where if when is None else f"{where} · {texts.stamp(when)}"
    text = shorten(words, font(size), image.width - 4 * size)
    if not text:
        return
    width, height = chip_size(text, size, bold=False)
    margin = round(size * 0.6)
    y = image.height - height - margin
    places = [Box(x, y, width, height) for x in (margin, image.width - width - margin)]
    hidden = {place: sum(place.iou(other) > 0 for other in taken) for place in places}
    best = min(places, key=lambda place: hidden[place])
    chip(image, text, (best.x, best.y), size, ink=PAPER, paper=(*INK, 185), bold=False)
