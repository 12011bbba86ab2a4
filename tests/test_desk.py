"""What the bot's commands are answered with."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from fakes.daemon import wait_for
from fakes.house import House, a_house
from fakes.post import Clock
from fakes.records import visit

from coop.desk.chats import hours_in, minutes_in
from coop.domain.chat import Preferences, Role
from coop.domain.findings import Findings
from coop.domain.frame import Frame, Picture
from coop.notify.desk import Answer, Caller, Sender

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


def ask(house: House, command: str, words: str = "", chat: str = "11") -> Answer:
    said = house.desk.answer(keeper(chat), command, words)
    assert said is not None
    return said


def keeper(chat: str) -> Caller:
    return Caller(sender=sender(chat), role=Role.KEEPER, language="en")


def sender(chat: str, person: str = "", **more: Any) -> Sender:
    return Sender(chat=chat, person=person or chat, name="Ada", **more)


def picture(answer: Answer) -> Picture:
    assert answer.picture is not None
    image = cv2.imdecode(np.frombuffer(answer.picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def words_on(answer: Answer) -> list[str]:
    return [button.text for row in answer.buttons for button in row]


def wait_for_frames(house: House) -> None:
    house.crew.start()
    wait_for("frames", lambda: all(house.crew.latest().values()))


def test_which_photo_is_asked_where_it_is_not_clear(house: House) -> None:
    assert words_on(ask(house, "photo")) == ["run", "door"]
    assert words_on(ask(house, "photo", "attic")) == ["run", "door"]


def test_a_camera_without_a_picture_says_so(house: House) -> None:
    said = ask(house, "photo", "run")
    assert said.picture is None
    assert said.text == "⚠️ run: no picture has come yet. How it is doing: /status"


def test_the_photo_is_the_newest_frame_with_its_local_time(house: House) -> None:
    wait_for_frames(house)
    image = picture(ask(house, "photo", "run"))
    assert image.shape == (360, 640, 3)
    text = ask(house, "photo", "run").text
    assert "run" in text
    assert " 07:0" in text, "05:00 UTC, as Berlin's clocks show it in summer"


def test_what_is_private_is_black_in_the_photo(house: House) -> None:
    """From the source on: the very frame that is analysed, kept and sent has the mask in it."""
    wait_for_frames(house)
    hidden, shown = picture(ask(house, "photo", "door")), picture(ask(house, "photo", "run"))
    assert hidden[:, :312].max() < 12, "black but for what JPEG makes of an edge"
    assert shown[:, :312].mean() > 25
    assert hidden[:, 330:].mean() > 25
    frame = house.crew.latest()["door"]
    assert frame is not None
    assert not frame.image[:, :320].any()


def test_with_one_camera_its_name_is_not_asked(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock, cameras={"run": {"url": SIM}}) as house:
        wait_for_frames(house)
        assert ask(house, "photo").picture is not None
        assert words_on(ask(house, "photo", "attic")) == ["run"]


def test_today_is_the_day_so_far(house: House, clock: Clock) -> None:
    for n, (name, began) in enumerate(
        [("Berta", NOON - timedelta(hours=3)), ("Adele", NOON - timedelta(days=1))]
    ):
        stay = visit(n, subject=name, began=began, last_seen=began + timedelta(minutes=5))
        house.store.record(Findings(visits=(stay,)), began)
    said = ask(house, "today")
    assert "Berta" in said.text
    assert "Adele" not in said.text
    assert said.picture is not None and said.picture.startswith(b"\x89PNG")


def test_the_status_names_every_camera_and_says_how_long_it_watches(house: House, clock: Clock) -> None:
    wait_for_frames(house)
    clock.advance(3 * 3600)
    text = ask(house, "status").text
    assert "Run" in text or "run" in text
    assert "Door" in text or "door" in text
    assert "3 h" in text
    assert "no model" in text


def test_a_test_message_waits_in_the_outbox(house: House, clock: Clock) -> None:
    assert house.desk.answer(keeper("7"), "test", "") is None
    (item,) = house.store.due(clock())
    assert item.notification.chat == "7"
    assert "Test" in item.notification.text
    assert not item.notification.silent


TOKEN = "123456789:" + "a" * 35


def test_who_may_ask(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock, telegram={"chats": [11], "token": TOKEN}) as house:
        desk = house.desk
        code = house.store.new_pairing_code(clock(), timedelta(minutes=10))
        assert desk.pair("wrong", sender("12")) is None
        paired = desk.pair(code, sender("12", phone="ru-RU"))
        assert paired is not None and (paired.role, paired.language) == (Role.KEEPER, "ru")
        assert desk.pair(code, sender("13")) is None, "a code is good once"
        assert [c for c in ("11", "12", "13") if desk.caller(sender(c))] == ["11", "12"]
        assert {r.address for r in house.routine.recipients()} == {"11", "12"}
        assert [desk.note_stranger("14"), desk.note_stranger("14")] == [True, False]


def test_a_chat_that_is_paired_and_in_the_settings_hears_once(tmp_path: Path, clock: Clock) -> None:
    with a_house(tmp_path, clock, telegram={"chats": [11], "token": TOKEN}) as house:
        code = house.store.new_pairing_code(clock(), timedelta(minutes=10))
        assert house.desk.pair(code, sender("11"))
        assert [r.address for r in house.routine.recipients()] == ["11"]


def test_in_a_group_everybody_looks_and_who_knows_a_code_changes(tmp_path: Path, clock: Clock) -> None:
    def role(person: str) -> Role | None:
        caller = house.desk.caller(sender("-100", person))
        return caller.role if caller is not None else None

    with a_house(tmp_path, clock, telegram={"token": TOKEN, "chats": [21]}) as house:

        def code(kind: str) -> str:
            return house.store.new_pairing_code(clock(), timedelta(minutes=10), role=kind)

        assert house.desk.pair(code("keeper"), sender("-100", "5", chat_name="Home", thread=7))
        assert [role("5"), role("6"), role("21")] == [Role.KEEPER, Role.WATCHER, Role.KEEPER]
        assert house.desk.pair(code("keeper"), sender("-100", "6"))
        assert role("6") is Role.KEEPER and role("7") is Role.WATCHER
        assert house.desk.pair(code("watcher"), sender("30"))
        alone = house.desk.caller(sender("30"))
        assert alone is not None and alone.role is Role.WATCHER
        assert "-100/7" in {r.address for r in house.routine.recipients()}, "the topic it was paired in"
        assert house.desk.menus()["-100"] == (Role.KEEPER, "en")


def test_alarms_about_nobody_are_muted_and_quiet_hours_span_midnight() -> None:
    night = Preferences(chat="1", quiet=(time(22), time(7)))
    assert [night.is_quiet(time(h)) for h in (21, 22, 3, 7)] == [False, True, True, False]
    day = Preferences(chat="1", quiet=(time(9), time(17)))
    assert [day.is_quiet(time(h)) for h in (8, 9, 17)] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("22:00-07:00", (time(22), time(7))),
        ("22 – 7:30", (time(22), time(7, 30))),
        ("25-7", None),
        ("7-7", None),
        ("soon", None),
    ],
)
def test_hours_as_people_write_them(text: str, hours: tuple[time, time] | None) -> None:
    assert hours_in(text) == hours


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("45 min", 45),
        ("2h", 120),
        ("2 ч", 120),
        ("1д", 1440),
        ("0", None),
        ("999h", None),
        ("x", None),
    ],
)
def test_lengths_as_people_write_them(text: str, minutes: int | None) -> None:
    assert minutes_in(text) == minutes


def test_a_day_becomes_a_film(house: House, clock: Clock) -> None:
    stills = house.routine.stills
    image = np.full((360, 640, 3), 90, np.uint8)
    for minute in range(0, 60):
        moment = NOON + timedelta(minutes=minute)
        frame = Frame(camera="run", time=moment, image=image + minute)
        stills.take({"run": frame, "door": None}, moment)
    assert len(stills.day(NOON.date(), "run")) == 30, "one every two minutes"
    clock.advance(3600)
    said = ask(house, "timelapse")
    assert said.clip is not None
    with av.open(str(said.clip)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert sum(1 for _ in film.decode(stream)) == 30
    stills.take(
        {"run": Frame(camera="run", time=NOON + timedelta(days=3), image=image)}, NOON + timedelta(days=3)
    )
    assert stills.day(NOON.date(), "run") == [] and not said.clip.exists(), "two days are kept"
