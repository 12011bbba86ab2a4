"""kill -9 at random moments: no event and no picture is lost, nothing is told twice unless it was uncertain.

The daemon watches a recording that begins anew with every start, so what it must have recorded in the end is
known exactly: what one run without a crash finds. CRASH_ROUNDS says how often it is killed.
"""

import hashlib
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from fakes.botapi import FakeBotApi, Fault, button_press
from fakes.daemon import Daemon, wait_for
from fakes.expected import expected_events

from coop.domain.notification import OutboxState
from coop.domain.picture import PictureKind
from coop.store.store import Store

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "20"))
TOKEN = "123456:" + "A" * 35
CHAT = 4242
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
FAULTS = (Fault.SERVER_ERROR, Fault.TIMEOUT_AFTER, Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.FLOOD)

SETTINGS = """
[telegram]
token = "{token}"
base_url = "{url}"
chats = [{chat}]
[classify]
starter = false
[events]
visit_gap_s = 30
motion_cooldown_s = 0
[cameras.coop]
url = "sim://?flock=1&seed=7&days=1&from=4.5&to=8&w=480"
paced = false
"""


@pytest.mark.timeout(7200)
def test_nothing_is_lost_and_nothing_is_told_twice(tmp_path: Path) -> None:
    chance = random.Random(20260501)
    with FakeBotApi(token=TOKEN) as api:
        toml = SETTINGS.format(token=TOKEN, url=api.url, chat=CHAT)
        pressed: set[str] = set()
        with Daemon(tmp_path, toml) as daemon:
            for _ in range(ROUNDS):
                daemon.start()
                if chance.random() < 0.5:
                    api.inject("sendPhoto", chance.choice(FAULTS), times=chance.randint(1, 2))
                time.sleep(chance.uniform(1.0, 6.0))
                pressed |= _press_something(api, pressed)
                time.sleep(chance.uniform(0.0, 1.0))
                daemon.kill()
            api.coop.injections.clear()
            recorded_before = _keys(daemon)
            daemon.start()
            wait_for("the end of the recording", lambda: _is_done(daemon, api), timeout_s=300)
            assert daemon.stop()[0] == 0
            expected = expected_events(daemon)
            assert recorded_before <= expected
            assert len(expected) > 20, "the recording is too quiet to prove anything"
            with daemon.store() as store:
                assert {r.event.key for r in store.events(*ALWAYS)} == expected
                _check_pictures(store)
                _check_messages(store, api)
                corrected = Counter(correction.visit for correction in store.corrections())
                assert corrected == Counter(pressed), "every press counts, and counts once"


def _press_something(api: FakeBotApi, pressed: set[str]) -> set[str]:
    """Somebody says of a message's visit, in the last moment before the crash, that it is right."""
    for message in api.sent:
        visits = [data.partition(":")[2] for row in message.buttons for _, data in row if "wrong:" in data]
        if visits and visits[0] not in pressed:
            data, press = f"right:{visits[0]}", f"press-{len(pressed)}"
            api.push_update(button_press(CHAT, data, message_id=message.message_id, press=press))
            return {visits[0]}
    return set()


def _keys(daemon: Daemon) -> set[str]:
    with daemon.store() as store:
        return {recorded.event.key for recorded in store.events(*ALWAYS)}


def _is_done(daemon: Daemon, api: FakeBotApi) -> bool:
    with daemon.store() as store:
        status = store.status()
        counts = store.outbox_counts()
        over = status is not None and status.pid == daemon.process.pid and status.cameras[0].state == "ended"
        settled = not counts[OutboxState.NEW] and not api.coop.updates
        return over and not store.open_visits() and settled


def _check_pictures(store: Store) -> None:
    for recorded in store.events(*ALWAYS):
        if recorded.event.name == "MotionSeen":
            assert recorded.picture is not None
            assert recorded.clip is not None
    for picture in store.pictures(*ALWAYS):
        found = store.picture(picture.key)
        assert found is not None
        assert hashlib.sha256(found[1].read_bytes()).hexdigest() == picture.sha256
        if picture.kind is PictureKind.CLIP:
            assert _length(found[1]) == pytest.approx(picture.seconds, abs=0.001)
    assert list(store.clips_under_way.iterdir()) == [], "every start tidies what the crash before it left"


def _length(clip: Path) -> float:
    """Seconds from a clip's first picture to its last; a broken file raises."""
    with av.open(str(clip)) as container:
        times = [frame.time for frame in container.decode(video=0) if frame.time is not None]
    return times[-1] - times[0]


def _check_messages(store: Store, api: FakeBotApi) -> None:
    """Every message was delivered once; one more or less only where its delivery was uncertain."""
    seen = [r.event for r in store.events(*ALWAYS) if r.event.name == "MotionSeen"]
    items = [item for event in seen if (item := store.outbox_item(f"{event.visit}:{CHAT}")) is not None]
    assert len(items) == len(seen), "every event that is worth it has its message"
    states = Counter(item.state for item in items)
    assert set(states) <= {OutboxState.SENT, OutboxState.UNCERTAIN}, states
    delivered = {f"photo:{message.message_id}" for message in api.sent}
    confirmed = {item.message_id for item in items if item.state is OutboxState.SENT}
    assert confirmed <= delivered
    assert len(confirmed) == states[OutboxState.SENT]
    assert len(delivered - confirmed) <= states[OutboxState.UNCERTAIN]
    print(f"\n{ROUNDS} kills: {len(items)} messages, {states[OutboxState.UNCERTAIN]} uncertain, none twice")
