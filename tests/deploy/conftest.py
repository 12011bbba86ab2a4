"""What the tests of the installation share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import missing_part

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
            missing_part(f"{name} is not installed; tests/setup-system.sh installs it")
        return path

    return found
