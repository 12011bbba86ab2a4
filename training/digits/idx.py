"""Handwritten digits from idx files, as MNIST comes: four files, gzipped or not."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.labelled import LabelledDataError

Bytes = npt.NDArray[np.uint8]

CLASSES = 10
SIDE = 28
_UNSIGNED_BYTES = 8  # the type code of an idx file of bytes
_AGAIN = "Fetch it again"


@dataclass(frozen=True, eq=False, kw_only=True)
class Digits:
    """``pictures``: (n, 28, 28), white on black; ``labels``: (n,), 0 to 9; of one part, with the other one.

    Nothing is chosen by ``test_pictures`` and ``test_labels``: they say how good the outcome is.
    """

    pictures: Bytes
    labels: Bytes
    test_pictures: Bytes
    test_labels: Bytes

    @property
    def key(self) -> str:
        """The same for the same data, so that no run goes on with another's."""
        whole = hashlib.sha256()
        for part in (self.pictures, self.labels, self.test_pictures, self.test_labels):
            whole.update(part.tobytes())
        return whole.hexdigest()[:16]


def read_digits(folder: Path) -> Digits:
    """The four files of a folder. Raises LabelledDataError where one is missing, damaged or does not fit."""
    if not folder.is_dir():
        raise LabelledDataError(folder, "there is no such folder", "Give the folder with the four idx files")
    pictures, labels = _part(folder, "train")
    test_pictures, test_labels = _part(folder, "t10k")
    return Digits(pictures=pictures, labels=labels, test_pictures=test_pictures, test_labels=test_labels)


def _part(folder: Path, name: str) -> tuple[Bytes, Bytes]:
    of_pictures = _file(folder, f"{name}-images-idx3-ubyte")
    of_labels = _file(folder, f"{name}-labels-idx1-ubyte")
    pictures, labels = read_idx(of_pictures, dimensions=3), read_idx(of_labels, dimensions=1)
    if pictures.shape[1:] != (SIDE, SIDE):
        problem = f"its pictures are {pictures.shape[2]} x {pictures.shape[1]} pixels, not {SIDE} x {SIDE}"
        raise LabelledDataError(of_pictures, problem, "Give the digits as MNIST has them")
    if len(pictures) != len(labels):
        problem = f"it has {len(labels)} labels for the {len(pictures)} pictures of {of_pictures.name}"
        raise LabelledDataError(of_labels, problem, "Take both files from the same place")
    if not len(labels):
        raise LabelledDataError(of_labels, "it has no labels at all", _AGAIN)
    if labels.max() >= CLASSES:
        raise LabelledDataError(of_labels, f"it has the label {labels.max()}, which is no digit", _AGAIN)
    return pictures, labels


def _file(folder: Path, name: str) -> Path:
    for file in (folder / name, folder / f"{name}.gz"):
        if file.is_file():
            return file
    raise LabelledDataError(
        folder, f"it has neither {name} nor {name}.gz", "Put the four files of MNIST there, as they are named"
    )


def read_idx(file: Path, *, dimensions: int) -> Bytes:
    """An idx file of unsigned bytes. Raises LabelledDataError where it is none, or is not whole.

    Two zeros, the type, the number of dimensions; the size of each in four bytes; then the bytes.
    """
    data = _content(file)
    expected = bytes((0, 0, _UNSIGNED_BYTES, dimensions))
    if data[:4] != expected:
        problem = f"it begins with {data[:4].hex(' ') or 'nothing'}, where idx has {expected.hex(' ')}"
        raise LabelledDataError(file, problem, f"It is no idx file of this kind, or damaged. {_AGAIN}")
    start = 4 + 4 * dimensions
    sizes = [int(size) for size in np.frombuffer(data[4:start][: 4 * ((len(data[:start]) - 4) // 4)], ">u4")]
    wanted = start + int(np.prod(sizes, dtype=np.int64)) if len(sizes) == dimensions else start
    if len(sizes) < dimensions or len(data) != wanted:
        is_cut = len(sizes) < dimensions or len(data) < wanted
        problem = f"it has {len(data)} bytes, where its beginning promises {wanted}"
        raise LabelledDataError(file, problem, f"It is {'cut off' if is_cut else 'damaged'}. {_AGAIN}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(sizes)


def _content(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LabelledDataError(
            file, f"it cannot be unpacked ({error})", f"It is cut off or damaged. {_AGAIN}"
        ) from error
    except OSError as error:
        raise LabelledDataError(file, f"it cannot be read ({error.strerror})", "Restore the file") from error
