"""EfficientNet-Lite as an ONNX graph, from the same weights: the network that LiteRT runs, for its peer.

Written layer by layer, since a converter would bring a graph of its own; that both say the same is proved
wherever they are timed. Needs the extra `bench`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from coop.classify.efficientnet_lite import Block, BlockWeights, Convolution, LiteWeights

Floats = npt.NDArray[np.float32]
OPSET = 17


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: Floats) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def conv(self, x: str, parts: Convolution, *, stride: int, depthwise: bool, relu6: bool) -> str:
        # (out, h, w, in) or (1, h, w, channels) -> (out, in, h, w) or (channels, 1, h, w)
        weights = parts.weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
        x = self.add(
            "Conv", x, self.constant(weights), self.constant(parts.bias), auto_pad="SAME_UPPER",
            strides=[stride, stride], group=len(weights) if depthwise else 1,
        )  # fmt: skip
        low, high = np.zeros((), np.float32), np.full((), 6, np.float32)
        return self.add("Clip", x, self.constant(low), self.constant(high)) if relu6 else x

    def block(self, x: str, block: Block, parts: BlockWeights) -> str:
        y = x
        if parts.expand is not None:
            y = self.conv(y, parts.expand, stride=1, depthwise=False, relu6=True)
        y = self.conv(y, parts.depthwise, stride=block.stride, depthwise=True, relu6=True)
        y = self.conv(y, parts.project, stride=1, depthwise=False, relu6=False)
        return self.add("Add", x, y) if block.residual else y


def embedding_model(weights: LiteWeights) -> bytes:
    """In: ``image`` (1, size, size, 3), RGB, uint8. Out: ``embedding`` (1, 1280)."""
    size, graph = weights.plan.size, _Graph()
    x = graph.add("Cast", "image", to=TensorProto.FLOAT)
    x = graph.add("Transpose", x, perm=[0, 3, 1, 2])
    x = graph.add("Mul", x, graph.constant(np.full((), 1 / 128, np.float32)))
    x = graph.add("Sub", x, graph.constant(np.full((), 127 / 128, np.float32)))
    x = graph.conv(x, weights.stem, stride=2, depthwise=False, relu6=True)
    for block, parts in zip(weights.plan.blocks(), weights.blocks, strict=True):
        x = graph.block(x, block, parts)
    x = graph.conv(x, weights.top, stride=1, depthwise=False, relu6=True)
    graph.add("GlobalAveragePool", x)
    graph.nodes.append(helper.make_node("Flatten", [graph.nodes[-1].output[0]], ["embedding"]))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, size, size, 3])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, len(weights.top.bias)])
    made = helper.make_graph(graph.nodes, weights.plan.name, [image], [embedding], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
