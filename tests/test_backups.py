"""The daily backup: one file a day, the newest kept, and nothing of anybody else's ever deleted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.house import House, a_house
from fakes.post import Clock
from fakes.records import findings

from coop.backups import make_backup, make_daily_backup, restore_backup
from coop.errors import BackupError
from coop.settings import Settings

NIGHT = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
"""03:30 in Berlin."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path, Clock(NIGHT), schedule={"backups_kept": 3}) as opened:
        yield opened


def daily(house: House, day: int) -> Path:
    return make_daily_backup(house.store, house.settings, None, NIGHT + timedelta(days=day))


def names(house: House) -> list[str]:
    return sorted(path.name for path in (house.settings.data_dir / "backups").iterdir())


def test_the_oldest_go_beyond_the_number_to_keep(house: House) -> None:
    for day in range(5):
        assert daily(house, day).is_file()
    assert names(house) == [f"neurocoop-2026-05-0{day}.tar.gz" for day in (6, 7, 8)]


def test_a_second_backup_on_the_same_day_takes_the_place_of_the_first(house: House) -> None:
    first = daily(house, 0).stat().st_size
    house.store.record(findings(1), NIGHT)
    assert daily(house, 0).stat().st_size > first
    assert names(house) == ["neurocoop-2026-05-04.tar.gz"]


def test_nothing_that_it_did_not_write_is_deleted(house: House) -> None:
    folder = house.settings.data_dir / "backups"
    folder.mkdir()
    foreign = [
        "neurocoop-keep-me-ok.tar.gz",
        "neurocoop-2019-13-45.tar.gz",
        "neurocoop-2019-01-01.tar.gz.old",
        "before-neurocoop-2019-01-01.tar.gz",
        "holiday.jpg",
    ]
    for name in foreign:
        (folder / name).write_text("mine")
    (folder / "neurocoop-2018-01-01.tar.gz").mkdir()
    for day in range(5):
        daily(house, day)
    assert set(names(house)) >= {*foreign, "neurocoop-2018-01-01.tar.gz"}
    assert len(names(house)) == len(foreign) + 1 + 3


def test_todays_is_kept_though_a_wrong_clock_left_later_ones(house: House) -> None:
    for day in (1000, 1001, 1002):
        daily(house, day)
    today = daily(house, 0)
    assert today.is_file()
    assert len(names(house)) == 3


def test_a_backup_that_fails_deletes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(3):
        daily(house, day)
    before = names(house)
    monkeypatch.setattr("coop.backups.DAILY", "neurocoop-{:%Y-%m-%d}.zip")
    with pytest.raises(BackupError):
        daily(house, 3)
    assert names(house) == before


def test_the_day_is_the_local_one(tmp_path: Path) -> None:
    with a_house(tmp_path, Clock(NIGHT)) as house:
        late = datetime(2026, 5, 4, 22, 30, tzinfo=UTC)
        assert (
            make_daily_backup(house.store, house.settings, None, late).name == "neurocoop-2026-05-05.tar.gz"
        )


def test_what_goes_in_comes_out_in_another_folder(house: House, tmp_path: Path) -> None:
    house.store.record(findings(1), NIGHT)
    settings_file = tmp_path / "coop.toml"
    settings_file.write_text("# mine\n")
    model = house.settings.data_dir / "models" / "hens-1" / "card.json"
    model.parent.mkdir(parents=True)
    model.write_text("{}")
    file = tmp_path / "all.tar.gz"
    made = make_backup(file, house.store, house.settings, settings_file, NIGHT)
    assert made.rows > 0
    elsewhere = tmp_path / "elsewhere" / "coop.toml"
    elsewhere.parent.mkdir()
    there = Settings.model_validate({"data_dir": elsewhere.parent / "data", "timezone": "UTC"})
    restored = restore_backup(file, there, elsewhere, NIGHT, replace=False)
    assert restored.made == NIGHT
    assert restored.rows == made.rows
    assert elsewhere.read_text() == "# mine\n"
    assert (there.data_dir / "models" / "hens-1" / "card.json").read_text() == "{}"
    with a_house(elsewhere.parent, Clock(NIGHT)) as other:
        since, until = NIGHT - timedelta(days=3650), NIGHT + timedelta(days=3650)
        events = [[e.event for e in one.store.events(since, until)] for one in (other, house)]
        assert events[0] == events[1] != []
        assert other.store.visits(since, until) == house.store.visits(since, until)
    with pytest.raises(BackupError, match="--replace"):
        restore_backup(file, there, elsewhere, NIGHT, replace=False)
    restore_backup(file, there, elsewhere, NIGHT, replace=True)
