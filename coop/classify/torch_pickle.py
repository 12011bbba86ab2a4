"""Reads tensors from torch's legacy ``.pth`` format without torch, and nothing else.

A pickle is a program. This reader knows four names, all of which only describe tensors; any other name
that a file asks for is refused before it is looked up, so a hostile file cannot run anything.
"""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from coop.errors import CoopError

Tensor = npt.NDArray[np.float32 | np.int64]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MAX_ELEMENTS = 1 << 28  # a gigabyte of float32: far above any network that belongs in a coop


class TorchPickleError(CoopError, ValueError):
    """A weights file that is damaged, is not torch's legacy format, or asks for more than tensors."""

    def __init__(self, where: str, problem: str) -> None:
        self.where = where
        self.problem = problem
        super().__init__(f"Weights {where}: {problem}. Reinstall the package that the file came with")


# What a file makes us build are tuples and one object without attributes, so that nothing in the file can
# change them, or any part of this module, after the fact.
class _Storage(NamedTuple):
    """A flat run of numbers, whose bytes stand at the end of the file."""

    key: str
    dtype: str
    elements: int


class _View(NamedTuple):
    """A tensor over a storage; offset and strides count elements. Unchecked: as the file has it."""

    storage: object
    offset: object
    shape: object
    strides: object


class _RebuildTensor:
    """Stands for torch's function of that name."""

    __slots__ = ()

    def __call__(
        self, storage: object, offset: object, shape: object, strides: object, *_ignored: object
    ) -> _View:
        return _View(storage, offset, shape, strides)


_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: object) -> _Storage:
        match pid:
            case ("storage", ("<f4" | "<i8") as dtype, str(key), str(), int(elements), None):
                return _Storage(key, dtype, elements)
        raise pickle.UnpicklingError(f"an unknown kind of storage: {pid!r}")


def read_torch_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a state dict by its name, as float32 or int64 arrays of their own.

    Raises TorchPickleError if the file cannot be read, is not such a file, or names anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise TorchPickleError(str(path), f"the file cannot be read ({error})") from error
    except _MALFORMED as error:
        raise TorchPickleError(str(path), f"the file is damaged or of another format ({error})") from error


# What the standard unpickler raises on bytes that are not a well-formed pickle, as its documentation warns.
_MALFORMED = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


def _read(file: BinaryIO) -> dict[str, Tensor]:
    if _unpickle(file) != _MAGIC or _unpickle(file) != _PROTOCOL:
        raise ValueError("the first numbers are not those of torch's legacy format")
    _unpickle(file)  # sizes of C types on the writing machine: not used, every storage here has a fixed size
    state, keys = _unpickle(file), _unpickle(file)
    if not isinstance(state, OrderedDict) or not isinstance(keys, list):
        raise ValueError(f"it holds a {type(state).__name__} instead of named tensors")
    storages: dict[str, _Storage] = {}
    for name, view in state.items():
        if not isinstance(name, str) or not isinstance(view, _View) or not isinstance(view.storage, _Storage):
            raise ValueError(f"its entry {name!r} is not a tensor")
        storages[view.storage.key] = view.storage
    data = {key: _read_storage(file, storages[key]) for key in keys}
    return {name: _tensor(view, data[view.storage.key]) for name, view in state.items()}


def _unpickle(file: BinaryIO) -> object:
    value: object = _TensorUnpickler(file).load()
    return value


def _read_storage(file: BinaryIO, storage: _Storage) -> Tensor:
    elements = int.from_bytes(file.read(8), "little")
    if elements != storage.elements or elements > _MAX_ELEMENTS:
        raise ValueError(f"storage {storage.key} has {elements} elements, expected {storage.elements}")
    dtype: np.dtype[Any] = np.dtype(storage.dtype)
    raw = file.read(elements * dtype.itemsize)
    if len(raw) != elements * dtype.itemsize:
        raise EOFError(f"the file ends inside storage {storage.key}")
    return np.frombuffer(raw, dtype=dtype)


def _tensor(view: _View, data: Tensor) -> Tensor:
    shape, strides = _whole_numbers(view.shape), _whole_numbers(view.strides)
    (offset,) = _whole_numbers((view.offset,))
    last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    if 0 in shape or last >= data.size or math.prod(shape) > data.size:
        raise ValueError(f"a tensor of shape {shape} reaches outside its storage")
    byte_strides = [step * data.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(data[offset:], shape, byte_strides).copy()


def _whole_numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, tuple) or not all(isinstance(v, int) and v >= 0 for v in values):
        raise ValueError(f"{values!r} instead of whole numbers")
    return values
