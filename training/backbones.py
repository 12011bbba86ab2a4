"""The networks that a task may be learned on, by name.

The EfficientNet-Lite networks serve heads and fine-tuning, without a download; any network of
`keras.applications` may be tuned, and gets its own weights from where Keras keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import EMBEDDING_SIZE, LITES, LiteWeights, add_lite
from coop.classify.network import Network
from coop.classify.preprocess import prepare
from coop.classify.tflite_writer import GraphWriter
from coop.domain.frame import Picture

Floats = npt.NDArray[np.float32]


def is_lite(name: str) -> bool:
    """Whether a network is one of the EfficientNet-Lite family."""
    return name in LITES


class Eye:
    """A frozen EfficientNet-Lite, as it left ImageNet."""

    def __init__(self, weights: LiteWeights, *, threads: int = 1) -> None:
        graph = GraphWriter(weights.plan.name)
        self._network = Network(graph.finish({"embedding": add_lite(graph, weights)}), threads=threads)

    def embed(self, images: Sequence[Picture]) -> Floats:
        """Features (n, 1280) of BGR pictures."""
        rows = np.empty((len(images), EMBEDDING_SIZE), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            (row[:],) = self._network.run(prepare(image, self._network.size), "embedding")
        return rows
