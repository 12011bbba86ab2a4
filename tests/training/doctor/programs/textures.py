"""Four textures, told apart by a small convolutional network."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 32
BATCH = 32
EPOCHS = 10
CLASSES = 4

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)


def draw(count):
    labels = rng.integers(0, CLASSES, count)
    rows, columns = np.mgrid[0:12, 0:12]
    waves = np.stack(
        [rows % 4 < 2, columns % 4 < 2, (rows + columns) % 4 < 2, (rows // 2 + columns // 2) % 2]
    )
    pictures = 90 + 70 * waves[labels] + rng.normal(0, 30, (count, 12, 12))
    return np.clip(pictures, 0, 255).astype("uint8")[..., np.newaxis], labels


x_train, y_train = draw(600)
x_val, y_val = draw(200)
x_train = x_train.astype("float32") / 255
x_val = x_val.astype("float32") / 255

model = keras.Sequential(
    [
        keras.Input((12, 12, 1)),
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(UNITS, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(CLASSES, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=BATCH, epochs=EPOCHS, verbose=0)
print("score", model.evaluate(x_val, y_val, verbose=0)[1])
