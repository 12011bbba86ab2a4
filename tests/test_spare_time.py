"""Spare time: what one kind of work may take of the processors."""

import pytest

from coop.spare_time import SpareTime


class Clocks:
    """The time of day, and the processor time of the thread."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.used = 0.0

    def spare(self, share: float, threads: int = 1) -> SpareTime:
        return SpareTime(share, threads=threads, monotonic=lambda: self.passed, processor=lambda: self.used)


def test_work_waits_until_what_was_spent_has_come_back() -> None:
    clocks = Clocks()
    spare = clocks.spare(0.5)
    assert spare.is_left()
    with spare.spending():
        clocks.used += 1.5  # begun with half a second left, and finished all the same
    clocks.passed += 1.9
    assert not spare.is_left()
    clocks.passed += 0.2
    assert spare.is_left()


def test_what_was_not_used_for_long_is_not_kept() -> None:
    clocks = Clocks()
    spare = clocks.spare(0.5)
    clocks.passed += 3600
    assert spare.is_left()
    with spare.spending():
        clocks.used += 0.6
    assert not spare.is_left()


def test_what_other_threads_do_meanwhile_is_paid_for_too() -> None:
    """`classify.threads = 4`: four processors reckon, of which the clock of the caller's thread shows one."""
    clocks = Clocks()
    spare = clocks.spare(1.0, threads=4)
    with spare.spending():
        clocks.used += 0.5
    clocks.passed += 0.9
    assert not spare.is_left()
    clocks.passed += 0.2
    assert spare.is_left()


def test_work_that_fails_is_paid_for_too() -> None:
    clocks = Clocks()
    spare = clocks.spare(0.5)
    with pytest.raises(ValueError, match="broken"), spare.spending():
        clocks.used += 0.6
        raise ValueError("broken")
    assert not spare.is_left()


def test_no_share_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        SpareTime(0)
