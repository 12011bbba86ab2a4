"""The frozen network as far as its finer maps: what heads that count look at, cell by cell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import LiteWeights, add_lite_maps, load_lite_weights
from coop.classify.network import Network
from coop.classify.tflite_writer import GraphWriter
from coop.domain.frame import Picture


class MapEye:
    """A picture of ``side`` pixels, as `prepare` makes it, in; features (side / 16, side / 16, width) out."""

    def __init__(self, side: int, backbone: LiteWeights | None = None, *, threads: int = 1) -> None:
        backbone = backbone or load_lite_weights()
        graph = GraphWriter(f"{backbone.plan.name}, its finer maps of features")
        fine, coarse, _ = add_lite_maps(graph, backbone, side)
        self._maps = {"fine": graph.shrink(fine, 2), "coarse": coarse}
        self.width = sum(x.shape[-1] for x in self._maps.values())
        outputs = {name: graph.flat(x, name) for name, x in self._maps.items()}
        self._network = Network(graph.finish(outputs), threads=threads)

    def __call__(self, prepared: Picture) -> npt.NDArray[np.float32]:
        parts = self._network.run(prepared, *self._maps)
        maps = [part.reshape(x.shape[1:]) for part, x in zip(parts, self._maps.values(), strict=True)]
        return np.concatenate(maps, axis=-1)
