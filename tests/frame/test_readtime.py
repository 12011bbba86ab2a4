import pytest

from coop.frame.readtime import Read, ReadTimes


def judged(*took_s: float) -> list[Read]:
    times = ReadTimes(timeout_s=10)
    return [times.judge(took) for took in took_s]


def test_a_quick_stream_is_fresh() -> None:
    assert set(judged(0.1, 0.2, 0.0, 3.0)) == {Read.FRESH}


def test_the_picture_after_a_long_silence_is_an_old_one() -> None:
    assert judged(0.1, 7.0, 0.1) == [Read.FRESH, Read.STALE, Read.FRESH]


def test_a_camera_that_is_always_slow_is_only_slow() -> None:
    assert judged(0.1, 7.0, 7.0, 7.0) == [Read.FRESH, Read.STALE, Read.FRESH, Read.FRESH]


def test_the_first_read_may_wait_for_a_key_frame() -> None:
    assert judged(8.0) == [Read.FRESH]


@pytest.mark.parametrize("took_s", [9.5, 10.0, 90.0])
def test_a_read_as_long_as_the_time_out_is_a_stall(took_s: float) -> None:
    assert judged(took_s) == [Read.STALLED]
    assert judged(0.1, took_s)[-1] is Read.STALLED
