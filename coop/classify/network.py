"""Runs a ``.tflite`` model with LiteRT: one prepared picture in, named outputs out."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from coop.domain.frame import Picture

STDERR = 2
"""The file descriptor, whatever `sys.stderr` is."""

Floats = npt.NDArray[np.float32]

_CHATTER = (b"XNNPACK delegate for CPU", b"fully_quantize:")
_OPENING = threading.Lock()


class Network:
    """An open model with one uint8 input (batch, size, size, 3) and float32 outputs (batch, n).

    Raises ValueError if LiteRT cannot open ``content`` or the model has another form. May be shared by
    threads: each interpreter computes one picture at a time, as the runtime demands, and there are ``copies``
    of it at most, the further ones opened when first needed.
    """

    def __init__(self, content: bytes, *, threads: int = 1, copies: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"A network needs at least one thread. Received: threads={threads}")
        if copies < 1:
            raise ValueError(f"A network needs at least one copy. Received: copies={copies}")
        self._content, self._threads = content, threads
        interpreter = _open(content, threads)
        runner = _signature_runner(interpreter)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        self.size = _input_size(inputs)
        self.outputs = {name: _output_size(name, detail) for name, detail in outputs.items()}
        self._input = int(next(iter(inputs.values()))["index"])
        self._output_index = {name: int(detail["index"]) for name, detail in outputs.items()}
        self._free = [interpreter]
        self._unopened = copies - 1
        self._returned = threading.Condition()

    # Pictures go through one by one. Batches of 4, 8 and 16 measured within 5% of the same time a picture,
    # one and two threads alike, while every change of the batch size makes the runtime prepare the whole
    # graph again; and one by one a picture's result cannot depend on its neighbours.
    def run(self, prepared: Picture, *names: str) -> tuple[Floats, ...]:
        """The named outputs for one RGB picture (size, size, 3), each of shape (n,)."""
        with self._taken() as interpreter:
            interpreter.set_tensor(self._input, prepared[None])
            interpreter.invoke()
            return tuple(interpreter.get_tensor(self._output_index[name])[0] for name in names)

    @contextmanager
    def _taken(self) -> Iterator[Any]:
        interpreter = self._take()
        try:
            yield interpreter
        finally:
            with self._returned:
                self._free.append(interpreter)
                self._returned.notify()

    def _take(self) -> Any:
        with self._returned:
            if self._free or not self._unopened:
                return self._next_free()
            self._unopened -= 1
        try:
            return _open(self._content, self._threads)
        except ValueError:  # it was opened before, so it is memory that lacks: those that are open must do
            with self._returned:
                return self._next_free()

    def _next_free(self) -> Any:
        self._returned.wait_for(lambda: self._free)
        return self._free.pop()


def _open(content: bytes, threads: int) -> Any:
    try:
        with without_chatter():
            interpreter = Interpreter(model_content=content, num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"LiteRT cannot open the model ({error})") from error
    return interpreter


@contextmanager
def without_chatter() -> Iterator[None]:
    """Keep back what LiteRT says at each opening, and at each conversion; anything else on standard error is
    passed on.

    It writes to the file descriptor itself and has no switch for it. One opening at a time: of two the later
    one would give back the file of the earlier one, and all that is said from then on would be lost.
    """
    with _OPENING, tempfile.TemporaryFile() as heard:
        before = os.dup(STDERR)
        os.dup2(heard.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(before, STDERR)
            os.close(before)
            heard.seek(0)
            for line in heard:
                if not any(chatter in line for chatter in _CHATTER):
                    os.write(STDERR, line)


def _signature_runner(interpreter: Any) -> Any:
    signatures = interpreter.get_signature_list()
    if len(signatures) != 1:
        raise ValueError(f"the model has {len(signatures)} signatures instead of one")
    return interpreter.get_signature_runner(next(iter(signatures)))


def _input_size(inputs: Mapping[str, Mapping[str, Any]]) -> int:
    if len(inputs) != 1:
        raise ValueError(f"the model has {len(inputs)} inputs instead of one")
    detail = next(iter(inputs.values()))
    shape, dtype = [int(n) for n in detail["shape"]], np.dtype(detail["dtype"])
    if dtype != np.uint8:
        raise ValueError(f"the model's input is {dtype} instead of uint8")
    if len(shape) != 4 or shape[0] != 1 or shape[1] != shape[2] or shape[3] != 3:
        raise ValueError(f"the model's input has shape {shape} instead of [1, size, size, 3]")
    return shape[1]


def _output_size(name: str, detail: Mapping[str, Any]) -> int:
    shape, dtype = [int(n) for n in detail["shape"]], np.dtype(detail["dtype"])
    if dtype != np.float32 or len(shape) != 2 or shape[0] != 1:
        raise ValueError(f"the model's output {name!r} is {dtype} {shape} instead of float32 [1, n]")
    return shape[1]


def first_filters(content: bytes) -> Floats | None:
    """The kernels of the first convolution over the picture, (n, height, width, 3); None where there is none.

    Whole numbers of 8 bits are given back their scale.
    """
    from ai_edge_litert import schema_py_generated as schema  # half a megabyte of code, which no watch needs

    graph = schema.ModelT.InitFromPackedBuf(content)
    tensors, wanted = graph.subgraphs[0].tensors, schema.BuiltinOperator.CONV_2D
    for step in graph.subgraphs[0].operators:
        code = graph.operatorCodes[step.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) != wanted:
            continue
        kernel = tensors[step.inputs[1]]
        data = graph.buffers[kernel.buffer].data
        if tuple(kernel.shape)[-1] != 3 or data is None:
            return None
        kind = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT8: np.int8}.get(kernel.type)
        if kind is None:
            return None
        values = np.frombuffer(bytes(data), kind).reshape(kernel.shape).astype(np.float32)
        if kind is np.int8:
            values *= np.asarray(kernel.quantization.scale, np.float32).reshape(-1, 1, 1, 1)
        return values
    return None
