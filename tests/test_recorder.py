"""Findings wait, in order, while the store cannot write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coop.domain.event import PredatorSeen
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.notification import Notification
from coop.domain.picture import NewPicture, PictureKind
from coop.errors import StoreUnavailable
from coop.recorder import MOST_WAITING_WITH_PICTURES, Recorder

NOW = datetime(2026, 5, 1, 7, tzinfo=UTC)


class Disk:
    """A store whose disk can be full."""

    def __init__(self) -> None:
        self.full = False
        self.records: list[tuple[Findings, datetime]] = []

    def record(self, findings: Findings, now: datetime) -> bool:
        if self.full:
            raise StoreUnavailable("data", "the disk is full", "Free some space.")
        self.records.append((findings, now))
        return True


def compose(event: RecordedEvent) -> tuple[Notification, ...]:
    return (Notification(key=event.event.key, chat="1", text="a fox", picture=event.picture),)


def fox(minute: int) -> Findings:
    time = NOW + timedelta(minutes=minute)
    event = PredatorSeen(time=time, camera="run", place="run", subject="fox")
    picture = NewPicture(
        key=f"p{minute}", kind=PictureKind.FRAME, data=b"jpeg", suffix=".jpg", camera="run", time=time,
        width=1, height=1,
    )  # fmt: skip
    return Findings(pictures=(picture,), events=(RecordedEvent(event=event, picture=picture.key),))


def test_messages_are_recorded_together_with_their_event() -> None:
    disk = Disk()
    Recorder(disk, compose)(fox(0), NOW)
    ((findings, now),) = disk.records
    assert now == NOW
    assert [n.key for n in findings.notifications] == [findings.events[0].event.key]


def test_what_could_not_be_written_is_written_later_in_order_with_its_own_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = Disk()
    recorder = Recorder(disk, compose)
    disk.full = True
    for minute in range(3):
        recorder(fox(minute), NOW + timedelta(minutes=minute))
    assert recorder.waiting == 3
    assert "the disk is full" in caplog.text
    disk.full = False
    recorder(fox(3), NOW + timedelta(minutes=3))
    assert [now for _, now in disk.records] == [NOW + timedelta(minutes=m) for m in range(4)]
    assert recorder.waiting == 0


def test_a_retry_without_new_findings_writes_what_waits() -> None:
    disk = Disk()
    recorder = Recorder(disk, compose)
    disk.full = True
    recorder(fox(0), NOW)
    disk.full = False
    recorder.retry()
    assert len(disk.records) == 1


def test_a_long_outage_keeps_every_fact_but_only_the_newest_pictures() -> None:
    disk = Disk()
    recorder = Recorder(disk, compose)
    disk.full = True
    for minute in range(MOST_WAITING_WITH_PICTURES + 5):
        recorder(fox(minute), NOW)
    disk.full = False
    recorder.retry()
    with_pictures = [bool(findings.pictures) for findings, _ in disk.records]
    assert with_pictures == [False] * 5 + [True] * MOST_WAITING_WITH_PICTURES
    lightened = disk.records[0][0]
    assert lightened.events[0].event == fox(0).events[0].event
    assert lightened.events[0].picture is None
    assert lightened.notifications == (replace(compose(fox(0).events[0])[0], picture=None),)
