"""Each operator against plain numpy, run by LiteRT itself."""

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter

from coop.classify.tflite_writer import GraphWriter, Node

SIZE = 9  # odd: then "same" padding with stride 2 is where ways of padding part
rng = np.random.default_rng(0)
PICTURE = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def run(graph: GraphWriter, node: Node, picture: npt.NDArray[np.uint8] = PICTURE) -> npt.NDArray[np.float32]:
    interpreter = Interpreter(model_content=graph.finish({"out": node}))
    interpreter.resize_tensor_input(0, [1, *picture.shape])
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None])
    interpreter.invoke()
    result: npt.NDArray[np.float32] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    return result


def started() -> tuple[GraphWriter, Node]:
    graph = GraphWriter("test")
    return graph, graph.cast_to_float(graph.picture_input("image", SIZE))


def same_conv(
    x: npt.NDArray[np.float64], weights: npt.NDArray[np.float32], stride: int
) -> npt.NDArray[np.float64]:
    """TensorFlow's "same": as much padding as the last window needs, the odd pixel right and below."""
    size, kernel = x.shape[0], weights.shape[1]
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    padded = np.pad(x, ((total // 2, total - total // 2),) * 2 + ((0, 0),))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(0, 1))
    windows = windows[::stride, ::stride]  # (out, out, channels, kernel, kernel)
    return np.einsum("xychw,ohwc->xyo", windows, weights)


def test_scale_and_shift_are_exact() -> None:
    graph, x = started()
    found = run(graph, graph.shift(graph.scale(x, 1 / 128), -127 / 128))
    np.testing.assert_array_equal(found, (PICTURE.astype(np.float32) - 127) / 128)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_convolution(stride: int, kernel: int) -> None:
    graph, x = started()
    weights = rng.normal(size=(4, kernel, kernel, 3)).astype(np.float32)
    bias = rng.normal(size=4).astype(np.float32)
    node = graph.conv(x, weights, bias, stride=stride, relu6=False)
    expected = same_conv(PICTURE.astype(np.float64), weights, stride) + bias
    assert node.shape == (1, *expected.shape)
    np.testing.assert_allclose(run(graph, node), expected, atol=2e-2)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_depthwise_convolution_and_relu6(stride: int, kernel: int) -> None:
    graph, x = started()
    weights = (rng.normal(size=(1, kernel, kernel, 3)) / 64).astype(np.float32)
    bias = rng.normal(size=3).astype(np.float32)
    node = graph.depthwise(x, weights, bias, stride=stride, relu6=True)
    full = np.zeros((3, kernel, kernel, 3), dtype=np.float32)
    for channel in range(3):
        full[channel, :, :, channel] = weights[0, :, :, channel]
    expected = np.clip(same_conv(PICTURE.astype(np.float64), full, stride) + bias, 0, 6)
    assert 0 < (expected == 0).mean() < 1
    assert 0 < (expected == 6).mean() < 1
    np.testing.assert_allclose(run(graph, node), expected, atol=1e-4)


def test_the_head_of_a_network() -> None:
    graph, x = started()
    mean = graph.average_over_picture(graph.add(x, graph.scale(x, 1.0)), "mean")
    weights = (rng.normal(size=(5, 3)) / 100).astype(np.float32)
    bias = rng.normal(size=5).astype(np.float32)
    node = graph.log(graph.softmax(graph.dense(mean, weights, bias)))
    logits = 2 * PICTURE.mean(axis=(0, 1), dtype=np.float64) @ weights.T + bias
    expected = logits - np.log(np.exp(logits).sum())
    np.testing.assert_allclose(run(graph, node), expected, atol=1e-4)


def test_constants_lie_aligned_in_the_file() -> None:
    graph, x = started()
    marks = [np.full((n, 1, 1, 3), 1000.0 + n, dtype=np.float32) for n in (1, 2, 3)]
    for mark in marks:
        graph.conv(x, mark, np.zeros(len(mark), dtype=np.float32), stride=1, relu6=False)
    data = graph.finish({"out": x})
    for mark in marks:
        assert data.find(mark.tobytes()) % 16 == 0


def test_the_same_graph_is_the_same_file() -> None:
    def written() -> bytes:
        graph, x = started()
        return graph.finish({"mean": graph.average_over_picture(x, "mean")})

    assert written() == written()
