"""Any network of `keras.applications` as one that can be tuned: pictures in, a number for each output out."""

from __future__ import annotations

import inspect
import sys
from types import TracebackType
from typing import Any
from urllib.error import URLError

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import LITES, BackboneError
from training.network import ANSWER, EXACT, FEATURES, dense

Floats = npt.NDArray[np.float32]

_FROZEN_SHARE = 1 / 3
"""Of the layers of such a network the first ones, which know edges and colours, stay as they are."""


def names() -> list[str]:
    """The networks that Keras has, in its own spelling."""
    return sorted(
        name
        for name, found in vars(keras.applications).items()
        if inspect.isfunction(found) and name[0].isupper()
    )


def spelled(name: str) -> str:
    """A network's name as Keras spells it, whatever case it is given in. Raises BackboneError."""
    for known in names():
        if known.lower() == name.lower():
            return known
    every = ", ".join((*LITES, *names()))
    raise BackboneError(name, "there is none of that name", f"Choose one of: {every}")


def tunable_application(
    name: str, outputs: int, *, side: int, dropout: float, weights: str | None = "imagenet"
) -> keras.Model:
    """The network with a new linear head. RGB pictures (batch, side, side, 3), 0 to 255, as everywhere here.

    Batch normalisation stays in inference mode. Raises BackboneError where the weights cannot be had.
    """
    name = spelled(name)
    picture = keras.Input((side, side, 3), name="image")
    build = getattr(keras.applications, name)
    # Keras keeps a network's way of preparing pictures beside it.
    prepared = sys.modules[build.__module__].preprocess_input(keras.ops.multiply(picture, 1.0))
    with _Downloading(name):
        body = build(include_top=False, weights=weights, input_tensor=prepared, input_shape=(side, side, 3))
    features = keras.layers.GlobalAveragePooling2D(name=FEATURES, dtype=EXACT)(body.output)
    width = int(features.shape[-1])
    blank = np.zeros((outputs, width), np.float32), np.zeros(outputs, np.float32)
    answer = dense(keras.layers.Dropout(dropout, name="head_dropout")(features), *blank, ANSWER)
    model = keras.Model(picture, answer)
    first = int(len(model.layers) * _FROZEN_SHARE)
    for number, layer in enumerate(model.layers):
        layer.trainable = number >= first and not isinstance(layer, keras.layers.BatchNormalization)
    return model


class _Downloading:
    """Turns what Keras raises without a network, a bare Exception, into an error that says what to do."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cause: Any = error and (error.__context__ or error)
        if isinstance(cause, URLError):
            remedy = (
                "Give the command once where there is a network, and copy ~/.keras/models here; or take "
                "efficientnet-lite0, which needs no download"
            )
            raise BackboneError(
                self._name, f"its weights cannot be downloaded ({cause.reason})", remedy
            ) from error
