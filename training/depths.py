"""Features of a whole picture from three depths of the frozen network, for what is counted.

Late features know what a thing is, early ones its edges: where one egg hides another, the edges tell. On
nests of the simulated coop, on days of seeds that nothing was learned from, fewer pictures of three eggs are
called two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import LiteWeights, add_lite_maps, load_lite_weights
from coop.classify.network import Network
from coop.classify.preprocess import prepare
from coop.classify.tflite_writer import GraphWriter, Node
from coop.domain.frame import Picture
from training.head import Head

Floats = npt.NDArray[np.float32]


class DepthEye:
    """Pictures in, features (n, 1432) out."""

    def __init__(self, weights: LiteWeights | None = None, *, threads: int = 1) -> None:
        weights = weights or load_lite_weights()
        graph = GraphWriter(f"{weights.plan.name}, averages of its maps")
        maps = add_lite_maps(graph, weights, weights.plan.size)
        self._names = tuple(f"depth{number}" for number in range(len(maps)))
        outputs = {n: graph.average_over_picture(x, n) for n, x in zip(self._names, maps, strict=True)}
        self._network = Network(graph.finish(outputs), threads=threads)

    def embed(self, images: Sequence[Picture]) -> Floats:
        """The features of BGR pictures."""
        size = self._network.size
        return np.stack(
            [np.concatenate(self._network.run(prepare(image, size), *self._names)) for image in images]
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class DepthHead(Head):
    """A head for the features of a `DepthEye`."""

    @classmethod
    def of(cls, head: Head) -> DepthHead:
        """A head that learned from such features."""
        return cls(
            mode=head.mode,
            classes=head.classes,
            weights=head.weights,
            bias=head.bias,
            temperature=head.temperature,
            thresholds=head.thresholds,
            measured=head.measured,
            folded=head.folded,
        )

    def add_to(self, graph: GraphWriter, backbone: LiteWeights, size: int) -> dict[str, Node]:
        """The network with this head: the outputs of a package."""
        maps = add_lite_maps(graph, backbone, size)
        widths = np.cumsum([x.shape[-1] for x in maps])[:-1]
        depths = [graph.average_over_picture(x, f"depth{number}") for number, x in enumerate(maps)]
        parts = np.split(self.weights, widths, axis=1)
        nothing = np.zeros(len(self.bias), dtype=np.float32)
        early = [graph.dense(x, np.ascontiguousarray(w), nothing) for x, w in zip(depths, parts, strict=True)]
        whole = graph.add(graph.add(early[0], early[1]), early[2])
        return {"logits": graph.shift_each(whole, self.bias, "logits"), "embedding": depths[-1]}
