"""The beginners' tutorial: MNIST with one hidden layer, logits and dropout."""

import gzip
import os
from pathlib import Path

import numpy as np
import tensorflow as tf

folder = Path(os.environ["COOP_TEST_DATA"]) / "mnist"


def read(name, header):
    return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=header)


x_train = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:20000]
y_train = read("train-labels-idx1-ubyte.gz", 8)[:20000]
x_test = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
y_test = read("t10k-labels-idx1-ubyte.gz", 8)
x_train, x_test = x_train / 255.0, x_test / 255.0

tf.keras.utils.set_random_seed(1)
model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=(28, 28)),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(10),
    ]
)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=3, validation_data=(x_test, y_test), verbose=0)
print("score", model.evaluate(x_test, y_test, verbose=0)[1])
