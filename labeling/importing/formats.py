"""Which importer reads a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path

from labeling.importing.folders import read_class_folders, read_folder
from labeling.importing.found import ImportProblem, Manifest
from labeling.importing.tables import read_table


class Format(StrEnum):
    """What a source may be."""

    FOLDER = "folder"
    IMAGEFOLDER = "imagefolder"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a source: ``zone`` is that of times that name none."""

    zone: tzinfo
    folders_are_groups: bool = False


def read_source(source: Path, form: Format | None, how: Reading) -> Manifest:
    """Everything that a source holds; its form is guessed where none is named. Raises `ImportProblem`."""
    if not source.exists():
        raise ImportProblem(source, "there is no such file or folder", "Check the name")
    return _READERS[form or guessed_format(source)](source, how)


def guessed_format(source: Path) -> Format:
    """The form of a source by its name and what lies in it. Raises `ImportProblem` where nothing tells."""
    if source.is_dir():
        return Format.FOLDER
    if source.suffix.lower() in (".csv", ".tsv"):
        return Format.CSV
    forms = ", ".join(Format)
    raise ImportProblem(source, "nothing tells what it is", f"Name it by --format: {forms}")


_READERS: Mapping[Format, Callable[[Path, Reading], Manifest]] = {
    Format.FOLDER: lambda source, how: read_folder(source, folders_are_groups=how.folders_are_groups),
    Format.IMAGEFOLDER: lambda source, how: read_class_folders(source),
    Format.CSV: lambda source, how: read_table(source, how.zone),
}
