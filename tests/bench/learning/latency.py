"""LiteRT beside ONNX Runtime: the same network, one picture at a time, as the watch runs it.

    PYTHONPATH=tests python -m bench.learning.latency

Lite0's features at 224 pixels in float32. First both are shown to say the same of real pictures, then they
are timed in turns, by wall time and by CPU time, with one thread and with two.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import add_lite, load_lite_weights
from coop.classify.network import Network
from coop.classify.preprocess import prepare
from coop.classify.tflite_writer import GraphWriter

DATA = Path(os.environ.get("COOP_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")
PICTURES, ROUNDS = 20, 5
Run = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]


def main() -> None:
    try:
        import onnxruntime
        from bench.learning.onnx_lite import embedding_model
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed. Install it with: pip install 'neurocoop[bench]'")
    weights = load_lite_weights()
    files = sorted((DATA / "imagenet-sample").rglob("*.jp*g"))[::50][:PICTURES]
    pictures = [prepare(np.asarray(cv2.imread(str(file)), np.uint8), weights.plan.size) for file in files]
    graph = GraphWriter(weights.plan.name)
    lite_model = graph.finish({"embedding": add_lite(graph, weights)})
    onnx_model = embedding_model(weights)
    for threads in (1, 2):
        network = Network(lite_model, threads=threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])

        def lite(picture: npt.NDArray[np.uint8], network: Network = network) -> npt.NDArray[np.float32]:
            return network.run(picture, "embedding")[0]

        def peer(
            picture: npt.NDArray[np.uint8], session: onnxruntime.InferenceSession = session
        ) -> npt.NDArray[np.float32]:
            return np.asarray(session.run(["embedding"], {"image": picture[None]})[0][0])

        prove([lite(p) for p in pictures], [peer(p) for p in pictures])
        times = timed({"LiteRT": lite, "ONNX Runtime": peer}, pictures)
        for name, (wall, cpu) in times.items():
            print(
                f"{name}, {threads} thread{'s' * (threads > 1)}: {wall:.1f} ms a picture, {cpu:.1f} ms of CPU"
            )


def prove(ours: list[npt.NDArray[np.float32]], theirs: list[npt.NDArray[np.float32]]) -> None:
    """Stops unless both say the same, and something that depends on the picture."""
    one, other = np.stack(ours), np.stack(theirs)
    apart = float(np.abs(one - other).max())
    varies = float(one.std(axis=0).mean())
    if apart > 1e-3 or varies < 0.01:
        sys.exit(f"These are not the same network: features up to {apart:.2g} apart, varying by {varies:.2g}")
    print(f"Same features: at most {apart:.1g} apart, where pictures differ by {varies:.2g}")


def timed(runs: dict[str, Run], pictures: list[npt.NDArray[np.uint8]]) -> dict[str, tuple[float, float]]:
    """Milliseconds a picture, wall and CPU, the median of rounds that take turns."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            for picture in pictures:
                run(picture)
            spent = time.perf_counter() - wall, time.process_time() - cpu
            found[name].append((1000 * spent[0] / len(pictures), 1000 * spent[1] / len(pictures)))
    return {
        name: (float(np.median([wall for wall, _ in rounds])), float(np.median([cpu for _, cpu in rounds])))
        for name, rounds in found.items()
    }


if __name__ == "__main__":
    main()
