"""TensorBoard's logs of a run."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]

from coop.errors import CoopError
from training.live.course import Seen


class TensorBoardMissingError(CoopError, RuntimeError):
    """Logs asked for that cannot be written."""

    def __init__(self) -> None:
        super().__init__(
            "The package tensorboard is not installed. "
            "Install it with pip install 'neurocoop[tensorboard]', or leave --tensorboard out"
        )


class Logs:
    """Writes what is seen of a run with Keras's own callback: losses and accuracy, histograms of weights."""

    def __init__(self, folder: Path) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise TensorBoardMissingError
        self._callback = keras.callbacks.TensorBoard(
            log_dir=str(folder), histogram_freq=1, write_graph=False, update_freq="epoch"
        )
        self._begun = False

    def show(self, seen: Seen, model: keras.Model) -> None:
        if not self._begun:
            self._callback.set_model(model)
            self._callback.on_train_begin()
            self._begun = True
        if seen.ended:
            self._callback.on_train_end()
            return
        self._callback.on_epoch_end(
            len(seen.looks),
            {
                "loss": seen.losses[-1],
                "val_loss": seen.held_losses[-1],
                "val_accuracy": seen.accuracies[-1],
            },
        )
