import pytest

from coop.frame.lateness import Lateness

WAIT, AT_ONCE = 0.1, 0.0001


def test_pictures_that_are_waited_for_are_not_late() -> None:
    lateness = Lateness()
    assert [lateness.judge(n / 10, 50 + n / 10, WAIT) for n in range(20)] == [0.0] * 20


def test_what_was_kept_before_the_beginning_has_no_known_age() -> None:
    lateness = Lateness()
    assert [lateness.judge(n / 10, 50.0, AT_ONCE) for n in range(20)] == [None] * 20
    assert lateness.judge(2.0, 50.1, WAIT) == 0.0
    assert lateness.judge(2.1, 50.2, AT_ONCE) == pytest.approx(0.0, abs=0.01)


def test_a_heap_after_a_stall_is_as_late_as_it_is() -> None:
    lateness = Lateness()
    for n in range(20):
        lateness.judge(n / 10, 50 + n / 10, WAIT)
    late = [lateness.judge(n / 10, 55.0, AT_ONCE) for n in range(20, 50)]
    assert late == pytest.approx([5 - n / 10 for n in range(20, 50)])


def test_a_camera_whose_clock_goes_wrong_is_believed_when_it_is_waited_for() -> None:
    """It counts 25 pictures a second, and sends 10."""
    lateness = Lateness()
    assert {lateness.judge(n / 25, 50 + n / 10, WAIT) for n in range(500)} == {0.0}


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_camera_whose_clock_is_set(jump: float) -> None:
    lateness = Lateness()
    for n in range(20):
        lateness.judge(n / 10, 50 + n / 10, WAIT)
    late = [lateness.judge(jump + n / 10, 50 + n / 10, AT_ONCE) for n in range(20, 40)]
    assert late == pytest.approx([0.0] * 20)


def test_a_clock_that_drifts_is_followed() -> None:
    """A hundredth too slow: after an hour it would be 36 s late."""
    lateness = Lateness()
    late = [lateness.judge(0.99 * n / 10, n / 10, WAIT if n % 2 else AT_ONCE) for n in range(36_000)]
    assert max(one for one in late[2:] if one is not None) < 1.0


def test_pictures_that_carry_no_time() -> None:
    lateness = Lateness()
    assert lateness.judge(None, 50.0, AT_ONCE) is None
    assert lateness.judge(None, 50.1, WAIT) == 0.0
    assert lateness.judge(None, 50.1, AT_ONCE) == 0.0
