import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.frame.rate import RateLimit


@given(
    gaps=st.lists(st.floats(0.001, 3.0), min_size=1, max_size=200), fps=st.sampled_from([0.5, 1.0, 5.0, 12.0])
)
def test_never_more_on_average_than_asked_for(gaps: list[float], fps: float) -> None:
    limit, now, passed = RateLimit(fps), 0.0, 0
    for gap in gaps:
        passed += limit.due(now)
        now += gap
    assert passed <= now * fps + 2


@pytest.mark.parametrize(
    ("camera", "asked", "expected"), [(30, 5, 50), (12.5, 5, 50), (10, 10, 100), (4, 5, 40)]
)
def test_an_even_camera_is_thinned_to_what_was_asked(camera: float, asked: float, expected: int) -> None:
    limit = RateLimit(asked)
    passed = sum(limit.due(number / camera) for number in range(int(camera * 10)))
    assert abs(passed - expected) <= 1


def test_a_camera_that_jitters_is_not_thinned_below_its_own_pace() -> None:
    limit = RateLimit(10)
    jitter = (0.0, -0.03, 0.02, -0.01, 0.03)
    assert all(limit.due(number / 10 + jitter[number % 5]) for number in range(100))


def test_no_limit_lets_everything_through() -> None:
    limit = RateLimit(None)
    assert all(limit.due(seconds) for seconds in (0.0, 0.0, 0.001, 0.0011))


@pytest.mark.parametrize("fps", [0, -1, float("nan")])
def test_an_impossible_rate_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        RateLimit(fps)
