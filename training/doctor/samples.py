"""A look at what `fit` is given (arrays, tf.data, PyDataset, generator) that leaves it as it was."""

from __future__ import annotations

import copy
import logging
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from training.doctor.untouched import PROBE_ERRORS

Array = npt.NDArray[Any]

log = logging.getLogger(__name__)

MOST_BATCHES = 64
MOST_ROWS = 8192
MOST_BYTES = 256 << 20
MOST_NUMBERS = 4_000_000
"""In the inputs of one forward pass: 26 pictures of 224 × 224."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Rows of inputs and targets, flattened; ``shape_x`` puts inputs together as the model takes them.

    ``batches`` are the rows of each batch, where the order is one that training sees; None where it shuffles.
    ``whole``: every row is here.
    """

    x: list[Array]
    y: list[Array]
    shape_x: Callable[[list[Any]], Any]
    shape_y: Callable[[list[Any]], Any]
    batches: list[slice] | None
    whole: bool
    weighted: bool = False

    def __len__(self) -> int:
        return len(self.x[0])

    def rows(self, most: int) -> tuple[Any, Any]:
        """Some rows, spread evenly, as the model takes inputs and targets; fewer where rows are large."""
        chosen = spread(len(self), self.affordable(most))
        return self.shape_x([part[chosen] for part in self.x]), self.shape_y(
            [part[chosen] for part in self.y]
        )

    def affordable(self, most: int) -> int:
        """At most so many rows, and at least 8, as one look may cost."""
        numbers = sum(int(np.prod(part.shape[1:])) for part in self.x)
        return max(min(8, most), min(most, MOST_NUMBERS // max(numbers, 1)))

    def part(self, chosen: Any) -> Sample:
        return Sample(
            x=[part[chosen] for part in self.x],
            y=[part[chosen] for part in self.y],
            shape_x=self.shape_x,
            shape_y=self.shape_y,
            batches=None,
            whole=False,
            weighted=self.weighted,
        )

    @property
    def target(self) -> Array | None:
        """The targets, if there is one array of them."""
        return self.y[0] if len(self.y) == 1 else None


@dataclass(frozen=True, eq=False, kw_only=True)
class FitData:
    """What one call of `fit` learns from."""

    train: Sample
    validation: Sample | None
    batch_size: int
    epochs: int
    steps: int | None
    class_weight: bool


def spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """Indices of at most ``most`` of ``count`` rows, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.intp))


def look_at(arguments: dict[str, Any]) -> tuple[Any, FitData | None]:
    """What to give `fit` in place of its ``x``, and its data; None where that cannot be read."""
    x, batches = arguments["x"], None
    try:
        if not _is_arrays(x):
            x, batches = _peek(x, arguments.get("steps_per_epoch"))
        return x, _data(arguments, batches)
    except PROBE_ERRORS:
        log.debug("The data could not be read", exc_info=True)
        return x, None


def _data(arguments: dict[str, Any], seen: list[Any] | None) -> FitData | None:
    """``seen``: the batches of a stream; None where there are arrays."""
    x, y = arguments["x"], arguments.get("y")
    batch_size = arguments.get("batch_size") or 32
    split = arguments.get("validation_split") or 0.0
    given = arguments.get("validation_data")
    weighted = arguments.get("sample_weight") is not None
    validation: Sample | None = None
    if seen is None:
        whole = _of_arrays(x, y, None if arguments.get("shuffle", True) else batch_size, weighted)
        if whole is None or not len(whole):
            return None
        train = whole
        if split and given is None:
            at = int(len(whole) * (1 - split))
            in_order = None if arguments.get("shuffle", True) else _slices(at, batch_size)
            train = _with_batches(whole.part(slice(None, at)), in_order)
            validation = whole.part(slice(at, None))
        steps: int | None = -(-len(train) // batch_size)
    else:
        joined = _joined(seen)
        if joined is None:
            return None
        train = joined
        steps = _length(x)
        batch_size = max((b.stop - b.start for b in train.batches or []), default=batch_size)
    if given is not None:
        validation = _validation(given)
    return FitData(
        train=train,
        validation=validation if validation is not None and len(validation) else None,
        batch_size=batch_size,
        epochs=arguments.get("epochs") or 1,
        steps=arguments.get("steps_per_epoch") or steps,
        class_weight=arguments.get("class_weight") is not None,
    )


def _is_arrays(x: Any) -> bool:
    if isinstance(x, (tf.data.Dataset, keras.utils.PyDataset)) or x is None:
        return False
    leaves = keras.tree.flatten(x)
    return bool(leaves) and all(
        (hasattr(leaf, "shape") and hasattr(leaf, "dtype")) or _table(leaf) for leaf in leaves
    )


def _table(leaf: Any) -> bool:
    return hasattr(leaf, "to_numpy")


def _array(leaf: Any) -> Array:
    return np.asarray(leaf.to_numpy() if _table(leaf) else leaf)


def _flat(tree: Any) -> tuple[list[Array], Callable[[list[Any]], Any]]:
    """The arrays of a tree, and what puts others in their places."""
    if tree is None:
        return [], lambda parts: None
    leaves = [_array(leaf) for leaf in keras.tree.flatten(tree)]
    return leaves, lambda parts: keras.tree.pack_sequence_as(tree, parts)


def _of_arrays(x: Any, y: Any, batch_size: int | None, weighted: bool) -> Sample | None:
    inputs, shape_x = _flat(x)
    targets, shape_y = _flat(y)
    if len({len(part) for part in (*inputs, *targets) if part.ndim}) != 1:
        return None
    batches = None if batch_size is None else _slices(len(inputs[0]), batch_size)
    return Sample(
        x=inputs, y=targets, shape_x=shape_x, shape_y=shape_y, batches=batches, whole=True, weighted=weighted
    )


def _with_batches(sample: Sample, batches: list[slice] | None) -> Sample:
    return Sample(
        x=sample.x,
        y=sample.y,
        shape_x=sample.shape_x,
        shape_y=sample.shape_y,
        batches=batches,
        whole=True,
        weighted=sample.weighted,
    )


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _validation(given: Any) -> Sample | None:
    if isinstance(given, (tuple, list)):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(tuple(given))
        return _of_arrays(x, y, None, weight is not None) if _is_arrays(x) else None
    if isinstance(given, Iterator):
        return None  # it would have to be handed on, and may be endless
    return _joined(_peek(given)[1])


def _length(x: Any) -> int | None:
    if isinstance(x, tf.data.Dataset):
        known = int(x.cardinality())
        return known if known > 0 else None
    return len(x) if isinstance(x, keras.utils.PyDataset) and x.num_batches is not None else None


def _peek(x: Any, steps: int | None = None) -> tuple[Any, list[Any]]:
    """Some batches of a stream, and the stream as if nobody had looked.

    ``steps``: how many training will take of it: a generator is asked for no more.
    """
    if isinstance(x, tf.data.Dataset):
        return x, _some(iter(_twin(x)))
    if isinstance(x, keras.utils.PyDataset):
        twin = _own_random(x)
        count = x.num_batches
        order = range(MOST_BATCHES) if count is None else spread(count, MOST_BATCHES)
        return x, _some(twin[int(i)] for i in order)
    if isinstance(x, Iterator):
        first, failure = _until_failure(x, steps or MOST_BATCHES)
        return _again(first, x, failure), first
    return x, _some(iter(x)) if isinstance(x, Iterable) else []


def _twin(dataset: tf.data.Dataset) -> Iterable[Any]:
    """The same dataset with a state of its own: looking must not turn the shuffle's wheel."""
    try:
        graph = tf.raw_ops.DatasetToGraphV2(
            input_dataset=dataset._variant_tensor, external_state_policy=1, strip_device_assignment=True
        )
        variant = tf.raw_ops.DatasetFromGraph(graph_def=_own_shuffles(graph))
    except (tf.errors.OpError, ValueError, TypeError):
        return cast(Iterable[Any], dataset)
    return cast(Iterable[Any], tf.data.experimental.from_variant(variant, dataset.element_spec))


def _own_shuffles(serialized: Any) -> bytes:
    """A dataset's graph whose shuffles share no generator of seeds with those of the dataset."""
    graph = tf.compat.v1.GraphDef.FromString(serialized.numpy())
    for node in graph.node:
        if node.op == "ShuffleDatasetV3":
            node.op = "ShuffleDataset"
            del node.input[4]  # the generator, a resource; the older form makes its own from the same seeds
    text: bytes = graph.SerializeToString()
    return text


def _own_random(dataset: Any) -> Any:
    """A PyDataset whose own random generators are copies."""
    twin = copy.copy(dataset)
    for name, value in vars(dataset).items():
        if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            setattr(twin, name, copy.deepcopy(value))
    return twin


def _some(batches: Iterator[Any] | Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    rows = size = 0
    for batch in islice(batches, MOST_BATCHES):
        found.append(batch)
        leaves = [np.asarray(leaf) for leaf in keras.tree.flatten(batch) if leaf is not None]
        rows += len(leaves[0]) if leaves and leaves[0].ndim else 0
        size += sum(leaf.nbytes for leaf in leaves)
        if rows >= MOST_ROWS or size >= MOST_BYTES:
            break
    return found


def _until_failure(stream: Iterator[Any], most: int) -> tuple[list[Any], Exception | None]:
    """The first batches; what the stream raised is raised again where training comes to it."""
    first: list[Any] = []

    def remembered() -> Iterator[Any]:
        for batch in stream:
            first.append(batch)
            yield batch

    try:
        _some(islice(remembered(), most))
    except (*PROBE_ERRORS, OSError) as failure:
        return first, failure
    return first, None


def _again(first: list[Any], rest: Iterator[Any], failure: Exception | None) -> Iterator[Any]:
    yield from first
    if failure is not None:
        raise failure
    yield from rest


def _joined(batches: list[Any]) -> Sample | None:
    """Batches as one sample, with the place of each."""
    pairs = [keras.utils.unpack_x_y_sample_weight(batch) for batch in batches]
    if not pairs or any(x is None for x, _, _ in pairs):
        return None
    flat_x = [_flat(x) for x, _, _ in pairs]
    flat_y = [_flat(y) for _, y, _ in pairs]
    sizes = [len(parts[0]) for parts, _ in flat_x]
    ends = np.cumsum(sizes)
    try:
        inputs = [np.concatenate(part) for part in zip(*(parts for parts, _ in flat_x), strict=True)]
        targets = [np.concatenate(part) for part in zip(*(parts for parts, _ in flat_y), strict=True)]
    except ValueError:  # batches of different widths, as of padded texts
        return None
    return Sample(
        x=inputs,
        y=targets,
        shape_x=flat_x[0][1],
        shape_y=flat_y[0][1],
        batches=[slice(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)],
        whole=len(batches) < MOST_BATCHES,
        weighted=pairs[0][2] is not None,
    )
