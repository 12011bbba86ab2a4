"""Media files: a file is complete under its final name, or it is not there."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath

from coop.domain.clip import NewClip
from coop.domain.picture import NewPicture, PictureKind, StoredPicture
from coop.domain.times import as_utc
from coop.errors import StoreError
from coop.store.faults import file_errors_explained

_PART = ".part-"
UNDER_WAY = ".clips-under-way"
"""The folder below the media where clips lie until they are recorded: one disk, so a rename moves them."""
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME = 80


class Media:
    """The folder of media files, laid out as ``YYYY/MM/DD/CAMERA/TIME-KIND-KEY.SUFFIX`` (UTC)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.under_way = self.folder / UNDER_WAY

    def keep(self, picture: NewPicture) -> StoredPicture:
        """Write a picture's file so that it survives a power cut, and say where it is.

        A file that is already there with the same bytes is kept and made young again, so that no sweep takes
        it before its row is written. Raises StoreUnavailable; then no part of the file is left.
        """
        path = _relative_path(picture, picture.kind)
        digest = hashlib.sha256(picture.data).hexdigest()
        target = self.folder / path
        with file_errors_explained(f"Media file {target}"):
            if _has_content(target, picture.data):
                os.utime(target)
            else:
                _write_durably(target, picture.data)
        return StoredPicture(
            key=picture.key,
            kind=picture.kind,
            path=str(path),
            sha256=digest,
            bytes=len(picture.data),
            camera=picture.camera,
            time=as_utc(picture.time),
            width=picture.width,
            height=picture.height,
            track_id=picture.track_id,
            box=picture.box,
        )

    def adopt(self, clip: NewClip) -> StoredPicture | None:
        """Put a finished clip under its final name so that it survives a power cut; None if its file is gone.

        It must lie on the same disk. Doing it again changes nothing. Raises StoreUnavailable.
        """
        path = _relative_path(clip, PictureKind.CLIP)
        target = self.folder / path
        with file_errors_explained(f"Media file {target}"):
            if clip.file.exists():
                _move_durably(clip.file, target)
            elif target.exists():
                os.utime(target)
            else:
                return None
            with target.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = target.stat().st_size
        return StoredPicture(
            key=clip.key,
            kind=PictureKind.CLIP,
            path=str(path),
            sha256=digest,
            bytes=size,
            camera=clip.camera,
            time=as_utc(clip.time),
            width=clip.width,
            height=clip.height,
            seconds=clip.seconds,
        )

    def forget(self, clip: NewClip) -> None:
        """Remove the file of a clip that is not wanted under its temporary name."""
        with file_errors_explained(f"Media file {clip.file}"):
            clip.file.unlink(missing_ok=True)

    def tidy(self) -> int:
        """Remove what was left of clips under way; returns how many files that were."""
        left = list(self.under_way.iterdir()) if self.under_way.is_dir() else []
        with file_errors_explained(f"Folder {self.under_way}"):
            for place in left:
                place.unlink(missing_ok=True)
        return len(left)

    def locate(self, path: str) -> Path:
        """The absolute place of a file named by a row; refuses to leave the folder (StoreError)."""
        if path.startswith("/") or ".." in path.split("/"):
            raise StoreError(
                f"The media path {path!r} leads out of {self.folder}. The database was tampered with"
            )
        return self.folder / path

    def remove(self, path: str) -> None:
        """Remove a file and the folders it leaves empty; one that is gone already is no error."""
        place = self.locate(path)
        with file_errors_explained(f"Media file {place}"):
            place.unlink(missing_ok=True)
        for folder in list(place.parents)[: len(PurePosixPath(path).parents) - 1]:
            try:
                folder.rmdir()
            except OSError:
                return  # not empty: neither are those above

    def files(self) -> dict[str, timedelta]:
        """Every file, also unfinished ones, with its age by the file system's own clock.

        Those of clips under way are not among them: only the program that films knows what they are good for.
        """
        if not self.folder.is_dir():
            return {}
        with file_errors_explained(f"Media folder {self.folder}"):
            now = self._file_system_time()
            return {
                str(place.relative_to(self.folder)): timedelta(seconds=now - modified)
                for place, modified in _walk(self.folder)
                if self.under_way not in place.parents
            }

    def _file_system_time(self) -> float:
        # Ages must compare like with like: a network disk has a clock of its own, and a replay another.
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=_PART)
        try:
            return os.fstat(handle).st_mtime
        finally:
            os.close(handle)
            Path(name).unlink()


def safe_name(text: str) -> str:
    """A text as a part of a file name: harmless, not empty, and different for different texts."""
    harmless = _UNSAFE.sub("_", text).lstrip(".-")[:_LONGEST_NAME]
    if harmless == text and harmless:
        return text
    return f"{harmless or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def write_durably(target: Path, data: bytes) -> None:
    """Put a file under its name at once and for good. Raises StoreUnavailable."""
    with file_errors_explained(f"File {target}"):
        _write_durably(target, data)


def _relative_path(picture: NewPicture | NewClip, kind: PictureKind) -> PurePosixPath:
    if not _SUFFIX.fullmatch(picture.suffix):
        raise StoreError(f"A picture's suffix looks like '.jpg'. Received: {picture.suffix!r}")
    time = as_utc(picture.time)
    # Each part is safe by itself; the key makes the name unique.
    name = f"{time:%H%M%S}-{kind.value}-{safe_name(picture.key)}{picture.suffix}"
    return PurePosixPath(f"{time:%Y}", f"{time:%m}", f"{time:%d}", safe_name(picture.camera), name)


def _has_content(target: Path, data: bytes) -> bool:
    try:
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except FileNotFoundError:
        return False


def _write_durably(target: Path, data: bytes) -> None:
    try:
        _write_once(target, data)
    except FileNotFoundError:
        _write_once(target, data)  # retention removed the folder, empty until now, under our feet


def _write_once(target: Path, data: bytes) -> None:
    """File first, then its name, then the folder that holds the name: each flushed before the next."""
    _make_folder(target.parent)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=_PART)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    flush_folder(target.parent)


def _move_durably(source: Path, target: Path) -> None:
    with source.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        _make_folder(target.parent)
        source.replace(target)
    except FileNotFoundError:  # retention removed the folder, empty until now, under our feet
        _make_folder(target.parent)
        source.replace(target)
    flush_folder(target.parent)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _walk(folder: Path) -> Iterator[tuple[Path, float]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            place = Path(parent, name)
            with suppress(FileNotFoundError):
                yield place, place.stat().st_mtime
