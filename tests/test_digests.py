"""The day as the digest sees it: its own visits and no others, in 23, 24 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from fakes.records import visit

from coop.digests import day_digest, digest_of, week_of, weekly_digest
from coop.domain.chat import Preferences
from coop.domain.egg import Share
from coop.domain.event import EggLaid
from coop.domain.findings import Findings, RecordedEvent
from coop.notify.compose import Composer
from coop.store.store import Store
from coop.tell import Recipient

BERLIN = ZoneInfo("Europe/Berlin")
COMPOSER = Composer(zone=BERLIN)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'coop.db'}", tmp_path / "media")


def reader(chat: str, language: str = "en", **wants: bool) -> Recipient:
    return Recipient(address=chat, language=language, wants=Preferences(chat=chat, **wants))


def stay(n: int, name: str, began: datetime) -> Findings:
    began = began.astimezone(UTC)
    return Findings(visits=(visit(n, subject=name, began=began, last_seen=began + timedelta(minutes=5)),))


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 7, 1), date(2026, 10, 25)])
def test_a_day_reaches_from_midnight_to_midnight(store: Store, day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    last = datetime(day.year, day.month, day.day, 23, 50, tzinfo=BERLIN)
    with store:
        for n, (name, began) in enumerate(
            [
                ("early", midnight),
                ("late", last),
                ("yesterday", midnight.astimezone(UTC) - timedelta(minutes=10)),
                ("tomorrow", last.astimezone(UTC) + timedelta(minutes=20)),
            ]
        ):
            store.record(stay(n, name, began), began.astimezone(UTC))
        text = digest_of(store, day, COMPOSER).text
    assert "early" in text
    assert "late" in text
    assert "yesterday" not in text
    assert "tomorrow" not in text


def test_every_chat_gets_one_message_with_the_same_picture(store: Store) -> None:
    now = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
    with store:
        findings = day_digest(store, date(2026, 5, 4), now, COMPOSER, [reader("1"), reader("2")])
        assert [note.chat for note in findings.notifications] == ["1", "2"]
        assert {note.picture for note in findings.notifications} == {"digest-2026-05-04-en"}
        (picture,) = findings.pictures
        image = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[:2] == (picture.height, picture.width)
        assert store.record(findings, now)


def test_the_picture_on_disk_stays_when_the_digest_is_made_again(store: Store) -> None:
    now = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
    with store:
        store.record(day_digest(store, date(2026, 5, 4), now, COMPOSER, [reader("1")]), now)
        found = store.picture("digest-2026-05-04-en")
        assert found is not None
        before = found[1].read_bytes()
        store.record(stay(1, "Berta", now - timedelta(hours=3)), now)
        later = now + timedelta(minutes=1)
        store.record(day_digest(store, date(2026, 5, 4), later, COMPOSER, [reader("1")]), later)
        assert store.picture("digest-2026-05-04-en") == found
        assert found[1].read_bytes() == before


def test_nobody_to_tell_makes_no_message(store: Store) -> None:
    now = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
    with store:
        assert day_digest(store, date(2026, 5, 4), now, COMPOSER, []).notifications == ()


def test_each_language_has_a_picture_of_its_own_and_who_wants_none_gets_none(store: Store) -> None:
    now = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
    readers = [reader("1"), reader("2", "ru"), reader("3", daily=False)]
    with store:
        store.record(stay(1, "Berta", now - timedelta(hours=3)), now)
        findings = day_digest(store, date(2026, 5, 4), now, COMPOSER, readers)
        weekly = weekly_digest(store, date(2026, 5, 4), now, COMPOSER, readers)
    texts = {note.chat: note.text for note in findings.notifications}
    assert texts.keys() == {"1", "2"}
    assert "Monday 4 May" in texts["1"] and "Понедельник 4 мая" in texts["2"]
    assert [picture.key for picture in findings.pictures] == ["digest-2026-05-04-en", "digest-2026-05-04-ru"]
    assert [note.chat for note in weekly.notifications] == ["1", "3", "2"]


def test_a_week_is_seven_days_with_their_eggs(store: Store) -> None:
    now = datetime(2026, 5, 10, 17, 30, tzinfo=UTC)
    with store:
        for back in range(9):
            began = now - timedelta(days=back, hours=4)
            store.record(stay(back, "Berta", began), began)
            store.record(Findings(events=(RecordedEvent(event=egg(began)),)), began)
        summary = week_of(store, date(2026, 5, 10), COMPOSER)
    assert summary.text.split("\n")[:3] == [
        "🗓 <b>The week 4 May – 10 May</b>",
        "7 visits by 1 hen.",
        "🥚 7 eggs: Berta 6.8",
    ]


def egg(found: datetime) -> EggLaid:
    return EggLaid(
        time=found, camera="nest", place="nest 1", subject="Berta", since=found - timedelta(hours=1), eggs=1,
        shares=(Share(hen="Berta", probability=0.97), Share(hen="", probability=0.03)),
    )  # fmt: skip
