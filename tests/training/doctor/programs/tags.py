"""Several tags for one article at once, from counts of words."""

import keras
import numpy as np
from keras import layers, ops

SEED = 0
UNITS = 64
BATCH = 32
EPOCHS = 25
TAGS = 6
WORDS = 40

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

tags = (rng.random((800, TAGS)) < 0.35).astype("float32")
words_of_tag = rng.gamma(0.5, 1.2, (TAGS, WORDS))
counts = rng.poisson(0.4 + tags @ words_of_tag)
x = np.log1p(counts).astype("float32")
x_train, x_val = x[:600], x[600:]
y_train, y_val = tags[:600], tags[600:]


class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(UNITS, activation="relu", name="first")
        self.norm = layers.LayerNormalization(name="norm")
        self.second = layers.Dense(UNITS, name="second")
        self.answer = layers.Dense(TAGS, activation="sigmoid", name="answer")

    def call(self, inputs):
        hidden = self.norm(self.first(inputs))
        hidden = ops.relu(self.second(hidden))
        return self.answer(hidden)


model = Tagger()
model.compile(
    optimizer=keras.optimizers.Adam(0.001),
    loss="binary_crossentropy",
    metrics=[keras.metrics.BinaryAccuracy()],
)
model.fit(x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=(x_val, y_val), verbose=0)
print("score", model.evaluate(x_val, y_val, verbose=0)[1])
