"""Reads tensors from torch's legacy ``.pth`` format without torch, and nothing else.

A pickle is a program. This reader knows four names, all of which only describe tensors; any other name
that a file asks for is refused before it is looked up, so a hostile file cannot run anything.
"""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

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


@dataclass(frozen=True, slots=True)
class _Storage:
    """A flat run of numbers, whose bytes stand at the end of the file."""

    key: str
    dtype: np.dtype[np.float32 | np.int64]
    elements: int


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor over a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a state dict by its name, as float32 or int64 arrays of their own.

    Raises TorchPickleError if the file cannot be read, is not such a file, or names anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file, str(path))
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


def _read(file: BinaryIO, where: str) -> dict[str, Tensor]:
    if _unpickle(file) != _MAGIC or _unpickle(file) != _PROTOCOL:
        raise TorchPickleError(where, "the first numbers are not those of torch's legacy format")
    _unpickle(
        file
    )  # sizes of C types on the writing machine: unused, since every storage here has fixed size
    state = _unpickle(file)
    keys = _unpickle(file)
    if not isinstance(state, OrderedDict) or not isinstance(keys, list):
        raise TorchPickleError(where, f"it holds a {type(state).__name__} instead of named tensors")
    views = {str(name): view for name, view in state.items() if isinstance(view, _View)}
    if len(views) != len(state):
        raise TorchPickleError(where, "some of its values are not tensors")
    storages = {view.storage.key: view.storage for view in views.values()}
    data = {key: _read_storage(file, storages[key]) for key in keys}
    return {name: _tensor(view, data[view.storage.key]) for name, view in views.items()}


def _read_storage(file: BinaryIO, storage: _Storage) -> Tensor:
    elements = int.from_bytes(file.read(8), "little")
    if elements != storage.elements or elements > _MAX_ELEMENTS:
        raise ValueError(f"storage {storage.key} has {elements} elements, expected {storage.elements}")
    size = elements * storage.dtype.itemsize
    raw = file.read(size)
    if len(raw) != size:
        raise EOFError(f"the file ends inside storage {storage.key}")
    return np.frombuffer(raw, dtype=storage.dtype.newbyteorder("<"))


def _tensor(view: _View, data: Tensor) -> Tensor:
    count = math.prod(view.shape)
    last = view.offset + sum((size - 1) * step for size, step in zip(view.shape, view.strides, strict=True))
    if not count or not 0 <= view.offset <= last < data.size or count > data.size:
        raise ValueError(f"a tensor of shape {view.shape} reaches outside its storage")
    byte_strides = [step * data.itemsize for step in view.strides]
    return np.lib.stride_tricks.as_strided(data[view.offset :], view.shape, byte_strides).copy()


def _rebuild_tensor(
    storage: object, offset: object, shape: object, stride: object, _requires_grad: object, _hooks: object
) -> _View:
    if not isinstance(storage, _Storage) or not isinstance(offset, int):
        raise pickle.UnpicklingError("a tensor without a storage")
    sizes, strides = _whole_numbers(shape), _whole_numbers(stride)
    if len(sizes) != len(strides):
        raise pickle.UnpicklingError(f"a tensor of shape {sizes} with strides {strides}")
    return _View(storage, offset, sizes, strides)


def _whole_numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, tuple) or not all(isinstance(v, int) and v >= 0 for v in values):
        raise pickle.UnpicklingError(f"a shape that is not a tuple of whole numbers: {values!r}")
    return values


_ALLOWED: dict[tuple[str, str], Callable[..., object] | np.dtype[Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): np.dtype(np.float32),
    ("torch", "LongStorage"): np.dtype(np.int64),
}


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor") from None

    def persistent_load(self, pid: object) -> _Storage:
        match pid:
            case ("storage", np.dtype() as dtype, str() as key, str(), int() as elements, None):
                return _Storage(key, dtype, elements)
        raise pickle.UnpicklingError(f"an unknown kind of storage: {pid!r}")


def _unpickle(file: BinaryIO) -> object:
    value: object = _TensorUnpickler(file).load()
    return value
