"""Scenes that were measured already, so that a run of an hour can be made in parts."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path

from bench.motion.measure import Result

ROOT = Path(__file__).resolve().parents[3]
_CODE = ("coop/motion", "coop/track", "tests/bench/motion")


class Parts:
    """What scenes gave, each in a file of its own; taken again only for the same call of the same code."""

    def __init__(
        self, folder: Path, seed: int, seconds: float, rates: Sequence[float], names: Sequence[str]
    ) -> None:
        self._folder = folder
        self._what = (seed, seconds, tuple(rates), tuple(names), _fingerprint())

    def taken(self, scene: str) -> Result | None:
        """What an earlier run gave for a scene; None if none did."""
        path = self._path(scene)
        if not path.exists():
            return None
        what, result = pickle.loads(path.read_bytes())
        return result if what == self._what and isinstance(result, Result) else None

    def keep(self, result: Result) -> None:
        """Keep what a scene gave."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(result.scene)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(pickle.dumps((self._what, result)))
        fresh.replace(path)

    def _path(self, scene: str) -> Path:
        return self._folder / f"{scene}.pickle"


def _fingerprint() -> str:
    """Of the code whose figures they are."""
    sources = sorted(path for folder in _CODE for path in (ROOT / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
