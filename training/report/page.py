"""The report on a model: one HTML file that needs nothing beside it, and its figures as PNG."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coop.classify.card import TaskMode
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.errors import ModelPackageError
from training.evaluate import Comparison, Scores
from training.labelled import read_picture
from training.report import figures as draw
from training.report.looks import errors_png

PAGE = "report.html"
_MOST_ON_THE_MAP = 1500
_TEMPLATES = Path(__file__).parent / "templates"
Tell = Callable[[str, int, int], None]
"""Told what is done, how much of it, of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A figure with what it shows. ``name``: that of its file, without the ending."""

    name: str
    title: str
    about: str
    png: bytes

    @property
    def source(self) -> str:
        """The figure as an address that holds it whole."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def write_report(
    folder: Path,
    package: ModelPackage,
    scores: Scores,
    figures: Mapping[str, Any],
    *,
    against: Comparison | None = None,
    tell: Tell | None = None,
) -> Path:
    """Write the page and its figures into ``folder``, and return the page. Raises OSError.

    ``figures``: what `training.evaluate.report` counted of these scores.
    """
    shown = sections(package, scores, figures, tell=tell)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template(PAGE).render(
        card=package.card, figures=figures, sections=shown, against=against,
        whole=package.card.mode is TaskMode.MULTI,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for section in shown:
        _write(folder / f"{section.name}.png", section.png)
    _write(folder / PAGE, page.encode("utf-8"))
    return folder / PAGE


def sections(
    package: ModelPackage, scores: Scores, figures: Mapping[str, Any], *, tell: Tell | None = None
) -> list[Section]:
    """The figures that these scores allow, in the order in which one reads them."""
    classifier = Classifier(package)
    found = [
        Section(
            name="classes",
            title="By class",
            about="Precision: how much of what it calls by a name is that. Recall: how much of what is there "
            "it finds. In brackets: pictures of the class.",
            png=draw.by_class(figures["per_class"]),
        ),
        Section(
            name="groups",
            title="By group",
            about="The share right in each group (day or visit), with its 95% interval. A day that falls out "
            "is worth a look: its light, its camera, its labels.",
            png=draw.by_group(figures["per_group"]),
        ),
        Section(
            name="confusion",
            title="What it takes for what",
            about="A row is what the pictures show, a column what the model says; the diagonal is right.",
            png=draw.confusion(figures["confusion"]),
        ),
        Section(
            name="calibration",
            title="Is it right as often as it is sure?",
            about="Points below the line: surer than it should be. The larger a point, the more pictures.",
            png=draw.calibration(scores.confidence, scores.right),
        ),
        Section(
            name="coverage",
            title="What it answers, and how often that is right",
            about="The watch calls a picture unknown rather than guess. The diamond is where it stands now.",
            png=draw.coverage(scores.confidence, scores.right, scores.known),
        ),
    ]
    mapped = _map(classifier, scores, tell)
    if mapped is not None:
        found.append(mapped)
    errors = errors_png(scores, classifier, progress=tell and (lambda n, of: tell("Worst errors", n, of)))
    if errors is not None:
        about = (
            "The answers it was surest of and wrong. Beside each picture: red is what speaks for the class "
            "in question, blue what speaks against it, found by covering one place after another. Some are "
            "wrong labels, and some show what the network looks at instead of the hen."
        )
        found.append(Section(name="errors", title="The worst errors", about=about, png=errors))
    return found


def _map(classifier: Classifier, scores: Scores, tell: Tell | None) -> Section | None:
    """The map of embeddings; None where the network gives none, or there is too little for a map."""
    step = max(1, -(-len(scores.examples) // _MOST_ON_THE_MAP))
    numbers = range(0, len(scores.examples), step)
    if len(numbers) < 3:
        return None
    rows = []
    try:
        for done, number in enumerate(numbers, start=1):
            rows.append(classifier.embed([read_picture(scores.examples[number].path)])[0])
            if tell is not None:
                tell("Map", done, len(numbers))
    except ModelPackageError:
        return None
    labels = [scores.examples[number].label for number in numbers]
    png = draw.embedding_map(np.asarray(rows, dtype=np.float64), labels, scores.right[list(numbers)])
    about = "Each point is a picture where the network puts it; like lies by like. Ringed: answered wrongly."
    return Section(name="map", title="Where the network puts the pictures", about=about, png=png)


def _write(file: Path, data: bytes) -> None:
    """Whole, or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(data)
    part.replace(file)
