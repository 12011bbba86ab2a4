"""What somebody does, from three axes of a motion sensor: a recurrent network."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 16
BATCH = 32
EPOCHS = 14
ACTIVITIES = 3

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)


def record(count):
    activity = rng.integers(0, ACTIVITIES, count)
    pace = np.array([0.15, 0.5, 1.1])[activity, None] * rng.uniform(0.8, 1.2, (count, 1))
    time = np.arange(24) + rng.uniform(0, 20, (count, 1))
    axes = [np.sin(pace * time), np.cos(pace * time) * 0.7, np.sin(2 * pace * time) * 0.4]
    signal = np.stack(axes, axis=-1) + rng.normal(0, 0.2, (count, 24, 3))
    return signal.astype("float32"), activity


x_train, y_train = record(600)
x_val, y_val = record(200)

model = keras.Sequential(
    [
        keras.Input((24, 3)),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GRU(UNITS),
        layers.Dense(16, activation="relu"),
        layers.Dense(ACTIVITIES, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
model.fit(x_train, y_train, epochs=EPOCHS, batch_size=BATCH, validation_data=(x_val, y_val), verbose=0)
print("score", model.evaluate(x_val, y_val, verbose=0)[1])
