"""Killed while writing, again and again: what was acknowledged is there, and no picture is half."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import fakes.record_forever
from fakes.records import EVER, arrival

from coop.store.store import Store

ROUNDS = 5
SCRIPT = Path(fakes.record_forever.__file__)


def record_until_killed(url: str, media_dir: Path, first: int, writes: int) -> int:
    """Returns the last number that was acknowledged."""
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), url, str(media_dir), str(first)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent)},
    ) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(writes)]
        process.kill()
        acknowledged += process.stdout.readlines()
        return int(acknowledged[-1])


def test_kill_minus_nine(url: str, media_dir: Path) -> None:
    chance = random.Random(7)
    first = 0
    for _ in range(ROUNDS):
        last = record_until_killed(url, media_dir, first, writes=chance.randrange(1, 60))
        with Store.open(url, media_dir) as store:
            recorded = {found.event.key: found.picture for found in store.events(*EVER)}
            numbers = range(last + 1)
            assert recorded.keys() >= {arrival(n).key for n in numbers}
            assert len(recorded) <= last + 2, "at most one more was on its way"
            assert sum(store.outbox_counts().values()) == len(recorded) == len(store.visits(*EVER))
            store.sweep(timedelta(-1))
            assert store.sweep(timedelta(-1)).missing == ()
            files = {place for place in media_dir.rglob("*") if place.is_file()}
            kept = store.pictures(*EVER)
            assert files == {media_dir / picture.path for picture in kept}
            for picture in kept:
                digest = hashlib.sha256((media_dir / picture.path).read_bytes()).hexdigest()
                assert digest == picture.sha256
        first = last + 1
