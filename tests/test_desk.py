"""What the bot's commands are answered with."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.daemon import wait_for
from fakes.house import House, a_house
from fakes.post import Clock
from fakes.records import visit

from coop.domain.findings import Findings
from coop.domain.frame import Picture
from coop.errors import SourceError
from coop.notify.desk import Snapshot

NOON = datetime(2026, 5, 4, 10, tzinfo=UTC)
SIM = "sim://?flock=1&seed=7&days=1&from=5&to=6"
LEFT_HALF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    """Two cameras on the same simulated coop; the left half of one is private."""
    cameras = {"run": {"url": SIM}, "door": {"url": SIM, "privacy_masks": [LEFT_HALF]}}
    with a_house(tmp_path, clock, cameras=cameras) as opened:
        yield opened


def picture(snapshot: object) -> Picture:
    assert isinstance(snapshot, Snapshot)
    image = cv2.imdecode(np.frombuffer(snapshot.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def wait_for_frames(house: House) -> None:
    house.crew.start()
    wait_for("frames", lambda: all(house.crew.latest().values()))


def test_which_photo_is_asked_where_it_is_not_clear(house: House) -> None:
    assert house.desk.photo(None) == ("run", "door")
    assert house.desk.photo("attic") == ("run", "door")


def test_a_camera_without_a_picture_says_so(house: House) -> None:
    with pytest.raises(SourceError, match=r"run: no picture has come yet.*/status"):
        house.desk.photo("run")


def test_the_photo_is_the_newest_frame_with_its_local_time(house: House) -> None:
    wait_for_frames(house)
    image = picture(house.desk.photo("run"))
    assert image.shape == (360, 640, 3)
    snapshot = house.desk.photo("run")
    assert isinstance(snapshot, Snapshot)
    assert "Run" in snapshot.caption or "run" in snapshot.caption
    assert " 07:0" in snapshot.caption, "05:00 UTC, as Berlin's clocks show it in summer"


def test_what_is_private_is_black_in_the_photo(house: House) -> None:
    """From the source on: the very frame that is analysed, kept and sent has the mask in it."""
    wait_for_frames(house)
    hidden, shown = picture(house.desk.photo("door")), picture(house.desk.photo("run"))
    assert hidden[:, :312].max() < 12, "black but for what JPEG makes of an edge"
    assert shown[:, :312].mean() > 25
    assert hidden[:, 330:].mean() > 25
    frame = house.crew.latest()["door"]
    assert frame is not None
    assert not frame.image[:, :320].any()


def test_with_one_camera_its_name_is_not_asked(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock, cameras={"run": {"url": SIM}}) as house:
        wait_for_frames(house)
        assert isinstance(house.desk.photo(None), Snapshot)
        assert house.desk.photo("attic") == ("run",)


def test_today_is_the_day_so_far(house: House, clock: Clock) -> None:
    for n, (name, began) in enumerate(
        [("Berta", NOON - timedelta(hours=3)), ("Adele", NOON - timedelta(days=1))]
    ):
        stay = visit(n, subject=name, began=began, last_seen=began + timedelta(minutes=5))
        house.store.record(Findings(visits=(stay,)), began)
    text, png = house.desk.today()
    assert "Berta" in text
    assert "Adele" not in text
    assert png.startswith(b"\x89PNG")


def test_the_status_names_every_camera_and_says_how_long_it_watches(house: House, clock: Clock) -> None:
    wait_for_frames(house)
    clock.advance(3 * 3600)
    text = house.desk.status()
    assert "Run" in text or "run" in text
    assert "Door" in text or "door" in text
    assert "3 h" in text
    assert "no model" in text


def test_a_test_message_waits_in_the_outbox(house: House, clock: Clock) -> None:
    house.desk.queue_test("7")
    (item,) = house.store.due(clock())
    assert item.notification.chat == "7"
    assert "Test" in item.notification.text
    assert not item.notification.silent


def test_who_may_ask(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock, telegram={"chats": [11]}) as house:
        desk = house.desk
        assert desk.recipients() == ("11",)
        code = house.store.new_pairing_code(clock(), timedelta(minutes=10))
        assert not desk.pair("wrong", "12", "Eve")
        assert desk.pair(code, "12", "Ada")
        assert not desk.pair(code, "13", "Eve"), "a code is good once"
        assert [chat for chat in ("11", "12", "13") if desk.allowed(chat)] == ["11", "12"]
        assert set(desk.recipients()) == {"11", "12"}
        assert [desk.note_stranger("14"), desk.note_stranger("14")] == [True, False]


def test_a_chat_that_is_paired_and_in_the_settings_hears_once(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock, telegram={"chats": [11]}) as house:
        code = house.store.new_pairing_code(clock(), timedelta(minutes=10))
        assert house.desk.pair(code, "11", "Ada")
        assert house.desk.recipients() == ("11",)
