"""The model package, version 1: one self-contained folder with a model, its card and nothing executable."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from coop.classify.card import ModelCard, card_from_json, card_to_json
from coop.classify.gallery import IDENTITY, Gallery
from coop.classify.network import Network
from coop.errors import ModelPackageError

MODEL_FILE = "model.tflite"
CARD_FILE = "card.json"
GALLERY_FILE = "gallery.npz"

_MAX_BYTES = {CARD_FILE: 1 << 20, MODEL_FILE: 1 << 29, GALLERY_FILE: 1 << 28}
_COPY_AGAIN = "Copy the whole package again, or train or install another one"


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelPackage:
    """A model package that was checked: its parts belong together and are what the card says.

    ``model`` are the very bytes whose hash was checked, so nothing can change between check and use.
    """

    folder: Path
    card: ModelCard
    model: bytes = field(repr=False)
    gallery: Gallery | None = None

    @classmethod
    def load(cls, folder: Path) -> ModelPackage:
        """Reads and checks a package; ModelPackageError says what is wrong with it and what to do."""
        card = _read_card(folder)
        _check_file_names(folder, card)
        model = _read_hashed(folder, MODEL_FILE, card)
        outputs = _check_network(folder, card, model)
        gallery = None
        if GALLERY_FILE in card.files:
            data = _read_hashed(folder, GALLERY_FILE, card)
            gallery = _check_gallery(folder, card, data, outputs.get(IDENTITY, outputs.get("embedding")))
        return cls(folder=folder, card=card, model=model, gallery=gallery)


def report_folder(package: Path) -> Path:
    """Where the report on a package lies: beside the folder of packages, since those hold data only."""
    return package.parent.parent / "reports" / package.name


def report_beside(package: Path) -> Path:
    """Where the report on a package lies that was not made for the folder of packages."""
    return package.with_name(f"{package.name}-report")


def write_package(
    folder: Path, card: ModelCard, tflite: bytes, gallery: Gallery | None = None
) -> ModelPackage:
    """Writes a package in one step: ``folder`` exists complete and checked, or not at all.

    The hashes in ``card.files`` are filled in here. Raises ModelPackageError if the parts do not belong
    together, if ``folder`` exists, or if it cannot be written.
    """
    files = {MODEL_FILE: tflite}
    if gallery is not None:
        files[GALLERY_FILE] = _gallery_bytes(gallery)
    card = replace(card, files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
    files[CARD_FILE] = card_to_json(card).encode()
    return _put(folder, files)


def copy_package(package: ModelPackage, folder: Path) -> ModelPackage:
    """Copies a checked package to ``folder``, in one step as `write_package` does."""
    names = (CARD_FILE, *package.card.files)
    return _put(folder, {name: _read(package.folder, name) for name in names})


def _put(folder: Path, files: Mapping[str, bytes]) -> ModelPackage:
    """Writes the files of a package in one step, and checks what was written before it gets its name."""
    with _temporary_sibling(folder) as temporary:
        for name, data in files.items():
            _write_synced(temporary / name, data)
        checked = ModelPackage.load(temporary)
        _sync_folder(temporary)
        _rename_new(temporary, folder)
        _sync_folder(folder.parent)
    return replace(checked, folder=folder)


def _read_card(folder: Path) -> ModelCard:
    if not folder.is_dir():
        raise ModelPackageError(folder, "there is no such folder", "Give the folder that holds card.json")
    data = _read(folder, CARD_FILE)
    try:
        return card_from_json(data.decode())
    except UnicodeDecodeError as error:
        raise ModelPackageError(
            folder, f"{CARD_FILE} is not UTF-8 text ({error.reason})", _COPY_AGAIN
        ) from error
    except ValueError as error:
        remedy = "Use a package made for this version of the program, or update the program"
        raise ModelPackageError(folder, f"{CARD_FILE} cannot be used: {error}", remedy) from error


def _check_file_names(folder: Path, card: ModelCard) -> None:
    named = set(card.files)
    if MODEL_FILE not in named or not named <= {MODEL_FILE, GALLERY_FILE}:
        problem = f"{CARD_FILE} lists the files {sorted(named)}"
        raise ModelPackageError(folder, problem, f"A package holds {MODEL_FILE} and at most {GALLERY_FILE}")
    try:
        extra = sorted({entry.name for entry in folder.iterdir()} - named - {CARD_FILE})
    except OSError as error:
        raise _not_readable(folder, "the folder", error) from error
    if extra:
        remedy = "Remove what is not named in card.json; a package holds data only"
        raise ModelPackageError(folder, f"it holds unexpected files: {', '.join(extra)}", remedy)


def _read_hashed(folder: Path, name: str, card: ModelCard) -> bytes:
    data = _read(folder, name)
    found, expected = hashlib.sha256(data).hexdigest(), card.files[name]
    if found != expected:
        problem = f"{name} ({len(data)} bytes) has SHA-256 {found[:12]}…, but the card says {expected[:12]}…"
        raise ModelPackageError(folder, problem, _COPY_AGAIN)
    return data


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelPackageError(folder, f"{name} is not a plain file", _COPY_AGAIN)
        if not 0 < status.st_size <= _MAX_BYTES[name]:
            problem = f"{name} has {status.st_size} bytes; from 1 to {_MAX_BYTES[name]} are allowed"
            raise ModelPackageError(folder, problem, _COPY_AGAIN)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelPackageError(folder, f"{name} is missing", _COPY_AGAIN) from error
    except OSError as error:
        raise _not_readable(folder, name, error) from error


def _not_readable(folder: Path, what: str, error: OSError) -> ModelPackageError:
    remedy = "Let the user who runs the program read it"
    return ModelPackageError(folder, f"{what} cannot be read ({error.strerror})", remedy)


def _check_network(folder: Path, card: ModelCard, model: bytes) -> dict[str, int]:
    try:
        network = Network(model)
    except ValueError as error:
        raise ModelPackageError(folder, f"{MODEL_FILE} cannot be used: {error}", _COPY_AGAIN) from error
    found = network.outputs.get("logits")
    if found is None:
        problem = f"{MODEL_FILE} has no output 'logits', only {sorted(network.outputs)}"
        raise ModelPackageError(folder, problem, "Export the model again")
    if found != len(card.classes):
        problem = f"the card names {len(card.classes)} classes, but the model's output has {found}"
        raise ModelPackageError(folder, problem, "Export model and card together")
    if network.size != card.preprocessing.size:
        problem = f"the card says input size {card.preprocessing.size}, but the model takes {network.size}"
        raise ModelPackageError(folder, problem, "Export model and card together")
    return network.outputs


def _check_gallery(folder: Path, card: ModelCard, data: bytes, width: int | None) -> Gallery:
    try:
        gallery = _gallery_from_bytes(data)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ModelPackageError(folder, f"{GALLERY_FILE} cannot be used: {error}", _COPY_AGAIN) from error
    shape = gallery.embeddings.shape
    if gallery.embeddings.ndim != 2 or shape != (len(gallery.labels), width):
        problem = f"{GALLERY_FILE} has {shape} numbers, {len(gallery.labels)} labels; the model gives {width}"
        raise ModelPackageError(folder, problem, "Export model and gallery together")
    strangers = sorted(set(gallery.labels) - set(card.classes))
    if not gallery.labels:
        raise ModelPackageError(folder, f"{GALLERY_FILE} is empty", "Export model and gallery together")
    if strangers or not np.isfinite(gallery.embeddings).all():
        problem = (
            f"{GALLERY_FILE} has labels that are no classes ({strangers}) or numbers that are not finite"
        )
        raise ModelPackageError(folder, problem, "Export model and gallery together")
    return gallery


def _gallery_bytes(gallery: Gallery) -> bytes:
    buffer = io.BytesIO()
    np.savez(
        buffer,
        embeddings=gallery.embeddings.astype(np.float32),
        labels=np.array(gallery.labels, dtype=np.str_),
    )
    return buffer.getvalue()


def _gallery_from_bytes(data: bytes) -> Gallery:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > _MAX_BYTES[GALLERY_FILE]:
        raise ValueError(f"it unpacks to {unpacked} bytes")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        embeddings, labels = arrays["embeddings"], arrays["labels"]
    if embeddings.dtype != np.float32 or labels.dtype.kind != "U" or labels.ndim != 1:
        raise ValueError(f"its arrays have the types {embeddings.dtype} and {labels.dtype}")
    return Gallery(embeddings=embeddings, labels=tuple(str(label) for label in labels))


@contextmanager
def _temporary_sibling(folder: Path) -> Iterator[Path]:
    """An empty folder beside ``folder``, so that a rename cannot cross file systems; removed afterwards."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    except OSError as error:
        raise _not_written(folder, error) from error
    try:
        yield temporary
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _not_written(folder: Path, error: OSError) -> ModelPackageError:
    remedy = "Make room on the disk and let the user who runs the program write there"
    return ModelPackageError(folder, f"it cannot be written ({error.strerror or error})", remedy)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename_new(temporary: Path, folder: Path) -> None:
    temporary.chmod(0o755)  # mkdtemp makes folders that only their owner may enter
    if folder.exists():
        raise ModelPackageError(folder, "it exists already", "Choose another version, or remove it first")
    temporary.rename(folder)
