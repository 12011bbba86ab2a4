"""Documents that cannot rot: what they name exists, and what exists is named."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from coop.cli.main import app
from coop.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("coop", "labeling", "training", "deploy", "tests")
READMES = [ROOT / "README.md", *(ROOT / folder / "README.md" for folder in FOLDERS)]
LATER = "later version"
"""A line with these words tells of a command that does not exist yet."""
MADE_LATER = {"coop.toml", "coop.db", "model.tflite", "card.json", "telegram-token", "export.json"}
"""Files that the program or its user makes."""
MADE_BELOW = ("/", "~", "media/", "models/", "backups/", "messages/", "demo-output/", "../", "...")
"""Where a path is of the machine the watch runs on, not of this project."""

readmes = pytest.mark.parametrize("readme", READMES, ids=lambda file: str(file.relative_to(ROOT)))


def root_command() -> TyperGroup:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def commands(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command by the words that call it, groups left out."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            if command.invoke_without_command:
                yield before + name, command
            yield from commands(command, f"{before}{name} ")
        else:
            assert isinstance(command, TyperCommand)
            yield before + name, command


COMMANDS = dict(commands(root_command()))


def code_in(text: str) -> Iterator[tuple[str, str]]:
    """Every piece of code with the line that it stands in: indented blocks, and what is between backticks."""
    for line in text.splitlines():
        if line.startswith("    "):
            yield line.strip(), line
        else:
            yield from ((code, line) for code in re.findall(r"`([^`]+)`", line))


def called(code: str) -> Iterator[str]:
    """What follows the word `coop` where it calls the command."""
    for match in re.finditer(r"(?<![\w/.=:-])coop (?=[a-z-])", code):
        yield re.split(r" / |[`|;#)]|\s{2,}", code[match.end() :])[0].strip()


def complaint(call: str) -> str | None:
    """What is wrong with the words after `coop`; None if nothing is."""
    words = call.split()
    name = next(
        (known for known in sorted(COMMANDS, key=len, reverse=True) if f"{call} ".startswith(f"{known} ")),
        None,
    )
    if name is None:
        return None if words[0] in ("--help", "--version") else "no such command"
    known = {
        option
        for parameter in COMMANDS[name].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    unknown = [word for word in words if word.startswith("-") and word not in known | {"--help"}]
    return f"no such option {unknown}" if unknown else None


def test_the_complaints_are_real() -> None:
    """The checks below would pass on anything if these did not fail."""
    assert complaint("rum") == "no such command"
    assert complaint("restore x.tar.gz --force") == "no such option ['--force']"
    assert complaint("db upgrade --config x.toml") is None
    assert list(called("sudo make x && coop pair --minutes 5  # a code")) == ["pair --minutes 5"]
    assert list(called("coop init / coop check")) == ["init", "check"]
    assert list(called("2026 INFO coop.app: Watching, podman build -t neurocoop .")) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_shows_every_command(name: str) -> None:
    assert any(
        call == name or call.startswith(f"{name} ")
        for code, _ in code_in(READMES[0].read_text())
        for call in called(code)
    )


@readmes
def test_every_command_that_is_named_exists(readme: Path) -> None:
    for code, line in code_in(readme.read_text(encoding="utf-8")):
        for call in called(code):
            problem = complaint(call)
            if LATER in line:
                assert problem == "no such command", f"coop {call}: it exists now, so {line!r} is out of date"
            else:
                assert problem is None, f"coop {call}: {problem}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    silent = [p.name for p in command.params if not getattr(p, "help", None)]
    assert silent == []


def make_targets() -> dict[str, str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z-]+):.*?##\s+(.+)$", makefile, re.MULTILINE))


@readmes
def test_every_make_target_that_is_named_exists(readme: Path) -> None:
    for code, _ in code_in(readme.read_text(encoding="utf-8")):
        for target in re.findall(r"^(?:\$ )?make ([a-z][a-z-]*)", code):
            assert target in make_targets(), f"make {target}"


def test_every_make_target_is_always_run_and_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(make_targets())


def named_paths(text: str) -> Iterator[str]:
    """Paths in links and pictures, and between backticks where they look like one."""
    for link, picture in re.findall(r'\]\(([^)#:]+)\)|src="([^":]+)"', text):
        yield link or picture
    for code, _ in code_in(text):
        for word in code.split():
            if re.fullmatch(
                r"[\w.*-]*(/[\w.*-]+)*(/|\.(py|md|toml|sh|json|tflite|db|service|html|jpg|txt))", word
            ):
                yield word


@readmes
def test_every_path_that_is_named_exists(readme: Path) -> None:
    missing = []
    for path in named_paths(readme.read_text(encoding="utf-8")):
        if path in MADE_LATER or path.startswith(MADE_BELOW):
            continue
        if not any(any(base.glob(path.rstrip("/"))) for base in (readme.parent, ROOT)):
            missing.append(path)
    assert missing == []


def test_a_missing_path_would_be_found() -> None:
    found = list(
        named_paths("[a](b/c.md) `gone.py` `tests/` `word` `a.b`\n    sudo deploy/install.sh --root DIR\n")
    )
    assert found == ["b/c.md", "gone.py", "tests/", "deploy/install.sh"]


def test_the_settings_that_the_readme_shows_can_be_used() -> None:
    section = READMES[0].read_text(encoding="utf-8").partition("## Settings in ten lines\n")[2]
    block = re.search(r"(?:^ {4}.*\n)+", section, re.MULTILINE)
    assert block is not None
    lines = textwrap.dedent(block[0])
    assert len(lines.splitlines()) <= 10
    Settings.model_validate(tomllib.loads(lines))


def test_the_readme_gives_a_reason_for_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[\[<>=]", wanted)[0] for wanted in project["dependencies"]}
    table = (
        READMES[0]
        .read_text(encoding="utf-8")
        .partition("## Dependencies")[2]
        .partition("\n\nThe distribution")[0]
    )
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])} == needed
    assert set(project["optional-dependencies"]) <= set(re.findall(r"`([^`]+)`", table))


def test_every_message_that_the_readme_quotes_is_one_of_ours() -> None:
    table = READMES[0].read_text(encoding="utf-8").partition("| symptom")[2].partition("\n\n")[0]
    ours = "\n".join(
        file.read_text(encoding="utf-8") for file in [*(ROOT / "coop").rglob("*.py"), ROOT / "Makefile"]
    ).lower()
    quoted = re.findall(r'"([^"]+)"', table)
    assert quoted
    parts = [part.strip().lower() for sentence in quoted for part in sentence.split("…")]
    assert [part for part in parts if part not in ours] == []


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(READMES[0].read_text(encoding="utf-8").splitlines()) <= 260


@readmes
def test_every_folder_says_what_flows_in_and_out(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    if readme.parent != ROOT:
        assert re.search(r"\bIn\b", text), "what flows in"
        assert re.search(r"\bout\b", text, re.IGNORECASE), "what flows out"
        assert re.search(r"^    (sudo|make|coop)\b", text, re.MULTILINE), "one command"


def test_the_change_log_knows_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["version"]
