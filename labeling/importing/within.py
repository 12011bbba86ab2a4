"""Files that a source names: only what lies inside its own folder, also through links."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from labeling.importing.found import Unusable
from labeling.pictures import SUFFIXES


def inside(folder: Path, name: str) -> Path | str:
    """The file that ``name`` means below ``folder``, or a clause that says why it is not used."""
    relative = PurePosixPath(name.replace("\\", "/"))
    try:
        file = folder / relative
        real = file.resolve(strict=True)
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError, RuntimeError):  # a name too long, with a zero byte, a loop of links
        return "it cannot be looked up"
    if not real.is_relative_to(folder.resolve()):
        return f"it leads out of {folder}"
    return file if real.is_file() else "it is no file"


def pictures_below(folder: Path) -> Iterator[Path | Unusable]:
    """Every file that is called like a picture, in natural order; links that lead out are unusable.

    Hidden files and folders are left out, and folders that are links are not entered.
    """
    for place, folders, files in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=natural)
        for name in sorted(files, key=natural):
            file = Path(place, name)
            if name.startswith(".") or file.suffix.lower() not in SUFFIXES:
                continue
            relative = str(file.relative_to(folder))
            there = inside(folder, relative) if file.is_symlink() else file
            yield Unusable(relative, there) if isinstance(there, str) else there


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts in2.jpg before in10.jpg."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def inside_any(folders: Sequence[Path], *names: str) -> Path | str:
    """The first file that one of ``names`` means below one of ``folders``, or why the first is not used."""
    first: str | None = None
    for name in names:
        for folder in folders:
            there = inside(folder, name) if name else "it has no name"
            if isinstance(there, Path):
                return there
            first = first or there
    return first or "it has no name"
