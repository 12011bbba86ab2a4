"""Species of flowers from a table of measurements; labels one-hot."""

import numpy as np
from keras import Sequential
from keras.layers import Dense, Input
from keras.optimizers import Adam
from keras.utils import set_random_seed, to_categorical

SEED = 0
UNITS = 32
BATCH = 16
EPOCHS = 30

set_random_seed(SEED)
rng = np.random.default_rng(SEED)

centres = np.array(
    [
        [5.0, 3.4, 1.5, 0.3, 7.0],
        [5.9, 2.8, 4.3, 1.3, 5.1],
        [6.6, 3.0, 5.5, 2.0, 6.2],
        [6.0, 3.6, 3.0, 1.0, 4.0],
    ]
)
species = rng.integers(0, 4, 500)
table = centres[species] + rng.normal(0, [0.4, 0.3, 0.5, 0.25, 0.6], (500, 5))

mean, std = table[:400].mean(axis=0), table[:400].std(axis=0)
table = (table - mean) / std
targets = to_categorical(species, 4)
x_train, x_test = table[:400], table[400:]
y_train, y_test = targets[:400], targets[400:]

model = Sequential()
model.add(Input(shape=(5,)))
model.add(Dense(UNITS, activation="relu"))
model.add(Dense(UNITS, activation="relu"))
model.add(Dense(4, activation="softmax"))

model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.003), metrics=["accuracy"])
model.fit(x_train, y_train, epochs=EPOCHS, batch_size=BATCH, validation_split=0.2, verbose=0)
score = model.evaluate(x_test, y_test, verbose=0)
print("score", score[1])
