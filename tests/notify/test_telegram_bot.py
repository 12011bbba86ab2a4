"""The bot as its users meet it: commands, pairing, strangers, and a network that comes and goes."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fakes.botapi import BOT_NAME, TOKEN, FakeBotApi, Fault, button_press

from coop.domain.chat import Role
from coop.domain.notification import Button
from coop.errors import CoopError, SourceError, StoreUnavailable
from coop.notify import answers as words
from coop.notify.answers import help_text
from coop.notify.desk import Answer, Caller, Pressed, Sender
from coop.notify.menu import COMMANDS, commands_for
from coop.notify.messenger import Ambiguous, PictureRefused, Refused, TokenRefused, Unreachable
from coop.notify.telegram import commands, gate, polling
from coop.notify.telegram.bot import TelegramBot
from coop.notify.telegram.messenger import TelegramMessenger, bot_username

KEEPER, STRANGER, GROUP = 42, 666, -100


class PretendDesk:
    """A desk with two cameras, one paired chat and one code."""

    def __init__(self, jpeg: bytes) -> None:
        self.chats = {str(KEEPER)}
        self.codes = {"ABC123"}
        self.strangers: set[str] = set()
        self.tests: list[str] = []
        self.presses: list[str] = []
        self.locked = False
        self.refusals = 0
        self.text = "<b>all is well</b>"
        self.wait = threading.Event()
        self.wait.set()
        self._jpeg = jpeg

    def answer(self, caller: Caller, command: str, words: str) -> Answer | None:
        match command:
            case "help":
                return Answer(text=help_text(caller.role))
            case "photo" if words == "broken":
                raise SourceError("broken", "no picture has come <yet>", "See /status.")
            case "photo" if words not in ("run", "nest box"):
                return Answer(text="Which camera?", buttons=((Button(text="run", press="photo:run"),),))
            case "photo":
                return Answer(text=f"📷 {words}", picture=self._jpeg)
            case "today":
                return Answer(text=self.text, picture=self._jpeg)
            case "status":
                self.wait.wait(20)
                if self.text == "bug":
                    raise ZeroDivisionError(f"a bug that shows {TOKEN}")
                return Answer(text=self.text)
            case "test":
                self.tests.append(caller.chat)
        return None

    def press(self, caller: Caller, press: str, data: str) -> Pressed:
        self.presses.append(data)
        self.wait.wait(20)
        return Pressed(toast="pressed", then=Answer(text=f"pressed {data}"))

    def pair(self, code: str, sender: Sender) -> Caller | None:
        if code not in self.codes:
            return None
        self.codes.remove(code)
        self.chats.add(sender.chat)
        return self.caller(sender)

    def caller(self, sender: Sender) -> Caller | None:
        if self.locked:
            self.refusals += 1
            raise StoreUnavailable("coop.db", "it is locked", "Close the other program.")
        return Caller(sender=sender, role=Role.KEEPER, language="en") if sender.chat in self.chats else None

    def note_stranger(self, chat: str) -> bool:
        new = chat not in self.strangers
        self.strangers.add(chat)
        return new

    def menus(self) -> dict[str, tuple[Role, str]]:
        return dict.fromkeys(self.chats, (Role.KEEPER, "en"))

    def cameras(self) -> Sequence[str]:
        return ("run", "nest box")


@pytest.fixture
def desk(jpeg: bytes) -> PretendDesk:
    return PretendDesk(jpeg)


@asynccontextmanager
async def running(desk: PretendDesk, url: str, token: str = TOKEN) -> AsyncIterator[TelegramBot]:
    bot = TelegramBot(token, desk, base_url=url, answer_within=2, poll_seconds=1, first_delay=0.05)
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


async def until(true: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Wait for something another thread or task does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"never came: {what}"
        await asyncio.sleep(0.02)


def converse(desk: PretendDesk, api: FakeBotApi, talk: Callable[[TelegramBot], Awaitable[None]]) -> None:
    """Run a bot and a conversation with it."""

    async def main() -> None:
        async with running(desk, api.url) as bot:
            await talk(bot)

    asyncio.run(main())


async def answers(api: FakeBotApi, chat: int, *commands: str) -> list[str]:
    """What the bot answers to commands, waiting for one answer to each."""
    for command in commands:
        before = len(api.chat(chat))
        api.push_message(chat, command)
        await until(lambda before=before: len(api.chat(chat)) > before, f"an answer to {command}")
    return [message.text for message in api.chat(chat)]


def test_every_command_is_answered(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        said = await answers(
            api, KEEPER, "/start", "/help", "/photo", "/photo nest box", "/today", f"/status@{BOT_NAME}"
        )
        assert "I watch the coop" in said[0] and said[1] == said[0]
        assert said[2] == "Which camera?"
        assert said[3:] == ["📷 nest box", "all is well", "all is well"]
        assert [m.photo is not None for m in api.chat(KEEPER)] == [False, False, False, True, True, False]
        api.push_message(KEEPER, "/test")
        await until(lambda: desk.tests == [str(KEEPER)], "the test in the outbox")
        assert bot.problem == ""

    converse(desk, api, talk)
    assert api.errors == []
    menus = {where: [entry["command"] for entry in commands] for where, commands in api.coop.commands.items()}
    looking = [name for name, _ in commands_for(Role.WATCHER)]
    assert menus == {
        ("", ""): looking,
        ("", "ru"): looking,
        (str(KEEPER), ""): [command.name for command in COMMANDS],
    }


def test_what_is_no_command_and_what_is_meant_for_another_bot_is_left_alone(
    desk: PretendDesk, api: FakeBotApi
) -> None:
    async def talk(bot: TelegramBot) -> None:
        for text in ("good morning", "/photo@other_bot", "/nonsense"):
            api.push_message(KEEPER, text)
        assert await answers(api, KEEPER, "/status") == ["all is well"]

    converse(desk, api, talk)


def test_a_camera_that_cannot_answer_says_why(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        (said,) = await answers(api, KEEPER, "/photo broken")
        assert said == "⚠️ broken: no picture has come <yet>. See /status."

    converse(desk, api, talk)


def test_strangers_get_no_answer_and_are_logged_once(
    desk: PretendDesk, api: FakeBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(bot: TelegramBot) -> None:
        given = [f"/{command.name}" for command in COMMANDS]
        for text in ("hello", "/start", "/start wrong", "/start ABC123 extra", *given):
            api.push_message(STRANGER, text)
        api.push_update(button_press(STRANGER, "label:fox"))
        assert await answers(api, KEEPER, "/status") == ["all is well"]

    converse(desk, api, talk)
    assert api.chat(STRANGER) == []
    assert api.calls("answerCallbackQuery") == []
    assert len([r for r in caplog.records if "stranger" in r.message]) == 1
    assert desk.codes == {"ABC123"} and desk.tests == [] and desk.presses == []


def test_a_code_pairs_a_chat_once(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        (welcome,) = await answers(api, GROUP, f"/start@{BOT_NAME} ABC123")
        assert "Welcome" in welcome
        assert (await answers(api, GROUP, "/status"))[-1] == "all is well"
        api.push_message(STRANGER, "/start ABC123")
        await until(lambda: str(STRANGER) in desk.strangers, "the stranger")

    converse(desk, api, talk)
    assert desk.chats == {str(KEEPER), str(GROUP)}
    assert api.chat(STRANGER) == []


def test_codes_cannot_be_guessed_for_ever(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        for n in range(gate.PAIRING_TRIES):
            api.push_message(STRANGER, f"/start guess{n}")
        api.push_message(STRANGER, "/start ABC123")
        await answers(api, KEEPER, "/status")

    converse(desk, api, talk)
    assert str(STRANGER) not in desk.chats and desk.codes == {"ABC123"}


def test_a_long_answer_comes_in_pages(desk: PretendDesk, api: FakeBotApi) -> None:
    desk.text = "\n".join(f"• line {n} &amp; more" for n in range(400))

    async def talk(bot: TelegramBot) -> None:
        api.push_message(KEEPER, "/today")
        await until(lambda: len(api.chat(KEEPER)) == 4, "a picture and its pages")

    converse(desk, api, talk)
    picture, *pages = api.chat(KEEPER)
    assert picture.photo is not None and picture.text == ""
    assert "\n".join(page.text for page in pages) == desk.text.replace("&amp;", "&")


def test_a_bug_in_a_command_shows_no_secret_and_the_bot_goes_on(
    desk: PretendDesk, api: FakeBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    desk.text = "bug"

    async def talk(bot: TelegramBot) -> None:
        (said,) = await answers(api, KEEPER, "/status")
        assert said == words.went_wrong()
        desk.text = "well again"
        assert (await answers(api, KEEPER, "/status"))[-1] == "well again"

    converse(desk, api, talk)
    assert "ZeroDivisionError" in caplog.text and TOKEN not in caplog.text


def test_while_nobody_can_say_who_is_allowed_nobody_is(desk: PretendDesk, api: FakeBotApi) -> None:
    desk.locked = True

    async def talk(bot: TelegramBot) -> None:
        api.push_message(STRANGER, "/test")
        api.push_message(KEEPER, "/photo run")
        # Each failure asks once more, to learn whether the chat may be told of it.
        await until(lambda: desk.refusals == 4, "both failures")
        desk.locked = False
        assert await answers(api, KEEPER, "/status") == ["all is well"]

    converse(desk, api, talk)
    assert api.chat(STRANGER) == [] and desk.tests == []


def test_a_desk_that_hangs_does_not_silence_the_bot(
    desk: PretendDesk, api: FakeBotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "DESK_SECONDS", 0.2)
    desk.wait.clear()

    async def talk(bot: TelegramBot) -> None:
        said = await answers(api, KEEPER, "/status", "/photo run")
        assert said == [words.went_wrong(), "📷 run"]
        desk.wait.set()

    converse(desk, api, talk)


def test_an_answer_waits_out_flood_control(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        api.inject("sendMessage", Fault.FLOOD, retry_after=1)
        assert await answers(api, KEEPER, "/status") == ["all is well"]

    converse(desk, api, talk)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.SERVER_ERROR,
        Fault.BAD_GATEWAY,
        Fault.RESET_BEFORE,
        Fault.RESET_AFTER,
        Fault.GARBAGE,
        Fault.FLOOD,
    ],
)
def test_polling_begins_again_after_every_failure(desk: PretendDesk, api: FakeBotApi, fault: Fault) -> None:
    async def talk(bot: TelegramBot) -> None:
        await until(lambda: bot.problem == "", "the first poll")
        api.inject("getUpdates", fault, times=2)
        await until(lambda: bot.problem != "", "the failure")
        assert await answers(api, KEEPER, "/status") == ["all is well"]
        assert bot.problem == ""

    converse(desk, api, talk)


def test_a_poll_that_is_never_answered_is_given_up(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        await until(lambda: bot.problem == "", "the first poll")
        api.inject("getUpdates", Fault.TIMEOUT_BEFORE)
        assert await answers(api, KEEPER, "/status") == ["all is well"]

    converse(desk, api, talk)


def test_started_without_a_network_it_answers_as_soon_as_there_is_one(
    desk: PretendDesk, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeBotApi() as gone:
        port = gone.port

    async def main() -> None:
        async with running(desk, f"http://127.0.0.1:{port}") as bot:
            await until(lambda: "not reached" in bot.problem, "the failure")
            await asyncio.sleep(0.3)
            assert [r.levelname for r in caplog.records if "not reached" in r.message] == ["WARNING"]
            with FakeBotApi(port=port) as api:
                assert await answers(api, KEEPER, "/status") == ["all is well"]

    asyncio.run(main())


def test_a_refused_token_is_said_once_and_nowhere_shown(
    desk: PretendDesk, api: FakeBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "654321:wrong-secret"
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with running(desk, api.url, wrong) as bot:
            caplog.set_level(logging.DEBUG, logger="httpx")
            await until(lambda: "refuses the bot token" in bot.problem, "the refusal")
            with pytest.raises(TokenRefused, match="BotFather"):
                await bot.check()

    asyncio.run(main())
    assert len([r for r in caplog.records if "refuses the bot token" in r.message]) == 1
    assert "wrong-secret" not in caplog.text


def test_what_was_answered_is_not_answered_again_after_a_restart(desk: PretendDesk, api: FakeBotApi) -> None:
    async def talk(bot: TelegramBot) -> None:
        await answers(api, KEEPER, "/status")

    converse(desk, api, talk)
    assert len(api.sent) == 1
    assert api.coop.updates == []

    async def listen(bot: TelegramBot) -> None:
        await until(lambda: bot.problem == "", "the first poll")
        await asyncio.sleep(0.2)

    converse(desk, api, listen)
    assert len(api.sent) == 1


def test_a_press_is_only_forgotten_once_it_is_answered(desk: PretendDesk, api: FakeBotApi) -> None:
    """Else a program that is killed in between would have lost it."""
    desk.wait.clear()

    async def talk(bot: TelegramBot) -> None:
        update = api.push_update(button_press(KEEPER, "right:visit", press="p1"))
        await until(lambda: desk.presses == ["right:visit"], "the press")
        await asyncio.sleep(0.3)
        assert all(int(call.get("offset", 0)) <= update for call in api.calls("getUpdates"))
        desk.wait.set()
        await until(lambda: api.toasts == ["pressed"], "the answer")
        await until(lambda: api.coop.updates == [], "the next poll")
        assert [message.text for message in api.chat(KEEPER)] == ["pressed right:visit"]

    converse(desk, api, talk)


def test_stopping_does_not_wait_for_a_slow_command(desk: PretendDesk, api: FakeBotApi) -> None:
    desk.wait.clear()

    async def main() -> float:
        bot = TelegramBot(TOKEN, desk, base_url=api.url, poll_seconds=20)
        await bot.start()
        await until(lambda: bot.problem == "", "the first poll")
        api.push_message(KEEPER, "/status")
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await bot.stop(within=0.5)
        took = time.monotonic() - began
        desk.wait.set()
        return took

    assert asyncio.run(main()) < 5


def test_receiving_that_ended_by_a_bug_begins_again(
    desk: PretendDesk, api: FakeBotApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(polling, "LONGEST_DELAY", 0.1)

    async def talk(bot: TelegramBot) -> None:
        await until(lambda: bot.problem == "", "the first poll")
        api.push_update({"message": {"nonsense": True}})
        await until(lambda: "Receiving from Telegram ended" in caplog.text, "the bug")
        with api.coop.lock:
            api.coop.updates.clear()
        assert await answers(api, KEEPER, "/status") == ["all is well"]

    converse(desk, api, talk)


# The messenger alone


def alone(api: FakeBotApi, use: Callable[[TelegramMessenger], Awaitable[None]], token: str = TOKEN) -> None:
    async def main() -> None:
        messenger = TelegramMessenger(token, base_url=api.url, answer_within=2)
        try:
            await use(messenger)
        finally:
            await messenger.close()

    asyncio.run(main())


def test_check_says_who_the_bot_is(api: FakeBotApi) -> None:
    assert asyncio.run(bot_username(TOKEN, api.url)) == BOT_NAME


def test_check_says_what_to_do() -> None:
    with pytest.raises(Unreachable, match="Check the network"):
        asyncio.run(bot_username(TOKEN, "http://127.0.0.1:9"))


def test_a_refused_token_is_the_users_business(api: FakeBotApi) -> None:
    with pytest.raises(CoopError, match="@BotFather"):
        asyncio.run(bot_username("1:wrong-secret", api.url))


def test_every_message_has_a_connection_of_its_own(api: FakeBotApi) -> None:
    """One that was kept may be dead without a sign, and a message lost on it would count as uncertain."""

    async def use(messenger: TelegramMessenger) -> None:
        for n in range(3):
            await messenger.send("42", f"message {n}", None, silent=True)

    alone(api, use)
    assert len(set(api.coop.ports)) == 3


@pytest.mark.parametrize(
    ("cause", "meaning"),
    [
        (httpx.ConnectError("no route"), Unreachable),
        (httpx.ConnectTimeout("slow"), Unreachable),
        (httpx.PoolTimeout("busy"), Unreachable),
        (httpx.WriteTimeout("half a picture left"), Unreachable),
        (httpx.ReadTimeout("no answer"), Ambiguous),
        (httpx.ReadError("reset"), Ambiguous),
        (httpx.RemoteProtocolError("closed"), Ambiguous),
        (RuntimeError("who knows"), Ambiguous),
    ],
)
def test_the_cause_tells_whether_a_message_can_have_arrived(
    api: FakeBotApi, monkeypatch: pytest.MonkeyPatch, cause: Exception, meaning: type[Exception]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise cause

    async def use(messenger: TelegramMessenger) -> None:
        monkeypatch.setattr(httpx.AsyncClient, "request", fail)
        with pytest.raises(meaning):
            await messenger.send("42", "x", None, silent=True)

    alone(api, use)


def test_an_edit_that_changes_nothing_is_no_failure(api: FakeBotApi) -> None:
    async def use(messenger: TelegramMessenger) -> None:
        number = await messenger.send("42", "same", None, silent=True)
        await messenger.edit("42", number, "same", None)

    alone(api, use)
    assert api.chat(42)[0].silent
    assert len(api.errors) == 1 and "not modified" in api.errors[0]


def test_an_edit_of_a_message_that_is_gone_is_refused_for_good(api: FakeBotApi) -> None:
    async def use(messenger: TelegramMessenger) -> None:
        with pytest.raises(Refused, match="not found"):
            await messenger.edit("42", "text:77", "x", None)

    alone(api, use)


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_a_refused_picture_is_told_from_a_refused_message(
    api: FakeBotApi, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(data)

    async def use(messenger: TelegramMessenger) -> None:
        with pytest.raises(PictureRefused):
            await messenger.send("42", "x", file, silent=True)
        with pytest.raises(Refused) as refusal:
            await messenger.send("42", "<oops>", None, silent=True)
        assert not isinstance(refusal.value, PictureRefused)

    alone(api, use)


def test_an_error_holds_no_token_in_its_chain(api: FakeBotApi) -> None:
    async def use(messenger: TelegramMessenger) -> None:
        with pytest.raises(TokenRefused) as refusal:
            await messenger.send("42", "x", None, silent=True)
        problem: BaseException | None = refusal.value
        while problem is not None:
            assert "wrong-secret" not in repr(problem)
            problem = problem.__cause__ or problem.__context__

    alone(api, use, "654321:wrong-secret")
