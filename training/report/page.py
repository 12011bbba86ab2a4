"""The report on a model: one HTML file that needs nothing beside it, and its figures as PNG."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coop.classify.card import TaskMode
from coop.classify.network import first_filters
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from training.evaluate import Scores
from training.head import PRECISION_KEY
from training.report import figures as draw
from training.report.learning import ABOUT, draw_filters
from training.report.looks import errors_png

PAGE = "report.html"
FILTERS = "first-filters"
PICTURES = ("errors", "looked-at")
"""Figures of many pictures, which are moved sideways on a phone rather than made small."""
WIDE = (*PICTURES, "landscape", FILTERS)
"""Figures that take the whole width of the page."""
_NAMES = ("classes", "groups", "confusion", "calibration", "coverage", "map", "errors", FILTERS, *ABOUT)
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


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What a report can say of how the model was learned.

    ``figures``: PNG by name, those of `training.report.learning`. ``folded``: the scores are those of
    pictures held out while it was learned, answered by networks that had not seen their groups.
    """

    figures: Mapping[str, bytes] = field(default_factory=dict)
    folded: bool = False


def write_report(
    folder: Path,
    package: ModelPackage,
    scores: Scores,
    figures: Mapping[str, Any],
    *,
    learning: Learning | None = None,
    tell: Tell | None = None,
) -> Path:
    """Write the page and its figures into ``folder``, and return the page. Raises OSError.

    ``figures``: what `training.evaluate.report` counted of these scores, with ``beside`` of
    `training.yardsticks`. Figures of an earlier report in the same folder go.
    """
    learning = learning or Learning()
    shown = sections(package, scores, figures, folded=learning.folded, tell=tell)
    learned = learning_sections(package, learning.figures)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template(PAGE).render(
        card=package.card, figures=figures, sections=shown, learned=learned, folded=learning.folded,
        whole=package.card.mode is TaskMode.MULTI, wide=WIDE, pictures=PICTURES, asked=_asked(package),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        (folder / f"{name}.png").unlink(missing_ok=True)
    for section in (*shown, *learned):
        _write(folder / f"{section.name}.png", section.png)
    _write(folder / PAGE, page.encode("utf-8"))
    return folder / PAGE


def sections(
    package: ModelPackage,
    scores: Scores,
    figures: Mapping[str, Any],
    *,
    folded: bool = False,
    tell: Tell | None = None,
) -> list[Section]:
    """The figures that these scores allow, in the order in which one reads them.

    ``folded``: the answers are not those of the package, so it is not asked why it gave them.
    """
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
            png=draw.coverage(scores.confidence, scores.right, scores.known, _asked(package)),
        ),
    ]
    classifier = None if folded else Classifier(package)
    errors = errors_png(scores, classifier, progress=tell and (lambda n, of: tell("Worst errors", n, of)))
    if errors is not None:
        about = "The wrong answers that it was surest of. Some are wrong labels."
        if not folded:
            about += (
                " Beside each picture: orange is what speaks for the class in question, blue what speaks "
                "against it, found by covering one place after another: some show what the network looks at "
                "instead of the hen."
            )
        found.insert(0, Section(name="errors", title="The worst errors", about=about, png=errors))
    mapped = _map(scores)
    return found if mapped is None else [*found, mapped]


def learning_sections(package: ModelPackage, figures: Mapping[str, bytes]) -> list[Section]:
    """How it was learned, as far as figures of that were kept, and its first layer, which every file has."""
    found = [
        Section(name=name, title=title, about=about, png=figures[name])
        for name, (title, about) in ABOUT.items()
        if name in figures
    ]
    kernels = first_filters(package.model)
    if kernels is not None:
        height, width = kernels.shape[1:3]
        about = (
            f"The {len(kernels)} filters of {width} x {height} pixels that see the picture first, each in "
            "its own scale: edges, spots and colours. Filters that look like noise were never trained."
        )
        title = "What the first layer looks for"
        found.append(Section(name=FILTERS, title=title, about=about, png=draw_filters(kernels)))
    return found


def _asked(package: ModelPackage) -> float | None:
    """The precision that the limits for *unknown* were chosen for, where the card says so."""
    asked = package.card.measured.get(PRECISION_KEY)
    return asked if isinstance(asked, float) else None


def _map(scores: Scores) -> Section | None:
    """The map of embeddings; None where the network gives none, or there is too little for a map."""
    step = max(1, -(-len(scores.examples) // _MOST_ON_THE_MAP))
    numbers = list(range(0, len(scores.examples), step))
    if len(numbers) < 3 or scores.embeddings is None:
        return None
    labels = [scores.examples[number].label for number in numbers]
    rows = scores.embeddings[numbers].astype(np.float64)
    png = draw.embedding_map(rows, labels, scores.right[numbers])
    about = (
        "Each point is a picture where the network puts it; like lies by like. Ringed: answered wrongly. "
        "Classes that lie in one another need more pictures, or are one class."
    )
    return Section(name="map", title="Where the network puts the pictures", about=about, png=png)


def _write(file: Path, data: bytes) -> None:
    """Whole, or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(data)
    part.replace(file)
