"""Small pictures for pages, made when first asked for and kept. They can be deleted at any time."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

from coop.errors import StoreError

log = logging.getLogger(__name__)

THUMB_PX = 192
VIEW_PX = 960
_QUALITY = {THUMB_PX: 80, VIEW_PX: 88}
_MOST_PIXELS = 64_000_000
"""More than any camera of a coop has: decoding it would take a gigabyte."""
_ROOM_KEPT = 0.8
_AS_IT_IS = 2
"""A JPEG up to so many times as large as wanted, and light, is shown as it is: most crops are so small."""
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
_REMEMBERED = 100_000
"""So many files are known by their place, some 20 MB: others are looked up each time."""


class UnreadablePicture(StoreError):
    """A picture's file cannot be shown."""


class Thumbnails:
    """A folder of small JPEGs, by the pictures' keys."""

    def __init__(self, folder: Path, room_bytes: int) -> None:
        self.folder = folder
        self._room = room_bytes
        self._as_they_are: dict[tuple[str, int], Path] = {}
        self._expected: dict[str, Path] = {}

    def expect(self, originals: Mapping[str, Path]) -> None:
        """Say where pictures lie that a page is about to ask for, two hundred at once."""
        if len(self._expected) + len(originals) > _REMEMBERED:
            self._expected.clear()
        self._expected.update(originals)

    def expected(self, key: str) -> Path | None:
        """Where a picture lay when a page was told of it."""
        return self._expected.get(key)

    def find(self, key: str, pixels: int) -> bytes | None:
        """A small picture that was made before, or is small by itself."""
        try:
            return (self._as_they_are.get((key, pixels)) or self._place(key, pixels)).read_bytes()
        except OSError:
            return None

    def at_once(self, key: str, pixels: int) -> bytes | None:
        """What needs no work: made before, or an expected picture that is small by itself; else None."""
        ready = self.find(key, pixels)
        original = self._expected.get(key)
        if ready is not None or original is None:
            return ready
        ready = _as_it_is(original, pixels)
        if ready is not None:
            self._remember(key, pixels, original)
        return ready

    def make(self, key: str, pixels: int, original: Path) -> bytes:
        """Make a small picture, and keep it where the disk allows. Raises UnreadablePicture."""
        data = _as_it_is(original, pixels)
        if data is not None:  # a copy would cost more than all the rest
            self._remember(key, pixels, original)
            return data
        data = _shrunk(original, pixels)
        place = self._place(key, pixels)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=place.parent, prefix=".part-")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(part).replace(place)
        except OSError as error:  # it is shown all the same
            log.warning("%s: a thumbnail cannot be kept: %s", place.parent, error.strerror)
        return data

    def has(self, key: str, pixels: int) -> bool:
        """Whether it was made before, or is small by itself."""
        return (key, pixels) in self._as_they_are or self._place(key, pixels).exists()

    def tidy(self) -> int:
        """Remove the oldest files where they take too much room; returns how many."""
        files = []
        for parent, _, names in os.walk(self.folder):
            for name in names:
                with contextlib.suppress(OSError):
                    found = Path(parent, name).stat()
                    files.append((found.st_mtime, found.st_size, Path(parent, name)))
        total = sum(size for _, size, _ in files)
        if total <= self._room:
            return 0
        removed = 0
        for _, size, place in sorted(files):
            place.unlink(missing_ok=True)
            total, removed = total - size, removed + 1
            if total <= self._room * _ROOM_KEPT:
                break
        return removed

    def _remember(self, key: str, pixels: int, original: Path) -> None:
        if len(self._as_they_are) < _REMEMBERED:
            self._as_they_are[key, pixels] = original

    def _place(self, key: str, pixels: int) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return self.folder / str(pixels) / name[:2] / f"{name}.jpg"


def shrunk(original: Path, pixels: int) -> bytes:
    """A picture as a JPEG small enough to show at ``pixels``. Raises UnreadablePicture."""
    return _as_it_is(original, pixels) or _shrunk(original, pixels)


def _as_it_is(original: Path, pixels: int) -> bytes | None:
    """The file itself where it can be shown so, told from its head alone; else None."""
    try:
        if original.stat().st_size > pixels * pixels:
            return None
        data = original.read_bytes()
        with Image.open(BytesIO(data)) as picture:
            return data if _will_do(picture, pixels) else None
    except _UNREADABLE:  # whoever decodes it says so
        return None


def _will_do(picture: Image.Image, pixels: int) -> bool:
    """Whether a picture, of which only the head was read, can be shown as it is."""
    upright = picture.getexif().get(ExifTags.Base.Orientation, 1) == 1
    small = max(picture.size) <= _AS_IT_IS * pixels
    return small and picture.format == "JPEG" and picture.mode in ("RGB", "L") and upright


def _shrunk(original: Path, pixels: int) -> bytes:
    """A JPEG of at most ``pixels`` at its longer side. Raises UnreadablePicture."""
    try:
        with Image.open(original) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise UnreadablePicture(
                    f"{original}: {picture.width} x {picture.height} is too large to show"
                )
            picture.draft("RGB", (pixels, pixels))  # JPEG only: decodes at a fraction of the size
            small = ImageOps.exif_transpose(picture.convert("RGB") if picture.mode != "RGB" else picture)
            small.thumbnail((pixels, pixels), reducing_gap=2.0)
            out = BytesIO()
            small.save(out, "JPEG", quality=_QUALITY[pixels], optimize=False)
            return out.getvalue()
    except _UNREADABLE as error:
        raise UnreadablePicture(f"{original} cannot be read as a picture: {error}") from None
