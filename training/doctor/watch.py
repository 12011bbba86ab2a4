"""A Keras callback that remembers what is needed to judge a training: losses, and how far weights moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.doctor.trace import kernel_of
from training.doctor.untouched import value_of

_FIRST_STEPS = 5
_MOST_EPOCHS = 30
_LARGEST = 5_000_000  # weights; the steps of larger networks are measured on their last kernels


@dataclass
class Record:
    """``moves``: by kernel, how far each measured step moved it, as a share of its own size."""

    batch_losses: list[float] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)
    moves: dict[str, list[float]] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        return any(not np.isfinite(loss) for loss in self.batch_losses)

    def of(self, name: str) -> list[float]:
        return [logs[name] for logs in self.epochs if name in logs]

    def typical_move(self, steps: slice = slice(None)) -> float | None:
        """The middle over kernels and steps."""
        seen = [move for moves in self.moves.values() for move in moves[steps] if np.isfinite(move)]
        return float(np.median(seen)) if seen else None


class Watch(keras.callbacks.Callback):  # type: ignore[misc,unused-ignore]
    """Gives the record of a training, and changes nothing of it."""

    def __init__(self, record: Record | None = None) -> None:
        super().__init__()
        self.record = Record() if record is None else record
        self._before: list[npt.NDArray[Any]] | None = None
        self._kernels: list[tuple[str, Any]] = []
        self._sum = 0.0
        self._measured_epoch = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._sum = 0.0
        self._measured_epoch = len(self.record.epochs) >= _MOST_EPOCHS

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        first = len(self.record.batch_losses) < _FIRST_STEPS
        self._before = None
        if first or not self._measured_epoch:
            self._measured_epoch = True
            self._kernels = self._kernels or self._watched()
            self._before = [value_of(kernel) for _, kernel in self._kernels]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        mean = float((logs or {}).get("loss", np.nan))
        total = mean * (batch + 1)  # Keras gives the mean since the epoch began
        self.record.batch_losses.append(total - self._sum)
        self._sum = total
        if self._before is not None:
            for (name, kernel), before in zip(self._kernels, self._before, strict=True):
                size = float(np.linalg.norm(before))
                if size > 0:
                    move = float(np.linalg.norm(value_of(kernel) - before)) / size
                    self.record.moves.setdefault(name, []).append(move)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.record.epochs.append(
            {name: float(value) for name, value in (logs or {}).items() if np.ndim(value) == 0}
        )

    def _watched(self) -> list[tuple[str, Any]]:
        """Trained kernels, the last ones first where there are very many."""
        found: list[tuple[str, Any]] = []
        total = 0
        for layer in reversed(list(self.model._flatten_layers())):
            kernel = None if isinstance(layer, keras.layers.Embedding) else kernel_of(layer)
            if kernel is None or not layer.trainable or len(kernel.shape) < 2:
                continue
            total += int(np.prod(kernel.shape))
            if found and total > _LARGEST:
                break
            found.append((str(layer.name), kernel))
        return found
