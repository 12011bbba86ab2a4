"""What the tests of the installation share."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Finds a program; without it the test is skipped, in CI it fails."""

    def found(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            what = f"{name} is not installed; tests/setup-system.sh installs it"
            if os.environ.get("CI", "").lower() == "true":
                pytest.fail(f"CI needs it: {what}")
            pytest.skip(what)
        return path

    return found
