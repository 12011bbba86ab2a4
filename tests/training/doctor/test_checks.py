"""The doctor's parts that need no training: what labels are, what is examined stays as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.doctor.finding import Finding, Severity, error, in_order, note, warning, write_json

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (np.array([0, 1, 1, 0]), "binary"),
        (np.array([[0.0], [1.0]]), "binary"),
        (np.array([-1, 1, 1]), "signs"),
        (np.array([3, 0, 2, 1]), "index"),
        (np.eye(3), "one-hot"),
        (np.array([[1, 1, 0], [0, 0, 1]]), "multi-hot"),
        (np.array([[0.9, 0.1], [0.2, 0.8]]), "shares"),
        (np.array([0.3, -1.2]), "number"),
        (np.arange(500), "number"),
        (np.array(["hen", "fox"]), None),
    ],
)
def test_what_targets_are(doctor: Any, target: Any, kind: str | None) -> None:
    assert doctor.label_kind(target) == kind


def test_the_worst_comes_first_and_nothing_twice() -> None:
    said = [
        note("a", "x", "1", "do"),
        warning("b", "x", "2", "do"),
        error("b", "x", "3", "do"),
        error("c", "y", "4", "do"),
    ]
    assert [(f.kind, f.severity) for f in in_order(said)] == [
        ("b", Severity.ERROR),
        ("c", Severity.ERROR),
        ("a", Severity.NOTE),
    ]


def test_the_file_has_what_the_readme_says(tmp_path: Path) -> None:
    write_json([error("leakage", "validation_data", "12% – of 100", "Split first.")], tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text()) == {
        "findings": [
            {
                "kind": "leakage",
                "where": "validation_data",
                "evidence": "12% – of 100",
                "remedy": "Split first.",
                "severity": "error",
            }
        ]
    }


def network(keras: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(12, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def samples(count: int, seed: int) -> tuple[Any, Any]:
    x = np.random.default_rng(seed).normal(size=(count, 6)).astype("float32")
    return x, x[:, :3].argmax(axis=1)


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


def test_an_examination_changes_nothing_and_finds_nothing_in_a_healthy_network(doctor: Any) -> None:
    model, (x, y) = network(doctor.keras), samples(200, 1)
    before = [doctor.value_of(v) for v in (*model.variables, *model.optimizer.variables)]
    random = np.random.get_state()[1].copy()
    assert doctor.examine(model, x, y, validation_data=samples(80, 2)) == []
    for old, new in zip(before, (*model.variables, *model.optimizer.variables), strict=False):
        np.testing.assert_array_equal(old, doctor.value_of(new))
    np.testing.assert_array_equal(random, np.random.get_state()[1])


def test_what_is_done_within_untouched_is_undone_even_when_it_fails(doctor: Any) -> None:
    model = network(doctor.keras)
    before = [doctor.value_of(v) for v in model.variables]
    with pytest.raises(ZeroDivisionError), doctor.untouched(model):
        for variable in model.variables:
            variable.assign(variable * 0 + 5)
        np.random.rand()
        _ = 1 / 0
    for old, new in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, doctor.value_of(new))


def test_several_faults_at_once_are_all_told(doctor: Any) -> None:
    model, (x, y) = network(doctor.keras), samples(200, 1)
    x[3, 2] = np.nan
    found = doctor.examine(model, x * 1000, y + 1, validation_data=(x[:50] * 1000, y[:50]), batch_size=1)
    assert {"not-finite", "label-range", "leakage", "batch-size", "batchnorm-misuse"} <= kinds(found)
    assert all(f.where and f.evidence and f.remedy.endswith(".") for f in found)


def test_a_training_with_the_callback_is_the_training_without_it(doctor: Any) -> None:
    x, y = samples(240, 1)
    rest = {"validation_data": samples(80, 2), "epochs": 6, "batch_size": 16, "verbose": 0}
    alone = network(doctor.keras).fit(x, y, **rest).history
    watch = doctor.Doctor(x, y, **rest)
    assert network(doctor.keras).fit(x, y, callbacks=[watch], **rest).history == alone
    assert not [finding for finding in watch.findings if finding.severity is Severity.ERROR]


def test_a_rate_far_too_low_is_told_after_training(doctor: Any) -> None:
    x, y = samples(240, 1)
    model = network(doctor.keras)
    model.optimizer.learning_rate = 1e-7
    watch = doctor.Doctor(x, y, epochs=4)
    model.fit(x, y, epochs=4, callbacks=[watch], verbose=0)
    assert "learning-rate-too-low" in kinds(watch.findings)


@pytest.mark.filterwarnings("ignore:.*softmax over axis:UserWarning")
@pytest.mark.parametrize("units", [1, 2, 5])
@pytest.mark.parametrize("name", ["softmax", "sigmoid", "tanh", "relu", "linear"])
def test_an_activation_outside_of_layers_is_known_by_what_it_does(doctor: Any, name: str, units: int) -> None:
    class Net(doctor.keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.out = doctor.keras.layers.Dense(units)

        def call(self, inputs: Any) -> Any:
            return doctor.keras.activations.get(name)(self.out(inputs))

    model = Net()
    model.compile("sgd", "mse")
    x, _ = samples(40, 1)
    _, data = doctor.look_at({"x": x, "y": np.zeros((40, units))})
    assert doctor.meet(model, data).activation == name
