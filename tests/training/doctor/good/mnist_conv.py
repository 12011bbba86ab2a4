"""A simple convolutional network for MNIST, labels one-hot, validation split off."""

import gzip
import os
from pathlib import Path

import keras
import numpy as np
from keras import layers

folder = Path(os.environ["COOP_TEST_DATA"]) / "mnist"
raw = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[:12000]
raw = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
digits = np.frombuffer(raw, np.uint8, offset=8)[:12000]

keras.utils.set_random_seed(2)
x = np.expand_dims(images.astype("float32") / 255, -1)
y = keras.utils.to_categorical(digits, 10)

model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(16, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x[:11000], y[:11000], batch_size=64, epochs=3, validation_split=0.1, verbose=0)
print("score", model.evaluate(x[11000:], y[11000:], verbose=0)[1])
