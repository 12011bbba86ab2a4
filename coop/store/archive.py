"""The file format of a backup: a tar with a manifest that names every file in it with its hash."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from coop.errors import BackupError

FORMAT = 1
DATABASE, MEDIA, MODELS, SETTINGS = "database", "media", "models", "settings"
_PARTS = (DATABASE, MEDIA, MODELS, SETTINGS)
_MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_OTHER = "Use another backup; this one was changed or cut off on its way"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is in a backup: ``files`` name to SHA-256, ``tables`` name to the number of rows."""

    format: int
    made: str
    revision: str
    tables: Mapping[str, int]
    files: Mapping[str, str]


@dataclass(kw_only=True)
class ArchiveWriter:
    """Adds files to a tar and remembers their hashes; the manifest comes last, so a cut archive has none.

    ``go_on`` is called again and again on the way, and raises where the archive is not wanted any more.
    """

    tar: tarfile.TarFile
    made: datetime
    go_on: Callable[[], None]
    files: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, content: IO[bytes]) -> str:
        """Add a whole file under a name such as "media/2026/..."; returns its SHA-256."""
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self.made.timestamp())
        hashing = _Hashing(content, self.go_on)
        self.tar.addfile(info, hashing)
        self.files[name] = hashing.digest.hexdigest()
        return self.files[name]

    def finish(self, *, revision: str, tables: Mapping[str, int]) -> None:
        manifest = Manifest(
            format=FORMAT,
            made=self.made.isoformat(),
            revision=revision,
            tables=tables,
            files=dict(self.files),
        )
        self.add(_MANIFEST, io.BytesIO(json.dumps(asdict(manifest), indent=1).encode()))


class _Hashing(io.RawIOBase):
    """A file whose bytes are hashed while they are read: what is in the tar is what the hash says."""

    def __init__(self, content: IO[bytes], go_on: Callable[[], None]) -> None:
        self.digest = hashlib.sha256()
        self._content = content
        self._go_on = go_on

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._go_on()
        data = self._content.read(size)
        self.digest.update(data)
        return data


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty ``folder`` and check all of it against its manifest.

    Raises BackupError where anything is missing, too much, changed, or leads out of ``folder``.
    """
    try:
        with tarfile.open(file, "r:*") as tar:
            hashes = {member.name: _unpack_member(file, tar, member, folder) for member in tar}
    except FileNotFoundError:
        raise BackupError(file, "there is no such file", "Check the name") from None
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupError(file, "it is no whole archive", _OTHER) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise BackupError(file, "it is no whole archive", _OTHER) from error
    hashes.pop(_MANIFEST, None)
    manifest = _read_manifest(file, folder / _MANIFEST)
    _compare(file, manifest.files, hashes)
    return manifest


def _unpack_member(file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    name = PurePosixPath(member.name)
    inside = not name.is_absolute() and ".." not in name.parts
    expected = member.name == _MANIFEST or (len(name.parts) > 1 and name.parts[0] in _PARTS)
    if not (member.isreg() and inside and expected and str(name) == member.name):
        raise BackupError(file, f"it holds {member.name!r}, which no backup of ours does", _OTHER)
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    if content is None or target.exists():
        raise BackupError(file, f"it holds {member.name!r} twice or without content", _OTHER)
    digest = hashlib.sha256()
    with content, target.open("xb") as out:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _read_manifest(file: Path, path: Path) -> Manifest:
    try:
        raw: dict[str, Any] = json.loads(path.read_bytes())
        if raw["format"] != FORMAT:
            raise BackupError(
                file, f"its format is {raw['format']!r}, known is {FORMAT}", "Restore it with a newer program"
            )
        return Manifest(**raw)
    except FileNotFoundError:
        raise BackupError(file, "it has no manifest", _OTHER) from None
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, BackupError):
            raise
        raise BackupError(file, f"its manifest cannot be read ({error})", _OTHER) from error


def _compare(file: Path, promised: Mapping[str, str], found: Mapping[str, str]) -> None:
    for name in sorted(promised.keys() | found.keys()):
        if name not in found:
            raise BackupError(file, f"{name} is missing", _OTHER)
        if promised.get(name) != found[name]:
            raise BackupError(file, f"{name} is not what the manifest says", _OTHER)


def clear(folder: Path) -> None:
    """Remove a folder of ours with all that is in it; one that is gone is no error."""
    shutil.rmtree(folder, ignore_errors=True)
