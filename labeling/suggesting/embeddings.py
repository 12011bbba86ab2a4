"""Embeddings of pictures, kept beside the data as a cache: whoever deletes it loses time and nothing else."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coop.errors import OutputError

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

_LOT = 512
"""So many pictures are written at once: what a crash may cost is less than a minute's work."""
_FEW_FILES = 40
"""More small files than that are made into one."""


class EmbeddingCache:
    """The embeddings of one model by picture key, as float16 arrays in a folder of its own.

    Each file is written whole under another name and then renamed, so a crash leaves complete files only; one
    that cannot be read is removed and its pictures computed again. Float16 costs no accuracy that counts: it
    has three decimal digits, and what these numbers are good for needs two.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder / _file_name(model)
        self._rows: dict[str, tuple[npt.NDArray[np.float16], int]] = {}
        for file in sorted(self._folder.glob("*.npy")):
            self._take(file)

    def __len__(self) -> int:
        return len(self._rows)

    def missing(self, pictures: Iterable[str]) -> list[str]:
        return [picture for picture in pictures if picture not in self._rows]

    def get(self, pictures: Sequence[str]) -> Floats:
        """Shape (pictures, d). All of them must be there: see `missing`."""
        found = [self._rows[picture] for picture in pictures]
        if not found:
            return np.zeros((0, 0), dtype=np.float32)
        result = np.empty((len(found), found[0][0].shape[1]), dtype=np.float32)
        for row, (array, number) in zip(result, found, strict=True):
            row[:] = array[number]
        return result

    def add(self, embeddings: Mapping[str, Floats]) -> None:
        """Keep embeddings (d,) by picture key. Raises OutputError where they cannot be written."""
        if not embeddings:
            return
        width = len(next(iter(embeddings.values())))
        longest = max(len(key.encode()) for key in embeddings)
        table = np.empty(len(embeddings), dtype=[("picture", f"S{longest}"), ("embedding", "<f2", (width,))])
        table["picture"] = [key.encode() for key in embeddings]
        limit = float(np.finfo(np.float16).max)
        table["embedding"] = np.clip(np.stack(list(embeddings.values())), -limit, limit)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._write(table)
        except OSError as error:
            raise OutputError(
                self._folder, f"embeddings cannot be kept ({error.strerror})", "Make room there"
            ) from None
        self._take(file)

    def compact(self) -> None:
        """Make many small files into one."""
        files = sorted(self._folder.glob("*.npy"))
        if len(files) > _FEW_FILES and self._rows:
            keys = list(self._rows)
            self.add(dict(zip(keys, self.get(keys), strict=True)))
            for file in files:
                file.unlink(missing_ok=True)

    def _write(self, table: npt.NDArray[np.void]) -> Path:
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            np.save(file, table, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        # The name is free: mkstemp made it, and only its ending changes.
        final = Path(temporary).with_name(
            Path(temporary).name.removeprefix(".").removesuffix(".tmp") + ".npy"
        )
        Path(temporary).rename(final)
        return final

    def _take(self, file: Path) -> None:
        try:
            # Mapped, not read: a hundred thousand pictures are 256 MB, and few of them are looked at again.
            table = np.load(file, mmap_mode="r", allow_pickle=False)
            pictures, embeddings = table["picture"], table["embedding"]
        except (OSError, ValueError, IndexError, EOFError) as error:
            log.warning("The embeddings in %s cannot be read (%s): they are computed again", file, error)
            file.unlink(missing_ok=True)
            return
        for number, key in enumerate(pictures.tolist()):
            self._rows[key.decode()] = embeddings, number


def fill(
    cache: EmbeddingCache,
    wanted: Sequence[tuple[str, Path]],
    embed: Callable[[Path], Floats | None],
) -> Iterator[int]:
    """Compute what the cache lacks, and yield how many pictures are done after each.

    ``embed`` returns None for a file that cannot be read: such pictures stay missing.
    """
    lacking = set(cache.missing(key for key, _ in wanted))
    waiting: dict[str, Floats] = {}
    for done, (key, file) in enumerate(wanted, start=1):
        if key in lacking and (embedding := embed(file)) is not None:
            waiting[key] = embedding
            if len(waiting) >= _LOT:
                cache.add(waiting)
                waiting = {}
        yield done
    cache.add(waiting)
    cache.compact()


def _file_name(model: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in model)
