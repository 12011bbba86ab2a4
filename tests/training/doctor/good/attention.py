"""Text by attention: a transformer block over generated sentences."""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)
tokens = rng.integers(2, 400, (1200, 30))
topic = rng.integers(0, 2, 1200)
where = rng.integers(0, 30, (1200, 5))
tokens[np.arange(1200)[:, None], where] = np.where(topic[:, None] == 1, 400, 420) + rng.integers(
    0, 20, (1200, 5)
)


class TransformerBlock(layers.Layer):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.attention = layers.MultiHeadAttention(num_heads=heads, key_dim=width)
        self.feed = keras.Sequential([layers.Dense(hidden, activation="relu"), layers.Dense(width)])
        self.norm_1 = layers.LayerNormalization(epsilon=1e-6)
        self.norm_2 = layers.LayerNormalization(epsilon=1e-6)
        self.drop = layers.Dropout(0.1)

    def call(self, inputs):
        attended = self.norm_1(inputs + self.drop(self.attention(inputs, inputs)))
        return self.norm_2(attended + self.drop(self.feed(attended)))


inputs = layers.Input(shape=(30,))
x = layers.Embedding(440, 32)(inputs)
x = TransformerBlock(32, 2, 32)(x)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dropout(0.1)(x)
x = layers.Dense(20, activation="relu")(x)
outputs = layers.Dense(2, activation="softmax")(x)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    tokens[:1000],
    topic[:1000],
    batch_size=32,
    epochs=6,
    validation_data=(tokens[1000:], topic[1000:]),
    verbose=0,
)
print("score", model.evaluate(tokens[1000:], topic[1000:], verbose=0)[1])
