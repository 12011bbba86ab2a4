"""The table of jobs: real duties, right local times over both clock changes, and a quiet end."""

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from coop.routine import Routine
from coop.schedule import Action, Duties, Every, Job, Timetable, table

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2026, 3, 29, tzinfo=BERLIN)
"""02:00 to 03:00 does not exist on this day."""
AUTUMN = datetime(2026, 10, 25, tzinfo=BERLIN)
"""02:00 to 03:00 comes twice on this day."""


class Nothing:
    """Every duty, done by doing nothing."""

    def watch_cameras(self) -> None: ...

    def refresh_status(self) -> None: ...

    def poll_models(self) -> None: ...

    def watch_flock(self) -> None: ...

    def watch_box(self) -> None: ...

    def keep_within_limits(self) -> None: ...

    def back_up(self) -> None: ...

    def catch_up_backup(self) -> None: ...

    def queue_digest(self) -> None: ...

    def queue_weekly(self) -> None: ...

    def start_training(self) -> None: ...

    def catch_up_training(self) -> None: ...

    def repeat_alarms(self) -> None: ...

    def take_stills(self) -> None: ...

    async def flush_outbox(self) -> None: ...

    async def feed_watchdog(self) -> None: ...


def jobs(digest: time = time(20, 30), backup: time = time(3, 30), zone: tzinfo = BERLIN) -> dict[str, Job]:
    rows = table(
        Nothing(), digest=digest, weekly=time(19, 30), backup=backup, training=time(0, 30), zone=zone
    )
    named = {job.name: job for job in rows}
    assert len(named) == len(rows), "the names are unique"
    return named


def firings(job: Job, first: datetime, days: int) -> list[datetime]:
    """Every moment at which the job is due from ``first`` on."""
    moments: list[datetime] = []
    previous, now = None, first
    while (due := job.when.get_next_fire_time(previous, now)) is not None and due < first + timedelta(
        days=days
    ):
        moments.append(due)
        previous, now = due, (due.astimezone(UTC) + timedelta(microseconds=1)).astimezone(due.tzinfo)
    return moments


def test_every_duty_has_its_job_and_every_job_its_duty() -> None:
    duties = {name for name in vars(Duties) if not name.startswith("_")}
    assert duties == {job.what.__name__ for job in jobs().values()}
    assert all(callable(getattr(Routine, duty)) for duty in duties)


def test_only_coroutines_run_in_the_loop() -> None:
    """A duty that blocks would stop the bot; the daemon's own are of the same kind as the protocol says."""
    for job in jobs().values():
        own = getattr(Routine, job.what.__name__)
        assert inspect.iscoroutinefunction(own) == inspect.iscoroutinefunction(job.what)


def test_the_watchdog_is_fed_often_enough_and_the_status_each_second() -> None:
    every = {}
    for name, job in jobs().items():
        first = job.when.get_next_fire_time(None, SPRING)
        every[name] = job.when.get_next_fire_time(first, first) - first
    assert every["watchdog"] <= timedelta(seconds=15), "the unit's WatchdogSec is a minute"
    assert every["status"] == every["watch cameras"] == every["outbox"] == timedelta(seconds=1)


@pytest.mark.parametrize("first", [SPRING, AUTUMN, datetime(2026, 7, 1, tzinfo=BERLIN)])
@pytest.mark.parametrize("name", ["digest", "backup"])
def test_daily_jobs_come_at_their_local_time_once_a_day(name: str, first: datetime) -> None:
    at = {"digest": time(20, 30), "backup": time(3, 30)}[name]
    began = first - timedelta(days=2)
    found = firings(jobs()[name], began, 5)
    assert [moment.astimezone(BERLIN).time() for moment in found] == [at] * 5
    assert [m.astimezone(BERLIN).date() for m in found] == [
        (began + timedelta(days=n)).date() for n in range(5)
    ]


def test_the_hours_between_are_23_and_25_when_the_clocks_change() -> None:
    for first, hours in ((SPRING, 23), (AUTUMN, 25)):
        before, after = firings(jobs()["digest"], first - timedelta(days=1), 2)
        assert after.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=hours)


def test_an_hour_that_comes_twice_is_due_twice_on_the_same_day() -> None:
    """The digest is then made twice and queued once; see test_routine."""
    found = firings(jobs(digest=time(2, 30))["digest"], AUTUMN, 1)
    assert [moment.astimezone(UTC).hour for moment in found] == [0, 1]
    assert {moment.astimezone(BERLIN).date() for moment in found} == {AUTUMN.date()}


def test_the_weekly_digest_comes_on_sundays() -> None:
    found = firings(jobs()["weekly digest"], datetime(2026, 3, 25, tzinfo=UTC), 14)
    assert [(moment.weekday(), moment.astimezone(BERLIN).time()) for moment in found] == [
        (6, time(19, 30))
    ] * 2


def test_an_hour_that_is_left_out_still_gives_a_digest() -> None:
    (found,) = firings(jobs(digest=time(2, 30))["digest"], SPRING, 1)
    assert found.astimezone(BERLIN).date() == SPRING.date()


async def until(done: Callable[[], bool]) -> None:
    for _ in range(3000):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came about")


def every_moment(what: Action, name: str = "job") -> Job:
    return Job(name=name, when=IntervalTrigger(seconds=0.02, timezone=UTC), what=what, grace_s=30)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_stopping_waits_for_what_runs_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A job in a thread and one in the loop are both under way when the end comes."""
    began, go_on, ended = threading.Event(), threading.Event(), []

    def in_thread() -> None:
        began.set()
        go_on.wait(30)
        ended.append("thread")

    async def in_loop() -> None:
        await asyncio.to_thread(go_on.wait, 30)
        ended.append("loop")

    async def day() -> None:
        plan = Timetable((every_moment(in_thread, "thread"), every_moment(in_loop, "loop")), UTC)
        plan.start()
        await until(began.is_set)
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.2, go_on.set)
        await plan.stop(within=30)
        assert sorted(set(ended)) == ["loop", "thread"]
        count = len(ended)
        await asyncio.sleep(0.1)
        assert len(ended) == count, "nothing begins after the end"

    caplog.set_level(logging.DEBUG)
    asyncio.run(day())
    assert errors(caplog) == []
    assert "CancelledError" not in caplog.text


def test_a_job_that_does_not_end_is_left_behind_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    began, release = threading.Event(), threading.Event()

    def stuck() -> None:
        began.set()
        release.wait(30)

    async def day() -> None:
        plan = Timetable((every_moment(stuck, "stuck"),), UTC)
        plan.start()
        await until(began.is_set)
        await plan.stop(within=0.1)
        await asyncio.sleep(0.05)
        release.set()

    asyncio.run(day())
    assert "Traceback" not in caplog.text
    assert "CancelledError" not in caplog.text
    assert any("stuck" in line for line in errors(caplog)), "which job it was is said"


def test_stopping_at_any_moment_leaves_no_job_half_done(caplog: pytest.LogCaptureFixture) -> None:
    begun, ended = [], []

    async def short() -> None:
        begun.append(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ended.append(1)

    async def day(moment: float) -> None:
        job = Job(name="short", when=IntervalTrigger(seconds=0.001, timezone=UTC), what=short, grace_s=30)
        plan = Timetable((job,), UTC)
        plan.start()
        await asyncio.sleep(moment)
        await plan.stop(within=30)
        assert len(begun) == len(ended)
        await asyncio.sleep(0.005)
        assert len(begun) == len(ended)

    for n in range(40):
        asyncio.run(day(n * 0.0005))
    assert begun
    assert errors(caplog) == []


def test_a_job_that_fails_is_logged_and_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise RuntimeError("no such hen")

    async def day() -> None:
        plan = Timetable((every_moment(fails),), UTC)
        plan.start()
        await until(lambda: len(calls) >= 3)
        await plan.stop(within=30)

    asyncio.run(day())
    assert "no such hen" in caplog.text


def test_a_job_never_overlaps_itself() -> None:
    running, most, runs = [0], [0], [0]

    def slow() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.06)
        running[0] -= 1
        runs[0] += 1

    async def day() -> None:
        plan = Timetable((every_moment(slow),), UTC)
        plan.start()
        await until(lambda: runs[0] >= 3)
        await plan.stop(within=30)

    asyncio.run(day())
    assert most[0] == 1


def test_stopping_what_was_never_started_is_harmless() -> None:
    async def day() -> None:
        await Timetable((every_moment(lambda: None),), UTC).stop(within=1)

    asyncio.run(day())


def test_a_clock_set_far_forward_makes_one_run_and_not_every_one_between() -> None:
    before = datetime(1970, 1, 1, tzinfo=UTC)
    now = datetime(2026, 5, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert Every(1).get_next_fire_time(before, before) == before + second
    assert Every(1).get_next_fire_time(before, now) == now + second
    assert Every(1).get_next_fire_time(None, now) == now + second
