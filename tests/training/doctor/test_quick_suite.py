"""A few of the planted faults, and healthy programs; all of them are in `python -m bench.doctor`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from bench.doctor.planted import PROGRAMS, faults, held_out

pytestmark = pytest.mark.train
FLOORS = tomllib.loads((Path(__file__).parent / "floors.toml").read_text(encoding="utf-8"))
QUICK = FLOORS["quick"]


@pytest.fixture(scope="module")
def ward(doctor: Any) -> Any:
    from bench.doctor import ward

    return ward


@pytest.mark.parametrize(("program", "name"), QUICK["faults"])
@pytest.mark.filterwarnings("default")  # the programs are strangers'
def test_a_planted_fault_is_called_by_its_name(ward: Any, program: str, name: str) -> None:
    [fault] = [fault for fault in faults() if (fault.program, fault.name) == (program, name)]
    examined = ward.examine_text(fault.ill())
    assert fault.kinds & examined.kinds, examined.findings


@pytest.mark.parametrize("program", QUICK["healthy"])
@pytest.mark.filterwarnings("default")
def test_a_healthy_program_has_no_error(ward: Any, program: str) -> None:
    twin = next(fault for fault in faults() if fault.program == program).healthy()
    examined = ward.examine_text(twin)
    assert examined.status == 0
    assert examined.score >= QUICK["healthy"][program]
    assert examined.errors == set(), examined.findings


def test_the_table_is_large_enough_and_every_edit_fits() -> None:
    table = faults()
    assert len(table) >= 60
    assert len({fault.ill() for fault in table}) == len(table)
    assert all(fault.ill() != fault.healthy() for fault in table)
    assert {file.stem for file in PROGRAMS.glob("*.py")} == {fault.program for fault in table}
    assert len(held_out()) == 2 and held_out() <= {fault.program for fault in table}
