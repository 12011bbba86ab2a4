"""Transfer: a network learns one task, then lends its frozen layers to another, which are tuned at last."""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
rows, columns = np.mgrid[0:16, 0:16]


def pictures(count, kinds):
    label = rng.integers(0, len(kinds), count)
    waves = np.stack([np.sin(a * rows + b * columns) for a, b in kinds])[label]
    noisy = 127 + 60 * waves + rng.normal(0, 40, (count, 16, 16))
    return np.clip(noisy, 0, 255)[..., None].astype("float32"), label


first_x, first_y = pictures(800, [(0.8, 0), (0, 0.8), (0.6, 0.6), (0.6, -0.6), (1.6, 0), (0, 1.6)])
x, y = pictures(400, [(1.2, 0), (0, 1.2), (0.9, -0.9)])
val_x, val_y = pictures(200, [(1.2, 0), (0, 1.2), (0.9, -0.9)])

base = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
    ]
)
pretrained = keras.Sequential([base, layers.Dense(6, activation="softmax")])
pretrained.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
pretrained.fit(first_x, first_y, epochs=6, verbose=0)

base.trainable = False
inputs = keras.Input((16, 16, 1))
outputs = layers.Dense(3)(layers.Dropout(0.2)(base(inputs, training=False)))
model = keras.Model(inputs, outputs)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
model.fit(x, y, epochs=8, validation_data=(val_x, val_y), verbose=0)

base.trainable = True
model.compile(keras.optimizers.Adam(1e-5), loss, metrics=["accuracy"])
model.fit(x, y, epochs=2, validation_data=(val_x, val_y), verbose=0)
print("score", model.evaluate(val_x, val_y, verbose=0)[1])
