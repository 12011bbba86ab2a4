"""TensorBoard's logs of a run."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]

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
    """Writes what is seen of a run: losses, accuracy, and the weights and biases of each layer."""

    def __init__(self, folder: Path) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise TensorBoardMissingError
        self._writer = tf.summary.create_file_writer(str(folder))

    def show(self, seen: Seen, model: keras.Model) -> None:
        if seen.ended:
            self._writer.close()
            return
        with self._writer.as_default(step=seen.looks[-1]):
            tf.summary.scalar("loss/training", seen.losses[-1])
            tf.summary.scalar("loss/held out", seen.held_losses[-1])
            tf.summary.scalar("accuracy/held out", seen.accuracies[-1])
            for variable in model.trainable_variables:
                tf.summary.histogram(variable.path, variable.numpy())
        self._writer.flush()
