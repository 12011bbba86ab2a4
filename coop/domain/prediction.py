"""What a model says of one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = "unknown"
"""The answer below a model's threshold. It is an answer, not an error."""

STRANGER = "stranger"
"""What a hen is called that was seen well and is like nobody of the flock."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Calibrated class probabilities for one picture (or a vote over several) by one model.

    ``label`` is the most probable class, or ``UNKNOWN`` where ``confidence`` is below that class's threshold.
    ``model`` names the package: name and version. ``strangeness``, of an identity model with a gallery: how
    far the picture is from whoever it knows, in the distance within which those it knows stay.
    """

    task: str
    label: str
    confidence: float
    probabilities: Mapping[str, float] = field(repr=False)
    model: str = ""
    strangeness: float | None = None
