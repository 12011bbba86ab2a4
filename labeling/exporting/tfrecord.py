"""TFRecord files of `tf.train.Example`, written without TensorFlow. Nothing is lost.

A record is its length, a checksum of the length, the data, and a checksum of the data. The message is
written by hand, since it has three fields that matter, and TensorFlow takes a gigabyte of disk.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TypeAlias

import google_crc32c

from labeling.exporting.content import Export, ExportItem, Losses, by_part, class_list

_SHARD = 2000
"""Pictures in one file."""

_FORMATS = {".jpg": b"jpeg", ".png": b"png", ".webp": b"webp"}
_VARINT, _BYTES = 0, 2

Features: TypeAlias = "Mapping[str, Sequence[int] | Sequence[bytes]]"


def write_tfrecord(export: Export, folder: Path, place: Callable[[ExportItem, Path], None]) -> Losses:
    """PART-00000-of-0000N.tfrecord, and classes.txt, whose lines the numbers in ``image/class/label`` count.

    ``place`` is not needed: the pictures are in the records.
    """
    losses = Losses()
    if any(item.part is None for item in export.items):
        losses.fields = ("part",)
    classes = class_list(export)
    for part, items in by_part(export.items).items():
        shards = [items[start : start + _SHARD] for start in range(0, len(items), _SHARD)]
        for number, shard in enumerate(shards):
            name = f"{part or 'all'}-{number:05}-of-{len(shards):05}.tfrecord"
            with (folder / name).open("wb") as file:
                for item in shard:
                    write_record(file, example(_features(item, classes)))
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in classes), encoding="utf-8")
    return losses


def _features(item: ExportItem, classes: Sequence[str]) -> Features:
    named = item.names or ((item.label,) if item.label in classes else ())
    numbers = [classes.index(name) for name in named]
    return {
        "image/encoded": [item.path.read_bytes()],
        "image/format": [_FORMATS.get(item.path.suffix, b"")],
        "image/key/sha256": [item.sha256.encode()],
        "image/filename": [item.file.encode()],
        "image/class/label": numbers,
        "image/class/text": [name.encode() for name in named],
        "image/class/count": [item.counts[name] for name in named if name in item.counts],
        "label": [item.label.encode()],
        "group": [(item.group or "").encode()],
        "visit": [item.visit.encode()],
        "day": [b"" if item.day is None else item.day.isoformat().encode()],
    }


def write_record(file: BinaryIO, data: bytes) -> None:
    """Append one record."""
    length = struct.pack("<Q", len(data))
    file.write(length + _checksum(length) + data + _checksum(data))


def example(features: Features) -> bytes:
    """A `tf.train.Example` of numbers and bytes."""
    entries = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, _feature(values)))
        for name, values in sorted(features.items())
    )
    return _field(1, entries)


def _feature(values: Sequence[int] | Sequence[bytes]) -> bytes:
    numbers = [value for value in values if isinstance(value, int)]
    if numbers or not values:  # an empty list is one of numbers, which reads back as empty too
        return _field(3, _field(1, b"".join(_varint(number) for number in numbers)))
    return _field(1, b"".join(_field(1, value) for value in values if isinstance(value, bytes)))


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    return bytes(_varint_bytes(number))


def _varint_bytes(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number


def _checksum(data: bytes) -> bytes:
    """CRC-32C, turned and shifted as the format wants it, so that no data can hold its own checksum."""
    crc = int(google_crc32c.value(data))
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
