"""The ladder of digits: climbed on a few small ones, gone on with after a kill, damaged files told."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from coop.cli.main import app
from training.digits.idx import Digits, read_digits
from training.digits.stream import Bending, DigitStream, moved
from training.labelled import LabelledDataError

_ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
PARTS = {"train": 1_200, "t10k": 200}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Printed digits, shifted and noisy, in the four files; the pictures of the test part not gzipped."""
    folder = tmp_path_factory.mktemp("digits")
    for part, count in PARTS.items():
        random = np.random.default_rng(count)
        labels = random.integers(0, 10, count).astype(np.uint8)
        pictures = np.zeros((count, 28, 28), np.uint8)
        for picture, label in zip(pictures, labels, strict=True):
            x, y = (int(v) for v in random.integers(-2, 3, 2))
            cv2.putText(picture, str(label), (6 + x, 22 + y), cv2.FONT_HERSHEY_SIMPLEX, 0.75, 255, 2)
        pictures |= random.integers(0, 40, pictures.shape).astype(np.uint8)
        content = bytes((0, 0, 8, 3)) + np.array(pictures.shape, ">u4").tobytes() + pictures.tobytes()
        name = folder / f"{part}-images-idx3-ubyte"
        if part == "train":
            name.with_name(f"{name.name}.gz").write_bytes(gzip.compress(content))
        else:
            name.write_bytes(content)
        content = bytes((0, 0, 8, 1)) + np.array([count], ">u4").tobytes() + labels.tobytes()
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))
    return folder


def test_files_are_read_gzipped_or_not(made: Path) -> None:
    digits = read_digits(made)
    assert digits.pictures.shape == (1_200, 28, 28) and digits.labels.shape == (1_200,)
    assert digits.test_pictures.shape == (200, 28, 28) and set(digits.test_labels) == set(range(10))
    assert digits.key == read_digits(made).key


def _gone(folder: Path) -> None:
    (folder / "train-labels-idx1-ubyte.gz").unlink()


def _cut(folder: Path) -> None:
    file = folder / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])


def _cut_in_its_beginning(folder: Path) -> None:
    file = folder / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:9])


def _cut_while_packed(folder: Path) -> None:
    file = folder / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-1_000])


def _no_gzip(folder: Path) -> None:
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"<html>not found</html>")


def _wrong_kind(folder: Path) -> None:
    (folder / "t10k-images-idx3-ubyte").write_bytes(bytes((0, 0, 13, 3)) + bytes(100))


def _others_labels(folder: Path) -> None:
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes((folder / "train-labels-idx1-ubyte.gz").read_bytes())


def _no_digit(folder: Path) -> None:
    content = bytes((0, 0, 8, 1)) + np.array([200], ">u4").tobytes() + bytes([11] * 200)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))


def _other_size(folder: Path) -> None:
    content = bytes((0, 0, 8, 3)) + np.array([200, 2, 3], ">u4").tobytes() + bytes(1_200)
    (folder / "t10k-images-idx3-ubyte").write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "file", "problem"),
    [
        (_gone, "digits", "neither train-labels-idx1-ubyte nor train-labels-idx1-ubyte.gz"),
        (_cut, "t10k-images-idx3-ubyte", "156716 bytes, where its beginning promises 156816"),
        (_cut_in_its_beginning, "t10k-images-idx3-ubyte", "9 bytes"),
        (_cut_while_packed, "train-images-idx3-ubyte.gz", "cannot be unpacked"),
        (_no_gzip, "train-images-idx3-ubyte.gz", "cannot be unpacked"),
        (_wrong_kind, "t10k-images-idx3-ubyte", "begins with 00 00 0d 03, where idx has 00 00 08 03"),
        (_others_labels, "t10k-labels-idx1-ubyte.gz", "1200 labels for the 200 pictures"),
        (_no_digit, "t10k-labels-idx1-ubyte.gz", "the label 11, which is no digit"),
        (_other_size, "t10k-images-idx3-ubyte", "3 x 2 pixels, not 28 x 28"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(
    made: Path, tmp_path: Path, damage: Callable[[Path], None], file: str, problem: str
) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    for whole in made.iterdir():
        (folder / whole.name).write_bytes(whole.read_bytes())
    damage(folder)
    with pytest.raises(LabelledDataError) as told:
        read_digits(folder)
    assert told.value.source.name == file and problem in str(told.value)
    assert str(told.value).count(". ") >= 1  # what to do, in a sentence of its own


def test_an_epoch_has_each_picture_once_and_bending_moves_as_far_as_it_may(made: Path) -> None:
    digits = read_digits(made)
    plain, bent = DigitStream(digits=digits), DigitStream(digits=digits, bending=Bending())
    seen = np.concatenate([plain.batch(number, 100)[0] for number in range(12)]).reshape(1_200, -1)
    assert len(np.unique(seen, axis=0)) == len(np.unique(digits.pictures.reshape(1_200, -1), axis=0))
    (one, answers), (other, same) = plain.batch(3, 100), bent.batch(3, 100)
    assert (answers == same).all() and one.shape == other.shape == (100, 28, 28, 1)
    assert not (one == other).all() and other.min() >= 0 and other.max() <= 1
    assert (bent.batch(3, 100)[0] == other).all()
    assert not (plain.batch(12, 100)[0] == plain.batch(0, 100)[0]).all()  # another epoch, another order
    assert 0.9 < other.mean() / one.mean() < 1.1  # as much ink, elsewhere
    still = Bending(turn=0, zoom=0, shear=0, shift=0, elastic=0)
    unmoved = DigitStream(digits=digits, bending=still)
    assert (unmoved.batch(3, 100)[0] == one).all()
    places = moved(still, 2, np.random.default_rng(0))
    assert np.allclose(places[0, :, :, 0], np.arange(28)) and np.allclose(places[1, :, :, 1].T, np.arange(28))
    quarter = moved(Bending(turn=90, zoom=0, shear=0, shift=0), 500, np.random.default_rng(1)) - 13.5
    assert np.allclose((quarter**2).sum(axis=-1), ((places[0] - 13.5) ** 2).sum(axis=-1), atol=1e-3)


@pytest.mark.train
@pytest.mark.usefixtures("keras_module")
def test_the_command_climbs_and_does_nothing_twice(made: Path, tmp_path: Path) -> None:
    words = ["train", "digits", "--data", str(made), "--out", str(tmp_path / "out"), "--quick"]
    words += ["--rung", "softmax", "--rung", "ensemble", "--seeds", "2"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    ladder = json.loads((tmp_path / "out" / "ladder.json").read_text())
    rungs = {rung["name"]: rung for rung in ladder["rungs"]}
    assert list(rungs) == ["softmax", "batch-norm", "ensemble"]
    assert rungs["softmax"]["mean"] > 0.5 and len(rungs["softmax"]["right"]) == 2
    assert rungs["softmax"]["weights"] == 7_850 and rungs["batch-norm"]["told"] == []
    assert cv2.imread(str(tmp_path / "out" / "ladder.png")) is not None
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("result.json")}
    assert len(times) == 4
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 0, again.output
    assert times == {file: file.stat().st_mtime_ns for file in times}


@pytest.mark.train
@pytest.mark.usefixtures("keras_module")
def test_a_killed_run_goes_on_to_the_same_end(made: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    killed = _climb(made, broken)
    state = broken / "softmax" / "seed-0" / "run.npz"
    while not state.exists():
        assert killed.poll() is None, "it was done before it could be killed"
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (broken / "ladder.json").exists() and state.exists()
    for out in (broken, whole):
        assert _climb(made, out).wait() == 0
    kept = [np.load(folder / "softmax" / "seed-0" / "logits.npy") for folder in (whole, broken)]
    assert np.allclose(*kept, atol=1e-3)
    results = [json.loads((f / "softmax" / "seed-0" / "result.json").read_text()) for f in (whole, broken)]
    assert results[0]["cpu_seconds"] > 0 and results[1]["cpu_seconds"] is None
    assert not state.exists()


@pytest.mark.train
@pytest.mark.usefixtures("keras_module")
def test_what_normalisation_and_dropout_count_is_kept_too(made: Path, tmp_path: Path) -> None:
    from training.digits.rungs import RUNGS
    from training.tune import tune

    rung, digits = RUNGS[-1], read_digits(made)
    plan, stream = replace(rung.planned(0, quick=True), epochs=1), DigitStream(digits=digits)
    learned, other = rung.network(0), rung.network(1)
    tune(learned, stream, plan, tmp_path)
    steps: list[int] = []
    tune(other, stream, plan, tmp_path, progress=lambda step, _: steps.append(step))
    assert not steps  # nothing was left to do, so what is compared was read
    kept = [
        [variable for layer in model.layers for variable in layer.variables] for model in (learned, other)
    ]
    assert len(kept[0]) == 23  # the seed of dropout is among them
    for one, same in zip(*kept, strict=True):
        assert (np.asarray(one) == np.asarray(same)).all(), one.path


def _climb(data: Path, out: Path) -> subprocess.Popen[bytes]:
    """By one thread, since several add up in any order. Softmax alone: no matter of luck there."""
    program = [sys.executable, "-c", "from coop.cli.main import main; main()", "train", "digits", "--quick"]
    words = ["--data", str(data), "--out", str(out), "--rung", "softmax", "--seeds", "1"]
    return subprocess.Popen([*program, *words], env={**os.environ, **_ONE_THREAD})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "digits", "--data", "nowhere"], "there is no such folder"),
        (["train", "hens", "--quick"], "belong to: coop train digits"),
    ],
)
def test_what_cannot_be_climbed_is_told(words: list[str], told: str) -> None:
    said: Any = CliRunner().invoke(app, words)
    assert said.exit_code != 0 and told in f"{said.output} {said.exception}"


@pytest.mark.train
@pytest.mark.usefixtures("keras_module")
def test_an_unknown_rung_is_told_with_those_there_are(made: Path, tmp_path: Path) -> None:
    words = ["train", "digits", "--data", str(made), "--out", str(tmp_path), "--rung", "sofmax"]
    said = CliRunner().invoke(app, words)
    assert "no rung 'sofmax'. Choose of: softmax, five-layers-fast" in str(said.exception)


def test_the_real_ones_are_read(test_data: Path) -> None:
    digits: Digits = read_digits(test_data / "mnist")
    assert digits.pictures.shape == (60_000, 28, 28) and digits.test_pictures.shape == (10_000, 28, 28)
    assert np.bincount(digits.test_labels)[1] == 1_135
