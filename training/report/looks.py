"""The worst errors as pictures, and where in them the network looked."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.decide import probabilities
from coop.classify.runtime import Classifier
from coop.domain.frame import Picture
from training.evaluate import Scores
from training.labelled import read_picture
from training.report.colours import INK
from training.report.figures import blank, png, short

MOST_ERRORS = 12
_CELLS = 8
_SIDE = 300
Progress = Callable[[int, int], None]


def worst(scores: Scores, most: int = MOST_ERRORS) -> list[int]:
    """The pictures answered wrongly, the surest first."""
    wrong = np.flatnonzero(~scores.right)
    return [int(number) for number in wrong[np.argsort(-scores.confidence[wrong], kind="stable")][:most]]


def doubtful_class(scores: Scores, number: int) -> int:
    """The class in which the answer to a picture is furthest from the truth."""
    return int(np.abs(scores.probabilities[number] - scores.truth[number]).argmax())


def occlusion_map(classifier: Classifier, picture: Picture, k: int) -> npt.NDArray[np.float64]:
    """What each part of a picture adds to the probability of class ``k``, (8, 8); less than 0: takes from.

    The part is covered with the picture's mean colour, its edge softened, and the network asked again (Zeiler
    and Fergus 2014). It needs nothing but the model's answers, so it is true for every package.
    """
    height, width = picture.shape[:2]
    before = _probability(classifier, picture, k)
    grey = np.broadcast_to(picture.reshape(-1, 3).mean(axis=0), picture.shape)
    # A cover is two cells wide, so that whatever lies on the line between two cells is hidden once, too.
    reach = np.array([width, height]) / _CELLS
    result = np.empty((_CELLS, _CELLS))
    for row, column in np.ndindex(_CELLS, _CELLS):
        x, y = (column + 0.5) * reach[0], (row + 0.5) * reach[1]
        cover = np.zeros((height, width), dtype=np.float32)
        corners = np.array([(x - reach[0], y - reach[1]), (x + reach[0], y + reach[1])]).round().astype(int)
        cv2.rectangle(cover, corners[0].tolist(), corners[1].tolist(), 1.0, cv2.FILLED)
        cv2.GaussianBlur(cover, (0, 0), max(1.0, float(reach.min()) / 6), dst=cover)
        covered = picture * (1 - cover[..., None]) + grey * cover[..., None]
        result[row, column] = before - _probability(classifier, covered.round().astype(np.uint8), k)
    return result


def errors_png(
    scores: Scores, classifier: Classifier | None, *, progress: Progress | None = None
) -> bytes | None:
    """The worst errors, each beside what the network looked at; None where every answer is right.

    Without ``classifier``, where that was another one, the pictures stand alone.
    """
    numbers = worst(scores)
    if not numbers:
        return None
    columns, width, height = (4, 3.2, 3.2) if classifier is None else (3, 4.4, 2.75)
    columns = min(columns, len(numbers))
    rows = -(-len(numbers) // columns)
    figure = blank(width * columns, height * rows, dpi=110)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for done, (axes, number) in enumerate(zip(grid.flat, numbers, strict=False), start=1):
        example = scores.examples[number]
        picture = _small(read_picture(example.path))
        k = doubtful_class(scores, number)
        if classifier is not None:
            looked = _looked_at(picture, occlusion_map(classifier, picture, k))
            picture = np.hstack([picture, looked])
        axes.imshow(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        axes.set_title(_caption(scores, number, k if classifier else None), fontsize=8, color=INK, loc="left")
        if progress is not None:
            progress(done, len(numbers))
    return png(figure)


def _caption(scores: Scores, number: int, k: int | None) -> str:
    """``k``: the class whose evidence is shown beside the picture."""
    example, sure = scores.examples[number], scores.confidence[number]
    label, called, file = short(example.label), short(scores.label(number)), short(example.path.name, 32)
    if k is None:  # there is less room beside one picture than beside two
        return f"labelled {label}\ncalled {called}, {sure:.0%} sure\n{file}"
    speaks = short(scores.card.classes[k])
    return f"labelled {label}, called {called}, {sure:.0%} sure\n{file}; right half: what speaks for {speaks}"


def _looked_at(picture: Picture, importance: npt.NDArray[np.float64]) -> Picture:
    """The picture in grey, with what speaks for the class in orange and what speaks against it in blue."""
    height, width = picture.shape[:2]
    strength = importance / max(float(np.abs(importance).max()), 1e-6)
    strength = cv2.resize(strength, (width, height), interpolation=cv2.INTER_CUBIC).clip(-1, 1)
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) * 0.8 + 30
    colour = np.where(strength[..., None] > 0, (10.0, 95.0, 240.0), (205.0, 120.0, 25.0))
    weight = 0.75 * np.abs(strength)[..., None]
    return np.asarray((grey * (1 - weight) + colour * weight).clip(0, 255), dtype=np.uint8)


def _small(picture: Picture) -> Picture:
    """A picture as the grid shows it, `_SIDE` pixels square at most, on black."""
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=way), dtype=np.uint8)


def _probability(classifier: Classifier, picture: Picture, k: int) -> float:
    return float(probabilities(classifier.card, classifier.logits([picture])[0])[k])
