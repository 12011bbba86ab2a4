"""`coop train`: from labelled pictures to a package that is right, and clear words where that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from coop.classify.card import TaskMode
from coop.classify.package import ModelPackage
from coop.cli.main import app
from training.evaluate import report, score
from training.examine import examine
from training.labelled import LabelledDataError, read_labelled


def disc(colour: tuple[int, int, int], spot: int, noise: int) -> np.ndarray:
    """A coloured disc somewhere on noisy straw."""
    random = np.random.default_rng(noise)
    picture = random.integers(90, 130, (96, 96, 3), dtype=np.uint8)
    cv2.circle(picture, (24 + 12 * (spot % 4), 30 + 12 * (spot // 4 % 4)), 20, colour, -1)
    return picture


WHITE, BROWN = (230, 230, 230), (30, 60, 110)


def flock(folder: Path, count: int = 24, days: int = 3) -> Path:
    """White, brown, both and none, over some days."""
    lines = ["path,label,group"]
    for n in range(count):
        label = ("white", "brown", "none", "white|brown")[n % 4]
        picture = np.random.default_rng(n).integers(90, 130, (96, 96, 3), dtype=np.uint8)
        if "white" in label:
            cv2.circle(picture, (28, 30 + n % 5), 20, WHITE, -1)
        if "brown" in label:
            cv2.circle(picture, (68, 60 - n % 7), 20, BROWN, -1)
        cv2.imwrite(str(folder / f"{n}.png"), picture)
        lines.append(f"{n}.png,{label},day {n * days // count}")
    file = folder / "labels.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def train(data: Path, out: Path, *words: str) -> Result:
    environment = {"COOP_DATA_DIR": str(out.parent / "data")}
    command = ["train", "--data", str(data), "--out", str(out), *words]
    return CliRunner().invoke(app, command, env=environment)


def evaluated(package: Path, data: Path) -> dict[str, Any]:
    """What `coop evaluate --json` says."""
    words = ["evaluate", str(package), "--data", str(data), "--json", str(package.parent / "told.json")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads((package.parent / "told.json").read_text())
    return told


def test_a_package_is_learned_written_and_right(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    sheet = tmp_path / "sheet.png"
    result = train(flock(tmp_path), tmp_path / "flock", "nest", "--sheet", str(sheet))
    assert result.exit_code == 0, result.output
    assert "Tried, judged on groups held out" in result.output
    package = ModelPackage.load(tmp_path / "flock")
    beside = tmp_path / "flock-report"
    page = (beside / "report.html").read_text(encoding="utf-8")
    assert "held out while it was learned" in page and "head on a frozen network" in page
    assert (beside / "first-filters.png").stat().st_size > 1000
    told = evaluated(tmp_path / "flock", tmp_path / "labels.csv")
    assert [row["kind"] for row in told["beside"]] == ["model", "frozen-head", "no-input", "constant"]
    assert told["beside"][2]["accuracy"] == told["beside"][3]["accuracy"] == 0.25
    assert told["beside"][2]["log_loss"] == pytest.approx(np.log(4))
    assert (package.card.task, package.card.mode) == ("nest", TaskMode.MULTI)
    assert package.card.classes == ("brown", "white")
    assert package.card.trained_on["pictures"] == 24
    unseen = read_labelled(flock(tmp_path / "new", count=8, days=1), mode=TaskMode.MULTI)
    assert report(score(package, unseen))["accuracy"] >= 0.75
    assert cv2.imread(str(sheet)).shape[1] == 8 * 160
    again = train(tmp_path / "labels.csv", tmp_path / "flock")
    assert again.exit_code == 1 and "exists already" in str(again.exception)


def test_numbers_are_learned_too(tmp_path: Path) -> None:
    lines = ["path,label,group"]
    for n in range(24):
        picture = np.random.default_rng(n).integers(90, 130, (96, 96, 3), dtype=np.uint8)
        for egg in range(n % 4):
            cv2.circle(picture, (16 + 22 * egg, 40 + 3 * (n % 6)), 9, WHITE, -1)
        cv2.imwrite(str(tmp_path / f"{n}.png"), picture)
        lines.append(f"{n}.png,eggs={n % 4},day {n // 8}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    assert train(tmp_path / "labels.csv", tmp_path / "eggs", "--no-cells").exit_code == 0
    package = ModelPackage.load(tmp_path / "eggs")
    counts = report(score(package, read_labelled(tmp_path / "labels.csv")))["counts"]["eggs"]
    assert counts["within_one"] >= 0.9


def csv(folder: Path, *rows: tuple[str, str, str]) -> Path:
    for n, (name, _, _) in enumerate(rows):
        cv2.imwrite(str(folder / name), disc((n % 250, 50, 90), n, n))
    file = folder / "labels.csv"
    file.write_text("path,label,group\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    return file


def test_all_of_one_class_is_nothing_to_learn(tmp_path: Path) -> None:
    file = csv(tmp_path, *((f"{n}.png", "hen", "a") for n in range(9)))
    with pytest.raises(
        LabelledDataError, match="all 9 pictures are 'hen', so there is nothing to tell apart"
    ):
        examine(read_labelled(file))


def test_too_few_pictures_are_told(tmp_path: Path) -> None:
    file = csv(tmp_path, ("0.png", "hen", "a"), ("1.png", "cat", "b"))
    with pytest.raises(LabelledDataError, match="2 pictures of 2 different answers are too few"):
        examine(read_labelled(file))


def test_what_is_poor_is_told_and_what_is_bad_left_out(tmp_path: Path) -> None:
    rows = [(f"{n}.png", "hen" if n % 2 else "cat", f"day {n % 3}") for n in range(12)]
    rows += [("12.png", "fox", "day 1"), ("13.png", "hen", "day 1"), ("14.png", "hen", "day 0")]
    file = csv(tmp_path, *rows)
    (tmp_path / "13.png").write_bytes(b"not a picture")
    (tmp_path / "14.png").write_bytes((tmp_path / "0.png").read_bytes())  # a cat and a hen at once
    found = examine(read_labelled(file))
    assert len(found.pictures) == 12
    told = " ".join(found.warnings)
    assert "13.png cannot be read as a picture" in told
    assert "0.png, 14.png is the same file as another one with another label" in told
    assert "'fox' has only one picture" in told


def test_one_day_is_learned_from_but_judged_with_a_warning(tmp_path: Path) -> None:
    file = csv(tmp_path, *((f"{n}.png", "hen" if n % 2 else "cat", "a") for n in range(12)))
    assert any("Label a second day" in warning for warning in examine(read_labelled(file)).warnings)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "coop.toml").write_text('data_dir = "data"\ntimezone = "UTC"\n')
    return tmp_path


def coop(home: Path, *words: str) -> Result:
    result = CliRunner().invoke(app, [*words, "--config", str(home / "coop.toml")])
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def test_from_labels_to_a_model_at_work(home: Path) -> None:
    """Import, version, train: the first model goes to work, one that is no better does not."""
    file = flock(home, count=40, days=5)
    coop(home, "label", "import", str(file), "--task", "nest")
    coop(home, "label", "version", "nest")
    first = coop(home, "train", "nest").output
    assert "nest-1 is at work now" in first
    second = coop(home, "train", "nest").output
    assert "nest-1 stays at work" in second
    card = ModelPackage.load(home / "data" / "models" / "nest-1.2").card
    assert card.measured["held_out_pictures"] == 8
    assert "at work" in coop(home, "model", "list").output
    assert (home / "data" / "reports" / "nest-1.2" / "report.html").stat().st_size > 10_000
    assert "report.html" in "".join(coop(home, "model", "show", "nest-1.2").output.split())
    assert not list((home / "data" / "models").glob(".training-*"))


def test_either_a_task_or_a_file(home: Path) -> None:
    for words in ([], ["--data", "x.csv"], ["hens", "--out", "y"]):
        result = CliRunner().invoke(app, ["train", *words])
        assert result.exit_code == 2 and "give a TASK" in result.output
