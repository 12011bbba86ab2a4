"""Programs as strangers write them, where the doctor once cried wolf or kept silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.train

RANDOM = np.random.default_rng(0)


def two_outputs(loss: Any, *, kind: str = "softmax", spend: str | None = None) -> Any:
    """A network that tells a number and one of three classes, as a dict of outputs."""
    import keras

    x = keras.Input((4,))
    h = keras.layers.Dense(16, activation="relu")(x)
    outputs = {
        "spend": keras.layers.Dense(1, name="spend", activation=spend)(h),
        "kind": keras.layers.Dense(3, activation=kind, name="kind")(h),
    }
    model = keras.Model(x, outputs)
    model.compile("adam", loss=loss)
    return model


GOOD = {"spend": "mse", "kind": "sparse_categorical_crossentropy"}
ONE_HOT = {"spend": "mse", "kind": "categorical_crossentropy"}


@pytest.mark.parametrize(
    ("loss", "layers", "first", "wanted"),
    [
        (GOOD, {}, 0, None),
        (GOOD, {"kind": "linear"}, 0, "missing-output-activation"),
        (GOOD, {"spend": "sigmoid"}, 0, "output-range"),
        (GOOD, {}, 1, "label-range"),
        (ONE_HOT, {}, 0, "loss-label-mismatch"),
    ],
)
def test_each_of_several_outputs_is_examined(
    doctor: Any, loss: Any, layers: dict[str, str], first: int, wanted: str | None
) -> None:
    from training.doctor.examine import examine

    x = RANDOM.normal(size=(90, 4)).astype(np.float32)
    y = {"spend": 2 * x[:, :1] - x[:, 1:2], "kind": first + np.arange(90) % 3}
    found = examine(two_outputs(loss, **layers), x, y, trial=False)
    errors = {finding.kind: finding.where for finding in found if finding.severity == "error"}
    assert set(errors) == ({wanted} if wanted else set()), found
    if wanted:
        assert ("spend" if "spend" in layers else "kind") in errors[wanted]


def test_what_reaches_an_embedding_may_be_no_input(doctor: Any) -> None:
    """Positions are counted from 0, however large the numbers of the words are."""
    import keras

    from training.doctor.examine import examine

    @keras.saving.register_keras_serializable("tests")
    class Placed(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, places: int) -> None:
            super().__init__()
            self.words, self.places = keras.layers.Embedding(200, 8), keras.layers.Embedding(places, 8)

        def call(self, x: Any) -> Any:
            return self.words(x) + self.places(keras.ops.arange(keras.ops.shape(x)[-1]))

    for places, wanted in ((12, False), (5, True)):
        words = keras.Input((12,))
        pooled = keras.layers.GlobalAveragePooling1D()(Placed(places)(words))
        model = keras.Model(words, keras.layers.Dense(3, activation="softmax")(pooled))
        model.compile("adam", "sparse_categorical_crossentropy")
        x = RANDOM.integers(0, 200, (120, 12))
        kinds = {f.kind for f in examine(model, x, np.arange(120) % 3, trial=False) if f.severity == "error"}
        assert ("input-range" in kinds) is wanted


def test_skill_is_not_rightness(doctor: Any) -> None:
    """A rare class that a weighted network knows well, though it calls too much by its name."""
    from training.doctor.baseline import skill
    from training.doctor.subject import Loss

    loss = Loss(name="binary_crossentropy", family="binary", from_logits=False)
    truth = (np.arange(1000) % 50 == 0).astype(float)[:, None]
    sure = np.where(truth > 0, 0.9, 0.3) + RANDOM.normal(0, 0.2, truth.shape)
    assert ((sure > 0.5) == (truth > 0.5)).mean() < truth.mean() * -1 + 1, "fewer right than by saying never"
    assert skill(sure, truth, loss, truth) > 5
    drawn = [skill(RANDOM.random((400, 1)), truth[:400], loss, truth) for _ in range(200)]
    assert np.std(drawn) == pytest.approx(1, abs=0.2) and abs(np.mean(drawn)) < 0.3


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_chance_is_one_standard_deviation_for_any_number_of_classes(doctor: Any, classes: int) -> None:
    from training.doctor.baseline import skill
    from training.doctor.subject import Loss

    loss = Loss(name="categorical_crossentropy", family="categorical", from_logits=False)
    random = np.random.default_rng(classes)
    drawn = []
    for _ in range(300):
        answer = random.dirichlet(np.ones(classes), 200)
        drawn.append(skill(answer, np.eye(classes)[random.integers(0, classes, 200)], loss, answer))
    assert 0.7 < np.std(drawn) < 1.2


def test_averages_that_lag_are_told_as_such(doctor: Any) -> None:
    import keras

    from training.doctor.verdict import _lagging

    model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)])
    assert _lagging(model, 75).name == model.layers[0].name
    assert _lagging(model, 300) is None
    model.layers[0].trainable = False
    assert _lagging(model, 75) is None
