"""Which importer reads a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path

from labeling.importing.coco import read_coco
from labeling.importing.documents import read_json
from labeling.importing.folders import read_class_folders, read_folder
from labeling.importing.found import ImportProblem, Manifest
from labeling.importing.label_studio import read_label_studio
from labeling.importing.tables import read_table
from labeling.importing.yolo import is_yolo, read_yolo

_VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".m4v", ".webm", ".ts", ".mjpeg")


class Format(StrEnum):
    """What a source may be."""

    FOLDER = "folder"
    IMAGEFOLDER = "imagefolder"
    CSV = "csv"
    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "labelstudio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a source.

    ``zone`` is that of times that name none. ``images``: the folder of the pictures, where they do not lie
    beside the file. ``whole``: whole pictures where boxes are given, instead of what is in the boxes.
    """

    zone: tzinfo
    folders_are_groups: bool = False
    images: Path | None = None
    whole: bool = False


def read_source(source: Path, form: Format | None, how: Reading) -> Manifest:
    """Everything that a source of pictures holds. Raises `ImportProblem`."""
    return _READERS[format_of(source, form)](source, how)


def format_of(source: Path, form: Format | None = None) -> Format:
    """What a source is: as named, else by its name and what lies in it. Raises `ImportProblem`."""
    if not source.exists():
        raise ImportProblem(source, "there is no such file or folder", "Check the name")
    if form is not None:
        return form
    if source.is_dir():
        return Format.YOLO if is_yolo(source) else Format.FOLDER
    suffix = source.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return Format.CSV
    if suffix in _VIDEOS:
        return Format.VIDEO
    if suffix == ".json":
        return Format.LABEL_STUDIO if isinstance(read_json(source), list) else Format.COCO
    forms = ", ".join(Format)
    raise ImportProblem(source, "nothing tells what it is", f"Name it by --format: {forms}")


_READERS: Mapping[Format, Callable[[Path, Reading], Manifest]] = {
    Format.FOLDER: lambda source, how: read_folder(source, folders_are_groups=how.folders_are_groups),
    Format.IMAGEFOLDER: lambda source, how: read_class_folders(source),
    Format.CSV: lambda source, how: read_table(source, how.zone),
    Format.COCO: lambda source, how: read_coco(source, folder=how.images, whole=how.whole),
    Format.YOLO: lambda source, how: read_yolo(source, whole=how.whole),
    Format.LABEL_STUDIO: lambda source, how: read_label_studio(source, how.zone, folder=how.images),
}
