"""An autoencoder of digits: the input is the target, by binary crossentropy."""

import gzip
import os
from pathlib import Path

import keras
import numpy as np

raw = gzip.decompress((Path(os.environ["COOP_TEST_DATA"]) / "mnist/t10k-images-idx3-ubyte.gz").read_bytes())
x = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784).astype("float32") / 255.0
x_train, x_test = x[:8000], x[8000:]

keras.utils.set_random_seed(3)
image = keras.Input(shape=(784,))
code = keras.layers.Dense(32, activation="relu")(image)
decoded = keras.layers.Dense(784, activation="sigmoid")(code)
autoencoder = keras.Model(image, decoded)
autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
autoencoder.fit(
    x_train, x_train, epochs=6, batch_size=64, shuffle=True, validation_data=(x_test, x_test), verbose=0
)
print("score", 1 - autoencoder.evaluate(x_test, x_test, verbose=0))
