"""Picture files from anywhere, of which nothing may be believed: read whole, upright, and within limits."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from coop.errors import CoopError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM")
"""What is opened; Pillow knows more, such as PostScript, which is a program and no picture. A phone's
several pictures in one JPEG count as JPEG here, and come out with the format "MPO"."""

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".ppm", ".pgm")
)
"""What a file must be called for a folder's import to look into it."""

MOST_PIXELS = 64_000_000
"""Larger pictures are refused by their head, before they are decoded: a small file can claim any size."""

MOST_BYTES = 100 * 2**20

_ENOUGH = 256
"""Pixels of the shorter side to measure by; a JPEG is decoded no larger than needed, which saves most of
the time for photographs."""

_KEPT_AS_IS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
_PLAIN_MODES = ("RGB", "L", "P")
_JPEG_QUALITY = 95
_EXIF_FOLDER = 0x8769
_ORIENTATION = 0x0112
_TAKEN, _TAKEN_OFFSET, _TAKEN_FRACTION = 0x9003, 0x9011, 0x9291

# What Pillow's readers raise on damaged files: each reader has its own ways.
_DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError,
    ZeroDivisionError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


class UnreadablePicture(CoopError, ValueError):
    """Bytes that are no picture, or none that may be used; ``reason`` is a clause without a full stop."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Not a picture that can be used: {reason}")


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Reading:
    """A picture that was read.

    ``image`` is upright, RGB or grey, and for a large JPEG reduced; ``width`` and ``height`` are those of the
    whole upright picture. ``data`` and ``suffix``: the file to keep, which is the given one where every
    program shows it alike, else a converted one. ``taken``: when EXIF says that it was taken.
    """

    image: Image.Image
    width: int
    height: int
    data: bytes
    suffix: str
    taken: datetime | None


def read_picture(data: bytes, timezone: tzinfo = UTC) -> Reading:
    """Decode a whole picture. ``timezone`` is that of EXIF times without one. Raises `UnreadablePicture`."""
    with _opened(data) as image:
        taken = _exif_time(image, timezone)
        if _is_plain(image):
            width, height, suffix = *image.size, _KEPT_AS_IS[image.format or ""]
            image.draft("RGB", (_ENOUGH, _ENOUGH))
            pixels = image.convert("L" if image.mode == "L" else "RGB")
            return Reading(image=pixels, width=width, height=height, data=data, suffix=suffix, taken=taken)
        photograph = image.format in ("JPEG", "MPO")
        upright = _flat(ImageOps.exif_transpose(image))
    kept, suffix = _encoded(upright, photograph)
    return Reading(
        image=upright, width=upright.width, height=upright.height, data=kept, suffix=suffix, taken=taken
    )


def whole_picture(data: bytes) -> Image.Image:
    """The whole picture in its full size, upright, RGB or grey. Raises `UnreadablePicture`."""
    with _opened(data) as image:
        return _flat(ImageOps.exif_transpose(image))


def picture_time(data: bytes, timezone: tzinfo) -> datetime | None:
    """When EXIF says that a picture was taken; reads only its head. Raises `UnreadablePicture`."""
    with _opened(data) as image:
        return _exif_time(image, timezone)


def encoded(image: Image.Image) -> bytes:
    """A picture cut out of another, as JPEG: the same pixels always give the same bytes."""
    return _encoded(image, photograph=True)[0]


class _opened:
    """Pillow's picture of some bytes; whatever goes wrong inside becomes `UnreadablePicture`."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __enter__(self) -> Image.Image:
        _check_bytes(self._data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its limit of size is wider than ours
                Image.init()  # not all readers are there until somebody asks
                image = Image.open(io.BytesIO(self._data), formats=FORMATS)
        except _DAMAGE as error:
            raise UnreadablePicture(_said(error)) from None
        if image.width * image.height > MOST_PIXELS:
            raise UnreadablePicture(
                f"{image.width} x {image.height} pixels are more than {MOST_PIXELS // 1_000_000} million"
            )
        return image

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _DAMAGE) and not isinstance(error, UnreadablePicture):
            raise UnreadablePicture(_said(error)) from None


def _check_bytes(data: bytes) -> None:
    if not data:
        raise UnreadablePicture("the file is empty (0 bytes)")
    if len(data) > MOST_BYTES:
        raise UnreadablePicture(f"{len(data) // 2**20} MiB are more than {MOST_BYTES // 2**20}")


def _said(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is no JPEG, PNG, WebP, GIF, TIFF, BMP or PPM, whatever its name says"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {MOST_PIXELS // 1_000_000} million pixels"
    if "truncated" in str(error).lower():
        return "the file is cut off"
    return "the file is damaged"


def _is_plain(image: Image.Image) -> bool:
    """Whether any program shows this file alike: one 8-bit picture, upright, nothing transparent."""
    return (
        image.format in _KEPT_AS_IS
        and image.mode in _PLAIN_MODES
        and "transparency" not in image.info
        and getattr(image, "n_frames", 1) == 1
        and image.getexif().get(_ORIENTATION, 1) == 1
    )


def _flat(image: Image.Image) -> Image.Image:
    """The (first) picture with 8 bits a channel, RGB or grey, on white where it is transparent."""
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would cut it off at 255
        wide = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        return Image.fromarray((wide // 257).astype(np.uint8))
    if image.mode == "F":
        raise UnreadablePicture("its pixels are floating-point numbers, whose white nobody knows")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(ground, clear).convert("RGB")
    return image.convert("L" if image.mode in ("L", "1") else "RGB")


def _encoded(image: Image.Image, photograph: bool) -> tuple[bytes, str]:
    """The file of a picture: without loss, except where it was a photograph before."""
    file = io.BytesIO()
    if photograph:
        image.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        return file.getvalue(), ".jpg"
    image.save(file, "PNG")
    return file.getvalue(), ".png"


def _exif_time(image: Image.Image, timezone: tzinfo) -> datetime | None:
    try:
        exif = image.getexif().get_ifd(_EXIF_FOLDER)
        taken = datetime.strptime(_text(exif.get(_TAKEN)), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - zone below
    except _DAMAGE:  # none, unset, or damaged: the pixels may be good all the same
        return None
    fraction = _text(exif.get(_TAKEN_FRACTION))
    seconds = float(f"0.{fraction}") if fraction.isascii() and fraction.isdigit() else 0.0
    try:
        zone = _offset(_text(exif.get(_TAKEN_OFFSET))) or timezone
        return taken.replace(tzinfo=zone).astimezone(UTC) + timedelta(seconds=seconds)
    except OverflowError:  # in the year 1 there is no time zone east of UTC
        return None


def _offset(text: str) -> tzinfo | None:
    try:
        return datetime.strptime(text, "%z").tzinfo
    except ValueError:
        return None


def _text(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""
