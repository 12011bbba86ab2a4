"""A model that knows things by their colour: small, exact, and without weights."""

from collections.abc import Mapping, Sequence

import numpy as np

from coop.classify.card import ModelCard, Preprocessing
from coop.domain.frame import Picture
from coop.domain.prediction import UNKNOWN, Prediction


class ColourModel:
    """Calls a picture by the class whose colour (blue, green, red) covers most of its middle.

    ``pictures`` counts what it was asked; ``strange``: how strange it finds each of them.
    """

    def __init__(
        self,
        task: str,
        colours: Mapping[str, tuple[int, int, int]],
        sure: float = 0.9,
        strange: float | None = None,
    ) -> None:
        self._colours = colours
        self._sure, self._strange = sure, strange
        self.pictures = 0
        self.card = ModelCard(
            name=f"colours-{task}",
            version="1",
            task=task,
            classes=tuple(colours),
            preprocessing=Preprocessing(size=224),
            thresholds=dict.fromkeys(colours, 0.6),
        )

    def predict(self, images: Sequence[Picture]) -> list[Prediction]:
        self.pictures += len(images)
        return [self._one(image) for image in images]

    def _one(self, image: Picture) -> Prediction:
        height, width = image.shape[:2]
        middle = image[height // 3 : height * 2 // 3 + 1, width // 3 : width * 2 // 3 + 1]
        colour = np.median(middle.reshape(-1, 3), axis=0)
        nearest = min(self._colours, key=lambda name: float(np.abs(colour - self._colours[name]).sum()))
        rest = (1 - self._sure) / max(len(self._colours) - 1, 1)
        return Prediction(
            task=self.card.task,
            label=nearest if self._sure >= 0.6 else UNKNOWN,
            confidence=self._sure,
            probabilities={name: self._sure if name == nearest else rest for name in self._colours},
            model=self.card.model,
            strangeness=self._strange,
        )
