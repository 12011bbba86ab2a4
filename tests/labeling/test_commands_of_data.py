"""`coop label import`, `task`, `version`, `versions`, `diff` and `export` as a keeper types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command import coop
from fakes.pictures import jpeg


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with labelled pictures of twelve days, and a data folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COOP_TIMEZONE", "Europe/London")
    lines = ["path,label,group"]
    for n in range(12):
        (tmp_path / f"201610{n + 1:02}120000.jpg").write_bytes(jpeg(n))
        lines.append(f"201610{n + 1:02}120000.jpg,{'hen' if n % 2 else 'fox'},")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return tmp_path


def test_from_a_folder_of_pictures_to_an_export(home: Path) -> None:
    imported = coop("label", "import", "labels.csv", "--task", "kinds")
    assert imported.status == 0, imported.out + imported.err
    assert "12 pictures found: 12 are new" in imported.words
    assert "12 visits on 12 days" in imported.words
    (task,) = [json.loads(line) for line in coop("label", "task", "list", "--json").out.splitlines()]
    assert (task["task"], task["labelled"], task["classes"]) == ("kinds", 12, "fox, hen")
    made = coop("label", "version", "kinds", "--note", "first")
    assert "Version 1 of kinds: 12 pictures" in made.words
    assert "Nothing has changed since version 1" in coop("label", "version", "kinds").words
    (home / "20161030120000.jpg").write_bytes(jpeg(30))
    (home / "more.csv").write_text("path,label\n20161030120000.jpg,hen\n")
    coop("label", "import", "more.csv", "--task", "kinds")
    second = json.loads(coop("label", "version", "kinds", "--json").out)
    assert (second["version"], second["pictures"]) == (2, 13)
    versions = [json.loads(line) for line in coop("label", "versions", "kinds", "--json").out.splitlines()]
    assert [(each["version"], each["note"]) for each in versions] == [(1, "first"), (2, "")]
    assert "pictures" in coop("label", "versions").words
    diff = json.loads(coop("label", "diff", "kinds", "1", "2", "--json").out)
    assert list(diff["added"].values()) == ["hen"] and diff["moved"] == {}
    assert "1 added" in coop("label", "diff", "kinds", "1", "2").words
    wrote = coop("label", "export", "kinds", "newest", "csv", "out")
    assert "Wrote out: 13 pictures." in wrote.words and "Nothing is lost" in wrote.words
    assert (home / "out" / "labels.csv").is_file()
    assert "Wrote now: 13 pictures." in coop("label", "export", "kinds", "current", "yolo", "now").words


def test_what_cannot_be_is_said_in_a_sentence(home: Path) -> None:
    for command, complaint in (
        (("label", "import", "nowhere", "--task", "kinds"), "there is no such file or folder"),
        (("label", "import", "labels.csv", "--format", "excel"), "--format is one of folder"),
        (("label", "version", "kinds"), "There is no task 'kinds'"),
        (("label", "export", "kinds", "1", "csv", "out"), "There is no task 'kinds'"),
        (("label", "diff", "kinds", "1", "2"), "no dataset version 1"),
    ):
        result = coop(*command)
        assert result.status != 0
        assert complaint in " ".join((result.out + result.err).split()), result.out + result.err
        assert "Traceback" not in result.err
