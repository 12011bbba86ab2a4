"""How probable each number is, given what a linear fit says."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.cli.main import app
from training.answers import Answers, Doubles
from training.baseline import teach_numbers
from training.depths import DepthEye
from training.head import best_temperature, fit_head
from training.numbers import Odds

SHOWN = np.array([0.0, 1.0, 1.9, 2.4])
"""What eggs look like to a linear fit: the third hides behind the others."""


def nests(pictures: int, seed: int) -> tuple[Answers, Doubles]:
    """Nests, most of them empty, and the logits of what a fit says of them."""
    random = np.random.default_rng(seed)
    eggs = random.choice(4, pictures, p=[0.6, 0.2, 0.12, 0.08])
    eggs[:4] = range(4)
    answers = Answers(mode=TaskMode.COUNT, labels=tuple(f"eggs={n}" for n in eggs))
    said = SHOWN[eggs] + random.normal(0.0, [0.02, 0.08, 0.12, 0.12])[eggs] * random.normal(size=pictures)
    matrix, offset = answers.to_logits
    return answers, said[:, None] @ matrix + offset


def probabilities(logits: Doubles) -> Doubles:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def test_a_third_egg_that_hides_is_counted() -> None:
    answers, logits = nests(600, 1)
    temperature, _ = best_temperature(logits, answers)
    odds = Odds.of(answers, logits, temperature, [str(n) for n in range(600)])
    fresh, seen = nests(400, 2)
    plain, better = probabilities(seen / temperature), probabilities(odds(seen))
    three = fresh.targets[:, 0] == 3
    assert (plain[three, :4].argmax(axis=1) == 3).mean() < 0.5
    assert (better[three].argmax(axis=1) == 3).mean() > 0.8
    assert fresh.loss(odds(seen)) < fresh.loss(seen / temperature)
    none = fresh.targets[:, 0] == 0
    assert better[none, 0].min() > 0.99


def days(count: int, random: np.random.Generator) -> tuple[Answers, Doubles, list[str]]:
    """Days of ten pictures a number: all of a day and a number show the same eggs, and err alike.

    Four eggs come on every second day at most.
    """
    numbers = [n for day in range(count) for n in range(5 if day % 2 else 4)]
    errors = random.normal(0.0, [0.01, 0.1, 0.25, 0.3, 0.3])[numbers] * random.normal(size=len(numbers))
    said = np.repeat(np.array(numbers) + errors, 10)
    eggs = np.repeat(numbers, 10)
    said += random.normal(0.0, 0.05, len(said)) * (eggs > 0)
    answers = Answers(mode=TaskMode.COUNT, labels=tuple(f"eggs={n}" for n in eggs))
    matrix, offset = answers.to_logits
    groups = [str(day) for day in range(count) for _ in range(10 * (5 if day % 2 else 4))]
    return answers, said[:, None] @ matrix + offset, groups


def test_many_pictures_of_a_few_days_make_no_number_too_sure() -> None:
    """A nest head for 12 eggs found 10: by pictures of two days it took three eggs for four, or for two."""
    costs = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        answers, logits, groups = days(4, random)
        fresh, seen, _ = days(40, random)
        temperature, _ = best_temperature(logits, answers)
        odds = Odds.of(answers, logits, temperature, groups)
        scale, _ = best_temperature(odds(logits), answers)
        costs.append((fresh.loss(odds(seen) / scale), fresh.loss(seen / temperature)))
    fitted, plain = np.array(costs).T
    assert fitted.mean() < plain.mean()
    assert (fitted < 1.25 * plain).all()


def test_few_pictures_change_little() -> None:
    answers, logits = nests(6, 3)
    temperature, _ = best_temperature(logits, answers)
    odds = Odds.of(answers, logits, temperature, [str(n) for n in range(6)])
    halfway = np.array([[0.5], [1.5], [2.5]])
    matrix, offset = answers.to_logits
    between = odds(halfway @ matrix + offset)
    assert [abs(row[k + 1] - row[k]) < 2.0 / temperature for k, row in enumerate(between)] == [True] * 3
    assert [row[[k, k + 1]].min() > row[k - 1] for k, row in enumerate(between) if k] == [True] * 2


def test_a_head_that_counts_two_things_keeps_them_apart() -> None:
    random = np.random.default_rng(4)
    eggs, hens = random.integers(0, 4, 240), random.integers(0, 2, 240)
    features = np.stack([SHOWN[eggs], hens, random.normal(size=240)], axis=1)
    features = (features + random.normal(0, 0.05, features.shape)).astype(np.float32)
    labels = [f"eggs={e}|hens={h}" for e, h in zip(eggs, hens, strict=True)]
    head = fit_head(features, labels, [str(n % 6) for n in range(240)], mode=TaskMode.COUNT)
    said = probabilities(np.asarray(head.logits(features)[:, :5], dtype=np.float64))
    assert head.classes[:6] == ("eggs=0", "eggs=1", "eggs=2", "eggs=3", "eggs=4", "hens=0")
    assert (said.argmax(axis=1) == eggs).mean() > 0.97
    assert (head.logits(features)[:, 5:].argmax(axis=1) == hens).all()


def test_a_head_over_three_depths_runs_as_it_was_learned(tmp_path: Path) -> None:
    pictures = [checked(side, bright) for side in (4, 8, 16) for bright in range(60, 220, 20)]
    labels = [f"squares={side // 4}" for side in (4, 8, 16) for _ in range(60, 220, 20)]
    groups = [str(n % 4) for n in range(len(labels))]
    teach_numbers(tmp_path / "squares", "squares", pictures, labels, groups)
    said = Classifier(ModelPackage.load(tmp_path / "squares")).logits(pictures[:5])
    head = fit_head(DepthEye().embed(pictures), labels, groups, mode=TaskMode.COUNT)
    np.testing.assert_allclose(said, head.logits(DepthEye().embed(pictures[:5])), rtol=1e-3, atol=1e-2)
    assert said.argmax(axis=1).tolist() == [1] * 5


def test_coop_train_counts_by_three_depths_where_that_is_better(tmp_path: Path) -> None:
    lines = ["path,label,group"]
    for number, (side, bright) in enumerate(itertools.product((4, 8, 16), range(60, 220, 20))):
        cv2.imwrite(str(tmp_path / f"{number}.png"), checked(side, bright))
        lines.append(f"{number}.png,squares={side // 4},{number % 4}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    out = tmp_path / "squares"
    words = ["train", "squares", "--data", str(tmp_path / "labels.csv"), "--out", str(out), "--no-fine-tune"]
    told = CliRunner().invoke(app, words, env={"COOP_DATA_DIR": str(tmp_path / "data")})
    assert told.exit_code == 0, told.output
    assert "The one of three depths is kept." in told.output
    package = ModelPackage.load(out)
    assert package.card.trained_on["backbone"] == "efficientnet-lite0, frozen, looked at in three depths"
    assert Classifier(package).logits([checked(16, 90), checked(4, 90)]).argmax(axis=1).tolist() == [4, 1]


def checked(side: int, bright: int) -> npt.NDArray[np.uint8]:
    rows, columns = np.indices((96, 120)) // side
    return np.repeat((((rows + columns) % 2) * bright).astype(np.uint8)[..., None], 3, axis=2)
