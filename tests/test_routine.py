"""The daemon's duties: each once when it should be once, and none stopped by another's trouble."""

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from fakes.daemon import wait_for
from fakes.house import House, a_house
from fakes.post import Clock
from fakes.records import EVER, NOON, arrival, findings, new_picture, visit

from coop.domain.event import CameraLost
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.label import Label
from coop.errors import StoreUnavailable
from coop.night_start import NightStart
from coop.nightly import JOB
from coop.routine import FRESH_S, GIB, SWEEP_GRACE, last_sunday
from coop.store.store import Store

EVENING = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
"""20:30 in Berlin: the digest's hour."""


@pytest.fixture
def clock() -> Clock:
    return Clock(EVENING)


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    with a_house(tmp_path, clock) as opened:
        yield opened


def sent(house: House) -> list[str]:
    """Sends what is due, and gives the texts of everything that was ever sent."""
    asyncio.run(house.routine.flush_outbox())
    notes = sorted(house.messages.glob("*.json"))
    return [str(json.loads(note.read_text())["text"]) for note in notes]


def fail(monkeypatch: pytest.MonkeyPatch, *methods: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("coop.db", "the disk is full", "Free some space")

    for method in methods:
        monkeypatch.setattr(Store, method, full)


def test_the_digest_is_sent_once_a_day_however_often_it_is_made(house: House, clock: Clock) -> None:
    house.routine.queue_digest()
    clock.advance(60)
    house.routine.queue_digest()
    assert len(sent(house)) == 1
    clock.advance(24 * 3600)
    house.routine.queue_digest()
    house.routine.queue_digest()
    first, second = sent(house)
    assert "4 May" in first
    assert "5 May" in second


def test_a_restart_sends_the_digest_of_today_no_second_time(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock) as house:
        house.routine.queue_digest()
        assert len(sent(house)) == 1
    clock.advance(600)
    with a_house(tmp_path, clock) as house:
        house.routine.catch_up()
        house.routine.queue_digest()
        assert len(sent(house)) == 1


def test_a_digest_that_was_missed_today_is_made_at_the_start(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock) as house:
        house.routine.queue_digest()
    clock.now = EVENING + timedelta(days=1, hours=2)
    with a_house(tmp_path, clock) as house:
        house.routine.catch_up()
        assert "5 May" in sent(house)[-1]


@pytest.mark.parametrize("watched", ["the week before", "days only"])
def test_a_weeks_digest_that_was_missed_is_made_up_once_after_the_start(
    tmp_path: Path, clock: Clock, watched: str
) -> None:
    """A box that is off on Sunday evening (10 May) tells of the week on Tuesday."""
    with a_house(tmp_path, clock) as house:
        house.store.set_last_run("digest", clock())
        if watched == "the week before":
            house.store.set_last_run("weekly", EVENING - timedelta(days=1))
    for _ in range(2):
        clock.now = EVENING + timedelta(days=8, hours=-6)
        with a_house(tmp_path, clock) as house:
            house.routine.catch_up()
            assert len(sent(house)) == 1
            assert "10 May" in sent(house)[0]


@pytest.mark.parametrize(
    ("now", "sunday"),
    [
        ("2026-05-10T19:29", "2026-05-03"),
        ("2026-05-10T19:30", "2026-05-10"),
        ("2026-05-11T00:01", "2026-05-10"),
        ("2026-05-16T23:59", "2026-05-10"),
    ],
)
def test_which_week_ended_last(now: str, sunday: str) -> None:
    found = last_sunday(datetime.fromisoformat(now).replace(tzinfo=UTC), time(19, 30))
    assert found == date.fromisoformat(sunday)


def test_a_missed_or_broken_training_is_begun_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(NightStart, "start", lambda self: started.append("started"))
    house.routine.catch_up_training()
    assert started == [], "systemd's timer does it"
    house.routine.night.wanted = True
    house.routine.catch_up_training()
    house.store.set_last_run(JOB, house.clock())
    house.routine.catch_up_training()
    assert len(started) == 1, "the one before is not a day ago"
    house.store.begin_training("hens", 1, "hens-1", 0, "nightly", house.clock())
    house.routine.catch_up_training()
    house.routine.start_training()
    assert len(started) == 3


def test_the_nightly_training_runs_once_at_a_time_and_ends_with_the_watch(tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    code = f"open({str(mark)!r}, 'a').write('x'); import time; time.sleep(600)"
    night = NightStart((sys.executable, "-c", code), wanted=True)
    night.start()
    night.start()
    wait_for("the process", lambda: mark.exists() and mark.read_text())
    process = night._process
    night.stop()
    assert process is not None and process.returncode == -signal.SIGTERM
    night.start()
    assert mark.read_text() == "x"


@pytest.mark.parametrize("hours", [12, 23])
def test_before_its_hour_the_digest_is_not_made_at_the_start(
    tmp_path: Path, clock: Clock, hours: float
) -> None:
    with a_house(tmp_path, clock) as house:
        house.routine.queue_digest()
    clock.now = EVENING + timedelta(hours=hours)
    with a_house(tmp_path, clock) as house:
        house.routine.catch_up()
        assert len(sent(house)) == 1


def test_the_very_first_start_makes_no_digest_of_a_day_nobody_watched(house: House, clock: Clock) -> None:
    clock.advance(3600)
    house.routine.catch_up()
    assert sent(house) == []


def test_the_digest_tells_the_local_day(tmp_path: Path) -> None:
    """Half an hour after midnight in Berlin belongs to the new day, though UTC still has the old one."""
    clock = Clock(datetime(2026, 5, 4, 22, 30, tzinfo=UTC))
    with a_house(tmp_path, clock) as house:
        house.routine.queue_digest()
        assert "5 May" in sent(house)[0]


@pytest.mark.parametrize(
    ("duty", "method", "word"),
    [
        ("queue_digest", "record", "digest"),
        ("catch_up", "last_run", "disk is full"),
        ("keep_within_limits", "sweep", "Old pictures"),
        ("keep_within_limits", "retain", "Old pictures"),
        ("keep_within_limits", "thin", "Old details"),
        ("back_up", "backup", "backup"),
        ("refresh_status", "put_status", "status"),
    ],
)
def test_a_store_that_fails_is_told_and_survived(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    duty: str,
    method: str,
    word: str,
) -> None:
    with monkeypatch.context() as broken:
        fail(broken, method)
        getattr(house.routine, duty)()
    assert word in caplog.text
    assert "the disk is full" in caplog.text
    assert "Traceback" not in caplog.text
    getattr(house.routine, duty)()


def test_a_digest_that_could_not_be_made_is_made_by_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    house.store.set_last_run("digest", EVENING - timedelta(days=1))
    with monkeypatch.context() as broken:
        fail(broken, "record")
        house.routine.queue_digest()
    clock.advance(600)
    house.routine.catch_up()
    assert len(sent(house)) == 1


def test_old_pictures_go_by_the_settings_and_labelled_ones_stay(tmp_path: Path) -> None:
    clock = Clock(NOON)
    with a_house(tmp_path, clock, retention={"max_age_days": 3}) as house:
        pictures = tuple(new_picture(n) for n in range(3))
        house.store.record(Findings(pictures=pictures), clock())
        house.store.add_label(
            Label(picture="picture-1", task="kinds", value="hen", who="keeper", at=clock(), how="picture")
        )
        house.pass_time(2.9 * 86400)
        house.routine.keep_within_limits()
        assert house.store.picture("picture-0")
        house.pass_time(0.2 * 86400)
        house.routine.keep_within_limits()
        assert house.store.picture("picture-0") is None
        assert house.store.picture("picture-1") is not None


def test_old_details_go_by_the_settings_and_not_while_the_clock_may_be_wrong(tmp_path: Path) -> None:
    clock = Clock(NOON)
    with a_house(tmp_path, clock, retention={"details_days": 40}) as house:
        house.store.record(findings(1), clock())
        house.routine.keep_within_limits()
        clock.advance(50 * 86400)  # the clock alone: it jumped
        house.routine.keep_within_limits()
        assert house.store.sightings(*EVER)
        house.pass_time(2 * 86400)
        house.routine.keep_within_limits()
        assert house.store.sightings(*EVER) == ()
        assert house.store.visits(*EVER) != ()


def test_retention_and_sweep_are_called_with_the_settings(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"max_age_days": 12, "max_gib": 3.5, "min_free_gib": 1.5}
    called: dict[str, object] = {}
    retain, sweep = Store.retain, Store.sweep

    def retain_watched(store: Store, now: datetime, **limits: object) -> object:
        called.update(limits, now=now)
        return retain(store, now, **limits)

    def sweep_watched(store: Store, grace: timedelta) -> object:
        called["grace"] = grace
        return sweep(store, grace)

    with a_house(tmp_path, clock, retention=limits) as house:
        monkeypatch.setattr(Store, "retain", retain_watched)
        monkeypatch.setattr(Store, "sweep", sweep_watched)
        house.routine.keep_within_limits()
    assert called["now"] == EVENING
    assert called["max_age_days"] == 12
    assert called["max_bytes"] == int(3.5 * GIB)
    assert called["min_free_bytes"] == int(1.5 * GIB)
    assert called["grace"] == SWEEP_GRACE


def test_the_backup_duty_writes_todays_file(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.routine.back_up()
    backups = house.settings.data_dir / "backups"
    assert [file.name for file in backups.iterdir()] == ["neurocoop-2026-05-04.tar.gz"]


def test_a_backup_folder_that_cannot_be_made_is_told(house: House, caplog: pytest.LogCaptureFixture) -> None:
    (house.settings.data_dir / "backups").write_text("in the way")
    house.routine.back_up()
    assert "No backup today" in caplog.text
    assert "Traceback" not in caplog.text


def test_the_status_is_written(house: House) -> None:
    house.routine.refresh_status()
    status = house.store.status()
    assert status is not None
    assert status.refreshed == EVENING
    assert status.cameras == ()
    assert status.cpu is None, "no time has passed since the start"
    house.monotonic.now += 5
    house.routine.refresh_status()
    later = house.store.status()
    assert later is not None
    assert later.cpu is not None
    assert 0 < later.cpu < 16


def make_fresh(house: House) -> None:
    """What the schedule does each second."""
    house.routine.watch_cameras()
    house.routine.refresh_status()


def test_the_watchdog_is_fed_while_all_is_fresh(house: House) -> None:
    make_fresh(house)
    asyncio.run(house.routine.feed_watchdog())
    house.monotonic.now += FRESH_S - 1
    asyncio.run(house.routine.feed_watchdog())
    assert house.systemd == ["WATCHDOG=1"] * 2


@pytest.mark.parametrize(
    ("refreshed", "stale"),
    [("watch_cameras", "writer"), ("refresh_status", "capture"), (None, "capture and writer")],
)
def test_the_watchdog_starves_while_one_is_stale(
    house: House,
    caplog: pytest.LogCaptureFixture,
    refreshed: str | None,
    stale: str,
) -> None:
    make_fresh(house)
    house.monotonic.now += FRESH_S + 1
    if refreshed:
        getattr(house.routine, refreshed)()
    asyncio.run(house.routine.feed_watchdog())
    assert house.systemd == []
    assert f"{stale} stale" in caplog.text
    make_fresh(house)
    asyncio.run(house.routine.feed_watchdog())
    assert house.systemd == ["WATCHDOG=1"]


def test_the_watchdog_starves_while_a_cameras_loop_stands_still(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_fresh(house)
    asked = []
    monkeypatch.setattr(type(house.crew), "is_fresh", lambda crew, now: asked.append(now) is not None)
    asyncio.run(house.routine.feed_watchdog())
    assert asked == [house.monotonic.now]
    assert house.systemd == []
    assert "capture stale" in caplog.text


def test_a_day_with_everything_is_told_in_its_digest(house: House, clock: Clock) -> None:
    day = EVENING - timedelta(hours=10)
    lost = CameraLost(time=day, camera="run", place="run", subject="run", reason="no power")
    house.store.record(
        Findings(
            pictures=(new_picture(1, time=day),),
            visits=(visit(1, subject="Berta", began=day, last_seen=day + timedelta(minutes=9)),),
            events=(
                RecordedEvent(event=arrival(1, subject="Berta", time=day), picture="picture-1"),
                RecordedEvent(event=lost),
            ),
        ),
        day,
    )
    house.routine.queue_digest()
    (text,) = sent(house)
    assert "Berta" in text
    assert "lost 1" in text
    (picture,) = house.messages.glob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_backup_that_was_missed_is_made_up_for_once(house: House, clock: Clock) -> None:
    folder = house.settings.data_dir / "backups"
    house.routine.catch_up_backup()
    assert len(list(folder.iterdir())) == 1, "a new coop has none yet"
    house.routine.catch_up_backup()
    clock.advance(24 * 3600)
    house.routine.catch_up_backup()
    assert len(list(folder.iterdir())) == 1, "the daily one is due, not missed"
    clock.advance(2 * 3600)
    house.routine.catch_up_backup()
    assert len(list(folder.iterdir())) == 2


def test_pictures_that_are_gone_are_told_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    picture = new_picture(1)
    house.store.record(Findings(pictures=(picture,)), NOON)
    kept = house.store.picture(picture.key)
    assert kept is not None
    kept[1].unlink()
    house.routine.keep_within_limits()
    house.routine.keep_within_limits()
    assert caplog.text.count("gone from the disk") == 1
