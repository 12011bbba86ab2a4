"""Asks a model package what pictures show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from coop.classify.card import ModelCard
from coop.classify.decide import decide, probabilities
from coop.classify.gallery import IDENTITY
from coop.classify.network import Network
from coop.classify.package import ModelPackage
from coop.classify.preprocess import prepare
from coop.domain.frame import Picture
from coop.domain.prediction import Prediction
from coop.errors import ModelPackageError


class Classifier:
    """A model package, opened. The same picture always gets the same answer; threads may share one."""

    def __init__(self, package: ModelPackage, *, threads: int = 1, copies: int = 1) -> None:
        self._package = package
        self._network = Network(package.model, threads=threads, copies=copies)
        self._known_by = IDENTITY if IDENTITY in self._network.outputs else "embedding"

    @property
    def card(self) -> ModelCard:
        return self._package.card

    @property
    def known_by(self) -> str:
        """The output in whose space the gallery is."""
        return self._known_by

    @property
    def outputs(self) -> frozenset[str]:
        """What the model can be asked for."""
        return frozenset(self._network.outputs)

    def predict(self, images: Sequence[Picture]) -> list[Prediction]:
        """One prediction for each BGR picture, in the same order."""
        return [self._predict(image) for image in images]

    def _predict(self, image: Picture) -> Prediction:
        gallery, within = self._package.gallery, self.card.familiar_within
        if gallery is None or within is None:
            (logits,) = self._run(image, "logits")
            return decide(self.card, probabilities(self.card, logits))
        logits, embedding = self._run(image, "logits", self._known_by)
        answer = decide(self.card, probabilities(self.card, logits))
        return replace(answer, strangeness=gallery.distance(embedding) / within)

    def ask(self, image: Picture, *outputs: str) -> tuple[npt.NDArray[np.float32], ...]:
        """Several outputs for one BGR picture in one go, each of shape (n,)."""
        return self._run(image, *outputs)

    def logits(self, images: Sequence[Picture]) -> npt.NDArray[np.float32]:
        """The network's raw answers, shape (n, classes): what calibration starts from."""
        return self._stack(images, "logits")

    def embed(self, images: Sequence[Picture]) -> npt.NDArray[np.float32]:
        """Features, shape (n, d); ModelPackageError if the model gives none."""
        if "embedding" not in self._network.outputs:
            remedy = "Use a package whose model has an output of that name"
            raise ModelPackageError(self._package.folder, "its model has no output 'embedding'", remedy)
        return self._stack(images, "embedding")

    def _stack(self, images: Sequence[Picture], output: str) -> npt.NDArray[np.float32]:
        result = np.empty((len(images), self._network.outputs[output]), dtype=np.float32)
        for row, image in zip(result, images, strict=True):
            row[:] = self._run(image, output)[0]
        return result

    def _run(self, image: Picture, *outputs: str) -> tuple[npt.NDArray[np.float32], ...]:
        values = self._network.run(prepare(image, self._network.size), *outputs)
        broken = [
            name for name, numbers in zip(outputs, values, strict=True) if not np.isfinite(numbers).all()
        ]
        if broken:
            problem = f"its model answered with numbers that are not finite in {broken[0]!r}"
            raise ModelPackageError(self._package.folder, problem, "Go back to the package used before it")
        return values
