"""Replays of the real videos: each runs once, and its figures are kept for every test."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fakes.command import Outcome, coop


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One replay: how the command ended, its JSON lines as text, and what they say."""

    outcome: Outcome
    text: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "event" not in line]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "event" in line]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings_file: Path) -> Path:
    """A working folder of its own, and no settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("COOP_")]:
        monkeypatch.delenv(name)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings whose data folder all replays share, so that the starter model is written once."""
    folder = tmp_path_factory.mktemp("replay")
    file = folder / "coop.toml"
    file.write_text(f'data_dir = "{folder / "data"}"\ntimezone = "Europe/Berlin"\n')
    return file


@pytest.fixture(scope="session")
def replayed(
    test_data: Path, settings_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Replayed]:
    """The replay of one of the real videos with the starter model."""

    @cache
    def run(name: str) -> Replayed:
        file = tmp_path_factory.mktemp("json") / "out.jsonl"
        video = test_data / "videos" / name
        outcome = coop("replay", video, "--config", settings_file, "--json", file)
        assert outcome.status == 0, outcome.err
        return Replayed(outcome=outcome, text=file.read_text())

    return run


@pytest.fixture
def rows(tmp_path: Path) -> Callable[[Path], list[dict[str, Any]]]:
    """The lines of a JSON lines file."""
    return lambda file: [json.loads(line) for line in file.read_text().splitlines()]
