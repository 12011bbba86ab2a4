"""The example file: it works as written, and everything that it says is true."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import pytest

from coop.errors import SettingsError
from coop.init import SIMULATED, example_toml, write_example
from coop.settings import Settings, load_settings

DEPLOYED = Path(__file__).resolve().parents[2] / "deploy" / "coop.toml"


def uncommented(text: str) -> str:
    return re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)


def test_the_file_works_as_written_and_changes_no_default(home: Path) -> None:
    file = home / "work" / "coop.toml"
    write_example(file)
    settings = load_settings()
    assert settings.cameras["simulated"].url.get_secret_value() == SIMULATED
    assert settings == Settings.model_validate({"cameras": {"simulated": {"url": SIMULATED}}})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_key_that_it_shows_exists_and_every_default_is_the_real_one(home: Path) -> None:
    text = re.sub(r"^token_file = .*$", "", uncommented(example_toml()), flags=re.MULTILINE)
    shown = Settings.model_validate(tomllib.loads(text))
    for name in ("motion", "track", "events", "retention", "schedule", "log"):
        assert getattr(shown, name) == getattr(Settings(), name), name
    given = {"url": shown.cameras["run"].url, "zones": shown.cameras["run"].zones}
    real = shown.cameras["run"].model_copy(update={"privacy_masks": (), "ignore_masks": (), "main_url": None})
    assert real == Settings.model_validate({"cameras": {"run": given}}).cameras["run"]


def test_every_key_there_is_is_shown() -> None:
    shown = tomllib.loads(uncommented(example_toml()))
    tree = Settings.model_fields
    assert set(shown) == set(tree)
    for name in set(tree) - {"data_dir", "timezone", "cameras"}:
        section = type(tree[name].default)
        assert set(shown[name]) == set(section.model_fields), name
    camera = shown["cameras"]["run"]
    assert set(camera) == set(type(Settings.model_validate(shown_camera(camera)).cameras["run"]).model_fields)


def shown_camera(camera: object) -> dict[str, object]:
    return {"cameras": {"run": camera}}


def test_an_existing_file_is_never_touched(home: Path) -> None:
    file = home / "coop.toml"
    file.write_text("mine")
    with pytest.raises(SettingsError, match="exists already"):
        write_example(file)
    assert file.read_text() == "mine"


def test_a_missing_folder_is_told(home: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written: No such file or directory"):
        write_example(home / "nowhere" / "coop.toml")


def test_the_deployed_file_is_the_same() -> None:
    remedy = "python -c \"from coop.init import example_toml as e; print(e(), end='')\" > deploy/coop.toml"
    assert DEPLOYED.read_text(encoding="utf-8") == example_toml(), remedy


def test_no_line_is_too_long_to_read() -> None:
    assert max(map(len, example_toml().splitlines())) <= 120
