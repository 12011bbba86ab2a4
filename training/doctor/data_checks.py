"""Become one with the data: damage, scales, labels, order, and what training and validation share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import keras
import numpy as np
import numpy.typing as npt

from training.doctor.finding import Finding, error, warning
from training.doctor.samples import Array, Sample, spread
from training.doctor.subject import REGRESSION, Subject, class_numbers
from training.doctor.trace import NORMS, WEIGHTED, as_made, kernel_of

_MOST_HASHED = 50_000
_FEW_COLUMNS = 64
_LARGE = 10.0
"""Root mean square of what enters the first layer: a standardised input has 1, a byte 100 or more."""
_SMALL = 0.02


def check(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    damaged = list(_finite(data.train, "x", "y"))
    if data.validation is not None:
        damaged += _finite(data.validation, "validation x", "validation y")
    yield from damaged
    yield from _embedding_range(subject)
    yield from _constant(subject)
    yield from _scale(subject)
    yield from _target_scale(subject)
    yield from _balance(subject)
    yield from _order(subject)
    yield from _contradictions(subject)
    if data.validation is not None:
        yield from _validation(subject, data.validation)


def _finite(sample: Sample, inputs: str, targets: str) -> Iterator[Finding]:
    for name, parts in ((inputs, sample.x), (targets, sample.y)):
        for part in parts:
            if part.dtype.kind != "f":
                continue
            bad = ~np.isfinite(part)
            if bad.any():
                place = tuple(int(i) for i in np.argwhere(bad)[0])
                yield error(
                    "not-finite",
                    name,
                    f"{int(bad.sum())} of {part.size} values are NaN or infinite, the first at {place}",
                    "Fill or leave out missing values before training; one NaN spoils every weight.",
                )


def _all_of(subject: Subject, given: Array) -> Array:
    """The whole input where a layer was given the probed rows of one as they are; else what it was given.

    What reaches an embedding may be something else than any input: positions, or words that became numbers.
    """
    probed = [np.asarray(part) for part in keras.tree.flatten(subject.x) if hasattr(part, "shape")]
    for whole, rows in zip(subject.data.train.x, probed, strict=False):
        same = rows.dtype.kind in "iuf" and rows.size == given.size and given.dtype.kind in "iuf"
        if same and np.array_equal(rows.reshape(given.shape), given):
            return whole
    return given


def _embedding_range(subject: Subject) -> Iterator[Finding]:
    for call in subject.forward.calls:
        if isinstance(call.layer, keras.layers.Embedding):
            given = _all_of(subject, call.given)
            if not call.inputs or given.dtype.kind not in "iuf":
                continue
            low, high, size = given.min(), given.max(), call.layer.input_dim
            if low < 0 or high >= size:
                yield error(
                    "input-range",
                    call.name,
                    f"the input has numbers from {low:g} to {high:g}, the embedding rows 0 to {size - 1}",
                    "Give input_dim the largest number plus one.",
                )


def _constant(subject: Subject) -> Iterator[Finding]:
    for place, part in enumerate(subject.data.train.x):
        if part.dtype.kind not in "biuf" or len(part) < 8:
            continue
        name = "x" if len(subject.data.train.x) == 1 else f"x[{place}]"
        rows = part[spread(len(part), 512)].reshape(min(len(part), 512), -1).astype(np.float64)
        if np.ptp(rows, axis=0).max(initial=0.0) == 0:
            yield error(
                "constant-input",
                name,
                f"all of {len(rows)} samples looked at are the same",
                "Look at what is loaded: the network sees nothing that it could tell apart.",
            )
        elif part.ndim >= 2:
            yield from _constant_columns(part, name)


def _constant_columns(part: Array, name: str) -> Iterator[Finding]:
    columns = part.shape[-1]
    if not 2 <= columns <= _FEW_COLUMNS or (part.ndim == 2 and part.dtype.kind in "iu"):
        return
    flat = part.reshape(-1, columns)
    same = np.flatnonzero(np.ptp(flat, axis=0) == 0)
    if 0 < len(same) < columns:
        yield warning(
            "constant-feature",
            f"{name}[..., {int(same[0])}]",
            f"{len(same)} of {columns} columns never change; this one is always {flat[0, same[0]]:g}",
            "Leave the column out, or find out why its source says nothing.",
        )


def _scale(subject: Subject) -> Iterator[Finding]:
    """The numbers that the first layer with weights really gets, after rescaling within the model."""
    first = subject.forward.first(*WEIGHTED, *NORMS, keras.layers.Embedding)
    if first is None or isinstance(first.layer, (*NORMS, keras.layers.Embedding)) or not first.inputs:
        return
    kernel = kernel_of(first.layer)
    if kernel is not None and not as_made(first.layer, kernel):
        return  # it was trained before, and on inputs like these, for all that is known
    given = first.given.astype(np.float64)
    if not np.isfinite(given).all() or not given.any():
        return
    columns = given.reshape(-1, given.shape[-1])
    each = np.sqrt(np.mean(columns**2, axis=0))
    size = float(np.sqrt(np.mean(columns**2)))
    told = f"values from {given.min():.4g} to {given.max():.4g}, root mean square {size:.3g}"
    if size > _LARGE:
        uneven = f"; columns from {each.min():.2g} to {each.max():.2g}" if len(each) > 1 else ""
        finding = error if size > 5 * _LARGE else warning
        yield finding(
            "unscaled-input",
            f"input of {first.name}",
            told + uneven,
            "Standardise each column, or divide pictures by 255, before the first layer or in it.",
        )
    elif np.abs(given).max() < 5 * _SMALL and size < _SMALL:
        yield warning(
            "tiny-input",
            f"input of {first.name}",
            told,
            "Bring inputs to about unit size; was something divided by 255 twice?",
        )


def _target_scale(subject: Subject) -> Iterator[Finding]:
    target = subject.target
    if subject.loss.family != REGRESSION or target is None or target.dtype.kind not in "iuf":
        return
    if "percentage" in subject.loss.name or "logarithmic" in subject.loss.name:
        return
    values = target[np.isfinite(target)].astype(np.float64)
    if not values.size:
        return
    mean, std = float(values.mean()), float(values.std())
    if std > 30 or (abs(mean) > 30 and abs(mean) > 10 * std):
        finding = error if std > 1000 or abs(mean) > 10_000 else warning
        yield finding(
            "unscaled-target",
            "y",
            f"targets have mean {mean:.4g} and standard deviation {std:.4g}",
            "Standardise the target, and turn predictions back; else the first steps are lost on its size.",
        )


def _balance(subject: Subject) -> Iterator[Finding]:
    classes = subject.classes
    if classes is None or not subject.loss.of_classes or subject.data.class_weight:
        return
    if subject.data.train.weighted:
        return
    names, counts = np.unique(classes, return_counts=True)
    if len(names) == 1:
        if subject.data.train.whole:
            yield error(
                "class-imbalance",
                "y",
                f"all {len(classes)} targets looked at are {names[0]}",
                "Give samples of every class.",
            )
        return
    most, least = int(counts.max()), int(counts.min())
    if len(names) <= 50 and most >= 10 * least:
        yield warning(
            "class-imbalance",
            "y",
            f"class {names[counts.argmax()]} has {most} samples, class {names[counts.argmin()]} has {least}",
            "Use class_weight or balanced sampling, and judge by balanced accuracy or F1.",
        )


def _order(subject: Subject) -> Iterator[Finding]:
    """Neighbours of one class, as a sorted set that nobody shuffles has them."""
    classes, batches = subject.classes, subject.data.train.batches
    if classes is None or batches is None or not subject.loss.of_classes:
        return
    _, counts = np.unique(classes, return_counts=True)
    shares = counts / counts.sum()
    by_chance = 1 - float((shares**2).sum())
    size = max(part.stop - part.start for part in batches)
    changes = np.diff(classes) != 0
    if size > 1:  # only within batches: their own order may be shuffled later
        ends = np.array([part.stop for part in batches[:-1]], dtype=np.intp) - 1
        changes = np.delete(changes, ends)
    if len(counts) == 1 and not subject.data.train.whole and subject.width > 1:
        changes, by_chance = np.zeros(1), 0.5
    if len(changes) and by_chance > 0.2 and changes.mean() < 0.2 * by_chance:
        yield error(
            "unshuffled-data",
            "x",
            f"the class changes at {changes.mean():.1%} of the steps from one to the next, by chance "
            f"{by_chance:.0%}",
            "Shuffle the samples (shuffle=True, or Dataset.shuffle with a buffer as large as the set).",
        )


def _contradictions(subject: Subject) -> Iterator[Finding]:
    classes, train = subject.classes, subject.data.train
    if classes is None or not subject.loss.of_classes:
        return
    keys = _row_keys(train)
    known: dict[bytes, set[int]] = {}
    for key, label in zip(keys, classes, strict=False):
        known.setdefault(key, set()).add(int(label))
    if len(known) < 0.2 * len(keys):
        return  # a table of few distinct rows, where chance is part of the matter
    torn = sum(len(known[key]) > 1 for key in keys)
    if torn > 0.05 * len(keys):
        yield warning(
            "contradicting-labels",
            "y",
            f"{torn} of {len(keys)} samples have a twin with the same input and another label",
            "Find out which label is right, and leave out the others.",
        )


def _row_keys(sample: Sample) -> list[bytes]:
    chosen = slice(0, _MOST_HASHED)
    parts = [_comparable(part[chosen]) for part in sample.x]
    return [
        hashlib.blake2b(b"".join(part[i].tobytes() for part in parts), digest_size=12).digest()
        for i in range(len(parts[0]))
    ]


def _comparable(part: Array) -> Array:
    """Texts by what they say: the bytes of an array of objects are their addresses."""
    if part.dtype.kind == "O":
        return np.array([repr(row) for row in part.tolist()])
    return np.ascontiguousarray(part)


def _validation(subject: Subject, validation: Sample) -> Iterator[Finding]:
    yield from _leakage(subject.data.train, validation)
    yield from _other_world(subject.data.train, validation)
    classes = subject.classes
    target = validation.target
    if classes is None or target is None or not subject.loss.of_classes:
        return
    judged = class_numbers(target, subject.labels)
    if judged is None or len(judged) < 8:
        return
    names, counts = np.unique(classes, return_counts=True)
    shares = counts / counts.sum()
    seen = np.unique(judged)
    missing = [
        n
        for n, share in zip(names, shares, strict=True)
        if n not in seen and (1 - share) ** len(judged) < 1e-6
    ]
    strange = [int(n) for n in seen if n not in names]
    if (len(seen) == 1 and len(names) > 1 and shares.max() < 0.9) or missing or strange:
        finding = error if len(seen) == 1 or strange else warning
        told = f"validation has {len(seen)} classes of {len(judged)} samples, training {len(names)}"
        yield finding(
            "validation-classes",
            "validation_split" if missing and len(subject.data.train) > len(judged) else "validation_data",
            told + (f"; class {strange[0]} is never trained" if strange else ""),
            "Shuffle before splitting (validation_split takes the last rows), or split by class.",
        )


def _leakage(train: Sample, validation: Sample) -> Iterator[Finding]:
    known = _row_keys(train)
    judged = _row_keys(validation)
    distinct = set(known)
    shared = sum(key in distinct for key in judged) / len(judged)
    # Tables of few distinct rows repeat themselves within the training set as well.
    by_nature = 1 - len(distinct) / len(known)
    if shared > 0.02 + 2 * by_nature and len(set(judged)) > 1:
        yield (error if shared > 0.1 else warning)(
            "leakage",
            "validation_data",
            f"{shared:.0%} of {len(judged)} validation samples are in the training set too",
            "Split before anything else, by groups that belong together; these figures praise memory.",
        )


def _other_world(train: Sample, validation: Sample) -> Iterator[Finding]:
    for seen, judged in zip(train.x, validation.x, strict=False):
        if seen.dtype.kind not in "iuf" or judged.dtype.kind not in "iuf":
            continue
        a, b = _some_values(seen), _some_values(judged)
        if not a.size or not b.size or not a.std() or len(judged) < 8:
            continue
        ratio, shift = b.std() / a.std(), abs(b.mean() - a.mean()) / a.std()
        if ratio > 5 or ratio < 0.2 or shift > 4:
            yield error(
                "split-mismatch",
                "validation_data",
                f"training inputs are {a.mean():.3g} ± {a.std():.3g}, those of validation "
                f"{b.mean():.3g} ± {b.std():.3g}",
                "Prepare both sets with the same function and the training set's statistics.",
            )


def _some_values(part: Array) -> npt.NDArray[np.float64]:
    values = part[spread(len(part), 512)].astype(np.float64)
    return np.asarray(values[np.isfinite(values)])
