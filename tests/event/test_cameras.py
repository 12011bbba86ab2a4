"""A camera's loss and return are told once each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coop.domain.event import CameraBack, CameraLost, Event
from coop.domain.health import CameraState, CameraStatus
from coop.event.cameras import CameraRule

START = datetime(2026, 5, 1, 7, tzinfo=UTC)


def status(state: CameraState, problem: str = "") -> CameraStatus:
    return CameraStatus(
        camera="run", state=state, fps=0, dropped=0, reconnects=0, last_frame=None, problem=problem
    )


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_lost_and_back_are_told_once_each() -> None:
    rule = CameraRule("run", lost_after=timedelta(seconds=30))
    events = []
    for second in range(0, 200):
        lost = 20 <= second < 120
        state = status(CameraState.LOST, "no frame") if lost else status(CameraState.LIVE)
        event = rule.update(state, at(second))
        events += [event] if event else []
    lost_event, back = events
    assert isinstance(lost_event, CameraLost)
    assert (lost_event.time, lost_event.reason) == (at(50), "no frame")
    assert isinstance(back, CameraBack)
    assert (back.time, back.away) == (at(120), timedelta(seconds=70))


def test_a_short_hiccup_is_not_told() -> None:
    rule = CameraRule("run", lost_after=timedelta(seconds=30))
    states = [CameraState.LIVE, CameraState.LOST, CameraState.CONNECTING, CameraState.LIVE]
    assert [rule.update(status(s), at(10 * n)) for n, s in enumerate(states)] == [None] * 4


def test_a_camera_lost_before_a_restart_is_not_told_again_but_its_return_is() -> None:
    rule = CameraRule("run", lost_after=timedelta(seconds=30), lost_since=at(-600))
    assert rule.update(status(CameraState.LOST), at(100)) is None
    assert isinstance(rule.update(status(CameraState.LIVE), at(101)), CameraBack)


def test_a_recording_that_ended_is_not_lost() -> None:
    rule = CameraRule("run", lost_after=timedelta(seconds=30))
    assert [rule.update(status(CameraState.ENDED), at(100 * n)) for n in range(3)] == [None] * 3


def test_a_clock_set_back_does_not_lose_a_camera_at_once_nor_never() -> None:
    rule = CameraRule("run", lost_after=timedelta(seconds=30))
    rule.update(status(CameraState.LOST), at(0))
    assert rule.update(status(CameraState.LOST), at(-86400)) is None
    assert isinstance(rule.update(status(CameraState.LOST), at(-86400 + 30)), CameraLost)


def test_a_clock_set_forward_loses_no_camera_that_is_only_connecting() -> None:
    rule = CameraRule("run", lost_after=timedelta(seconds=30))
    year = 365 * 86400
    assert rule.update(status(CameraState.CONNECTING), at(0)) is None
    assert rule.update(status(CameraState.CONNECTING), at(year)) is None
    assert rule.update(status(CameraState.CONNECTING), at(year + 29)) is None
    assert isinstance(rule.update(status(CameraState.LOST), at(year + 30)), CameraLost)


def test_a_loss_soon_after_another_is_told_once_more_when_it_lasts() -> None:
    """Its first telling changed a message without a sound."""
    rule = CameraRule("run", lost_after=timedelta(seconds=30))
    told = []
    for second in range(0, 3 * 3600, 10):
        live = second < 60 or 120 <= second < 300
        event = rule.update(status(CameraState.LIVE if live else CameraState.LOST), at(second))
        told += [(event.name, second)] if event else []
    assert told == [("CameraLost", 90), ("CameraBack", 120), ("CameraLost", 330), ("CameraLost", 330 + 1800)]


def test_a_restart_does_not_forget_that_a_loss_is_to_be_told_once_more() -> None:
    where = {"camera": "run", "place": "run", "subject": "run"}
    lost = CameraLost(**where, time=at(-100), reason="")
    before = [
        CameraLost(**where, time=at(-900), reason=""),
        CameraBack(**where, time=at(-300), away=timedelta(minutes=10)),
        lost,
    ]

    def told(events: list[Event]) -> list[int]:
        rule = CameraRule("run", lost_after=timedelta(seconds=30))
        rule.restore(events)
        seconds = range(0, 2 * 3600, 100)
        return [second for second in seconds if rule.update(status(CameraState.LOST), at(second))]

    assert told(before) == [1700]
    assert told([*before, replace(lost, time=at(-50))]) == [], "it was told already"
    assert told([lost]) == [], "a first loss was told with a sound"
