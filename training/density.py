"""A head that counts by density: so much of each thing is in each cell of the picture; the sum is its number.

    picture at 320 pixels -> frozen network -> features of 20 x 20 cells, from two depths
                          -> a small network that sees a cell and what is around it
                          -> for each thing that is counted, how much of it is there -> sums

Counting by density is of Lempitsky and Zisserman ("Learning To Count Objects in Images", NIPS 2010); here
nobody marks where an egg lies, the numbers alone teach it. A linear look at a whole picture takes three eggs
that hide one another for two; whoever looks at the places sees three. `training.density_fit` learns it, with
Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LiteWeights, add_lite_maps
from coop.classify.tflite_writer import GraphWriter, Node
from training.folds import Folded

Floats = npt.NDArray[np.float32]

SIDE = 320


@dataclass(frozen=True, eq=False, slots=True)
class Convolution:
    """``weights``: (out, height, width, in), ``bias``: (out,)."""

    weights: Floats
    bias: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class DensityHead:
    """``layers``: the small network's convolutions, of which the first takes the features as they come, and
    the last gives one map for each thing that is counted. ``numbers``: (classes, things), and ``bias``:
    (classes,), make logits of the sums.
    """

    classes: tuple[str, ...]
    layers: tuple[Convolution, Convolution, Convolution]
    numbers: Floats
    bias: Floats
    temperature: float
    thresholds: Mapping[str, float]
    measured: Mapping[str, object]
    folded: Folded
    mode: TaskMode = TaskMode.COUNT
    familiar: None = None

    def add_to(self, graph: GraphWriter, backbone: LiteWeights, size: int) -> dict[str, Node]:
        """The network with this head: the outputs of a package."""
        fine, coarse, last = add_lite_maps(graph, backbone, size)
        first, second, third = self.layers
        width = fine.shape[-1]
        none = np.zeros_like(first.bias)
        x = graph.add(
            graph.conv(graph.shrink(fine, 2), first.weights[..., :width], none, stride=1, relu6=False),
            graph.conv(coarse, first.weights[..., width:], first.bias, stride=1, relu6=False),
        )
        as_it_is = np.eye(len(none), dtype=np.float32)[:, None, None]
        x = graph.conv(x, as_it_is, none, stride=1, relu6=True)
        x = graph.conv(x, second.weights, second.bias, stride=1, relu6=True)
        x = graph.conv(x, third.weights, third.bias, stride=1, relu6=False)
        there = graph.log(graph.shift(graph.exp(x), 1.0))
        cells = coarse.shape[1] * coarse.shape[2]
        sums = graph.average_over_picture(graph.scale(there, cells), "count")
        return {
            "logits": graph.dense(sums, self.numbers, self.bias, "logits"),
            "embedding": graph.average_over_picture(last, "embedding"),
        }
