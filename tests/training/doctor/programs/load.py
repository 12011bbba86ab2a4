"""Tomorrow's load of a power grid from the last day: a recurrent network for a regression."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

SEED = 0
UNITS = 24
BATCH = 32
EPOCHS = 15
WINDOW = 24

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

hours = np.arange(900)
load = (
    400 + 90 * np.sin(2 * np.pi * hours / 24) + 40 * np.sin(2 * np.pi * hours / 168) + rng.normal(0, 8, 900)
)
warmth = 12 + 6 * np.sin(2 * np.pi * (hours - 4) / 24) + rng.normal(0, 1, 900)
series = np.stack([load, warmth], axis=1)
series = (series - series[:700].mean(axis=0)) / series[:700].std(axis=0)
series = series.astype("float32")
windows = np.stack([series[i : i + WINDOW] for i in range(len(series) - WINDOW)])
following = series[WINDOW:, 0]

train_x, train_y = windows[:676], following[:676]
val_x, val_y = windows[700:], following[700:]

train = (
    tf.data.Dataset.from_tensor_slices((train_x, train_y)).shuffle(676, seed=SEED).batch(BATCH).prefetch(2)
)
validation = tf.data.Dataset.from_tensor_slices((val_x, val_y)).batch(BATCH)

inputs = keras.Input(shape=(WINDOW, 2))
state = keras.layers.GRU(UNITS)(inputs)
state = keras.layers.Dense(16, activation="relu")(state)
outputs = keras.layers.Dense(1)(state)
model = keras.Model(inputs=inputs, outputs=outputs)

model.compile(
    loss="mean_squared_error", optimizer=keras.optimizers.Adam(learning_rate=0.003), metrics=["mae"]
)
model.fit(train, epochs=EPOCHS, validation_data=validation, verbose=0)
wrong = val_y - model.predict(val_x, verbose=0)[:, 0]
print("score", 1 - np.var(wrong) / np.var(val_y))
