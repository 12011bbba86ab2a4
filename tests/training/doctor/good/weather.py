"""The forecasting tutorial: windows from one long series, an LSTM, the last hours held out."""

import keras
import numpy as np

keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)
hours = np.arange(1500)
heat = 10 + 8 * np.sin(2 * np.pi * hours / 24) + np.cumsum(rng.normal(0, 0.15, 1500))
pressure = 1010 + 5 * np.sin(2 * np.pi * hours / 96) + rng.normal(0, 1, 1500)
data = np.column_stack([heat, pressure])
data = (data - data[:1100].mean(axis=0)) / data[:1100].std(axis=0)

train = keras.utils.timeseries_dataset_from_array(
    data[:1100], data[24:1100, 0], 24, batch_size=64, shuffle=True
)
judge = keras.utils.timeseries_dataset_from_array(data[1100:], data[1124:, 0], 24, batch_size=64)

model = keras.Sequential([keras.Input((24, 2)), keras.layers.LSTM(32), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.003), loss="mse")
model.fit(train, epochs=8, validation_data=judge, verbose=0)
print("score", 1 - model.evaluate(judge, verbose=0) / data[1124:, 0].var())
