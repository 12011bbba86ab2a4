"""YOLO: a text file beside each picture, with a line for each box in shares of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coop.domain.task import NONE, joined
from labeling.importing.documents import mapping, number, read_yaml
from labeling.importing.found import Found, ImportProblem, Manifest, Part, Unusable, labelled
from labeling.importing.within import inside, pictures_below

_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")
_REMEDY = "A YOLO folder has data.yaml with names, or classes.txt with one name a line"


def is_yolo(folder: Path) -> bool:
    return _names_file(folder) is not None


def read_yolo(folder: Path, *, whole: bool = False) -> Manifest:
    """Read a folder of pictures and text files. Outlines count as the boxes around them.

    ``whole``: pictures as they are, labelled with every class in them, or with ``none`` where the text file
    is empty. A picture without a text file is left out, or unlabelled if ``whole``.
    """
    names = _names(folder)
    found, unusable = list[Found](), list[Unusable]()
    for file in pictures_below(folder):
        if isinstance(file, Unusable):
            unusable.append(file)
            continue
        name = file.relative_to(folder).as_posix()
        lines = _lines(folder, file)
        if isinstance(lines, Unusable):
            unusable.append(lines)
            continue
        boxes = list[tuple[str, Part]]()
        for number_, line in enumerate(lines or (), start=1):
            box = _box(line, names)
            if isinstance(box, str):
                unusable.append(Unusable(f"{name}, line {number_} of its text", box))
            else:
                boxes.append(box)
        if whole:
            label = None if lines is None else joined(called for called, _ in boxes) or NONE
            found.append(Found(path=file, name=name, label=label))
            continue
        for index, (label, part) in enumerate(boxes, start=1):
            called = f"{name}#{index}"
            found.append(Found(path=file, name=called, label=label, group=name, visit=called, part=part))
    return labelled(found, unusable, names)


def _names_file(folder: Path) -> Path | None:
    return next((folder / name for name in _NAMES if (folder / name).is_file()), None)


def _names(folder: Path) -> Sequence[str]:
    file = _names_file(folder)
    if file is None:
        raise ImportProblem(folder, "nothing in it names the classes", _REMEDY)
    if file.suffix in (".txt", ".names"):
        try:
            return [
                line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()
            ]
        except (OSError, UnicodeDecodeError):
            raise ImportProblem(file, "cannot be read as UTF-8 text", _REMEDY) from None
    named: Any = mapping(read_yaml(file)).get("names")
    if isinstance(named, dict):
        named = [named[key] for key in sorted(named, key=str_as_number)]
    if not isinstance(named, list) or not named:
        raise ImportProblem(file, 'has no list "names"', _REMEDY)
    return [str(name).strip() for name in named]


def str_as_number(key: object) -> tuple[int, str]:
    text = str(key)
    return (int(text), "") if text.isascii() and text.isdigit() else (-1, text)


def _lines(folder: Path, picture: Path) -> Sequence[str] | Unusable | None:
    """The lines of a picture's text file: beside it, or below labels/ where the picture is below images/."""
    relative = picture.relative_to(folder).with_suffix(".txt")
    parts = list(relative.parts)
    places = [relative.as_posix()]
    if "images" in parts[:-1]:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
        places.insert(0, "/".join(parts))
    for place in places:
        there = inside(folder, place)
        if isinstance(there, Path):
            try:
                text = there.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                return Unusable(place, "it cannot be read as UTF-8 text")
            return [line for line in text.splitlines() if line.strip()]
    return None


def _box(line: str, names: Sequence[str]) -> tuple[str, Part] | str:
    """The class and the box of a line, or what is wrong with it."""
    words = line.split()
    try:
        values = [number(float(word)) for word in words[1:]]
    except ValueError:
        return f"not a line of numbers: {line[:60]!r}"
    index = int(words[0]) if words[0].isascii() and words[0].isdigit() and len(words[0]) < 9 else len(names)
    if index >= len(names):
        return f"class {words[0][:20]} of {len(names)}"
    shares = [value for value in values if value is not None]
    if len(shares) != len(values) or len(shares) < 4:
        return f"not class, x, y, width and height: {line[:60]!r}"
    if len(shares) > 5:  # an outline: x and y in turn
        xs, ys = shares[0::2], shares[1::2]
        x, y, w, h = min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
    else:  # the middle of the box; a fifth number is a model's confidence
        w, h = shares[2:4]
        x, y = shares[0] - w / 2, shares[1] - h / 2
    return names[index], Part(x=x, y=y, w=w, h=h, relative=True)
