"""A camera's picture as a map: its zones and masks drawn in, with a grid to read coordinates from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.domain.motion import Mask
from coop.domain.zone import Point, Zone, ZoneKind
from coop.notify.drawing import (
    INK,
    PAPER,
    Colour,
    chip,
    chip_size,
    font,
    shorten,
    to_image,
    to_picture,
)

NARROWEST = 960
"""A smaller picture is enlarged, so that names and numbers can be read."""
COLOURS: dict[ZoneKind, Colour] = {
    ZoneKind.NEST_BOX: (240, 228, 66),
    ZoneKind.POP_DOOR: (86, 180, 233),
    ZoneKind.RUN: (0, 158, 115),
    ZoneKind.ROOST: (230, 159, 0),
    ZoneKind.OTHER: (204, 121, 167),
}
"""One for each kind, told apart with every kind of colour vision (the palette of Okabe and Ito)."""
IGNORED: Colour = (255, 255, 255)
HIDDEN: Colour = (213, 94, 0)
FAINT = 0.16
"""How much of a zone's colour lies over the picture within it."""
GRID = 0.28
"""How much of a line of the grid covers the picture."""
STRIPES = 0.7
"""The same for a mask's hatching."""
STEPS = 10
"""The grid has a line at each tenth of the picture."""
NOTHING = "No zones and no masks yet: write corners as [x, y], shares of the width and the height"
GAP = 3
"""Pixels between a tick and its number."""
FRACTION_BITS = 4

Corners = npt.NDArray[np.float64]
"""Corners of a polygon in pixels, shape (n, 2)."""


@dataclass(frozen=True, kw_only=True)
class _Area:
    """A polygon to draw: its name, what its colour stands for, and its hatching where it is a mask."""

    name: str
    meaning: str
    colour: Colour
    polygon: Sequence[Point]
    hatch: int = 0


def zone_map(
    picture: Picture,
    zones: Sequence[Zone],
    *,
    ignore_masks: Sequence[Sequence[Point]] = (),
    privacy_masks: Sequence[Sequence[Point]] = (),
) -> Picture:
    """A larger copy of the picture (uint8 BGR): every polygon drawn and named, a grid, and a legend.

    The grid's numbers are shares of the picture's width and height, as polygons are written in settings.
    """
    areas = [*_zone_areas(zones), *_mask_areas(ignore_masks, privacy_masks)]
    seen = _enlarged(picture)
    letters = max(13, round(seen.shape[1] / 80))
    _draw_grid(seen)
    for area in areas:
        _draw_area(seen, area, line=max(2, letters // 6))
    image = to_image(seen)
    _name_all(image, areas, letters)
    return to_picture(_with_legend(_with_rulers(image, letters), areas, letters))


def _zone_areas(zones: Sequence[Zone]) -> Iterator[_Area]:
    for zone in zones:
        yield _Area(name=zone.name, meaning=zone.kind.value, colour=COLOURS[zone.kind], polygon=zone.polygon)


def _mask_areas(ignored: Sequence[Sequence[Point]], hidden: Sequence[Sequence[Point]]) -> Iterator[_Area]:
    for number, polygon in enumerate(ignored, 1):
        yield _Area(
            name=f"ignore mask {number}",
            meaning="movement is ignored",
            colour=IGNORED,
            polygon=polygon,
            hatch=1,
        )
    for number, polygon in enumerate(hidden, 1):
        yield _Area(
            name=f"privacy mask {number}",
            meaning="blackened at once",
            colour=HIDDEN,
            polygon=polygon,
            hatch=-1,
        )


def _enlarged(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    if width >= NARROWEST:
        return picture.copy()
    size = NARROWEST, max(1, round(height * NARROWEST / width))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _draw_grid(seen: Picture) -> None:
    """Each line is light with a dark one beside it, so that it shows on snow and in the night."""
    height, width = seen.shape[:2]
    for colour, beside in ((PAPER, 0), (INK, 1)):
        lines = np.zeros((height, width), np.uint8)
        for step in range(1, STEPS):
            lines[:, round(step * (width - 1) / STEPS) + beside] = 255
            lines[round(step * (height - 1) / STEPS) + beside] = 255
        _lay_over(seen, lines, colour, GRID)


def _draw_area(seen: Picture, area: _Area, *, line: int) -> None:
    """The polygon's colour over what is in it, its hatching, and its outline with a dark edge."""
    corners = _in_pixels(area.polygon, seen.shape[1], seen.shape[0])
    inside: Mask = np.zeros(seen.shape[:2], np.uint8)
    points = np.round(corners * 2**FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(inside, [points], 255, shift=FRACTION_BITS)
    if area.hatch:
        _lay_over(seen, inside & _hatching(seen, area.hatch, line), area.colour, STRIPES)
    else:
        _lay_over(seen, inside, area.colour, FAINT)
    for colour, width in ((INK, line + 2), (area.colour, line)):
        cv2.polylines(seen, [points], True, colour[::-1], width, cv2.LINE_AA, FRACTION_BITS)


def _in_pixels(polygon: Sequence[Point], width: int, height: int) -> Corners:
    return np.array(polygon, np.float64) * (width - 1, height - 1)


def _hatching(seen: Picture, direction: int, line: int) -> Mask:
    """Slanted stripes: falling for direction 1, rising for -1, so that masks differ without colour."""
    height, width = seen.shape[:2]
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    return np.where((x - direction * y) % (8 * line) < line, 255, 0).astype(np.uint8)


def _lay_over(seen: Picture, where: Mask, colour: Colour, share: float) -> None:
    """Mix ``share`` of a colour into the pixels that ``where`` marks."""
    chosen = where > 0
    mixed = seen[chosen] * (1 - share) + np.array(colour[::-1]) * share
    seen[chosen] = np.round(mixed).astype(np.uint8)


def _name_all(image: Image.Image, areas: Sequence[_Area], letters: int) -> None:
    """Name the small ones first: the large ones have other room for their names."""
    taken: list[Box] = []
    sizes = [_bounds(area, image) for area in areas]
    for bounds, area in sorted(zip(sizes, areas, strict=True), key=lambda pair: pair[0].area):
        text = shorten(area.name, font(letters, bold=True), image.width // 3)
        place = _free_place(bounds, chip_size(text, letters), taken, image)
        taken.append(place)
        chip(image, text, (place.x, place.y), letters, paper=(*area.colour, 255), ink=_ink_on(area.colour))


def _bounds(area: _Area, image: Image.Image) -> Box:
    corners = _in_pixels(area.polygon, image.width, image.height)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Box(round(left), round(top), max(1, round(right - left)), max(1, round(bottom - top)))


def _free_place(bounds: Box, size: tuple[int, int], taken: Sequence[Box], image: Image.Image) -> Box:
    """The first place near the area where the chip hides no other; its middle where there is none."""
    width, height = size
    middle = round(bounds.centre[0] - width / 2)
    places = [
        Box(
            min(max(x, 0), max(0, image.width - width)),
            min(max(y, 0), max(0, image.height - height)),
            width,
            height,
        )
        for y in (
            bounds.y + height // 3,
            bounds.bottom - height - height // 3,
            round(bounds.centre[1] - height / 2),
            bounds.y - height - height // 3,
            bounds.bottom + height // 3,
        )
        for x in (middle, bounds.x + height // 3, bounds.right - width - height // 3)
    ]
    return next((place for place in places if not any(place.iou(other) for other in taken)), places[6])


def _ink_on(colour: Colour) -> Colour:
    red, green, blue = colour
    return INK if 0.3 * red + 0.59 * green + 0.11 * blue > 120 else PAPER


def _with_rulers(image: Image.Image, letters: int) -> Image.Image:
    """The picture in a dark frame that carries the grid's numbers on all four sides."""
    margin = round(letters * 2.6)
    sheet = Image.new("RGB", (image.width + 2 * margin, image.height + 2 * margin), INK)
    sheet.paste(image, (margin, margin))
    draw = ImageDraw.Draw(sheet)
    right, bottom = margin + image.width, margin + image.height
    for step in range(2 * STEPS + 1):
        share, tick = step / (2 * STEPS), letters // (4 if step % 2 else 2)
        x = margin + round(share * (image.width - 1))
        y = margin + round(share * (image.height - 1))
        for (x1, y1), (x2, y2), anchor in (
            ((x, margin - 2), (x, margin - 2 - tick), "mb"),
            ((x, bottom + 1), (x, bottom + 1 + tick), "mt"),
            ((margin - 2, y), (margin - 2 - tick, y), "rm"),
            ((right + 1, y), (right + 1 + tick, y), "lm"),
        ):
            draw.line((x1, y1, x2, y2), fill=PAPER)
            if not step % 2:
                end = x2 + GAP * ((x2 > x1) - (x2 < x1)), y2 + GAP * ((y2 > y1) - (y2 < y1))
                draw.text(end, f"{share:g}", fill=PAPER, font=font(letters), anchor=anchor)
    return sheet


def _with_legend(image: Image.Image, areas: Sequence[_Area], letters: int) -> Image.Image:
    """The same picture with what the colours stand for below it, in lines that fit."""
    meanings = {area.meaning: area.colour for area in areas} or {NOTHING: INK}
    gap, line = letters, chip_size("A", letters)[1] + letters // 2
    places: list[tuple[int, int]] = []
    x, y = gap, image.height
    for meaning in meanings:
        width = chip_size(meaning, letters)[0]
        if x > gap and x + width > image.width - gap:
            x, y = gap, y + line
        places.append((x, y))
        x += width + gap
    sheet = Image.new("RGB", (image.width, y + line), INK)
    sheet.paste(image)
    for (meaning, colour), place in zip(meanings.items(), places, strict=True):
        chip(sheet, meaning, place, letters, paper=(*colour, 255), ink=_ink_on(colour))
    return sheet
