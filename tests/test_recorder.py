"""Findings wait, in order, while the store cannot write."""

import errno
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coop.domain.event import PredatorSeen
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.notification import Notification
from coop.domain.picture import NewPicture, PictureKind
from coop.errors import DiskFull, OutputError, StoreCorrupt, StoreUnavailable
from coop.recorder import MOST_WAITING, MOST_WAITING_WITH_PICTURES, Recorder, for_each_event
from coop.trouble import FullDisk

NOW = datetime(2026, 5, 1, 7, tzinfo=UTC)


class Disk:
    """A store whose disk can be full."""

    def __init__(self) -> None:
        self.full = False
        self.records: list[tuple[Findings, datetime]] = []

    def record(self, findings: Findings, now: datetime) -> bool:
        if self.full:
            raise DiskFull("data")
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
    Recorder(disk, for_each_event(compose))(fox(0), NOW)
    ((findings, now),) = disk.records
    assert now == NOW
    assert [n.key for n in findings.notifications] == [findings.events[0].event.key]


def test_what_could_not_be_written_is_written_later_in_order_with_its_own_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = Disk()
    recorder = Recorder(disk, for_each_event(compose))
    disk.full = True
    for minute in range(3):
        recorder(fox(minute), NOW + timedelta(minutes=minute))
    assert recorder.waiting == 3
    assert "the disk is full" in caplog.text
    disk.full = False
    recorder(fox(3), NOW + timedelta(minutes=3))
    recorder.retry()
    assert [now for _, now in disk.records] == [NOW + timedelta(minutes=m) for m in range(4)]
    assert recorder.waiting == 0


def test_a_retry_without_new_findings_writes_what_waits() -> None:
    disk = Disk()
    recorder = Recorder(disk, for_each_event(compose))
    disk.full = True
    recorder(fox(0), NOW)
    disk.full = False
    recorder.retry()
    assert len(disk.records) == 1


def test_what_goes_on_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    disk = Disk()
    recorder = Recorder(disk, for_each_event(compose))
    disk.full = True
    for minute in range(20):
        recorder(fox(minute), NOW)
        recorder.retry()
    disk.full = False
    recorder.retry()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_findings_wait_also_while_the_store_cannot_say_who_is_to_be_told() -> None:
    disk, readable = Disk(), False

    def compose_if_readable(event: RecordedEvent) -> tuple[Notification, ...]:
        if not readable:
            raise StoreCorrupt("coop.db", "it is damaged", "Put back the latest backup.")
        return compose(event)

    recorder = Recorder(disk, for_each_event(compose_if_readable))
    recorder(fox(0), NOW)
    assert (recorder.waiting, disk.records) == (1, [])
    readable = True
    recorder.retry()
    assert [n.key for n in disk.records[0][0].notifications] == [fox(0).events[0].event.key]


def test_findings_that_can_never_be_recorded_hold_up_nothing() -> None:
    class Picky(Disk):
        def record(self, findings: Findings, now: datetime) -> bool:
            if findings.events[0].event.time == NOW:
                raise ValueError("no such thing")
            return super().record(findings, now)

    disk = Picky()
    recorder = Recorder(disk, for_each_event(compose))
    with pytest.raises(ValueError, match="no such thing"):
        recorder(fox(0), NOW)
    recorder(fox(1), NOW)
    assert len(disk.records) == 1
    assert recorder.waiting == 0


def test_the_oldest_goes_only_when_the_memory_would_fill(caplog: pytest.LogCaptureFixture) -> None:
    disk = Disk()
    recorder = Recorder(disk, for_each_event(compose))
    disk.full = True
    for minute in range(MOST_WAITING + 1):
        recorder(fox(minute), NOW)
    assert recorder.waiting == MOST_WAITING
    assert "the oldest are lost" in caplog.text


def test_a_long_outage_keeps_every_fact_but_only_the_newest_pictures() -> None:
    disk = Disk()
    recorder = Recorder(disk, for_each_event(compose))
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


def test_when_too_much_waits_sightings_go_before_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coop.recorder.MOST_WAITING", 5)
    disk = Disk()
    recorder = Recorder(disk, for_each_event(compose))
    disk.full = True
    recorder(fox(0), NOW)
    recorder(fox(1), NOW)
    for minute in range(2, 12):
        recorder(replace(fox(minute), events=()), NOW)
    disk.full = False
    recorder.retry()
    events = [event.event.time.minute for findings, _ in disk.records for event in findings.events]
    assert events == [0, 1]
    assert len(disk.records) == 5


def test_a_full_disk_is_told_by_one_recorder_whoever_else_meets_it(caplog: pytest.LogCaptureFixture) -> None:
    full, disks = FullDisk(), [Disk(), Disk()]
    one, other = (Recorder(disk, for_each_event(compose), full) for disk in disks)

    def fill() -> None:
        disks[0].full = disks[1].full = True
        for minute in range(3):
            one(fox(minute), NOW)
            other(fox(minute), NOW)

    def as_a_clip_says_it() -> OutputError:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            try:
                raise OutputError(Path("clip.mp4"), "it cannot be written", "Look") from None
            except OutputError as error:
                return error

    assert full.is_news(as_a_clip_says_it()), "the first one to meet it"
    fill()
    assert caplog.text.count("the disk is full") == 1
    assert not full.is_news(as_a_clip_says_it())
    assert full.is_news(StoreUnavailable("coop.db", "it is locked", "Wait"))
    disks[0].full = disks[1].full = False
    one.retry()
    other.retry()
    fill()
    assert caplog.text.count("the disk is full") == 2, "it was full, then not, then full again"
