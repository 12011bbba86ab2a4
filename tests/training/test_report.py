"""The report on a model: drawn for every kind of task, readable without anything beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import missing_part
from fakes.chromium import chromium, find_chromium
from fakes.colours import BLUE, DARK, GREEN, RED, Colour, colour_package, labelled_colours
from typer.testing import CliRunner

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LiteWeights
from coop.classify.network import first_filters
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.cli.main import app
from training.evaluate import compare, report, score
from training.labelled import read_labelled
from training.report.looks import occlusion_map, worst
from training.report.page import learning_sections, sections

FIGURES = ("classes", "groups", "confusion", "calibration", "coverage", "map", "errors")
ROWS = ((RED, "red", "a"), (GREEN, "green", "a"), (BLUE, "blue", "b"), (BLUE, "red", "b"))


def test_the_command_writes_a_page_that_needs_nothing_beside_it(tmp_path: Path) -> None:
    colour_package(tmp_path / "new", TaskMode.SINGLE, ("red", "green", "blue"))
    colour_package(
        tmp_path / "old", TaskMode.SINGLE, ("red", "green", "blue"), bias=20.0
    )  # calls everything red
    words = ["evaluate", str(tmp_path / "new"), "--data", str(labelled_colours(tmp_path, *ROWS))]
    words += ["--against", str(tmp_path / "old"), "--json", str(tmp_path / "f.json")]
    result = CliRunner().invoke(app, [*words, "--report", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "old 1 has 50.0% of the same pictures right" in " ".join(result.output.split())
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["best_constant"] == 0.5
    assert (figures["against"]["difference"], figures["against"]["accuracy"]) == (0.25, 0.5)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    drawn = {f"{n}.png" for n in FIGURES}
    assert names == {"report.html", *drawn}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert len(sources) == len(drawn)
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "&lt;b&gt;other&lt;/b&gt; light" in page
    assert "+25.0 points" in page


def test_a_browser_shows_all_of_it(tmp_path: Path) -> None:
    if find_chromium() is None:
        missing_part("Chromium is not installed; tests/setup-system.sh does it")
    colour_package(tmp_path / "new", TaskMode.SINGLE, ("red", "green", "blue"))
    words = ["evaluate", str(tmp_path / "new"), "--data", str(labelled_colours(tmp_path, *ROWS))]
    assert CliRunner().invoke(app, [*words, "--report", str(tmp_path / "out")]).exit_code == 0
    with chromium() as browser:
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto((tmp_path / "out" / "report.html").as_uri())
            widths = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
            assert len(widths) == 7
            assert min(widths) > 300
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("mode", "classes", "rows"),
    [
        (TaskMode.MULTI, ("red", "green", "blue"), ((RED, "red|green", "a"), (DARK, "none", "a"))),
        (TaskMode.COUNT, ("eggs=0", "eggs=1", "eggs=2"), ((RED, "eggs=0", "a"), (GREEN, "eggs=2", "b"))),
    ],
)
def test_every_kind_of_task_is_drawn(
    tmp_path: Path,
    mode: TaskMode,
    classes: tuple[str, ...],
    rows: tuple[tuple[Colour, str, str]],
) -> None:
    package = colour_package(tmp_path / "p", mode, classes, embeds=False)
    scores = score(package, read_labelled(labelled_colours(tmp_path, *rows), mode=mode))
    shown = {section.name for section in sections(package, scores, report(scores))}
    assert shown == {"classes", "groups", "confusion", "calibration", "coverage", "errors"}


def test_a_model_without_a_fault_has_no_worst_errors(tmp_path: Path) -> None:
    package = colour_package(tmp_path / "p", TaskMode.SINGLE, ("red", "green", "blue"))
    scores = score(package, read_labelled(labelled_colours(tmp_path, *ROWS[:3])))
    assert worst(scores) == []
    assert "errors" not in {section.name for section in sections(package, scores, report(scores))}


def test_what_a_network_looked_at_is_found(tmp_path: Path) -> None:
    classifier = Classifier(colour_package(tmp_path / "p", TaskMode.MULTI, ("red", "green", "blue")))
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    picture[:, :32, 2] = 255  # red at the left
    for_red = occlusion_map(classifier, picture, 0)
    assert for_red[:, :3].min() > 0.02
    assert for_red[:, 5:].max() < 0, "dark places covered with the mean, which is reddish, speak for red"
    assert np.abs(occlusion_map(classifier, picture, 2)).max() < 1e-6, "nothing here is blue"


def test_the_first_filters_are_read_from_the_file(
    starter_package: ModelPackage, weights: LiteWeights, tmp_path: Path
) -> None:
    found = first_filters(starter_package.model)
    assert found is not None and np.array_equal(found, weights.stem.weights)
    names = [section.name for section in learning_sections(starter_package, {"course": b"png"})]
    assert names == ["course", "first-filters"]
    assert first_filters(colour_package(tmp_path / "p", TaskMode.SINGLE, ("a", "b", "c")).model) is None


def test_two_models_are_compared_picture_by_picture(tmp_path: Path) -> None:
    pictures = read_labelled(labelled_colours(tmp_path, *(ROWS[:3] * 20)))
    good = score(colour_package(tmp_path / "good", TaskMode.SINGLE, ("red", "green", "blue")), pictures)
    poor = score(
        colour_package(tmp_path / "poor", TaskMode.SINGLE, ("red", "green", "blue"), bias=20.0), pictures
    )
    better = compare(good, poor)
    assert better.difference == pytest.approx(2 / 3)
    assert 0.4 < better.interval[0] < better.difference < better.interval[1] < 0.9
    assert compare(good, good).interval == (0.0, 0.0)
