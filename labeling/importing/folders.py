"""Pictures in folders: any folder, or one whose folders are the classes."""

from __future__ import annotations

from pathlib import Path

from coop.domain.task import SPECIAL, TaskKind
from labeling.importing.found import Found, ImportProblem, Manifest, Unusable
from labeling.importing.within import natural, pictures_below


def read_folder(folder: Path, *, folders_are_groups: bool = False) -> Manifest:
    """Every picture below a folder, without labels. Raises `ImportProblem` where there is none."""
    found, unusable = list[Found](), list[Unusable]()
    for file in pictures_below(folder):
        if isinstance(file, Unusable):
            unusable.append(file)
            continue
        relative = file.relative_to(folder)
        group = relative.parent.as_posix() if folders_are_groups and len(relative.parts) > 1 else None
        found.append(Found(path=file, name=relative.as_posix(), group=group))
    _require(folder, found, "Name a folder with pictures in it")
    return Manifest(pictures=found, kind=TaskKind.SINGLE, unusable=unusable)


def read_class_folders(folder: Path) -> Manifest:
    """An ImageFolder tree: each folder directly below is a class; what lies deeper belongs to it too.

    A folder called ``none``, ``unsure`` or ``skip`` means that answer. Folders named train, val and test are
    looked into, since that is how such trees are split; their split itself is not kept.
    """
    roots = [folder / part for part in ("train", "val", "test") if (folder / part).is_dir()] or [folder]
    found, unusable, classes = list[Found](), list[Unusable](), set[str]()
    for root in roots:
        for file in pictures_below(root):
            if isinstance(file, Unusable):
                unusable.append(file)
                continue
            name, inner = file.relative_to(folder).as_posix(), file.relative_to(root).parts
            if len(inner) < 2:
                unusable.append(Unusable(name, "it lies in no class folder"))
                continue
            classes.add(inner[0])
            found.append(Found(path=file, name=name, label=inner[0]))
    _require(folder, found, "An ImageFolder tree has a folder for each class, with pictures in it")
    names = sorted(classes - set(SPECIAL), key=natural)
    return Manifest(pictures=found, kind=TaskKind.SINGLE, classes=names, unusable=unusable)


def _require(folder: Path, found: list[Found], remedy: str) -> None:
    if not found:
        raise ImportProblem(folder, "there is no picture in it", remedy)
