"""What there is to see of a network while it is tuned: gathered here, drawn by `picture`, shown by `page`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.answers import Answers
from training.labelled import Example

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

PERCENTILES = (0, 10, 25, 50, 75, 90, 100)
"""Of all weights and of all biases, at each look: how the two are spread."""
MOST_SHOWN = 24
MOST_FOLLOWED = 40


@dataclass
class Seen:
    """All that is drawn of one run. ``held``: pictures (n, side, side, 3) that nothing is learned from.

    ``followed`` has for each look the probability of the truth for the same few pictures held out.
    """

    title: str
    answers: Answers
    held: Floats
    examples: list[Example]
    truth: Answers
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    held_losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    weights: list[Doubles] = field(default_factory=list)
    biases: list[Doubles] = field(default_factory=list)
    followed: list[Doubles] = field(default_factory=list)
    batch: tuple[Floats, Floats, Floats] | None = None
    logits: Doubles | None = None
    heat: Floats | None = None
    total: int = 0
    ended: bool = False

    @property
    def errors_first(self) -> list[int]:
        """The numbers of the pictures held out: those answered wrongly first, the surest error before all."""
        if self.logits is None:
            return []
        right = (self.truth.said(self.logits) == self.truth.truth).all(axis=1)
        return [int(k) for k in np.lexsort((self.of_truth(self.logits), right))]

    def right(self, number: int) -> bool:
        assert self.logits is not None
        said = self.truth.said(self.logits[number : number + 1])[0]
        return bool((said == self.truth.truth[number]).all())

    def said(self, number: int) -> str:
        """The whole answer to a picture held out."""
        assert self.logits is not None
        said = self.truth.said(self.logits[number : number + 1])[0]
        return "|".join(name for name, there in zip(self.truth.classes, said, strict=True) if there) or "none"

    def of_truth(self, logits: Doubles) -> Doubles:
        """The probability that each picture's whole answer got, (n,)."""
        return self.truth.of_truth(logits)
