import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.box import Box
from coop.track.course import Course


def walked(course: Course, steps: int, dt: float, speed: float) -> None:
    for step in range(1, steps + 1):
        course.advance(dt)
        course.correct(Box(100 + round(speed * dt * step), 100, 60, 40))


def test_a_course_learns_the_speed() -> None:
    course = Course(Box(100, 100, 60, 40))
    walked(course, steps=20, dt=0.1, speed=100)

    course.advance(0.3)

    assert course.box.x == pytest.approx(100 + 100 * 2.3, abs=8)
    assert course.box.y == pytest.approx(100, abs=2)


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.25])
def test_the_prediction_is_the_same_at_every_frame_rate(dt: float) -> None:
    course = Course(Box(100, 100, 60, 40))
    walked(course, steps=round(2 / dt), dt=dt, speed=100)

    course.advance(0.5)

    assert course.box.x == pytest.approx(345, abs=12)


def test_a_long_gap_does_not_carry_it_away() -> None:
    course = Course(Box(100, 100, 60, 40))
    walked(course, steps=20, dt=0.1, speed=100)

    course.advance(3600)

    assert course.box.x < 100 + 200 + 100 * 1.5 + 10


def test_doubt_grows_while_it_is_not_seen_and_falls_when_it_is() -> None:
    course = Course(Box(100, 100, 60, 40))
    course.advance(0.1)
    course.correct(Box(100, 100, 60, 40))
    sure = course.uncertainty

    course.advance(1)
    doubtful = course.uncertainty
    course.correct(Box(110, 100, 60, 40))

    assert doubtful > 2 * sure
    assert course.uncertainty < doubtful


@given(
    st.lists(st.tuples(st.floats(0, 1e7), st.integers(-50, 700), st.integers(1, 300)), max_size=30),
)
def test_whatever_happens_there_is_a_box(steps: list[tuple[float, int, int]]) -> None:
    course = Course(Box(100, 100, 60, 40))

    for dt, at, size in steps:
        course.advance(dt)
        assert course.box.area > 0
        assert course.uncertainty > 0
        course.correct(Box(at, at, size, size))
