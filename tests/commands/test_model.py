"""`coop model`: packages come in checked, go to work by name, and the way back stays open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coop.classify.card import ModelCard, Preprocessing
from coop.classify.package import write_package
from coop.classify.tflite_writer import GraphWriter
from coop.cli.main import app
from coop.errors import ModelPackageError
from coop.places import open_store
from coop.settings import load_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "coop.toml").write_text('data_dir = "data"\ntimezone = "UTC"\n')
    return tmp_path


@pytest.fixture(scope="module")
def network() -> bytes:
    graph = GraphWriter("constant")
    x = graph.scale(graph.cast_to_float(graph.picture_input("image", 32)), 1 / 255)
    return graph.finish({"logits": graph.average_over_picture(x, "logits")})


def package(folder: Path, network: bytes, version: str = "1", **changes: object) -> Path:
    classes = ("Agnes", "Berta", "Cleo")
    values: dict[str, object] = {
        "name": "hens",
        "version": version,
        "task": "hens",
        "classes": classes,
        "preprocessing": Preprocessing(size=32),
        "thresholds": dict.fromkeys(classes, 0.9),
        "measured": {"held_out_accuracy": 0.957},
        "not_good_for": ("infrared",),
    }
    write_package(folder, ModelCard(**values | changes), network)  # type: ignore[arg-type]
    return folder


def coop(home: Path, *words: str) -> Result:
    command = [*words, "--config", str(home / "coop.toml")]
    return CliRunner().invoke(app, ["model", *command], catch_exceptions=True)


def active(home: Path) -> dict[str, str]:
    with open_store(load_settings(home / "coop.toml")) as store:
        return store.active_packages()


def test_from_a_folder_to_work_and_back(home: Path, network: bytes) -> None:
    for version in ("1", "2"):
        made = package(home / f"made-{version}", network, version)
        assert f"Installed hens-{version}" in coop(home, "install", str(made)).output
        assert f"now uses hens-{version}" in coop(home, "use", f"hens-{version}").output
    assert active(home) == {"hens": "hens-2"}
    assert "now uses hens-1 again" in coop(home, "rollback", "hens").output
    rows = [json.loads(line) for line in coop(home, "list", "--json").output.splitlines()]
    assert [(row["package"], row["right"], row["use"]) for row in rows] == [
        ("hens-1", "95.7%", "at work"),
        ("hens-2", "95.7%", ""),
    ]


def test_a_card_is_shown_by_package_task_and_folder(home: Path, network: bytes) -> None:
    made = package(home / "made", network)
    for name in (str(made), "hens-1", "hens"):
        if name == "hens-1":
            coop(home, "install", str(made))
            coop(home, "use", "hens-1")
        shown = coop(home, "show", name).output
        assert "hens 1, for the task hens" in shown and "infrared" in shown and "Agnes: 90%" in shown


def test_installing_again_is_harmless_but_another_one_of_that_name_is_refused(
    home: Path, network: bytes
) -> None:
    coop(home, "install", str(package(home / "made", network)))
    assert coop(home, "install", str(home / "made")).exit_code == 0
    other = package(home / "other", network, measured={"held_out_accuracy": 0.5})
    result = coop(home, "install", str(other))
    assert isinstance(result.exception, ModelPackageError)
    assert "another package is installed as hens-1" in str(result.exception)


def test_a_package_takes_its_report_along(home: Path, network: bytes) -> None:
    made = package(home / "made", network, trained_on={"answers": {"Agnes": 30, "Berta": 12}})
    report = home / "made-report"
    report.mkdir()
    (report / "report.html").write_text("a page")
    assert coop(home, "install", str(made)).exit_code == 0
    assert (home / "data" / "reports" / "hens-1" / "report.html").read_text() == "a page"
    shown = coop(home, "show", "hens-1").output
    assert "Agnes 30, Berta 12" in shown and "{" not in shown


def test_what_is_no_package_is_never_put_to_work(home: Path, network: bytes) -> None:
    made = package(home / "made", network)
    (made / "model.tflite").write_bytes(b"something else")
    assert isinstance(coop(home, "install", str(made)).exception, ModelPackageError)
    assert not (home / "data" / "models" / "hens-1").exists()
    result = coop(home, "use", "hens-7")
    assert "no such package or task. Installed are: none" in str(result.exception)
    elsewhere = package(home / "elsewhere", network)
    assert "Install it first" in str(coop(home, "use", str(elsewhere)).exception)
    assert active(home) == {}


def test_a_rollback_to_a_damaged_package_leaves_the_good_one_at_work(home: Path, network: bytes) -> None:
    for version in ("1", "2"):
        coop(home, "install", str(package(home / f"made-{version}", network, version)))
        coop(home, "use", f"hens-{version}")
    (home / "data" / "models" / "hens-1" / "model.tflite").unlink()
    assert isinstance(coop(home, "rollback", "hens").exception, ModelPackageError)
    assert active(home) == {"hens": "hens-2"}
    rows = [json.loads(line) for line in coop(home, "list", "--json").output.splitlines()]
    assert rows[0]["use"] == "model.tflite is missing"


def test_nothing_is_there_yet(home: Path) -> None:
    assert "No model packages yet" in coop(home, "list").output
    assert "no earlier model package" in str(coop(home, "rollback", "hens").exception)
