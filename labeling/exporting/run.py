"""An export as a whole: complete under its name, or not there."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from coop.errors import OutputError
from labeling.exporting.coco import write_coco
from labeling.exporting.content import Export, ExportItem, Losses
from labeling.exporting.folders import write_class_folders, write_yolo
from labeling.exporting.hugging_face import write_hugging_face
from labeling.exporting.label_studio import write_label_studio
from labeling.exporting.tables import write_table
from labeling.exporting.tfrecord import write_tfrecord

ABOUT = "export.json"
"""Says in every export what it is and what it lost; and that the folder is one that may be replaced."""


class ExportFormat(StrEnum):
    """What can be written."""

    IMAGEFOLDER = "imagefolder"
    CSV = "csv"
    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "labelstudio"
    TFRECORD = "tfrecord"
    HUGGING_FACE = "huggingface"


class Writes(Protocol):
    """Writes an export into an empty folder; ``place`` brings a picture to a path in it."""

    def __call__(self, export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses: ...


_WRITERS: Mapping[ExportFormat, Writes] = {
    ExportFormat.IMAGEFOLDER: write_class_folders,
    ExportFormat.CSV: write_table,
    ExportFormat.COCO: write_coco,
    ExportFormat.YOLO: write_yolo,
    ExportFormat.LABEL_STUDIO: write_label_studio,
    ExportFormat.TFRECORD: write_tfrecord,
    ExportFormat.HUGGING_FACE: write_hugging_face,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written where, and what was lost."""

    folder: Path
    pictures: int
    losses: Losses


def write_export(
    export: Export,
    form: ExportFormat,
    out: Path,
    now: datetime,
    *,
    link: bool = False,
    replace_old: bool = False,
    progress: Callable[[str, int, int], None],
) -> Exported:
    """Write an export beside ``out``, then give it that name. Raises OutputError, and leaves nothing then.

    ``link``: pictures are hard links where the disk allows it. ``replace_old``: an export that is there
    already goes; any other folder is never touched.
    """
    _check_free(out, replace_old)
    usable, damaged = _checked(export, progress)
    placed = 0

    def place(item: ExportItem, target: Path) -> None:
        nonlocal placed
        target.parent.mkdir(parents=True, exist_ok=True)
        _bring(item.path, target, link)
        placed += 1
        progress("writing", placed, len(usable.items))

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.part-"))
    except OSError as error:
        raise _refused(out, error) from None
    try:
        folder.chmod(0o755)
        losses = _WRITERS[form](usable, folder, place)
        losses.pictures |= damaged
        count = len(export.items) - len(losses.pictures)
        about = {
            "format": form.value, "task": export.task, "version": export.version, "digest": export.digest,
            "kind": export.kind.value, "classes": list(export.classes), "pictures": count,
            "made": now.isoformat(), "losses": losses.as_json(),
        }  # fmt: skip
        (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        _put(folder, out)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _refused(out, error) from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Exported(folder=out, pictures=count, losses=losses)


def _check_free(out: Path, replace_old: bool) -> None:
    if not os.path.lexists(out):
        return
    if not replace_old:
        raise OutputError(out, "is there already", "Choose another name, or say --replace")
    if out.is_symlink() or not (out / ABOUT).is_file():
        raise OutputError(out, "is no export, so it is not replaced", "Choose another name")


def _checked(export: Export, progress: Callable[[str, int, int], None]) -> tuple[Export, dict[str, str]]:
    """The export without pictures whose file is gone or is no longer what was labelled."""
    kept, damaged = [], dict[str, str]()
    for done, item in enumerate(export.items, start=1):
        try:
            data = item.path.read_bytes()
        except OSError:
            damaged[item.picture] = "the file is gone"
        else:
            if hashlib.sha256(data).hexdigest() == item.sha256:
                kept.append(item)
            else:
                damaged[item.picture] = "the file is not what was labelled"
        progress("checking", done, len(export.items))
    return replace(export, items=kept), damaged


def _bring(source: Path, target: Path, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                raise
    shutil.copyfile(source, target)


def _put(folder: Path, out: Path) -> None:
    """Give the finished folder its name; an old export goes once it has it."""
    if not out.exists():
        folder.rename(out)
        return
    old = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.old-"))
    out.rename(old / out.name)
    folder.rename(out)
    shutil.rmtree(old)


def _refused(out: Path, error: OSError) -> OutputError:
    remedy = "Choose a folder that may be written, on a disk with room"
    return OutputError(out, f"cannot be written ({error.strerror or error})", remedy)
