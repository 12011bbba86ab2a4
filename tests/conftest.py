"""Fixtures that every test folder shares."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

# Runners set a width of their own, which daemons and commands under test would inherit.
for variable in ("COLUMNS", "LINES"):
    os.environ.pop(variable, None)

# Started in the background, this process ignores Ctrl-C, and so would every command that a test ends with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the machine's affair: a busy one must fail no test.
settings.register_profile("coop", deadline=None)
settings.load_profile("coop")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real pictures and videos: $COOP_TEST_DATA, by default ../shared/data."""
    folder = Path(os.environ.get("COOP_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        missing_part(f"the real pictures are not at {folder}; set COOP_TEST_DATA")
    return folder


def missing_part(what: str) -> NoReturn:
    """Skip with a clear reason on a person's machine; in CI an absence is a failure."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"CI needs it: {what}")
    pytest.skip(what)


@pytest.fixture
def need() -> Callable[[str | None], None]:
    """Call it with what a fake server says is missing; None is nothing."""

    def check(missing: str | None) -> None:
        if missing is not None:
            missing_part(missing)

    return check
