"""The starter network in Keras, from the same weights: it proves the hand-written ``model.tflite`` right."""

from __future__ import annotations

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np

from coop.classify.efficientnet_lite import LiteWeights
from coop.classify.starter import SMALLEST_SHARE
from coop.classify.starter_classes import group_matrix, read_starter_classes
from training.network import backbone, dense


def build_starter(weights: LiteWeights) -> keras.Model:
    """Input (batch, 224, 224, 3): RGB, 0 to 255. Outputs by name: ``logits``, ``embedding``, ``imagenet``."""
    picture = keras.Input((weights.plan.size, weights.plan.size, 3), name="image")
    embedding = backbone(picture, weights)
    imagenet = dense(embedding, weights.classifier, weights.bias, "imagenet")
    groups = group_matrix(read_starter_classes())
    smallest = np.full(len(groups), SMALLEST_SHARE, dtype=np.float32)
    sums = dense(keras.layers.Softmax()(imagenet), groups, smallest, "sums")
    return keras.Model(picture, {"logits": keras.ops.log(sums), "embedding": embedding, "imagenet": imagenet})
