"""Letters drawn with a shaking hand: a network of one's own class, fed by a PyDataset."""

import keras
import numpy as np
from keras import layers

SEED = 0
UNITS = 40
BATCH = 32
EPOCHS = 12

keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

FORMS = ["1111110001", "1000010000", "1111100100", "1010110101", "0101001010", "1100110011"]
LETTERS = len(FORMS)
strokes = np.array([[int(c) for c in form] for form in FORMS])


def write(count):
    letter = rng.integers(0, LETTERS, count)
    canvas = np.zeros((count, 10, 10))
    canvas[:, :5, :] = strokes[letter][:, None, :]
    canvas[:, 5:, :] = strokes[letter][:, :, None][:, 5:, :]
    shift = rng.integers(-1, 2, count)
    canvas = np.stack([np.roll(picture, s, axis=1) for picture, s in zip(canvas, shift, strict=True)])
    pixels = 200 * canvas + rng.normal(25, 35, canvas.shape)
    return np.clip(pixels, 0, 255)[..., None].astype("float32") / 255.0, letter


class Pages(keras.utils.PyDataset):
    def __init__(self, pictures, letters, **kwargs):
        super().__init__(**kwargs)
        self.pictures, self.letters = pictures, letters

    def __len__(self):
        return int(np.ceil(len(self.pictures) / BATCH))

    def __getitem__(self, index):
        part = slice(index * BATCH, (index + 1) * BATCH)
        return self.pictures[part], self.letters[part]


class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.look = layers.Conv2D(12, 3, activation="relu", name="look")
        self.pool = layers.MaxPooling2D(name="pool")
        self.flat = layers.Flatten(name="flat")
        self.think = layers.Dense(UNITS, activation="relu", name="think")
        self.drop = layers.Dropout(0.2, name="drop")
        self.say = layers.Dense(LETTERS, name="say")

    def call(self, inputs, training=False):
        seen = self.flat(self.pool(self.look(inputs)))
        thought = self.drop(self.think(seen), training=training)
        return keras.ops.softmax(self.say(thought))


pictures, truth = write(640)
val_pictures, val_truth = write(192)

model = Reader()
model.compile(
    optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
model.fit(
    Pages(pictures, truth),
    epochs=EPOCHS,
    validation_data=Pages(val_pictures, val_truth),
    shuffle=True,
    verbose=0,
)
print("score", model.evaluate(val_pictures, val_truth, verbose=0)[1])
