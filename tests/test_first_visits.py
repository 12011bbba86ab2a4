"""Whose first visit of the day it is, also while the record cannot be written or read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from coop.domain.event import HenArrived
from coop.domain.findings import RecordedEvent
from coop.errors import StoreUnavailable
from coop.first_visits import FirstVisits

MORNING = datetime(2026, 5, 1, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class Record:
    """What was recorded, readable or not."""

    def __init__(self) -> None:
        self.events_there: list[RecordedEvent] = []
        self.broken = False

    def events(
        self, since: datetime, until: datetime, names: tuple[str, ...] | None = None
    ) -> tuple[RecordedEvent, ...]:
        if self.broken:
            raise StoreUnavailable("coop.db", "another program holds it locked", "Wait")
        return tuple(r for r in self.events_there if since <= r.event.time < until)

    def arrive(self, subject: str, time: datetime, *, first: bool = True) -> None:
        event = HenArrived(time=time, camera="run", place="run", subject=subject, first_of_day=first)
        self.events_there.append(RecordedEvent(event=event))


def test_a_hen_comes_first_once_a_day() -> None:
    first = FirstVisits(Record(), UTC)
    assert first("Alba", MORNING)
    assert not first("Alba", MORNING + timedelta(hours=3))
    assert first("Berta", MORNING + timedelta(hours=3))
    assert first("Alba", MORNING + timedelta(days=1))


def test_what_is_recorded_counts_after_a_restart() -> None:
    record = Record()
    record.arrive("Alba", MORNING)
    assert not FirstVisits(record, UTC)("Alba", MORNING + timedelta(hours=1))


def test_the_day_is_the_coops() -> None:
    record = Record()
    record.arrive("Alba", datetime(2026, 5, 1, 22, 30, tzinfo=UTC))
    late = datetime(2026, 5, 2, 3, tzinfo=UTC)
    assert not FirstVisits(record, BERLIN)("Alba", late), "half past midnight in Berlin is that day already"
    assert FirstVisits(record, UTC)("Alba", late)


def test_walking_on_after_midnight_is_no_arrival_of_the_day() -> None:
    record = Record()
    record.arrive("Alba", MORNING.replace(hour=0), first=False)
    assert FirstVisits(record, UTC)("Alba", MORNING)


def test_an_outage_makes_nobody_come_first_twice() -> None:
    record = Record()
    first = FirstVisits(record, UTC)
    record.broken = True
    assert first("Alba", MORNING), "rather one message too many than none"
    assert not first("Alba", MORNING + timedelta(hours=1))
    record.broken = False
    assert not first("Alba", MORNING + timedelta(hours=2)), "her arrival still waits to be recorded"


def test_a_hen_without_a_name_is_one_of_those_told_already() -> None:
    record = Record()
    record.arrive("Alba", MORNING)
    assert not FirstVisits(record, UTC)("hen", MORNING + timedelta(hours=1))
    assert FirstVisits(Record(), UTC)("hen", MORNING)
