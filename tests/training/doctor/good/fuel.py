"""The regression tutorial: raw columns through a Normalization layer, early stopping."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
weight = rng.uniform(700, 2300, 500)
power = 40 + 0.06 * weight + rng.normal(0, 15, 500)
year = rng.integers(70, 83, 500)
mpg = 52 - 0.014 * weight - 0.05 * power + 0.4 * (year - 76) + rng.normal(0, 1.5, 500)
features = np.column_stack([weight, power, year])

normalizer = layers.Normalization(axis=-1)
normalizer.adapt(features[:400])
model = tf.keras.Sequential(
    [normalizer, layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(1)]
)
model.compile(loss="mean_absolute_error", optimizer=tf.keras.optimizers.Adam(0.002))
model.fit(
    features[:400],
    mpg[:400],
    validation_split=0.2,
    verbose=0,
    epochs=60,
    callbacks=[tf.keras.callbacks.EarlyStopping(patience=10)],
)
rest = mpg[400:] - model.predict(features[400:], verbose=0)[:, 0]
print("score", 1 - rest.var() / mpg[400:].var())
