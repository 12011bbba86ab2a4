"""The loop closes: taps on the phone become labels, labels a better model, and a tap goes back."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest
from fakes.botapi import FakeBotApi, button_press
from fakes.house import House, a_house
from fakes.nights import package
from fakes.post import Clock
from fakes.records import new_picture

from coop.classify.judge import HENS, KINDS
from coop.commands.lesson import look
from coop.desk.parts import tag
from coop.domain.chat import Preferences, Role
from coop.domain.findings import Findings
from coop.domain.frame import Picture
from coop.domain.sighting import Sighting, Visit
from coop.domain.training import Outcome
from coop.frame.sim.source import SimSource, open_sim
from coop.notify.outbox import OutboxWorker
from coop.notify.telegram.bot import TelegramBot
from coop.places import models_dir

TOKEN = "123456789:" + "a" * 35
KEEPER, RUSSIAN, WATCHER = 11, 13, 12
SETTINGS = f"""
data_dir = "data"
timezone = "UTC"
[telegram]
token = "{TOKEN}"
chats = [{KEEPER}, {RUSSIAN}]
[training]
tune_at_most = 0
[hens]
names = [%s]
"""


async def until(true: object, what: str) -> None:
    for _ in range(3000):
        if true():  # type: ignore[operator]
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never came: {what}")


def seen(house: House, source: SimSource) -> dict[str, str]:
    """Visits of hens whom nobody knows by name yet, three crops each; the truth by picture and by visit."""
    lesson, truth = look(source, UTC, each=5), dict[str, str]()
    pictures, visits, sightings = [], [], []
    crops: dict[tuple[str, str], list[Picture]] = {}
    for picture, kind, subject, day in zip(
        lesson.pictures, lesson.kinds, lesson.subjects, lesson.groups, strict=True
    ):
        if kind == "hen":
            crops.setdefault((day, subject), []).append(picture)
    facts = {"camera": "run", "place": "run", "kind": "hen", "subject": "hen", "confidence": 0.9}
    several = [(*who, some[k : k + 3]) for who, some in crops.items() for k in range(0, len(some), 3)]
    for n, (day, hen, some) in enumerate(several):
        time = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=10 * n)
        for k, picture in enumerate(some):
            data = cv2.imencode(".jpg", picture)[1].tobytes()
            crop = new_picture(3 * n + k, camera="run", track_id=f"t{n}", time=time, data=data)
            pictures.append(crop)
            truth[crop.key] = hen
        sightings.append(Sighting(track_id=f"t{n}", time=time, **facts))  # type: ignore[arg-type]
        ended = time + timedelta(minutes=6)
        visits.append(Visit(key=f"{n:032x}", began=time, last_seen=time, ended=ended, sightings=1, **facts))  # type: ignore[arg-type]
        truth[f"{n:032x}"] = hen
    found = Findings(pictures=tuple(pictures), sightings=tuple(sightings), visits=tuple(visits))
    house.store.record(found, house.clock())
    return truth


def nightly(folder: Path) -> subprocess.Popen[str]:
    """`coop nightly`, as the timer starts it."""
    command = [sys.executable, "-m", "coop", "nightly", "--config", str(folder / "coop.toml")]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COOP_")}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def learn(folder: Path) -> None:
    """A night that nothing disturbs."""
    with nightly(folder) as process:
        said = process.communicate(timeout=800)[1]
    assert process.returncode == 0, said


@pytest.mark.timeout(900)
def test_corrections_from_the_phone_make_a_better_model_and_a_tap_goes_back(tmp_path: Path) -> None:
    source = open_sim("sim://?flock=1&seed=3&days=6&hens=2&from=6&to=8", "run")
    names = source.flock.names
    (tmp_path / "coop.toml").write_text(SETTINGS % ", ".join(f'"{name}"' for name in names))
    clock = Clock(datetime.now(UTC))
    telegram = {"token": TOKEN, "chats": [KEEPER, RUSSIAN]}
    with (
        FakeBotApi(token=TOKEN) as api,
        a_house(
            tmp_path, clock, telegram=telegram, timezone="UTC", hens={"names": names},
            cameras={"run": {"url": "sim://?flock=1&seed=7&days=1&from=5&to=6"}},
        ) as house,
    ):  # fmt: skip
        store = house.store
        store.pair(
            store.new_pairing_code(clock(), timedelta(minutes=5), role=Role.WATCHER), "12", "W", clock()
        )
        store.set_preferences(Preferences(chat=str(RUSSIAN), language="ru"))
        package(models_dir(house.settings) / "hens-0", classes=(*names, "none"))
        store.activate(HENS, "hens-0", clock())
        asyncio.run(_talk(house, api, seen(house, source), tmp_path))
    assert [error for error in api.errors if "not modified" not in error] == []


async def _talk(house: House, api: FakeBotApi, truth: dict[str, str], folder: Path) -> None:
    store, bot = (
        house.store,
        TelegramBot(TOKEN, house.desk, base_url=api.url, poll_seconds=1, first_delay=0.05),
    )
    worker = OutboxWorker(store, bot, house.clock)
    await bot.start()
    try:
        visits = {key: hen for key, hen in truth.items() if not key.startswith("picture")}
        for visit, hen in visits.items():  # the keeper says who it was
            api.push_update(button_press(KEEPER, f"is:{visit}:{tag(hen)}", press=visit))
        await until(lambda: len(api.toasts) == len(visits), "every press")
        assert store.new_labels(HENS) == len(truth) - len(visits) >= 50
        house.routine.poll_models()
        assert _at_work(house) == "hens 0"

        with nightly(folder) as process:  # and the power goes as it learns
            await until(lambda: process.poll() is not None or store.open_training(HENS), "a training")
            process.kill()
            said = process.communicate()[1]
        assert "Task kinds:" in said and "nothing to tell apart" in said, "which kept nobody"
        assert store.open_training(HENS) is not None and store.active(HENS) == "hens-0"
        await asyncio.to_thread(learn, folder)
        assert [training.outcome for training in store.trainings(HENS)] == [Outcome.PROMOTED]
        items = store.dataset(HENS).items
        assert {item.picture: item.value for item in items}.items() <= truth.items(), "as the keeper said"
        assert len(items) > 0.8 * (len(truth) - len(visits))
        assert store.trainings(KINDS)[0].outcome is Outcome.FAILED, "all that was labelled are hens"
        house.clock.now = datetime.now(UTC)
        await worker.flush()
        mine, theirs = api.chat(KEEPER)[-1], api.chat(RUSSIAN)[-1]
        figures = re.search(r"The hens: (\d+)% → (\d+)% right", mine.text)
        assert figures and int(figures[2]) > max(75, int(figures[1])), mine.text
        assert (
            mine.silent and mine.words == ["⏪ hens-0"] and "hens-1 is at work instead of hens-0" in mine.text
        )
        assert re.search(rf"Куры: верно {figures[1]}\s?% → {figures[2]}\s?%", theirs.text), theirs.text
        assert api.chat(WATCHER) == []

        house.routine.poll_models()
        assert _at_work(house) == "hens 1", "without a restart"
        said = await _says(api, KEEPER, "/model")
        assert f"hens: hens 1 · {figures[2]}% right on pictures held out" in said
        assert f"The hens: hens-1 · {figures[1]}% → {figures[2]}% right" in said

        before, _ = theirs, await _press(api, worker, theirs, "hens-0")
        assert store.active(HENS) == "hens-0"
        mine, theirs = api.chat(KEEPER)[-2], _now(api, theirs)
        assert "went back to hens-0" in mine.text and mine.words == []
        assert "возврат к hens-0" in theirs.text and theirs.words == []
        house.routine.poll_models()
        assert _at_work(house) == "hens 0"
        said = await _says(api, KEEPER, "/model")
        assert "hens: hens 0" in said and said.endswith("right · not at work any more")
        await _press(api, worker, before, "hens-0")
        assert "hens-1 уже не работает" in api.toasts[-1], "a second tap undoes nothing"
        assert store.active(HENS) == "hens-0"
        assert "hens-1 is at work again" in await _says(api, KEEPER, "/rollback")
        await worker.flush()
        assert _now(api, mine).words == ["⏪ hens-0"], "the way back is there again"
        assert Counter(store.outbox_counts())["failed"] == 0
    finally:
        await bot.stop()


def _at_work(house: House) -> str:
    return house.desk._parts.models.cards[HENS].model


async def _says(api: FakeBotApi, chat: int, text: str) -> str:
    before = len(api.chat(chat))
    api.push_message(chat, text)
    await until(lambda: len(api.chat(chat)) > before, f"an answer to {text}")
    return api.chat(chat)[-1].text


async def _press(api: FakeBotApi, worker: OutboxWorker, message: object, word: str) -> None:
    before = len(api.toasts)
    api.push_press(message, word)  # type: ignore[arg-type]
    await until(lambda: len(api.toasts) > before, f"the press of {word}")
    await worker.flush()


def _now(api: FakeBotApi, message: object) -> object:
    return next(m for m in api.chat(message.chat_id) if m.message_id == message.message_id)  # type: ignore[attr-defined]
