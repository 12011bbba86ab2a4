"""From an event to the messages that tell it: few, short, and silent unless it matters.

The texts are in the language spoken now. Whom they go to is decided in `coop.tell`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from coop.domain.event import (
    EggLaid,
    Event,
    HenArrived,
    MotionSeen,
    PredatorSeen,
    VisitEnded,
)
from coop.domain.findings import RecordedEvent
from coop.domain.notification import Notification
from coop.notify import texts
from coop.notify.episode_texts import belongs, topic_of
from coop.notify.news import is_loud, news
from coop.notify.visit_message import egg_buttons


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Decides which events become messages, and words them.

    ``zone``: whose clock the texts show. ``sure_from``: below this confidence the text says "probably".
    ``routine_life``: a routine message that could not be sent for so long is not sent any more (None: it
    always is); alarms and faults never expire. ``silent_routine``: routine messages make no sound.

    A message about a visit has the key ``{visit key}:{chat}``, so the end of the visit finds it and edits it.
    The end of a visit that was never told makes an edit too; the store drops an edit without an original.
    """

    zone: tzinfo
    sure_from: float = 0.75
    routine_life: timedelta | None = timedelta(hours=12)
    silent_routine: bool = True

    def compose(self, recorded: RecordedEvent, chats: Sequence[str]) -> tuple[Notification, ...]:
        """One notification for each of ``chats``, or none where the event is only worth recording."""
        event, picture = recorded.event, recorded.picture
        match event:
            case HenArrived(first_of_day=True):
                text = texts.hen_arrived(
                    event.subject, _where(event), self._local(event.time), sure=self._sure(event)
                )
                return self._routine(event, chats, text, picture)
            case PredatorSeen():
                topic = event.subject
                text = texts.predator_seen(
                    event.subject, _where(event), self._local(event.time), sure=self._sure(event)
                )
                alarm = event.severity == "alarm"
                return _messages(_key(event), chats, text, picture, alarm=alarm, topic=topic)
            case MotionSeen():
                return self._routine(
                    event, chats, texts.motion_seen(_where(event), self._local(event.time)), picture
                )
            case VisitEnded():
                return self._ending(event, chats, picture)
            case _:
                return self._news(event, chats, picture)

    def _news(self, event: Event, chats: Sequence[str], picture: str | None) -> tuple[Notification, ...]:
        text = news(event, self.zone)
        if text is None:
            return ()
        if is_loud(event):
            return _messages(event.key, chats, text, picture, topic=event.subject)
        # That all is well again must come, however late: what was wrong came too.
        life = None if belongs(event) else self.routine_life
        expires = None if life is None else event.time + life
        silent = self.silent_routine
        topic = topic_of(event) if belongs(event) else event.subject
        buttons = egg_buttons(event.key, event.likeliest_visit) if isinstance(event, EggLaid) else ()
        return _messages(
            event.key, chats, text, picture, silent=silent, expires=expires, topic=topic, buttons=buttons
        )

    def digest(
        self, key: str, text: str, picture: str | None, chats: Sequence[str]
    ) -> tuple[Notification, ...]:
        """A digest; made twice under one key it is still sent once."""
        return _messages(key, chats, text, picture, silent=self.silent_routine)

    def test(self, chat: str, now: datetime) -> Notification:
        """A message that no filter holds back, with sound, to prove the whole way to the phone."""
        key = f"test-{now.isoformat()}"
        return _messages(key, [chat], texts.test_message(self._local(now)), None)[0]

    def _routine(
        self, event: Event, chats: Sequence[str], text: str, picture: str | None
    ) -> tuple[Notification, ...]:
        expires = event.time + self.routine_life if self.routine_life is not None else None
        return _messages(
            _key(event),
            chats,
            text,
            picture,
            silent=self.silent_routine,
            expires=expires,
            topic=event.subject,
        )

    def _ending(
        self, event: VisitEnded, chats: Sequence[str], picture: str | None
    ) -> tuple[Notification, ...]:
        if event.visit is None:
            return ()
        text = texts.visit_ended(
            event.subject,
            _where(event),
            self._local(event.began),
            self._local(event.began + event.duration),
            event.duration,
            sure=self._sure(event),
        )
        return tuple(
            Notification(
                key=f"{event.key}:{chat}",
                chat=chat,
                text=text,
                picture=picture,
                silent=True,
                edits=f"{event.visit}:{chat}",
            )
            for chat in chats
        )

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def _sure(self, event: Event) -> bool:
        return event.confidence >= self.sure_from


def message_key(cause: str, chat: str) -> str:
    """The key of what a chat is told of an event or a visit."""
    return f"{cause}:{chat}"


def cause_of(message: str, chat: str) -> str:
    """The key of the event or visit that a message to a chat was made of."""
    return message.removesuffix(f":{chat}")


def _key(event: Event) -> str:
    return event.visit or event.key


def _where(event: Event) -> str:
    return texts.at(event.place, event.camera)


def _messages(
    key: str, chats: Sequence[str], text: str, picture: str | None, **more: Any
) -> tuple[Notification, ...]:
    return tuple(
        Notification(key=message_key(key, chat), chat=chat, text=text, picture=picture, **more)
        for chat in chats
    )
