"""A stranger's script under the doctor: its output, exit status and result are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.doctor.patient import Practice, run_script

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("doctor")]
ROOT = Path(__file__).resolve().parents[3]

SCRIPT = """
import random, sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from helper import SHIFT

print(__name__, sys.argv[1:], Path("data.txt").read_text().strip(), Path(sys.argv[0]).name)
tf.keras.utils.set_random_seed(3)
x = np.random.normal(size=(96, 4)).astype("float32")
y = (x.sum(axis=1) > SHIFT).astype("int32")
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(96, seed=5).batch(16)


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(8, activation="relu")
        self.drop = tf.keras.layers.Dropout(0.4)
        self.out = tf.keras.layers.Dense(1)

    def call(self, inputs, training=False):
        return self.out(self.drop(self.hidden(inputs), training=training))


own = np.random.default_rng(1)  # Keras asks for more than it uses, as many as it has time for


def stream():
    while True:
        chosen = own.permutation(96)[:16]
        yield x[chosen], y[chosen]


model = Net()
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
print(model.fit(data, epochs=2, verbose=2 if "loud" in sys.argv else 0).history)
print(model.fit(stream(), steps_per_epoch=5, epochs=2, verbose=0).history)
print([float(np.abs(w).sum()) for w in model.get_weights()])
print(random.random(), np.random.rand(), float(tf.random.uniform([])), tf.keras.layers.Dense(1).name)
sys.exit(3)
"""


def test_a_script_does_what_it_would_do_alone(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "net.py").write_text(SCRIPT)
    (tmp_path / "code" / "helper.py").write_text("SHIFT = 0.0\n")
    (tmp_path / "data.txt").write_text("found by a relative path\n")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )

    alone = run("code/net.py", "one", "two words")
    watched = run("-m", "training.doctor", "--json", "found.json", "code/net.py", "one", "two words")
    assert alone.returncode == 3, alone.stderr
    assert watched.returncode == 3, watched.stderr
    assert watched.stdout == alone.stdout
    [worst, *_] = json.loads((tmp_path / "found.json").read_text())["findings"]
    assert (worst["kind"], worst["where"], worst["severity"]) == (
        "missing-output-activation",
        "dense_1",
        "error",
    )
    assert "error: missing-output-activation at dense_1" in watched.stderr


def test_a_script_that_crashes_says_so_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "broken.py"
    script.write_text("print('begun')\n{}['key']\n")
    practice = Practice()
    assert run_script(script, [], practice) == 1
    said = capsys.readouterr()
    assert said.out == "begun\n"
    assert said.err.splitlines()[-1] == "KeyError: 'key'"
    assert "patient.py" not in said.err
    assert [finding.kind for finding in practice.findings()] == ["never-fit"]


@pytest.mark.parametrize(
    ("ending", "status"), [("", 0), ("import sys; sys.exit()", 0), ("raise SystemExit('no')", 1)]
)
def test_the_exit_status_is_the_script_s(tmp_path: Path, ending: str, status: int) -> None:
    script = tmp_path / "script.py"
    script.write_text(ending)
    argv, path = sys.argv, sys.path[:]
    assert run_script(script, ["--epochs", "3"], Practice()) == status
    assert (argv, path) == (sys.argv, sys.path)


def test_a_fit_that_fails_is_explained(tmp_path: Path) -> None:
    script = tmp_path / "shapes.py"
    script.write_text(
        "import keras, numpy as np\n"
        "m = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])\n"
        "m.compile('sgd', 'mse')\n"
        "m.fit(np.random.rand(40, 4), np.random.rand(40), verbose=0)\n"
    )
    practice = Practice()
    assert run_script(script, [], practice) == 1
    [finding] = practice.findings()
    assert finding.kind == "fit-failed"
    assert "ValueError" in finding.evidence
    assert "4" in finding.evidence
