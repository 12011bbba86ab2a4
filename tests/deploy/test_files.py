"""The shell scripts, the container file and the README agree with what is there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [*sorted((ROOT / "deploy").glob("*.sh")), ROOT / "tests" / "setup-system.sh"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_are_clean(script: Path, tool: Callable[[str], str]) -> None:
    checked = subprocess.run([tool("shellcheck"), str(script)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert os.access(script, os.X_OK)


def test_pip_understands_the_constraints(checkout: Path) -> None:
    """pip refuses a constraints file with anything but pins, a path of this machine above all."""
    lines = (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"(#.*)?|[A-Za-z0-9._-]+==[^\s;]+( ?;.*)?", line)]
    assert odd == []
    assert len(lines) > 20


def test_everything_that_the_container_copies_exists(checkout: Path) -> None:
    text = (checkout / "deploy" / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for name in line.split()]
    assert "coop" in copied
    assert [name for name in copied if not (checkout / name).exists()] == []


def test_the_container_finds_settings_where_they_are_put(checkout: Path) -> None:
    text = (checkout / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert "COPY deploy/coop.toml /etc/neurocoop/coop.toml" in text
    assert "XDG_CONFIG_HOME=/etc " in text
    assert "XDG_DATA_HOME=/var/lib " in text
    assert "VOLUME /var/lib/neurocoop" in text


def test_setup_system_is_quick_and_quiet_when_all_is_there(checkout: Path, tmp_path: Path) -> None:
    """dpkg-query is stood in for, so that the answer does not depend on this machine."""
    done = setup_system(checkout, tmp_path, installed="*")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_setup_system_lists_what_is_skipped(checkout: Path, tmp_path: Path) -> None:
    done = setup_system(checkout, tmp_path, installed="ffmpeg")
    assert done.returncode == 0
    assert "  chromium: the labelling page and clips, in a browser\n" in done.stdout
    assert "ffmpeg" not in done.stdout


def test_setup_system_fails_in_ci_where_something_stays_absent(checkout: Path, tmp_path: Path) -> None:
    done = setup_system(checkout, tmp_path, installed="ffmpeg", CI="true")
    assert done.returncode == 1
    assert "nothing may be skipped" in done.stderr


def test_setup_system_elsewhere_than_on_debian(checkout: Path, tmp_path: Path) -> None:
    done = setup_system(checkout, tmp_path, installed=None)
    assert done.returncode == 0
    assert "This is not Debian" in done.stdout
    assert setup_system(checkout, tmp_path, installed=None, CI="true").returncode == 1


def setup_system(
    checkout: Path, folder: Path, *, installed: str | None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs the script with only a few real programs and no way to install anything."""
    programs = folder / "programs"
    if not programs.exists():
        programs.mkdir()
        for name in ("awk", "grep", "paste", "id"):
            (programs / name).symlink_to(f"/usr/bin/{name}")
    query = programs / "dpkg-query"
    query.unlink(missing_ok=True)
    if installed is not None:
        query.write_text(
            '#!/bin/sh\nshift 3\nfor name; do case "$name" in '
            + installed
            + ') echo "installed $name";; esac; done\n'
        )
        query.chmod(0o755)
    command = ["/bin/sh", str(checkout / "tests" / "setup-system.sh")]
    environment = {"PATH": str(programs), **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
