"""Which customers leave: a binary answer from a table, with dropout and early stopping."""

import numpy as np
import tensorflow as tf

SEED = 0
UNITS = 32
BATCH = 32
EPOCHS = 20

tf.keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

count = 1000
age = rng.uniform(18, 80, count)
months = rng.exponential(24, count)
bill = rng.normal(60, 20, count)
calls = rng.poisson(2, count).astype(float)
risk = 0.04 * (bill - 60) + 0.9 * (calls - 2) - 0.06 * (months - 24) + 0.02 * (45 - age)
left = (risk + rng.logistic(0, 0.7, count) > 0).astype("int32")

features = np.column_stack([age, months, bill, calls])
features = (features - features.mean(axis=0)) / features.std(axis=0)
features = features.astype("float32")
train_x, train_y = features[:700], left[:700]
val_x, val_y = features[700:], left[700:]

inputs = tf.keras.Input(shape=(4,), name="customer")
hidden = tf.keras.layers.Dense(UNITS, activation="relu")(inputs)
hidden = tf.keras.layers.Dropout(0.3)(hidden)
hidden = tf.keras.layers.Dense(16, activation="relu")(hidden)
leaves = tf.keras.layers.Dense(1, activation="sigmoid", name="leaves")(hidden)
model = tf.keras.Model(inputs, leaves)

model.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=0.002),
    loss="binary_crossentropy",
    metrics=["accuracy", tf.keras.metrics.AUC(name="auc")],
)
model.fit(
    train_x,
    train_y,
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(val_x, val_y),
    callbacks=[tf.keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)],
    verbose=0,
)
print("score", model.evaluate(val_x, val_y, verbose=0, return_dict=True)["auc"])
