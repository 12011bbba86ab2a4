"""Prices of houses: a regression with standardised target."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 32
BATCH = 32
EPOCHS = 40

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

n = 700
area = rng.uniform(40, 250, n)
rooms = np.round(area / 30 + rng.normal(0, 0.7, n))
age = rng.uniform(0, 90, n)
distance = rng.exponential(8, n)
price = (
    2200 * area + 9000 * rooms - 900 * age - 60 * area * np.sqrt(distance) + rng.normal(0, 15000, n) + 80000
)

X = np.column_stack([area, rooms, age, distance])
X = (X - X.mean(axis=0)) / X.std(axis=0)
y = (price - price.mean()) / price.std()

X_train, y_train = X[:500], y[:500]
X_val, y_val = X[500:], y[500:]

model = keras.Sequential(
    [
        layers.Dense(UNITS, activation="relu"),
        layers.Dense(UNITS, activation="relu"),
        layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="mse", metrics=["mae"])
model.fit(X_train, y_train, epochs=EPOCHS, batch_size=BATCH, validation_data=(X_val, y_val), verbose=0)
residual = y_val - model.predict(X_val, verbose=0)[:, 0]
print("score", 1 - residual.var() / y_val.var())
