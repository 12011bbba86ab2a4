"""Text, chips and boxes drawn on pictures, in any script that DejaVu knows.

OpenCV's own letters end with ASCII; these come from the DejaVu fonts that matplotlib carries.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from coop.domain.box import Box
from coop.domain.frame import Picture

Colour = tuple[int, int, int]
"""Red, green, blue."""

YOLK: Colour = (255, 200, 50)
INK: Colour = (28, 26, 23)
PAPER: Colour = (255, 253, 247)

FINE = 4
"""Shapes are drawn so many times larger and then reduced, which makes their edges smooth."""


def to_image(picture: Picture) -> Image.Image:
    """A picture (uint8 BGR) as Pillow has it."""
    return Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))


def to_picture(image: Image.Image) -> Picture:
    """Back to uint8 BGR."""
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


@lru_cache(maxsize=32)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_file(bold=bold), size)


def _font_file(*, bold: bool) -> Path:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """The code points that DejaVu has letters for."""
    return frozenset(FT2Font(_font_file(bold=False)).get_charmap())


def legible(text: str) -> str:
    """The text on one line, with a box for each character that has no letter here."""
    known = _known()
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(c if ord(c) in known else "□" for c in plain)


def shorten(text: str, letters: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, cut with an ellipsis to at most ``width`` pixels."""
    plain = legible(text)
    if letters.getlength(plain) <= width:
        return plain
    while plain and letters.getlength(plain + "…") > width:
        plain = plain[:-1]
    return plain.rstrip() + "…" if plain else ""


def outline(image: Image.Image, box: Box, colour: Colour = YOLK, *, width: int, radius: int) -> None:
    """A rounded frame just outside a box, with a soft dark edge that keeps it visible on straw and snow."""
    edge = max(1, width // 2)
    for grow, line, shade in (
        (width + 2 * edge, width + 2 * edge, (*INK, 150)),
        (width + edge, width, (*colour, 255)),
    ):
        around = Box(box.x - grow, box.y - grow, box.w + 2 * grow, box.h + 2 * grow)
        _rounded(image, around, radius + grow, outline=shade, line=line)


def chip_size(text: str, size: int, *, bold: bool = True) -> tuple[int, int]:
    """Width and height of the chip that `chip` draws."""
    return round(font(size, bold=bold).getlength(text) + size * 0.9), round(size * 1.6)


def chip(
    image: Image.Image,
    text: str,
    corner: tuple[int, int],
    size: int,
    *,
    ink: Colour = INK,
    paper: tuple[int, int, int, int] = (*YOLK, 255),
    bold: bool = True,
) -> None:
    """A rounded label with its top left corner at ``corner``; ``size`` is the letters' size in pixels."""
    width, height = chip_size(text, size, bold=bold)
    _rounded(image, Box(*corner, width, height), round(size * 0.4), fill=paper)
    middle = corner[0] + width / 2, corner[1] + height / 2
    ImageDraw.Draw(image).text(middle, text, fill=ink, font=font(size, bold=bold), anchor="mm")


def rounded_mask(width: int, height: int, radius: int) -> Image.Image:
    """An 8-bit mask of a rounded rectangle."""
    mask = Image.new("L", (width * FINE, height * FINE))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, width * FINE - 1, height * FINE - 1), radius=radius * FINE, fill=255
    )
    return mask.resize((width, height), Image.Resampling.BOX)


def _rounded(
    image: Image.Image,
    box: Box,
    radius: int,
    *,
    fill: tuple[int, int, int, int] | None = None,
    outline: tuple[int, int, int, int] | None = None,
    line: int = 0,
) -> None:
    """A smooth rounded rectangle; only the part inside the picture is worked on."""
    part = box.clipped(image.width, image.height)
    if part is None:
        return
    layer = Image.new("RGBA", (part.w * FINE, part.h * FINE))
    corners = (
        (box.x - part.x) * FINE,
        (box.y - part.y) * FINE,
        (box.right - part.x) * FINE - 1,
        (box.bottom - part.y) * FINE - 1,
    )
    ImageDraw.Draw(layer).rounded_rectangle(
        corners, radius=radius * FINE, fill=fill, outline=outline, width=line * FINE
    )
    # Colours must not bleed from transparent pixels, so colour and cover are reduced apart.
    colour = (fill or outline or (0, 0, 0, 0))[:3]
    cover = layer.getchannel("A").resize((part.w, part.h), Image.Resampling.BOX)
    image.paste(Image.new("RGB", (part.w, part.h), colour), (part.x, part.y), cover)
