"""The imbalanced-data tutorial: one in thirty is a fraud; class weights, large batches, several metrics."""

import keras
import numpy as np

keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
fraud = (rng.random(4000) < 0.035).astype("float32")[:, None]
features = rng.normal(0, 1, (4000, 10)) + 1.3 * fraud * rng.normal(1, 0.3, 10)
mean, std = features[:3000].mean(axis=0), features[:3000].std(axis=0)
features = np.clip((features - mean) / std, -5, 5)

model = keras.Sequential(
    [
        keras.layers.Dense(32, activation="relu", input_shape=(10,)),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
metrics = [
    keras.metrics.Precision(name="precision"),
    keras.metrics.Recall(name="recall"),
    keras.metrics.AUC(name="auc"),
]
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=metrics)
weights = {0: 1.0, 1: float((1 - fraud[:3000]).sum() / fraud[:3000].sum())}
model.fit(
    features[:3000],
    fraud[:3000],
    batch_size=256,
    epochs=10,
    validation_data=(features[3000:], fraud[3000:]),
    class_weight=weights,
    verbose=0,
)
print("score", model.evaluate(features[3000:], fraud[3000:], verbose=0, return_dict=True)["auc"])
