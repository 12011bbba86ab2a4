"""The topic of a sentence: an embedding and a convolution over time, fed by a Python generator."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 32
BATCH = 32
EPOCHS = 10
TOPICS = 5
VOCABULARY = 300

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

topic = rng.integers(0, TOPICS, 900)
own = 100 + 40 * topic[:, None] + rng.integers(0, 40, (900, 24))
common = rng.integers(0, 100, (900, 24))
tokens = np.where(rng.random((900, 24)) < 0.3, own, common)
train_tokens, train_topic = tokens[:700], topic[:700]
val_tokens, val_topic = tokens[700:], topic[700:]


def batches():
    while True:
        order = rng.permutation(len(train_tokens))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield train_tokens[chosen], train_topic[chosen]


inputs = keras.Input((24,), dtype="int64")
x = layers.Embedding(VOCABULARY, 24)(inputs)
x = layers.Conv1D(UNITS, 3, activation="relu")(x)
x = layers.GlobalMaxPooling1D()(x)
x = layers.Dropout(0.3)(x)
outputs = layers.Dense(TOPICS, activation="softmax")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(0.004), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
model.fit(
    batches(),
    steps_per_epoch=len(train_tokens) // BATCH,
    epochs=EPOCHS,
    validation_data=(val_tokens, val_topic),
    verbose=0,
)
print("score", model.evaluate(val_tokens, val_topic, verbose=0)[1])
