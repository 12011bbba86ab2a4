"""The outbox against the pretended Telegram: every message once, whatever goes wrong.

Real parts throughout: store, worker, python-telegram-bot, and a server that fails on demand.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes.botapi import TOKEN, FakeBotApi, Fault
from fakes.post import Clock, Post
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop.domain.findings import Findings
from coop.domain.notification import Keyboard, Notification, OutboxState
from coop.domain.picture import StoredPicture
from coop.errors import StoreUnavailable
from coop.notify.messenger import Refused
from coop.notify.outbox import OutboxWorker
from coop.notify.telegram.messenger import TelegramMessenger
from coop.store.store import Store

LOST = [Fault.TIMEOUT_AFTER, Fault.RESET_AFTER, Fault.GARBAGE]
"""Delivered, but the answer is lost."""
VANISHED = [Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE, Fault.BAD_GATEWAY]
"""Not delivered, though nobody can know."""


class Daemon:
    """A worker on a real messenger. Each call is one run of an event loop, as one job of the schedule is."""

    def __init__(self, store: Store, url: str, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._url = url
        self.worker: OutboxWorker | None = None

    def run(self, work: Callable[[OutboxWorker], Awaitable[object]]) -> None:
        async def main() -> None:
            messenger = TelegramMessenger(TOKEN, base_url=self._url, answer_within=0.8)
            self.worker = OutboxWorker(self.store, messenger, self.clock)
            try:
                await work(self.worker)
            finally:
                await messenger.close()

        asyncio.run(main())

    def flush(self, times: int = 1, step: float = 130) -> None:
        """Flush, with time passing in between, until every pause is over."""

        async def work(worker: OutboxWorker) -> None:
            for _ in range(times):
                await worker.flush()
                self.clock.advance(step)

        self.run(work)

    def states(self) -> dict[OutboxState, int]:
        return {state: count for state, count in self.store.outbox_counts().items() if count}


@pytest.fixture
def daemon(store: Store, api: FakeBotApi, clock: Clock) -> Daemon:
    return Daemon(store, api.url, clock)


def texts_of(api: FakeBotApi) -> list[str]:
    return [message.text for message in api.sent]


def test_messages_arrive_once_in_order_with_their_pictures(
    daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes
) -> None:
    post.picture("p", jpeg)
    post("<b>first</b> &amp; best", picture="p")
    post("second")
    post("alarm", alarm=True, chat="-100")
    daemon.flush(3)
    assert texts_of(api) == ["first & best", "second", "alarm"]
    assert [message.chat_id for message in api.sent] == [42, 42, -100]
    assert [message.photo_size for message in api.sent] == [(64, 48), None, None]
    assert daemon.states() == {OutboxState.SENT: 3}
    assert api.errors == []


@pytest.mark.parametrize("method", ["sendMessage", "sendPhoto"])
@pytest.mark.parametrize("fault", [Fault.FLOOD, Fault.SERVER_ERROR, Fault.UNAUTHORIZED])
def test_what_was_surely_not_delivered_is_tried_again(
    daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes, fault: Fault, method: str
) -> None:
    post.picture("p", jpeg)
    for n in range(3):
        post(f"message {n}", picture="p" if method == "sendPhoto" else None)
    api.inject(method, fault, times=2)
    daemon.flush(5, step=301)
    assert texts_of(api) == ["message 0", "message 1", "message 2"]
    assert daemon.states() == {OutboxState.SENT: 3}


@pytest.mark.parametrize("fault", LOST + VANISHED)
def test_what_may_have_arrived_is_not_repeated(
    daemon: Daemon, api: FakeBotApi, post: Post, fault: Fault
) -> None:
    post("uncertain")
    post("next")
    api.inject("sendMessage", fault)
    daemon.flush(4)
    assert texts_of(api) == (["uncertain", "next"] if fault in LOST else ["next"])
    assert daemon.states() == {OutboxState.UNCERTAIN: 1, OutboxState.SENT: 1}


@pytest.mark.parametrize("fault", LOST + VANISHED)
def test_an_uncertain_alarm_is_repeated_once_and_says_so(
    daemon: Daemon, api: FakeBotApi, post: Post, fault: Fault
) -> None:
    post("fox", alarm=True)
    api.inject("sendMessage", fault, times=2)
    daemon.flush(6)
    again = "possible repeat\nfox"
    assert texts_of(api) == (["fox", again] if fault in LOST else [])
    assert daemon.states() == {OutboxState.UNCERTAIN: 1}
    assert len(api.calls("sendMessage")) == 2


def test_a_repeat_that_surely_failed_is_still_marked(daemon: Daemon, api: FakeBotApi, post: Post) -> None:
    post("fox", alarm=True)
    api.inject("sendMessage", Fault.RESET_AFTER)
    api.inject("sendMessage", Fault.SERVER_ERROR)
    daemon.flush(5)
    assert texts_of(api) == ["fox", "possible repeat\nfox"]


def test_after_a_lost_answer_the_next_message_waits(daemon: Daemon, api: FakeBotApi, post: Post) -> None:
    """While the network is in trouble, one message is risked, not all of them."""
    for n in range(5):
        post(f"message {n}")
    api.inject("sendMessage", Fault.RESET_BEFORE, times=10)
    daemon.flush(1)
    assert daemon.states() == {OutboxState.UNCERTAIN: 1, OutboxState.NEW: 4}


def test_a_chat_that_blocked_the_bot_holds_up_nobody(daemon: Daemon, api: FakeBotApi, post: Post) -> None:
    api.inject("sendMessage", Fault.FORBIDDEN, times=2, chat_id=7)
    post("to the blocker", chat="7")
    post("to the other")
    post("again to the blocker", chat="7")
    daemon.flush()
    assert texts_of(api) == ["to the other"]
    assert daemon.states() == {OutboxState.SENT: 1, OutboxState.FAILED: 2}


def test_flood_control_stops_its_chat_only_and_keeps_its_order(
    daemon: Daemon, api: FakeBotApi, post: Post, clock: Clock
) -> None:
    api.inject("sendMessage", Fault.FLOOD, retry_after=30, chat_id=7)
    for n in range(3):
        post(f"seven {n}", chat="7")
        post(f"eight {n}", chat="8")

    async def work(worker: OutboxWorker) -> None:
        await worker.flush()
        assert texts_of(api) == ["eight 0", "eight 1", "eight 2"]
        clock.advance(29)
        await worker.flush()
        assert len(api.sent) == 3
        clock.advance(1)
        await worker.flush()

    daemon.run(work)
    assert texts_of(api)[3:] == ["seven 0", "seven 1", "seven 2"]


def test_one_message_the_server_cannot_bear_does_not_hold_up_its_chat_for_ever(
    daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes
) -> None:
    post.picture("p", jpeg)
    api.inject("sendPhoto", Fault.SERVER_ERROR, times=1000)
    post("poison", picture="p")
    post("behind it")
    post("elsewhere", chat="8")
    daemon.flush(1)
    assert texts_of(api) == ["elsewhere"]
    daemon.flush(8)
    assert texts_of(api) == ["elsewhere", "behind it"]
    assert daemon.states() == {OutboxState.SENT: 2, OutboxState.NEW: 1}


def test_without_a_network_messages_wait_longer_and_longer(store: Store, post: Post, clock: Clock) -> None:
    tries: list[datetime] = []

    class Counting(Store):
        def begin_sending(self, id: int, now: datetime) -> bool:
            tries.append(now)
            return super().begin_sending(id, now)

    store.__class__ = Counting
    daemon = Daemon(store, "http://127.0.0.1:9", clock)
    for n in range(3):
        post(f"message {n}")
    began = clock()
    daemon.flush(900, step=1)
    waits = [(later - sooner).total_seconds() for sooner, later in itertools.pairwise(tries)]
    assert tries[0] == began
    assert waits[:7] == [2, 4, 8, 16, 32, 64, 120]
    assert max(waits) == 120
    assert daemon.states() == {OutboxState.NEW: 3}


def test_after_a_success_the_waits_begin_anew(
    daemon: Daemon, api: FakeBotApi, post: Post, clock: Clock
) -> None:
    async def work(worker: OutboxWorker) -> None:
        for n in range(3):
            api.inject("sendMessage", Fault.RESET_BEFORE)
            post(f"lost {n}")
            await worker.flush()
            clock.advance(2)
            post(f"message {n}")
            await worker.flush()

    daemon.run(work)
    assert texts_of(api) == ["message 0", "message 1", "message 2"]


def test_when_the_network_is_back_everything_arrives_in_order(
    store: Store, post: Post, clock: Clock, api: FakeBotApi
) -> None:
    for n in range(4):
        post(f"message {n}")
    Daemon(store, "http://127.0.0.1:9", clock).flush(5, step=30)
    Daemon(store, api.url, clock).flush(3)
    assert texts_of(api) == [f"message {n}" for n in range(4)]


def test_a_clock_set_back_does_not_stop_the_messages(
    daemon: Daemon, api: FakeBotApi, post: Post, clock: Clock
) -> None:
    api.inject("sendMessage", Fault.RESET_BEFORE)
    post("lost")

    async def work(worker: OutboxWorker) -> None:
        await worker.flush()
        clock.advance(-7200)
        post("next")
        await worker.flush()

    daemon.run(work)
    assert texts_of(api) == ["next"]


def test_the_end_of_a_visit_changes_its_message(
    daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes
) -> None:
    post.picture("p", jpeg)
    with_picture = post("came", picture="p")
    without = post("came too")
    daemon.flush()
    post("went", edits=with_picture)
    post("went too", edits=without)
    daemon.flush(2)
    assert [(m.text, m.edits) for m in api.chat(42)] == [("went", 1), ("went too", 1)]
    assert len(api.sent) == 2 and api.errors == []


def test_an_edit_may_bring_a_better_picture(daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes) -> None:
    post.picture("p", jpeg)
    original = post("came", picture="p")
    daemon.flush()
    first = api.chat(42)[0].photo
    post.picture("better", jpeg + b"\0")
    post("went", edits=original, picture="better")
    daemon.flush()
    assert api.chat(42)[0].text == "went" and api.chat(42)[0].photo != first


@pytest.mark.parametrize("fault", [*LOST, *VANISHED, Fault.SERVER_ERROR, Fault.FLOOD])
def test_an_edit_is_repeated_until_it_holds(
    daemon: Daemon, api: FakeBotApi, post: Post, fault: Fault
) -> None:
    original = post("came")
    daemon.flush()
    post("went", edits=original)
    api.inject("editMessageText", fault)
    daemon.flush(3)
    assert [message.text for message in api.chat(42)] == ["went"]
    assert daemon.states() == {OutboxState.SENT: 2}


def test_an_edit_of_what_was_never_sent_is_dropped(daemon: Daemon, api: FakeBotApi, post: Post) -> None:
    post("went", edits="never-told")
    api.inject("sendMessage", Fault.RESET_AFTER)
    uncertain = post("came")
    post("went", edits=uncertain)
    daemon.flush(4)
    assert texts_of(api) == ["came"]
    assert len(api.delivered) == 1


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_without_its_picture_a_message_still_arrives(
    daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes, damage: str
) -> None:
    file: Path = post.picture("p", jpeg)
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(b"")
    original = post("fox", picture="p", alarm=True)
    daemon.flush()
    assert texts_of(api) == ["fox\n(its picture could not be sent)"]
    post("went", edits=original)
    daemon.flush()
    assert api.chat(42)[0].text == "went" and api.errors == []


def test_a_bad_picture_does_not_keep_an_edit_back(
    daemon: Daemon, api: FakeBotApi, post: Post, jpeg: bytes
) -> None:
    post.picture("p", jpeg)
    post.picture("bad", b"this is no picture")
    original = post("came", picture="p")
    daemon.flush()
    post("went", edits=original, picture="bad")
    daemon.flush()
    assert api.chat(42)[0].text == "went"


def test_a_store_that_cannot_read_costs_no_message(
    daemon: Daemon, api: FakeBotApi, post: Post, store: Store, jpeg: bytes
) -> None:
    broken = True

    class Unreadable(Store):
        def picture(self, key: str) -> tuple[StoredPicture, Path] | None:
            if broken:
                raise StoreUnavailable("coop.db", "it is locked", "Close the other program.")
            return super().picture(key)

    post.picture("p", jpeg)
    post("came", picture="p")
    store.__class__ = Unreadable
    daemon.flush()
    assert api.sent == []
    broken = False
    daemon.flush()
    assert texts_of(api) == ["came"] and api.sent[0].photo is not None


def test_a_picture_telegram_refuses_is_left_out(daemon: Daemon, api: FakeBotApi, post: Post) -> None:
    post.picture("p", b"this is no picture")
    post("fox", picture="p", alarm=True)
    daemon.flush()
    assert texts_of(api) == ["fox\n(its picture could not be sent)"]
    assert api.errors == ["sendPhoto: Bad Request: IMAGE_PROCESS_FAILED"]


def test_what_is_too_old_is_not_sent(daemon: Daemon, api: FakeBotApi, post: Post, clock: Clock) -> None:
    post("stale", expires=clock() + timedelta(hours=1))
    clock.advance(3600)
    daemon.flush()
    assert api.sent == [] and daemon.states() == {OutboxState.FAILED: 1}


@pytest.mark.parametrize("alarm", [True, False])
@pytest.mark.parametrize("delivered", [True, False])
def test_a_crash_while_sending(
    daemon: Daemon, api: FakeBotApi, post: Post, store: Store, clock: Clock, alarm: bool, delivered: bool
) -> None:
    """Killed after `sending` was committed; perhaps the message had left, perhaps not."""
    post("fox", alarm=alarm)
    (item,) = store.due(clock())
    store.begin_sending(item.id, clock())
    if delivered:
        asyncio.run(_send_only(api.url, "fox"))

    async def work(worker: OutboxWorker) -> None:
        await worker.flush()

    daemon.run(work)
    expected = ["fox"] if delivered else []
    assert texts_of(api) == expected + (["possible repeat\nfox"] if alarm else [])


async def _send_only(url: str, text: str) -> None:
    messenger = TelegramMessenger(TOKEN, base_url=url)
    await messenger.send("42", text, None, silent=False)
    await messenger.close()


def test_a_full_disk_after_the_delivery_makes_no_repeat(
    daemon: Daemon, api: FakeBotApi, post: Post, store: Store, clock: Clock
) -> None:
    full = True

    class Full(Store):
        def finish_sent(self, id: int, message_id: str, now: datetime) -> None:
            if full:
                raise StoreUnavailable("coop.db", "the disk is full", "Free some space.")
            super().finish_sent(id, message_id, now)

    store.__class__ = Full
    post("one")
    post("two")

    async def work(worker: OutboxWorker) -> None:
        nonlocal full
        for _ in range(3):
            await worker.flush()
        assert texts_of(api) == ["one"]  # nothing more is sent that could not be recorded
        full = False
        await worker.flush()

    daemon.run(work)
    assert texts_of(api) == ["one", "two"]
    assert daemon.states() == {OutboxState.SENT: 2}


def test_a_store_that_cannot_begin_sends_nothing(
    daemon: Daemon, api: FakeBotApi, post: Post, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    class Locked(Store):
        def begin_sending(self, id: int, now: datetime) -> bool:
            raise StoreUnavailable("coop.db", "it is locked", "Close the other program.")

    store.__class__ = Locked
    post("one")
    daemon.flush(2)
    assert api.calls("sendMessage") == []
    assert "it is locked" in caplog.text


def test_a_fault_of_our_own_costs_one_message_only(
    store: Store, post: Post, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []

    class Broken:
        async def send(
            self, chat: str, text: str, picture: Path | None, *, silent: bool, buttons: Keyboard = ()
        ) -> str:
            if text == "bad":
                raise ZeroDivisionError("a bug")
            sent.append(text)
            return "1"

        async def edit(
            self, chat: str, message_id: str, text: str, picture: Path | None, *, buttons: Keyboard = ()
        ) -> None:
            raise Refused("never")

    post("bad")
    post("good")

    async def main() -> None:
        worker = OutboxWorker(store, Broken(), clock)
        for _ in range(3):
            await worker.flush()

    asyncio.run(main())
    assert sent == ["good"]
    assert "ZeroDivisionError" in caplog.text
    assert store.outbox_counts()[OutboxState.UNCERTAIN] == 1


def test_once_closed_no_further_message_begins(daemon: Daemon, api: FakeBotApi, post: Post) -> None:
    post("late")

    async def work(worker: OutboxWorker) -> None:
        worker.close()
        await worker.flush()

    daemon.run(work)
    assert api.sent == [] and daemon.states() == {OutboxState.NEW: 1}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.sampled_from([f for f in Fault if "timeout" not in f]), max_size=6),
    alarms=st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_whatever_fails_nothing_is_lost_and_only_the_uncertain_may_repeat(
    tmp_path_factory: pytest.TempPathFactory,
    empty_database: Path,
    api: FakeBotApi,
    faults: list[Fault],
    alarms: list[bool],
) -> None:
    folder = tmp_path_factory.mktemp("law")
    shutil.copy(empty_database, folder / "coop.db")
    api.reset()
    store = Store.open(f"sqlite:///{folder / 'coop.db'}", folder / "media")
    clock = Clock()
    notes = tuple(
        Notification(key=f"k{n}", chat="42", text=f"message {n}", alarm=alarm)
        for n, alarm in enumerate(alarms)
    )
    store.record(Findings(notifications=notes), clock())
    for fault in faults:
        api.inject("sendMessage", fault)
    Daemon(store, api.url, clock).flush(2 * len(faults) + len(notes) + 2, step=301)
    seen = [message.text.removeprefix("possible repeat\n") for message in api.sent]
    items = [store.outbox_item(note.key) for note in notes]
    store.close()
    for note, item in zip(notes, items, strict=True):
        assert item is not None
        copies = seen.count(note.text)
        if item.state is OutboxState.SENT and not item.repeat:
            assert copies == 1
        elif item.state is OutboxState.FAILED:
            assert copies == 0 or item.repeat
        else:
            assert item.state in (OutboxState.UNCERTAIN, OutboxState.SENT)
            assert copies <= (2 if note.alarm else 1)
        if item.state is OutboxState.SENT:
            assert copies >= 1


def test_the_token_is_in_no_log_and_no_recorded_problem(
    daemon: Daemon, api: FakeBotApi, post: Post, store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "httpcore", "telegram"):
        caplog.set_level(logging.DEBUG, logger=name)
    for fault in Fault:
        post(f"message {fault}")
        api.inject("sendMessage", fault)

    async def work(worker: OutboxWorker) -> None:
        # The messenger quietens httpx; undone here, so that its lines with the addresses come.
        caplog.set_level(logging.DEBUG, logger="httpx")
        for _ in range(20):
            await worker.flush()
            clock.advance(301)

    daemon.run(work)
    assert f"{api.url}/bot<token>/sendMessage" in caplog.text
    assert TOKEN not in caplog.text and TOKEN.partition(":")[2] not in caplog.text
    for n in range(1, len(Fault) + 1):
        assert TOKEN not in store.outbox_item(f"note-{n}").problem
