"""How much of the processor the daemon uses."""

from __future__ import annotations

import os

import pytest

from coop.load import WINDOW_S, Load, processors


class Machine:
    """A clock and a processor that are moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.used = 7.0

    def work(self, seconds: float, share: float) -> None:
        self.now += seconds
        self.used += seconds * share

    def load(self) -> Load:
        return Load(lambda: self.now, lambda: self.used)


def test_before_any_time_has_passed_nothing_is_known() -> None:
    assert Machine().load().share() is None


@pytest.mark.parametrize("share", [0.0, 0.25, 1.5])
def test_the_share_is_that_of_the_time_that_passed(share: float) -> None:
    machine = Machine()
    load = machine.load()
    for _ in range(30):
        machine.work(1, share)
        assert load.share() == pytest.approx(share)


def test_what_is_long_ago_does_not_count() -> None:
    machine = Machine()
    load = machine.load()
    machine.work(3600, 1.0)
    load.share()
    shares = []
    for _ in range(round(WINDOW_S)):
        machine.work(1, 0.0)
        shares.append(load.share())
    assert shares == sorted(shares, key=lambda share: -(share or 0))
    assert shares[-1] == pytest.approx(0.0)


def test_this_process_works_when_it_works() -> None:
    machine = Machine()
    load = Load(lambda: machine.now)
    machine.now += 1
    while (load.share() or 0) < 0.01:
        sum(range(10_000))


def test_only_processors_that_may_be_used_count() -> None:
    allowed = os.sched_getaffinity(0)
    assert processors() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)
