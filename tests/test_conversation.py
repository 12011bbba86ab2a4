"""A keeper and the bot: every command and every button, in both languages, with the real desk and outbox."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.botapi import FakeBotApi, Message, button_press
from fakes.house import House, a_house
from fakes.post import Clock
from fakes.records import new_picture

from coop.classify.judge import HENS, KINDS
from coop.domain.chat import Preferences, Role
from coop.domain.clip import NewClip
from coop.domain.correction import NOTHING
from coop.domain.egg import Share
from coop.domain.event import (
    CameraBack,
    CameraLost,
    EggGone,
    EggLaid,
    Event,
    HenArrived,
    PictureBad,
    PictureGood,
    PredatorSeen,
    StrangerSeen,
)
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.nest import NestCount
from coop.domain.picture import PictureKind
from coop.domain.sighting import Sighting, Visit
from coop.domain.task import NONE, Task, TaskClass, TaskKind
from coop.event.rules import visit_ended
from coop.notify.menu import COMMANDS
from coop.notify.outbox import OutboxWorker
from coop.notify.telegram.bot import TelegramBot
from coop.routine import ALARM_WAITS

NOON = datetime(2026, 5, 4, 10, tzinfo=UTC)
TOKEN = "123456789:" + "a" * 35
KEEPER, WATCHER, GROUP, STRANGER = 11, 12, -100, 666
HEN_NAMES = ("Ada", "Berta", "Clover")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeBotApi]:
    with FakeBotApi(token=TOKEN) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@dataclass
class Talk:
    """A running bot over a house, and a hand that records what the cameras see."""

    house: House
    api: FakeBotApi
    worker: OutboxWorker
    clock: Clock
    number: int = 0

    async def says(self, chat: int, text: str, **more: object) -> Message:
        """What the bot answers to a message."""
        before = len(self.api.chat(chat))
        self.api.push_message(chat, text, **more)
        await until(lambda: len(self.api.chat(chat)) > before, f"an answer to {text}")
        return self.api.chat(chat)[-1]

    async def press(self, message: Message, word: str, **more: object) -> Message:
        """Tap a button; the message as it is once the press is answered and the outbox is empty."""
        before = len(self.api.toasts)
        self.api.push_press(message, word, **more)
        await until(lambda: len(self.api.toasts) > before, f"the press of {word}")
        await asyncio.sleep(0.1)
        await self.worker.flush()
        return self.now(message)

    def now(self, message: Message) -> Message:
        return next(m for m in self.api.chat(message.chat_id) if m.message_id == message.message_id)

    async def sees(
        self,
        kind: str,
        subject: str,
        *,
        place: str = "nest 1",
        alarm: bool = False,
        severity: str = "alarm",
    ) -> Visit:
        """A visit begins, with its picture and two crops."""
        self.number += 1
        began, n = self.clock(), self.number
        visit = Visit(
            key=f"{n:032x}", camera="run", place=place, kind=kind, subject=subject, began=began,
            last_seen=began + timedelta(seconds=40), ended=None, sightings=2, confidence=0.9,
        )  # fmt: skip
        facts = {
            "time": began, "camera": "run", "place": place, "subject": subject, "confidence": 0.9,
            "visit": visit.key,
        }  # fmt: skip
        event = PredatorSeen(**facts, severity=severity) if alarm else HenArrived(**facts, first_of_day=True)  # type: ignore[arg-type]
        crops = tuple(
            new_picture(100 * n + k, camera="run", track_id=f"t{n}", time=began, data=jpeg(60 + k))
            for k in range(2)
        )
        shown = new_picture(900 + n, kind=PictureKind.FRAME, camera="run", track_id=None, data=jpeg(n))
        sighting = Sighting(
            camera="run",
            place=place,
            track_id=f"t{n}",
            time=began,
            kind=kind,
            subject=subject,
            confidence=0.9,
        )
        await self.record(
            Findings(
                pictures=(*crops, shown),
                sightings=(sighting,),
                visits=(visit,),
                events=(RecordedEvent(event=event, picture=shown.key),),
            )
        )
        return visit

    async def ends(self, visit: Visit) -> None:
        over = replace(
            visit, last_seen=visit.began + timedelta(minutes=20), ended=visit.began + timedelta(minutes=25)
        )
        self.clock.advance(25 * 60)
        await self.record(Findings(visits=(over,), events=(RecordedEvent(event=visit_ended(over)),)))

    async def record(self, findings: Findings) -> None:
        notes = self.house.teller(findings)
        self.house.store.record(replace(findings, notifications=notes), self.clock())
        await self.worker.flush()


def jpeg(grey: int) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), grey, np.uint8))[1].tobytes()


async def until(true: Callable[[], object], what: str) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never came: {what}")


@asynccontextmanager
async def talking(house: House, api: FakeBotApi, clock: Clock) -> AsyncIterator[Talk]:
    bot = TelegramBot(TOKEN, house.desk, base_url=api.url, poll_seconds=1, first_delay=0.05)
    await bot.start()
    try:
        yield Talk(house, api, OutboxWorker(house.store, bot, clock), clock)
    finally:
        await bot.stop()


def converse(
    folder: Path, api: FakeBotApi, clock: Clock, talk: Callable[[Talk], Awaitable[None]], language: str = "en"
) -> None:
    """Open a house with a keeper, a watcher and a task of three hens, and talk."""
    api.reset()
    cameras = {"run": {"url": "sim://?flock=1&seed=7&days=1&from=5&to=6"}}
    with a_house(folder, clock, telegram={"token": TOKEN, "chats": [KEEPER]}, cameras=cameras) as house:
        store = house.store
        code = store.new_pairing_code(clock(), timedelta(minutes=5), role=Role.WATCHER)
        store.pair(code, str(WATCHER), "Wanda", clock())
        for chat in (KEEPER, WATCHER):
            store.set_preferences(Preferences(chat=str(chat), language=language))
        classes = tuple(TaskClass(code=name.lower(), name=name) for name in HEN_NAMES)
        store.add_task(Task(name=HENS, kind=TaskKind.SINGLE, classes=classes), "test", clock())

        async def main() -> None:
            async with talking(house, api, clock) as conversation:
                await talk(conversation)

        asyncio.run(main())
    assert [error for error in api.errors if "not modified" not in error] == []


CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_command_is_answered_in_the_chats_language(
    tmp_path: Path, server: FakeBotApi, clock: Clock, language: str
) -> None:
    silent = {"test"}

    async def talk(t: Talk) -> None:
        t.house.crew.start()
        await until(lambda: all(t.house.crew.latest().values()), "frames")
        visit = await t.sees("hen", "Clover")
        await t.record(Findings(events=(RecordedEvent(event=egg(clock())),), counts=(count(clock()),)))
        await t.ends(visit)
        for command in COMMANDS:
            if command.name not in silent:
                said = await t.says(KEEPER, f"/{command.name}")
                assert bool(CYRILLIC.search(said.text)) is (language == "ru") or command.name in (
                    "photo", "language"
                ), (command.name, said.text)  # fmt: skip
        assert (await t.says(KEEPER, "/hen clover")).photo, "her portrait"
        before = len(server.chat(KEEPER))
        server.push_message(KEEPER, "/test")
        await until(lambda: t.house.store.outbox_item(f"test-{clock().isoformat()}:{KEEPER}"), "the test")
        await t.worker.flush()
        assert len(server.chat(KEEPER)) == before + 1
        menu = server.coop.commands[str(KEEPER), ""]
        assert bool(CYRILLIC.search(menu[0]["description"])) is (language == "ru")

    converse(tmp_path, server, clock, talk, language)


def egg(found: datetime) -> EggLaid:
    return EggLaid(
        time=found, camera="run", place="nest 1", subject="Clover", since=found - timedelta(hours=1), eggs=1,
        confidence=0.95, shares=(Share(hen="Clover", probability=0.95), Share(hen="", probability=0.05)),
    )  # fmt: skip


def count(at: datetime) -> NestCount:
    return NestCount(camera="run", nest="nest 1", eggs=1, time=at, first=at - timedelta(days=10))


def test_a_correction_is_a_label_and_changes_the_visit_and_every_message_at_once(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def talk(t: Talk) -> None:
        visit = await t.sees("hen", "Berta")
        (mine,), (theirs,) = server.chat(KEEPER), server.chat(WATCHER)
        assert mine.silent and mine.words == ["✅ right", "❌ wrong", "🚫 not a hen", "🔕 snooze"]
        asked = await t.press(mine, "wrong")
        assert asked.words[:2] == ["🐔 Ada", "🐔 Clover"] and asked.text == mine.text
        said = await t.press(asked, "Clover")
        assert "Clover is here" in said.text and "Ada corrected this; it was held to be Berta" in said.text
        assert "Clover is here" in t.now(theirs).text, "the other chat too"
        store = t.house.store
        assert store.current_labels(HENS) == {"picture-100": "Clover", "picture-101": "Clover"}
        assert store.current_labels(KINDS) == {"picture-100": "hen", "picture-101": "hen"}
        assert {label.how for label in store.labels()} == {"telegram"}
        await t.ends(visit)
        changed = t.now(mine)
        assert "Clover was here" in changed.text and "20 min" in changed.text, "the watch still says Berta"
        (kept,) = store.visits(NOON, clock())
        assert (kept.subject, kept.confidence) == ("Clover", 1.0)
        assert {found.event.subject for found in store.events(NOON, clock() + timedelta(1))} == {"Clover"}
        assert changed.words == ["✏️ change", "🔕 snooze"]

    converse(tmp_path, server, clock, talk)


def test_presses_that_come_twice_or_from_others_or_out_of_the_blue_do_nothing(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def talk(t: Talk) -> None:
        visit = await t.sees("hen", "Berta")
        (mine,), (theirs,) = server.chat(KEEPER), server.chat(WATCHER)
        t.house.crew.start()
        await t.press(theirs, "right")
        assert server.toasts[-1] == "🔒 Only keepers can change things."
        server.push_update(button_press(STRANGER, f"right:{visit.key}", press="s1"))
        server.push_update(button_press(GROUP, f"right:{visit.key}", press="s2", person=KEEPER))
        for data in ("right:nothing", "is:x:y", "nonsense", "quiz:1:2:3", "sleep::", "mute:", "lang:xx", ":"):
            server.push_update(button_press(KEEPER, data, press=data))
        await t.says(KEEPER, "/status")
        await t.press(mine, "right", press="the same")
        before = len(t.house.store.labels())
        await t.press(mine, "right", press="the same")
        await t.press(mine, "right", press="another")
        assert server.toasts[-1] == "That is noted already."
        assert len(t.house.store.labels()) == before == 4
        assert server.chat(STRANGER) == server.chat(GROUP) == []
        assert "Ada says that this is right" in t.now(mine).text

    converse(tmp_path, server, clock, talk)


def test_what_is_no_hen_and_what_is_nothing_at_all(tmp_path: Path, server: FakeBotApi, clock: Clock) -> None:
    async def talk(t: Talk) -> None:
        await t.sees("hen", "Berta")
        (message,) = server.chat(KEEPER)
        asked = await t.press(message, "not a hen")
        assert "🐈 Cat" in asked.words
        back = await t.press(asked, "back")
        assert back.words == message.words
        said = await t.press(await t.press(back, "not a hen"), "Cat")
        assert "A cat is here" in said.text
        said = await t.press(await t.press(said, "change"), "another animal")
        said = await t.press(said, "nothing")
        assert said.text.startswith("🍃 It was nothing")
        assert set(t.house.store.current_labels(KINDS).values()) == {NONE}
        assert t.house.store.visits(NOON, clock() + timedelta(1))[0].kind == NOTHING

    converse(tmp_path, server, clock, talk)


def test_an_alarm_is_told_again_until_somebody_has_seen_it(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def talk(t: Talk) -> None:
        quiet = Preferences(chat=str(KEEPER), quiet=(datetime.min.time(), datetime.max.time()))
        t.house.store.set_preferences(quiet)
        await t.sees("fox", "fox", place="run", alarm=True)
        (alarm,) = server.chat(KEEPER)
        assert not alarm.silent and alarm.words[0] == "👁 seen", "quiet hours are no matter"
        t.house.routine.repeat_alarms()
        await t.worker.flush()
        assert len(server.chat(KEEPER)) == 1
        clock.advance(ALARM_WAITS[0].total_seconds())
        t.house.routine.repeat_alarms()
        await t.worker.flush()
        again = server.chat(KEEPER)[-1]
        assert len(server.chat(KEEPER)) == 2 and not again.silent and again.photo
        assert "nobody has said yet" in again.text and "A fox!" in again.text
        await t.sees("fox", "fox", place="run", alarm=True)
        assert len(server.chat(KEEPER)) == 2, "another fox within the cooldown is no second alarm"
        await t.press(again, "seen")
        assert "has seen this at" in t.now(alarm).text and "👁 seen" not in t.now(alarm).words
        for wait in ALARM_WAITS:
            clock.advance(wait.total_seconds())
            t.house.routine.repeat_alarms()
        await t.worker.flush()
        assert len(server.chat(KEEPER)) == 2
        assert len(server.chat(WATCHER)) == 2, "who only watches is told again too, and cannot stop it"

    converse(tmp_path, server, clock, talk)


def test_a_warning_and_a_stranger_are_told_once_with_sound(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def talk(t: Talk) -> None:
        await t.sees("dog", "dog", place="run", alarm=True, severity="warning")
        warning = server.chat(KEEPER)[-1]
        assert "A dog!" in warning.text and not warning.silent and "👁 seen" not in warning.words
        visit = await t.sees("hen", "hen", place="run")
        facts = {"camera": "run", "place": "run", "subject": "hen", "visit": visit.key}
        stranger = StrangerSeen(time=clock(), **facts)  # type: ignore[arg-type]
        await t.record(Findings(events=(RecordedEvent(event=stranger),)))
        told = server.chat(KEEPER)[-1]
        assert told.text.startswith("❗ A bird that is none of yours") and not told.silent
        await t.ends(visit)
        assert t.now(told).text == told.text, "it tells of the bird, not of its visit"
        clock.advance(3600)
        t.house.routine.repeat_alarms()
        await t.worker.flush()
        assert server.chat(KEEPER)[-1].message_id == told.message_id

    converse(tmp_path, server, clock, talk)


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "⚠️ 1 egg is gone · nest 1 · 12:03"), ("ru", "⚠️ 1 яйцо пропало · nest 1 · 12:03")],
)
def test_what_a_predator_took_is_told_in_its_alarm_and_later_by_itself(
    tmp_path: Path, server: FakeBotApi, clock: Clock, language: str, line: str
) -> None:
    async def talk(t: Talk) -> None:
        rat = await t.sees("rat", "rat", alarm=True)
        (alarm,) = server.chat(KEEPER)

        async def gone(nest: str, minutes: int) -> None:
            t.clock.advance(60 * minutes)
            egg = EggGone(
                time=t.clock(), camera="run", place=nest, subject="rat", since=NOON, count=1, visit=rat.key,
                suspects=("rat",),
            )  # fmt: skip
            await t.record(Findings(events=(RecordedEvent(event=egg),)))

        await gone("nest 1", 3)
        assert server.chat(KEEPER) == [t.now(alarm)], "one message"
        assert t.now(alarm).text.split("\n")[-1] == line and t.now(alarm).words == alarm.words
        await t.ends(rat)
        assert line in t.now(alarm).text, "the end of the visit keeps it"
        await t.press(t.now(alarm), "👁")
        assert line in t.now(alarm).text
        await gone("nest 2", 60)
        late = server.chat(KEEPER)[-1]
        assert late.message_id != alarm.message_id and not late.silent, "an hour later it is news"

    converse(tmp_path, server, clock, talk, language)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_trouble_of_the_watch_that_comes_and_goes_is_one_message(
    tmp_path: Path, server: FakeBotApi, clock: Clock, language: str
) -> None:
    """Dark, well, frozen while the keeper collects, well, lost and back; hours later it is lost again."""
    where = {"camera": "run", "subject": "run", "place": "run"}

    async def happens(t: Talk, minutes: int, kind: type[Event], **more: object) -> None:
        t.clock.advance(60 * minutes)
        event = kind(**where | {"time": t.clock()} | more)  # type: ignore[arg-type]
        await t.record(Findings(events=(RecordedEvent(event=event),)))

    def shown() -> list[Message]:
        return [message for message in server.chat(KEEPER) if message.text.startswith("📷")]

    async def talk(t: Talk) -> None:
        begun = t.clock()
        await happens(t, 0, PictureBad, fault="dark")
        (told,) = shown()
        assert not told.silent
        await happens(t, 9, PictureGood, fault="dark", away=timedelta(minutes=9))
        await happens(t, 20, PictureBad, fault="frozen")
        await happens(t, 10, PictureGood, fault="frozen", away=timedelta(minutes=10))
        gone = {"place": "nest 1", "subject": "nest 1", "since": begun, "unseen": True}
        both = [
            RecordedEvent(
                event=EggGone(**where | gone | {"time": t.clock(), "place": f"nest {n}", "count": n})
            )  # type: ignore[arg-type]
            for n in (1, 2)
        ]
        await t.record(Findings(events=tuple(both)))
        await happens(t, 5, CameraLost, reason="no new picture for 5 s")
        await happens(t, 2, CameraBack, away=timedelta(minutes=2))
        assert shown() == [t.now(told)]
        assert t.now(told).text.split("\n") == EPISODE[language]
        await happens(t, 29, CameraLost, reason="no new picture for 5 s")
        assert len(shown()) == 1
        await happens(t, 30, CameraLost, reason="no new picture for 5 s")
        assert len(shown()) == 2, "it lasts"
        assert not shown()[-1].silent
        await happens(t, 1, CameraBack, away=timedelta(minutes=31))
        await happens(t, 30, PictureBad, fault="dark")
        assert len(shown()) == 3, "after a calm it is news, with a sound"
        assert not shown()[-1].silent
        await happens(t, 1, EggGone, place="nest 1", subject="nest 1", since=begun, count=1, unseen=False)
        assert server.chat(KEEPER)[-1].text.startswith("⚠️"), "that was seen: nobody took it"

    converse(tmp_path, server, clock, talk, language)


EPISODE = {
    "en": [
        "📷 Camera run is back",
        "• 12:00 – 12:09 · 9 min · dark",
        "• 12:29 – 12:39 · 10 min · one and the same picture",
        "• 12:39 · nest 1 · 1 egg was collected or is gone",
        "• 12:39 · nest 2 · 2 eggs were collected or are gone",
        "• 12:44 – 12:46 · 2 min · no pictures",
    ],
    "ru": [
        "📷 Камера run снова работает",
        "• 12:00 – 12:09 · 9 мин · темно",
        "• 12:29 – 12:39 · 10 мин · один и тот же кадр",
        "• 12:39 · nest 1 · 1 яйцо собрано или пропало",
        "• 12:39 · nest 2 · 2 яйца собраны или пропали",
        "• 12:44 – 12:46 · 2 мин · нет изображения",
    ],
}


def test_hens_that_come_together_are_one_message(tmp_path: Path, server: FakeBotApi, clock: Clock) -> None:
    async def talk(t: Talk) -> None:
        first = await t.sees("hen", "Berta")
        clock.advance(60)
        await t.sees("hen", "Clover", place="nest 2")
        (message,) = server.chat(KEEPER)
        assert message.text.split("\n") == [
            "🐔 Berta and Clover are here",
            "• Berta: nest 1 · 12:00",
            "• Clover: nest 2 · 12:01",
        ]
        asked = await t.press(message, "change")
        said = await t.press(await t.press(asked, "Clover"), "Ada")
        assert "• Ada: nest 2 · 12:01" in said.text
        await t.ends(first)
        assert "• Berta: nest 1 · 12:00 – 12:20 · 20 min" in t.now(message).text
        await t.sees("hen", "Clover")
        assert len(server.chat(KEEPER)) == 2, "half an hour later it is a new one"

    converse(tmp_path, server, clock, talk)


def test_the_clip_takes_the_place_of_the_picture(tmp_path: Path, server: FakeBotApi, clock: Clock) -> None:
    async def talk(t: Talk) -> None:
        visit = await t.sees("fox", "fox", place="run", alarm=True)
        (event,) = t.house.store.events(NOON, NOON + timedelta(1))
        file = t.house.store.clips_under_way / "new.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 100)
        clip = NewClip(
            key="clip-1", file=file, camera="run", time=NOON, seconds=9, width=64, height=48,
            events=(event.event.key,),
        )  # fmt: skip
        await t.record(Findings(clips=(clip,)))
        shown = server.chat(KEEPER)[0]
        assert shown.video and "A fox!" in shown.text and shown.words[0] == "👁 seen"
        await t.ends(visit)
        assert server.chat(KEEPER)[0].video and "A fox was here" in server.chat(KEEPER)[0].text
        assert len(server.chat(KEEPER)) == 1
        assert (await t.says(KEEPER, "/clip")).video

    converse(tmp_path, server, clock, talk)


def test_snooze_mute_and_quiet_hours(tmp_path: Path, server: FakeBotApi, clock: Clock) -> None:
    async def talk(t: Talk) -> None:
        await t.sees("hen", "Berta")
        (message,) = server.chat(KEEPER)
        asked = await t.press(message, "snooze")
        assert asked.words == ["30 min", "1 h", "3 h", "until tomorrow", "« back"]
        said = await t.press(asked, "1 h")
        assert "muted until 13:00: Berta" in said.text and "🔔 muted until 13:00" in said.words
        assert "muted" not in server.chat(WATCHER)[0].text, "it is this chat's own wish"
        clock.advance(1000)
        await t.sees("hen", "Berta")
        assert [len(server.chat(chat)) for chat in (KEEPER, WATCHER)] == [1, 2]
        said = await t.press(said, "muted until")
        assert "muted" not in said.text
        assert "No routine messages until 13:16" in (await t.says(KEEPER, "/snooze 1h")).text
        clock.advance(1000)
        await t.sees("hen", "Clover")
        assert "Clover" not in server.chat(KEEPER)[-1].text
        await t.sees("fox", "fox", alarm=True)
        assert "A fox!" in server.chat(KEEPER)[-1].text
        menu = await t.says(KEEPER, "/mute")
        assert "🔕 🦊 Fox" in (await t.press(menu, "Fox")).words
        clock.advance(3600)
        await t.sees("fox", "fox", alarm=True)
        assert "A fox!" not in server.chat(KEEPER)[-1].text and "A fox!" in server.chat(WATCHER)[-1].text
        menu = await t.says(KEEPER, "/quiet")
        assert "No sound from 22:00 to 07:00" in (await t.press(menu, "22:00–07:00")).text
        settings = await t.says(KEEPER, "/settings")
        off = await t.press(settings, "First visits")
        assert off.words[0].startswith("⬜") and "Quiet hours: 22:00–07:00" in off.text
        assert "по-русски" in (await t.press(await t.says(KEEPER, "/language"), "Русский")).text
        assert "Без звука с 23:00 до 06:30" in (await t.says(KEEPER, "/quiet 23:00-06:30")).text
        assert (await t.says(KEEPER, "/help")).text.startswith("🐔 Я слежу")
        await until(lambda: "снимок" in server.coop.commands[str(KEEPER), ""][0]["description"], "the menu")

    converse(tmp_path, server, clock, talk)


def test_a_group_keeps_to_its_topic_and_its_keepers(tmp_path: Path, server: FakeBotApi, clock: Clock) -> None:
    async def talk(t: Talk) -> None:
        code = t.house.store.new_pairing_code(clock(), timedelta(minutes=5))
        server.push_message(GROUP, "hello", person=5, thread=7)
        welcome = await t.says(GROUP, f"/start {code}", person=5, thread=7)
        assert welcome.thread == 7 and "may change things" in welcome.text
        await t.sees("hen", "Berta")
        message = server.chat(GROUP)[-1]
        assert message.thread == 7 and "Berta is here" in message.text
        assert (await t.says(GROUP, "/status", person=6, thread=9)).thread == 9
        assert "Only keepers" in (await t.says(GROUP, "/snooze 1h", person=6, thread=9)).text
        await t.press(message, "right", person=6, thread=7)
        assert server.toasts[-1].startswith("🔒")
        said = await t.press(message, "right", person=5, thread=7)
        assert "says that this is right" in said.text

    converse(tmp_path, server, clock, talk)


def test_a_press_after_a_restart_and_on_a_message_of_long_ago(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def first(t: Talk) -> None:
        await t.sees("hen", "Berta")

    converse(tmp_path, server, clock, first)
    (message,) = server.chat(KEEPER)

    async def later(house: House) -> None:
        async with talking(house, server, clock) as t:
            assert "says that this is right" in (await t.press(message, "right")).text
            server.push_update(button_press(KEEPER, f"right:{'f' * 32}", message_id=message.message_id))
            await until(lambda: "too old" in server.toasts[-1], "the toast")

    with a_house(tmp_path, clock, telegram={"token": TOKEN, "chats": [KEEPER]}) as house:
        asyncio.run(later(house))


def test_the_quiz_names_pictures_one_after_the_other(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def talk(t: Talk) -> None:
        for name in ("Berta", "Clover"):
            await t.sees("hen", name)
        question = await t.says(KEEPER, "/quiz")
        assert question.photo and "1 of " in question.text and "🐔 Ada" in question.words
        before = len(server.chat(KEEPER))
        said = await t.press(question, "Ada")
        assert "Ada says: Ada" in said.text and said.words == []
        await until(lambda: len(server.chat(KEEPER)) > before, "the next question")
        second = server.chat(KEEPER)[-1]
        assert "2 of " in second.text
        await t.press(second, "Clover")
        await until(lambda: "2 pictures named" in server.chat(KEEPER)[-1].text, "the end")
        labels = t.house.store.current_labels(HENS)
        assert sorted(labels.values()) == ["Ada", "Ada", "Clover", "Clover"]

    converse(tmp_path, server, clock, talk)


def test_a_corrected_visit_gives_its_egg_to_another_hen_in_the_message_too(
    tmp_path: Path, server: FakeBotApi, clock: Clock
) -> None:
    async def talk(t: Talk) -> None:
        visit = await t.sees("hen", "Clover")
        await t.ends(visit)
        laid = replace(
            egg(clock()), since=visit.began - timedelta(minutes=5),
            shares=(Share(hen="Clover", probability=0.95, visit=visit.key), Share(hen="", probability=0.05)),
        )  # fmt: skip
        await t.record(Findings(events=(RecordedEvent(event=laid),), counts=(count(clock()),)))
        told = server.chat(KEEPER)[-1]
        assert told.text.startswith("🥚 Clover laid an egg") and told.words == [
            "🥚 whose egg?",
            "✏️ another hen",
        ]
        clock.advance(60)
        said = await t.press(await t.press(told, "another hen"), "Ada")
        assert said.text.startswith("🥚 Ada laid an egg") and said.words == ["🥚 whose egg?", "✏️ another hen"]
        (kept,) = t.house.store.eggs(NOON, clock() + timedelta(1))
        assert kept.likeliest.hen == "Ada" and len(t.house.store.attributions(kept.key)) == 2
        assert "Ada was here" in server.chat(KEEPER)[0].text
        assert "Ada: 1 egg" in (await t.says(KEEPER, "/eggs")).text

    converse(tmp_path, server, clock, talk)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_keeper_says_whose_an_egg_is_and_takes_it_back(
    tmp_path: Path, server: FakeBotApi, clock: Clock, language: str
) -> None:
    words = CLAIMED[language]

    async def talk(t: Talk) -> None:
        visits = [await t.sees("hen", hen) for hen in ("Clover", "Berta")]
        for visit in visits:
            await t.ends(visit)
        shares = (
            Share(hen="Clover", probability=0.5, visit=visits[0].key),
            Share(hen="Berta", probability=0.49, visit=visits[1].key),
            Share(hen="", probability=0.01),
        )
        found = replace(egg(clock()), since=NOON - timedelta(minutes=5), eggs=2, together=2, shares=shares)
        pair = [replace(found, number=number) for number in (1, 2)]
        await t.record(Findings(events=tuple(RecordedEvent(event=event) for event in pair)))
        told = server.chat(KEEPER)[-1]
        assert told.words[0] == words["whose"]
        asked = await t.press(told, words["whose"])
        assert asked.text == told.text
        assert asked.words == ["🐔 Clover", "🐔 Berta", "🐔 Ada", words["back"]], "the likeliest first"
        assert (await t.press(asked, words["back"])).words == told.words
        clock.advance(60)
        said = await t.press(await t.press(told, words["whose"]), "Ada")
        assert said.text.split("\n")[0].startswith(words["one"]), said.text
        assert said.text.endswith(words["says"])
        assert "Ada" in t.now(server.chat(WATCHER)[-1]).text, "the other chat too"
        store = t.house.store
        kept = {one.likeliest.hen: one for one in store.eggs(NOON, clock() + timedelta(1))}
        assert kept["Ada"].claim is not None
        assert (kept["Ada"].claim.who, kept["Ada"].likeliest.probability) == ("Ada", 1.0)
        assert max(one.share_of("Ada") for hen, one in kept.items() if hen != "Ada") == 0.0
        said = await t.press(await t.press(told, words["whose"]), "Clover")
        assert said.text.split("\n")[0] == words["both"]
        asked = await t.press(told, words["whose"])
        assert asked.words[:2] == ["✅ Ada", "✅ Clover"]
        await t.press(asked, "Ada")
        said = await t.press(await t.press(told, words["whose"]), "Clover")
        assert said.text.split("\n")[0].startswith(words["each"]), "both are taken back, at one moment"
        assert "👤" not in said.text
        history = [store.attributions(one.key) for one in store.eggs(NOON, clock() + timedelta(1))]
        assert max(len(one) for one in history) >= 3, "nothing is overwritten"
        theirs = t.now(server.chat(WATCHER)[-1])
        assert await t.press(theirs, words["whose"]) == theirs, "who only watches says nothing"

    converse(tmp_path, server, clock, talk, language)


CLAIMED = {
    "en": {
        "whose": "🥚 whose egg?", "back": "« back", "one": "🥚 2 eggs, by Ada and ",
        "both": "🥚 2 eggs, by Ada and Clover", "says": "👤 so says Ada",
        "each": "🥚 2 eggs, each by Berta (45%) or Clover (45%)",
    },
    "ru": {
        "whose": "🥚 чьё яйцо?", "back": "« назад", "one": "🥚 2 яйца, снесли Ada и ",
        "both": "🥚 2 яйца, снесли Ada и Clover", "says": "👤 так говорит Ada",
        "each": "🥚 2 яйца, каждое: Berta (45\u00a0%) или Clover (45\u00a0%)",
    },
}  # fmt: skip
