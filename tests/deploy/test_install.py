"""install.sh into a folder of its own: what it lays out, what it leaves alone, what it refuses."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Install = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def install(checkout: Path, tmp_path: Path) -> Install:
    """Runs install.sh below tmp_path, without pip and without anything that needs the system."""

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(checkout / "deploy" / "install.sh"), "--root", str(tmp_path), "--no-pip", *more]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


def layout(root: Path) -> dict[str, int]:
    return {
        str(file.relative_to(root)): stat.S_IMODE(file.stat().st_mode)
        for file in root.rglob("*")
        if file.is_file()
    }


def test_what_it_lays_out(install: Install, tmp_path: Path, checkout: Path) -> None:
    done = install()
    assert done.returncode == 0, done.stderr
    assert layout(tmp_path) == {
        "etc/neurocoop/coop.toml": 0o640,
        "etc/neurocoop/telegram-token": 0o640,
        "etc/systemd/system/coop-nightly.service": 0o644,
        "etc/systemd/system/coop-nightly.timer": 0o644,
        "etc/systemd/system/coop.service": 0o644,
        "usr/local/bin/coop": 0o755,
    }
    assert stat.S_IMODE((tmp_path / "etc/neurocoop").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "var/lib/neurocoop").stat().st_mode) == 0o750
    unit = (tmp_path / "etc/systemd/system/coop.service").read_text()
    assert unit == (checkout / "deploy/coop.service").read_text()


def test_a_second_time_keeps_what_the_keeper_wrote(install: Install, tmp_path: Path) -> None:
    install()
    settings, token = tmp_path / "etc/neurocoop/coop.toml", tmp_path / "etc/neurocoop/telegram-token"
    settings.write_text("mine")
    token.write_text("secret")
    (tmp_path / "usr/local/bin/coop").write_text("old")
    done = install()
    assert done.returncode == 0, done.stderr
    assert (settings.read_text(), token.read_text()) == ("mine", "secret")
    assert (tmp_path / "usr/local/bin/coop").read_text() != "old"
    assert "kept" in done.stdout


def test_another_prefix_is_in_unit_and_command(install: Install, tmp_path: Path) -> None:
    assert install("--prefix", "/srv/hen-watch").returncode == 0
    assert (
        "ExecStart=/srv/hen-watch/bin/coop run" in (tmp_path / "etc/systemd/system/coop.service").read_text()
    )
    nightly = (tmp_path / "etc/systemd/system/coop-nightly.service").read_text()
    assert "ExecStart=/srv/hen-watch/bin/coop nightly" in nightly
    command = (tmp_path / "usr/local/bin/coop").read_text()
    assert "/srv/hen-watch/bin/coop" in command
    assert "/opt/" not in command


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prefix", "relative"), "--prefix must be an absolute path. Received: relative"),
        (("--prefix", "/x y"), "--prefix may hold letters"),
        (("--prefix",), "--prefix needs a value"),
        (("--python", "/nowhere/python"), "/nowhere/python is not Python 3.11 or newer"),
        (("--nope",), "unknown option --nope"),
    ],
)
def test_what_it_refuses(install: Install, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    done = install(*options)
    assert done.returncode == 1
    assert message in done.stderr
    assert layout(tmp_path) == {}


def test_the_command_runs_as_the_services_user_with_its_settings(
    install: Install, tmp_path: Path, checkout: Path
) -> None:
    """`id` and `runuser` are stood in for: root is to become neurocoop, and neurocoop runs the program."""
    program = tmp_path / "opt" / "bin" / "coop"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$XDG_CONFIG_HOME $XDG_DATA_HOME $CREDENTIALS_DIRECTORY $*"\n')
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir()
    (stand_ins / "runuser").write_text('#!/bin/sh\nshift 3\necho "as $AS"\nexec "$@"\n')
    (stand_ins / "id").write_text('#!/bin/sh\n[ "$1" = -u ] && echo 0 || echo "$WHO"\n')
    for file in (program, *stand_ins.iterdir()):
        file.chmod(0o755)
    install("--prefix", str(tmp_path / "opt"))
    path = f"{stand_ins}:{os.environ['PATH']}"
    outputs = [
        subprocess.run(
            [tmp_path / "usr/local/bin/coop", "check", "two words"],
            env={"PATH": path, "WHO": who, "AS": "neurocoop"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for who in ("root", "neurocoop")
    ]
    own = "/etc /var/lib /etc/neurocoop check two words\n"
    assert outputs == [f"as neurocoop\n{own}", own]


def test_help(checkout: Path) -> None:
    command = ["sh", str(checkout / "deploy" / "install.sh"), "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(option in text for option in ("--root", "--prefix", "--python", "--train", "--no-pip"))
