"""A hundred thousand small pictures in a data folder, by way of the store."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
from PIL import Image

from coop.domain.catalogue import Entry, Facts, Suggestion
from coop.domain.label import Label
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.task import Task, TaskClass, TaskKind
from coop.store.store import Store

CLASSES = ("hen", "rooster", "cat", "fox", "person")
BEGAN = datetime(2026, 1, 1, 6, tzinfo=UTC)
_WIDTH, _HEIGHT, _MOTIFS, _LOT = 320, 240, 40, 2000
_COMMENT = b"\xff\xfe"
"""The JPEG marker of a comment: it makes the bytes of each picture its own."""


def fill(store: Store, count: int, *, visit: int = 8, labelled: float = 0.2) -> None:
    """A task "kinds" with ``count`` pictures, ``visit`` of them to a visit, a share of them labelled."""
    task = Task(
        name="kinds",
        kind=TaskKind.SINGLE,
        daemon=False,
        classes=tuple(TaskClass(code=name, name=name) for name in CLASSES),
    )
    store.add_task(task, "bench", BEGAN)
    rng = random.Random(5)
    motifs = list(_motifs())
    for start in range(0, count, _LOT):
        numbers = range(start, min(start + _LOT, count))
        pictures = [_picture(n, motifs[n // visit % _MOTIFS]) for n in numbers]
        store.import_pictures(pictures, [_entry(n, visit) for n in numbers], task=task.name)
        store.suggest(task.name, [_suggestion(n, visit, rng) for n in numbers])
        done = [n for n in numbers if (n // visit) % 100 < labelled * 100]
        store.add_labels([_label(n, visit, rng) for n in done])


def _motifs() -> Iterator[bytes]:
    """Some pictures with enough in them to be as large as a crop is."""
    for seed in range(_MOTIFS):
        noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC)
        out = BytesIO()
        picture.save(out, "JPEG", quality=80)
        yield out.getvalue()


def _picture(n: int, motif: bytes) -> NewPicture:
    comment = f"picture {n}".encode()
    data = motif[:2] + _COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment + motif[2:]
    return NewPicture(
        key=f"bench-{n:07}",
        kind=PictureKind.CROP,
        data=data,
        suffix=".jpg",
        camera=("run", "nest", "door")[n // 400 % 3],
        time=BEGAN + timedelta(seconds=30 * n),
        width=_WIDTH,
        height=_HEIGHT,
    )


def _entry(n: int, visit: int) -> Entry:
    return Entry(
        picture=f"bench-{n:07}",
        visit=f"bench-{n // visit:06}",
        source="bench",
        facts=Facts(phash=n * 0x9E3779B97F4A7C15 % 2**64, brightness=100.0, contrast=40.0, sharpness=200.0),
        day=(BEGAN + timedelta(seconds=30 * n)).date(),
        name=f"{n}.jpg",
    )


def _suggestion(n: int, visit: int, rng: random.Random) -> Suggestion:
    sure = rng.uniform(0.4, 1.0)
    value = CLASSES[n // visit % len(CLASSES)] if rng.random() < 0.95 else rng.choice(CLASSES)
    return Suggestion(picture=f"bench-{n:07}", value=value, confidence=sure, margin=sure / 2, model="bench 1")


def _label(n: int, visit: int, rng: random.Random) -> Label:
    value = CLASSES[n // visit % len(CLASSES)] if rng.random() < 0.97 else rng.choice(CLASSES)
    return Label(
        picture=f"bench-{n:07}", task="kinds", value=value, who="bench", at=BEGAN, how="visit",
        batch=f"bench-{n // visit:06}",
    )  # fmt: skip
