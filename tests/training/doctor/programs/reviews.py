"""Liked or not: sequences of word numbers, an embedding and an average."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 16
BATCH = 32
EPOCHS = 20
VOCABULARY = 200
LENGTH = 20

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

mood = rng.normal(0, 1, VOCABULARY)
mood[0] = 0
words = rng.integers(1, VOCABULARY, (900, LENGTH))
lengths = rng.integers(8, LENGTH + 1, 900)
words[np.arange(LENGTH) >= lengths[:, None]] = 0
liked = (mood[words].sum(axis=1) + rng.normal(0, 0.8, 900) > 0).astype("float32")
x_train, y_train = words[:700], liked[:700]
x_val, y_val = words[700:], liked[700:]

model = keras.Sequential(
    [
        keras.Input((LENGTH,), dtype="int32"),
        layers.Embedding(VOCABULARY, 16, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(UNITS, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(0.005), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=(x_val, y_val), verbose=0)
print("score", model.evaluate(x_val, y_val, verbose=0)[1])
