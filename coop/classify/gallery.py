"""Known pictures of an identity model, and how far a new one is from whoever is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IDENTITY = "identity"
"""The output of a network in whose space the pictures of one hen lie around one point."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Gallery:
    """``embeddings``: float32 (n, d), ``labels``: n class names."""

    embeddings: npt.NDArray[np.float32]
    labels: tuple[str, ...]

    @cached_property
    def middles(self) -> npt.NDArray[np.float32]:
        """The middle of each class's pictures, (classes, d)."""
        labels = np.array(self.labels)
        return np.stack([self.embeddings[labels == name].mean(axis=0) for name in sorted(set(self.labels))])

    def distance(self, embedding: npt.NDArray[np.float32]) -> float:
        """From a picture's embedding (d,) to the middle of the nearest class.

        Not to its nearest picture: one odd picture of a hen would vouch for every bird that is like it.
        """
        return float(np.linalg.norm(self.middles - embedding, axis=1).min())
