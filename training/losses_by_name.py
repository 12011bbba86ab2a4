"""The losses that `coop train --loss` knows, by name. No TensorFlow here: a wrong name shall cost nothing."""

from __future__ import annotations

from enum import StrEnum

from coop.classify.card import TaskMode
from coop.errors import CoopError


class LossName(StrEnum):
    """What a network is tuned to make small."""

    CROSS_ENTROPY = "cross-entropy"
    FOCAL = "focal"
    CLASS_BALANCED = "class-balanced"
    ARCFACE = "arcface"
    SUB_CENTRES = "sub-centre-arcface"

    @property
    def angular(self) -> bool:
        """Whether it is of angles between an embedding and centres, rather than of logits."""
        return self in (LossName.ARCFACE, LossName.SUB_CENTRES)


_MODES = {
    LossName.CROSS_ENTROPY: (TaskMode.SINGLE, TaskMode.MULTI),
    LossName.FOCAL: (TaskMode.SINGLE, TaskMode.MULTI),
}


class LossError(CoopError, ValueError):
    """A loss that there is not, or that does not suit the labels."""


def loss_named(name: str) -> LossName:
    """Raises LossError for a name that is none."""
    try:
        return LossName(name)
    except ValueError:
        raise LossError(f"There is no loss {name!r}. Choose of: {', '.join(LossName)}") from None


def require_suits(loss: LossName, mode: TaskMode) -> None:
    """Raises LossError where a loss other than the usual one is asked for labels that it is not made for."""
    modes = _MODES.get(loss, (TaskMode.SINGLE,))
    if loss is not LossName.CROSS_ENTROPY and mode not in modes:
        suit = ", ".join(name for name in LossName if mode in _MODES.get(name, (TaskMode.SINGLE,)))
        instead = f"Choose of: {suit}" if suit else "Leave --loss out"
        raise LossError(f"The loss {loss} is for tasks that are {' or '.join(modes)}, not {mode}. {instead}")
