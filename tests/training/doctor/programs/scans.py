"""Round and square things in noisy pictures: a functional network with logits, fed by tf.data."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

SEED = 0
UNITS = 48
BATCH = 32
EPOCHS = 12
CLASSES = 3

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)


def make(count):
    labels = rng.integers(0, CLASSES, count)
    pictures = rng.integers(0, 80, (count, 14, 14, 3)).astype("float32")
    rows, columns = np.mgrid[0:14, 0:14]
    for picture, label in zip(pictures, labels, strict=True):
        row, column = rng.integers(4, 10, 2)
        dy, dx = abs(rows - row), abs(columns - column)
        shape = [dy**2 + dx**2 <= 10, np.maximum(dy, dx) <= 3, (dy <= 1) | (dx <= 1)][label]
        picture[shape] += rng.integers(90, 170)
    return pictures, labels


images, labels = make(720)
val_images, val_labels = make(210)

train = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(720).batch(BATCH)
validation = tf.data.Dataset.from_tensor_slices((val_images, val_labels)).batch(BATCH)

inputs = keras.Input(shape=(14, 14, 3))
x = layers.Rescaling(1.0 / 255)(inputs)
x = layers.Conv2D(12, 3, padding="same", use_bias=False)(x)
x = layers.BatchNormalization()(x)
x = layers.Activation("relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(24, 3, padding="same", activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
x = layers.Dense(UNITS, activation="relu")(x)
x = layers.Dropout(0.25)(x)
outputs = layers.Dense(CLASSES)(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(train, validation_data=validation, epochs=EPOCHS, verbose=0)
print("score", history.history["val_accuracy"][-1])
