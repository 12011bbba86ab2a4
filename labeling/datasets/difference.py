"""What changed from one dataset version to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coop.domain.dataset import DatasetVersion
from labeling.datasets.make import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Pictures by key. ``relabelled`` and ``moved`` say before and after."""

    added: Mapping[str, str]
    removed: Mapping[str, str]
    relabelled: Mapping[str, tuple[str, str]]
    moved: Mapping[str, tuple[str, str]]

    def as_json(self) -> dict[str, Any]:
        return {
            "added": dict(self.added),
            "removed": dict(self.removed),
            "relabelled": {key: list(change) for key, change in self.relabelled.items()},
            "moved": {key: list(change) for key, change in self.moved.items()},
        }


def difference(before: DatasetVersion, after: DatasetVersion) -> Difference:
    """Compare by the pictures' hashes; labels by the names that each version had."""
    old = {item.sha256: item for item in before.items}
    new = {item.sha256: item for item in after.items}
    both = [(old[sha256], new[sha256]) for sha256 in sorted(old.keys() & new.keys())]
    labels = [(b.picture, named(before, a.value), named(after, b.value)) for a, b in both]
    return Difference(
        added={new[s].picture: named(after, new[s].value) for s in sorted(new.keys() - old.keys())},
        removed={old[s].picture: named(before, old[s].value) for s in sorted(old.keys() - new.keys())},
        relabelled={picture: (was, now) for picture, was, now in labels if was != now},
        moved={b.picture: (a.part.value, b.part.value) for a, b in both if a.part is not b.part},
    )
