"""The doctor as a Keras callback, for a trainer that knows its own data."""

from __future__ import annotations

from typing import Any

import keras

from training.doctor.examine import Visit
from training.doctor.finding import Finding


class Doctor(keras.callbacks.Callback):  # type: ignore[misc,unused-ignore]
    """All three stages around one `fit`: examines as it begins, judges as it ends.

    Takes the arguments of that `fit`, but no generator: to look at it is to use it up (see `Visit`).
    """

    def __init__(self, x: Any, y: Any = None, **fit_arguments: Any) -> None:
        super().__init__()
        self._arguments = {"x": x, "y": y, **fit_arguments}
        self._visit: Visit | None = None

    @property
    def findings(self) -> list[Finding]:
        """Worst first; from `on_train_begin` on those of the first two stages."""
        return [] if self._visit is None else self._visit.findings

    def on_train_begin(self, logs: Any = None) -> None:
        self._visit = Visit(self.model, self._arguments)
        self._visit.callback.set_model(self.model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._visit is not None:
            self._visit.callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._visit is not None:
            self._visit.callback.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._visit is not None:
            self._visit.callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._visit is not None:
            self._visit.callback.on_train_batch_end(batch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        if self._visit is not None:
            self._visit.finish()
