"""Fine-tuning learns, goes on after a kill to the same end, and its package says what the network says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import load_lite_weights
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.cli.main import app
from training.answers import Answers, best_shift
from training.evaluate import report, score
from training.head import Head, write_head_package
from training.labelled import LabelledSet, read_labelled, read_picture
from training.stream import Stream

pytestmark = pytest.mark.train

SIDE = 32
COLOURS = {"white": ((230, 230, 230), 28), "brown": ((30, 60, 110), 68)}


@pytest.fixture(scope="module")
def flock(tmp_path_factory: pytest.TempPathFactory) -> LabelledSet:
    """White, brown, both and none, on noisy straw, over three days."""
    folder = tmp_path_factory.mktemp("flock")
    lines = ["path,label,group"]
    for n in range(24):
        label = ("white", "brown", "none", "brown|white")[n % 4]
        picture = np.random.default_rng(n).integers(90, 130, (96, 96, 3), dtype=np.uint8)
        for name in label.split("|"):
            if name in COLOURS:
                cv2.circle(picture, (COLOURS[name][1], 40 + n % 9), 20, COLOURS[name][0], -1)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        lines.append(f"{n}.png,{label},day {n // 8}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return read_labelled(folder / "labels.csv")


def stream(pictures: LabelledSet) -> Stream:
    answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
    return Stream(
        examples=pictures.examples, answers=answers, learned=np.arange(16), side=SIDE, recipe="places"
    )


def network(pictures: LabelledSet) -> Any:
    import keras

    from training.network import tunable

    keras.utils.set_random_seed(0)  # the head's dropout
    blank = np.zeros((2, 1280), np.float32), np.zeros(2, np.float32)
    return tunable(load_lite_weights(), blank, side=SIDE, frozen=15, dropout=0.0)


def plan(**changes: Any) -> Any:
    from training.fitting import FitPlan

    return FitPlan(**{"side": SIDE, "epochs": 2, "batch": 8, "frozen": 15, "dropout": 0.0, **changes})


def one_run(source: str, folder: str) -> None:
    """What the subprocess that is killed runs."""
    from training.tune import tune

    pictures = read_labelled(Path(source))
    tune(network(pictures), stream(pictures), plan(), Path(folder), held=np.arange(16, 24))


def test_batches_are_balanced_varied_and_repeatable(flock: LabelledSet) -> None:
    source = stream(flock)
    pictures, targets = source.batch(3, 64)
    assert pictures.shape == (64, SIDE, SIDE, 3) and pictures.dtype == np.float32
    assert pictures.min() >= 0 and 100 < pictures.max() <= 255
    for one, same in zip((pictures, targets), source.batch(3, 64), strict=True):
        np.testing.assert_array_equal(one, same)
    assert (source.batch(4, 64)[0] != pictures).any()
    assert 0.3 < float(targets.mean()) < 0.75


@pytest.mark.timeout(600)
def test_a_killed_run_goes_on_to_the_same_end(keras_module: Any, flock: LabelledSet, tmp_path: Path) -> None:
    from training.tune import tune

    code = f"import test_tune; test_tune.one_run({str(flock.source)!r}, {str(tmp_path / 'killed')!r})"
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths})
    while not (tmp_path / "killed" / "run.npz").exists():
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()

    told: list[int] = []
    ends = []
    for folder in ("killed", "whole"):
        model = network(flock)
        course = tune(
            model, stream(flock), plan(), tmp_path / folder, held=np.arange(16, 24),
            progress=lambda done, _: told.append(done),
        )  # fmt: skip
        ends.append((course, model.get_weights()))
    (killed, one), (whole, other) = ends
    steps = plan().steps(16)
    assert told[0] > 1 and len(told) < 2 * 2 * steps  # the first of them did not begin anew
    assert killed.held == pytest.approx(whole.held, rel=1e-3)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)
    other_plan = plan(epochs=0, rate=1e-3)
    assert tune(network(flock), stream(flock), other_plan, tmp_path / "whole").learned == ()
    assert min(whole.held) < whole.held[0] or whole.learned[-1] < whole.learned[0]


def test_the_doctor_looks_it_over_first(keras_module: Any, flock: LabelledSet) -> None:
    from training.checkup import check_up

    model, source = network(flock), stream(flock)
    before = model.get_weights()
    assert [f for f in check_up(model, source, plan()) if f.severity == "error"] == []
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.trainable = False
    assert "frozen-layers" in {f.kind for f in check_up(model, source, plan())}


def test_the_package_says_what_the_tuned_network_says(
    keras_module: Any, flock: LabelledSet, tmp_path: Path
) -> None:
    from training.network import tuned_weights
    from training.tune import raw_outputs, tune

    model, source = network(flock), stream(flock)
    tune(model, source, plan(epochs=1), tmp_path / "run")
    published = load_lite_weights()
    backbone = tuned_weights(model, published)
    kernel, bias = model.get_layer("answer").get_weights()
    weights = kernel.T
    assert any((a.project.weights != b.project.weights).any()
               for a, b in zip(backbone.blocks, published.blocks, strict=True))  # fmt: skip
    np.testing.assert_array_equal(backbone.stem.weights, published.stem.weights)
    head = Head(
        mode=TaskMode.MULTI, classes=("brown", "white"), weights=weights, bias=bias, temperature=1.0,
        thresholds={"brown": 0.5, "white": 0.5}, measured={},
    )  # fmt: skip
    package = write_head_package(
        tmp_path / "package", head, task="nest", name="nest", version="1", trained_on={},
        backbone=backbone, size=SIDE,
    )  # fmt: skip
    assert package.card.preprocessing.size == SIDE
    there = Classifier(package).logits([read_picture(e.path) for e in flock.examples])
    here = raw_outputs(model, source.plain(np.arange(24)))
    assert here.std(axis=0).min() > 0.01  # a constant would agree with itself
    np.testing.assert_allclose(there, here, atol=1e-3)


def test_what_is_said_too_often_is_shifted_back() -> None:
    random = np.random.default_rng(0)
    there = random.random((400, 2)) < 0.3
    labels = ["|".join(np.array(["brown", "white"])[row]) or "none" for row in there]
    answers = Answers(mode=TaskMode.MULTI, labels=tuple(labels))
    logits = 4.0 * (there - 0.5) + random.normal(0, 1.5, there.shape) + np.array([3.0, 0.0])
    shifted = logits + best_shift(logits, answers)
    assert answers.accuracy(shifted) > answers.accuracy(logits) + 0.2
    assert abs(float((shifted[:, 0] > 0).mean()) - float(there[:, 0].mean())) < 0.08
    numbers = Answers(mode=TaskMode.COUNT, labels=("eggs=0", "eggs=2"))
    assert not best_shift(np.zeros((2, 4)), numbers).any()


@pytest.mark.timeout(600)  # a minute of one core
def test_coop_train_tunes_where_it_is_asked_to(keras_module: Any, flock: LabelledSet, tmp_path: Path) -> None:
    words = ["train", "--data", str(flock.source), "--out", str(tmp_path / "nest"), "--fine-tune"]
    film, logs = tmp_path / "run.mp4", tmp_path / "logs"
    words += ["--epochs", "1", "--live", "--film", str(film), "--tensorboard", str(logs)]
    result = CliRunner().invoke(app, words, env={"COOP_DATA_DIR": str(tmp_path / "data")})
    assert result.exit_code == 0, (result.output, result.exception)
    assert "Tuned: log loss" in result.output
    card = ModelPackage.load(tmp_path / "nest").card
    kept = "tuned" in str(card.trained_on["backbone"])
    assert ("The tuned network is kept" in result.output) == kept
    assert not kept or {"taken", "float32", "int8"} <= set(card.measured["export"])  # type: ignore[call-overload]
    assert "To watch: http://127.0.0.1:" in result.output
    with av.open(str(film)) as played:
        assert sum(1 for _ in played.decode(video=0)) > 12
    assert list(logs.glob("**/events.out.tfevents.*"))
    assert not list(tmp_path.glob(".nest.tuning"))


def eggs_or_hens(folder: Path, task: str) -> LabelledSet:
    """One hen of two, or some eggs, on noisy straw, over three days."""
    lines = ["path,label,group"]
    for n in range(24):
        picture = np.random.default_rng(n).integers(90, 130, (96, 96, 3), dtype=np.uint8)
        if task == "single":
            label = ("white", "brown")[n % 2]
            cv2.circle(picture, (30 + n, 50), 24, COLOURS[label][0], -1)
        else:
            label = f"eggs={n % 4}"
            for egg in range(n % 4):
                cv2.circle(picture, (20 + 28 * egg, 40 + n % 9), 12, COLOURS["white"][0], -1)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        lines.append(f"{n}.png,{label},day {n // 8}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return read_labelled(folder / "labels.csv")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", ["single", "count"])
def test_one_class_and_numbers_are_tuned_too(keras_module: Any, tmp_path: Path, task: str) -> None:
    """A tuned package of either kind is right about the pictures, and has the classes of its task."""
    import keras

    from training.finetune import fine_tune

    keras.utils.set_random_seed(0)
    pictures = eggs_or_hens(tmp_path, task)
    assert str(pictures.mode) == task
    small, hens = plan(side=64, epochs=3, batch=16), task == "single"
    tuned = fine_tune(pictures, "crops", small, tmp_path / "run", identity=hens)
    assert [finding for finding in tuned.told if finding.severity == "error"] == []
    assert tuned.course.learned[-1] < tuned.course.learned[0]
    package = tuned.learned.write(tmp_path / "package", task="nest", name="nest", version="1")
    assert "tuned" in str(package.card.trained_on["backbone"])
    assert {"course", "followed", "looked-at"} <= set(tuned.learned.figures)
    assert tuned.learned.head.folded is not None
    figures = report(score(package, pictures))
    if task == "single":
        assert package.card.classes == ("brown", "white")
        assert figures["accuracy"] >= 0.9
        found = Classifier(package).predict([read_picture(e.path) for e in pictures.examples])
        assert np.median([one.strangeness for one in found]) < 1  # type: ignore[type-var]
    else:
        assert package.card.classes == tuple(f"eggs={n}" for n in range(5))
        assert figures["counts"]["eggs"]["within_one"] >= 0.8
