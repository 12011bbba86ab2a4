"""One still picture on disk: when it was taken, and its pixels."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from coop.domain.frame import Picture
from coop.errors import SourceError

MOST_PIXELS = 50_000_000
"""Larger pictures are refused before they are decoded: 20,000 x 20,000 would take 1.2 GB."""

_EXIF_FOLDER = 0x8769
_TAKEN, _TAKEN_OFFSET, _TAKEN_FRACTION = 0x9003, 0x9011, 0x9291
_REMEDY = "It is left out; remove it, or copy it again from where it was taken"


def check_still(path: Path, timezone: tzinfo) -> datetime | None:
    """When its EXIF data says that it was taken, in UTC, or None; only the file's head is read.

    Raises SourceError for a file that is no picture or has more than `MOST_PIXELS`.
    """
    try:
        if path.stat().st_size == 0:
            raise SourceError(str(path), "the file is empty (0 bytes)", _REMEDY)
        with Image.open(path) as image:
            _check_size(path, *image.size)
            return _exif_time(image, timezone)
    except SourceError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise SourceError(str(path), "the picture is too large", _REMEDY) from error
    except (OSError, ValueError, SyntaxError) as error:  # Pillow's ways of saying that it is no picture
        raise SourceError(str(path), "not a picture that can be read", _REMEDY) from error


def read_still(path: Path) -> Picture:
    """The picture, turned as its EXIF data says. Raises SourceError where it cannot be decoded whole."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(str(path), f"cannot be read ({error.strerror})", _REMEDY) from error
    if _is_cut_off(data):
        raise SourceError(str(path), "the picture is cut off", _REMEDY)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError(str(path), "the picture is damaged", _REMEDY) from error
    if image is None:
        raise SourceError(str(path), "the picture is damaged", _REMEDY)
    return image.astype(np.uint8, copy=False)


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        problem = f"{width} x {height} pixels are more than {MOST_PIXELS // 1_000_000} million"
        raise SourceError(str(path), problem, _REMEDY)


def _exif_time(image: Image.Image, timezone: tzinfo) -> datetime | None:
    try:
        exif = image.getexif().get_ifd(_EXIF_FOLDER)
        taken = datetime.strptime(_text(exif.get(_TAKEN)), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - zone below
    except (OSError, ValueError, SyntaxError, KeyError, struct.error):  # none, unset, or damaged
        return None
    zone = _offset(_text(exif.get(_TAKEN_OFFSET))) or timezone
    fraction = _text(exif.get(_TAKEN_FRACTION))
    seconds = float(f"0.{fraction}") if fraction.isdecimal() else 0.0
    return taken.replace(tzinfo=zone).astimezone(UTC) + timedelta(seconds=seconds)


def _offset(text: str) -> tzinfo | None:
    try:
        return datetime.strptime(text, "%z").tzinfo
    except ValueError:
        return None


def _text(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""


def _is_cut_off(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end, which OpenCV fills up with grey without a word.

    In a JPEG no end mark can occur within the pixels, so there must be one after the last scan's beginning.
    """
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-4096:]
