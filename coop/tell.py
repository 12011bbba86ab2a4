"""Whom we tell what: from findings to the messages of each chat, few of them, in its language.

A new message is made only of what is worth one. What happens to a visit that was told already (it ends, its
clip is ready, somebody corrects it) changes the message that tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from coop.domain.chat import EVERYTHING, Mute, Preferences
from coop.domain.clip import NewClip
from coop.domain.correction import Correction
from coop.domain.egg import Egg
from coop.domain.event import (
    EggGone,
    EggLaid,
    Event,
    HenArrived,
    MotionSeen,
    PredatorSeen,
    VisitEnded,
)
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.notification import Notification
from coop.domain.sighting import Visit
from coop.notify.compose import Composer, cause_of
from coop.notify.episode_texts import BEGINS, NAMES, belongs, episode, topic_of
from coop.notify.languages import speaking
from coop.notify.news import claimed, gone_line, is_loud
from coop.notify.visit_message import VisitFacts, VisitMessage, about_visits
from coop.store.tellings import Telling

ABOUT_A_VISIT = (HenArrived, PredatorSeen, MotionSeen)
"""Events whose message tells of their visit from then on, whatever becomes of it."""
ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A chat that hears from the coop: where its messages go, and what it wants."""

    address: str
    language: str
    wants: Preferences

    @property
    def chat(self) -> str:
        return self.wants.chat


class Record(Protocol):
    """The part of the store that is asked."""

    def mutes(self, now: datetime) -> tuple[Mute, ...]: ...

    def events(
        self, since: datetime, until: datetime, names: Collection[str] | None = None
    ) -> tuple[RecordedEvent, ...]: ...

    def eggs(self, since: datetime, until: datetime) -> tuple[Egg, ...]: ...

    def visits_by_key(self, keys: Collection[str]) -> dict[str, Visit]: ...

    def events_of(self, visits: Collection[str]) -> tuple[RecordedEvent, ...]: ...

    def corrections(self, visits: Collection[str] | None = None) -> tuple[Correction, ...]: ...

    def acknowledged(self, alarms: Collection[str]) -> dict[str, tuple[str, datetime]]: ...

    def tellings(
        self, *, visit: str | None = None, message: str | None = None, chat: str | None = None
    ) -> tuple[Telling, ...]: ...

    def last_told(self, chat: str, topic: str, *, alarm: bool) -> Telling | None: ...

    def open_batch(self, chat: str, since: datetime) -> str | None: ...

    def repeats_of(self, message: str) -> tuple[str, ...]: ...

    def events_by_key(self, keys: Collection[str]) -> tuple[RecordedEvent, ...]: ...

    def visits_of_events(self, keys: Collection[str]) -> frozenset[str]: ...


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How much is said. ``cooldown``: an alarm about the same kind is not told anew before that.

    ``together``: visits that begin within so long of a message's first one join that message. What a
    predator took is told in the message about it for ``aftermath``, later in one of its own. A trouble of the
    watch that comes again within ``calm`` of when it was well changes the message that told of it, for at
    most ``episode``; after that it is told anew, with a sound.
    """

    cooldown: timedelta = timedelta(minutes=10)
    together: timedelta = timedelta(minutes=10)
    aftermath: timedelta = timedelta(hours=1)
    calm: timedelta = timedelta(minutes=30)
    episode: timedelta = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Words findings for every chat. It only reads; the messages are recorded along with the findings."""

    record: Record
    composer: Composer
    recipients: Callable[[], Sequence[Recipient]]
    clock: Callable[[], datetime]
    manners: Manners = Manners()

    def __call__(self, findings: Findings) -> tuple[Notification, ...]:
        """The messages that findings are worth, and the changes of those that told of their visits."""
        if not findings.events and not findings.clips:
            return ()
        told = self._new_messages(findings)
        begun = {visit for note in told for visit in note.tells}
        ended = [e.event for e in findings.events if isinstance(e.event, VisitEnded)]
        changes = [
            note
            for event in ended
            if event.visit is not None and event.visit not in begun
            for note in self._retold([event.visit], event.key, findings)
        ]
        for clip in findings.clips:
            visits = self._shown_by(clip, findings)
            changes += self._retold(visits - begun, clip.key, findings)
        return (*told, *changes)

    def retell(
        self, visits: Collection[str], cause: str, *, correction: Correction | None = None
    ) -> tuple[Notification, ...]:
        """Changes of every message that tells of these visits. ``cause`` makes their keys: once for each.

        ``correction`` is about to be recorded, and counts already.
        """
        return self._retold(visits, cause, Findings(), correction)

    def retell_eggs(self, eggs: Sequence[Egg]) -> tuple[Notification, ...]:
        """Changes of the messages about eggs that are attributed otherwise by now."""
        notes: list[Notification] = []
        # One message tells of all that were found at once.
        for egg in {(e.camera, e.nest, e.time): e for e in eggs}.values():
            found = self.record.eggs(egg.time, egg.time + timedelta(microseconds=1))
            together = [one for one in found if one.lay_with(egg)]
            events = {e.event.key: e.event for e in self.record.events_by_key([e.key for e in together])}
            first = next((e for e in events.values() if isinstance(e, EggLaid) and e.number == 1), None)
            if first is None:
                continue
            attributed = max(one.attributed for one in together)
            for recipient in self.recipients():
                with speaking(recipient.language):
                    (note,) = self._egg_message(first, together, recipient.address)
                cause = f"{first.key}@{attributed.isoformat()}:{recipient.address}"
                notes.append(
                    replace(note, key=cause, edits=note.key, silent=True, picture=None, expires=None)
                )
        return tuple(notes)

    def _egg_message(self, event: EggLaid, together: Sequence[Egg], where: str) -> tuple[Notification, ...]:
        shares = next(egg.shares for egg in together if egg.key == event.key)
        notes = self.composer.compose(RecordedEvent(event=replace(event, shares=shares)), [where])
        said = [egg.claim for egg in together if egg.claim is not None]
        if not said:
            return notes
        owners = sorted(
            ((egg.likeliest.hen, egg.likeliest.probability) for egg in together),
            key=lambda one: (not one[0], -one[1], one[0]),
        )
        who = max(said, key=lambda claim: claim.at).who
        text = claimed(event, owners, who, self.composer.zone)
        return tuple(replace(note, text=text) for note in notes)

    # New messages

    def _new_messages(self, findings: Findings) -> list[Notification]:
        now = self.clock()
        muted = _by_chat(self.record.mutes(now))
        notes: list[Notification] = []
        for recipient in self.recipients():
            with speaking(recipient.language):
                mutes = muted.get(recipient.chat, ())
                for recorded in findings.events:
                    if self._wanted(recorded.event, recipient, mutes, now):
                        notes += self._tell(recorded, recipient, findings, notes, now)
        return notes

    def _wanted(self, event: Event, recipient: Recipient, mutes: Sequence[Mute], now: datetime) -> bool:
        topics = {mute.topic for mute in mutes if mute.holds(now)}
        if event.subject in topics:
            return False
        if isinstance(event, PredatorSeen):
            alarm = event.severity == ALARM
            last = self.record.last_told(recipient.address, event.subject, alarm=alarm)
            return last is None or not timedelta() <= now - last.made < self.manners.cooldown
        if is_loud(event):
            return True
        if isinstance(event, HenArrived) and not recipient.wants.arrivals:
            return False
        return EVERYTHING not in topics

    def _tell(
        self,
        recorded: RecordedEvent,
        recipient: Recipient,
        findings: Findings,
        so_far: Sequence[Notification],
        now: datetime,
    ) -> tuple[Notification, ...]:
        event, where = recorded.event, recipient.address
        if isinstance(event, VisitEnded):
            return ()
        if belongs(event):
            root = self._episode(event, where, so_far, now)
            if root is not None:
                return self._goes_on(root, event, where, findings)
        if isinstance(event, EggGone) and (changes := self._taken(event, recipient, findings, so_far, now)):
            return changes
        notes = self.composer.compose(recorded, [where])
        if not isinstance(event, ABOUT_A_VISIT) or not notes or event.visit is None:
            return tuple(self._with_manners(note, recipient, now) for note in notes)
        if isinstance(event, HenArrived):
            root = self._batch(where, so_far, now)
            if root is not None:
                return self._joined(root, event.visit, recipient, findings, so_far)
        message = self._message([event.visit], where, findings)
        return tuple(
            self._with_manners(
                replace(note, text=message.text, buttons=message.buttons, tells=(event.visit,)),
                recipient,
                now,
            )
            if message is not None
            else self._with_manners(note, recipient, now)
            for note in notes
        )

    def _taken(
        self,
        event: EggGone,
        recipient: Recipient,
        findings: Findings,
        so_far: Sequence[Notification],
        now: datetime,
    ) -> tuple[Notification, ...]:
        """The change of the message that told, a while ago, of the predator that took an egg."""
        if event.visit is None or any(event.visit in note.tells for note in so_far):
            return ()
        where = recipient.address
        lately = now - self.manners.aftermath
        told = [t for t in self.record.tellings(visit=event.visit) if t.chat == where and t.made > lately]
        return self._changed(told[0].message, event.key, where, findings) if told else ()

    def _episode(self, event: Event, where: str, so_far: Sequence[Notification], now: datetime) -> str | None:
        """The message that told of a trouble which this event ends or goes on with."""
        topic = topic_of(event)
        for note in so_far:
            if note.chat == where and note.topic == topic and not note.alarm:
                return note.edits or note.key
        last = self.record.last_told(where, topic, alarm=False)
        if last is None or not timedelta() <= now - last.made < self.manners.episode:
            return None
        told = self._events_of_episode(cause_of(last.message, where), topic, event)
        if not told or (isinstance(event, BEGINS) and event.time - told[-1].time >= self.manners.calm):
            return None
        return last.message

    def _events_of_episode(self, began: str, topic: str, until: Event) -> list[Event]:
        """What is on record of an episode before ``until``, oldest first; nothing if it is none.

        ``began``: the key of its first event.
        """
        first = self.record.events_by_key([began])
        if not first or not belongs(first[0].event):
            return []
        found = self.record.events(first[0].event.time, until.time + timedelta(seconds=1), NAMES)
        mine = [e.event for e in found if belongs(e.event) and topic_of(e.event) == topic]
        return [event for event in mine if event.key != until.key]

    def _goes_on(self, root: str, event: Event, where: str, findings: Findings) -> tuple[Notification, ...]:
        """The change of an episode's message by one more event."""
        topic = topic_of(event)
        told = {e.key: e for e in self._events_of_episode(cause_of(root, where), topic, event)}
        fresh = [e.event for e in findings.events if belongs(e.event) and topic_of(e.event) == topic]
        told |= {e.key: e for e in fresh[: fresh.index(event) + 1]}
        text = episode(sorted(told.values(), key=lambda e: e.time), self.composer.zone)
        return (
            Notification(
                key=f"{event.key}+:{where}", chat=where, text=text, silent=True, edits=root, topic=topic
            ),
        )

    def _batch(self, where: str, so_far: Sequence[Notification], now: datetime) -> str | None:
        """The message that an arrival joins: one of this very moment, or the newest of a few minutes."""
        for note in so_far:
            if note.chat == where and note.tells and not note.alarm:
                return note.edits or note.key
        return self.record.open_batch(where, now - self.manners.together)

    def _joined(
        self, root: str, visit: str, recipient: Recipient, findings: Findings, so_far: Sequence[Notification]
    ) -> tuple[Notification, ...]:
        where = recipient.address
        before = [telling.visit for telling in self.record.tellings(message=root)]
        before += [v for note in so_far if root in (note.key, note.edits) for v in note.tells]
        message = self._message([*before, visit], where, findings)
        if message is None or visit in before:
            return ()
        return (
            Notification(
                key=f"{visit}+:{where}", chat=where, text=message.text, buttons=message.buttons,
                silent=True, edits=root, tells=(visit,),
            ),
        )  # fmt: skip

    def _with_manners(self, note: Notification, recipient: Recipient, now: datetime) -> Notification:
        local = now.astimezone(self.composer.zone).time()
        quiet = not note.alarm and recipient.wants.is_quiet(local)
        return replace(note, silent=note.silent or quiet)

    # Changes

    def _shown_by(self, clip: NewClip, findings: Findings) -> frozenset[str]:
        fresh = {e.event.visit for e in findings.events if e.event.key in clip.events and e.event.visit}
        return self.record.visits_of_events(clip.events) | fresh

    def _retold(
        self,
        visits: Collection[str],
        cause: str,
        findings: Findings,
        correction: Correction | None = None,
    ) -> tuple[Notification, ...]:
        messages = {
            (telling.chat, telling.message)
            for visit in visits
            for telling in self.record.tellings(visit=visit)
        }
        languages = {recipient.address: recipient.language for recipient in self.recipients()}
        notes: list[Notification] = []
        for chat, root in sorted(messages):
            if chat not in languages:
                continue  # it was unpaired since
            with speaking(languages[chat]):
                notes += self._changed(root, cause, chat, findings, correction)
        return tuple(notes)

    def _changed(
        self, root: str, cause: str, chat: str, findings: Findings, correction: Correction | None = None
    ) -> tuple[Notification, ...]:
        """A message about visits, and its repeats, made anew."""
        told = [telling.visit for telling in self.record.tellings(message=root)]
        message = self._message(told, chat, findings, correction)
        if message is None:
            return ()
        first = Notification(
            key=f"{cause}:{chat}", chat=chat, text=message.text, picture=message.clip,
            buttons=message.buttons, silent=True, edits=root,
        )  # fmt: skip
        again = self.record.repeats_of(root)
        return (first, *(replace(first, key=f"{cause}:{key}", edits=key) for key in again))

    def _message(
        self, visits: Sequence[str], chat: str, findings: Findings, correction: Correction | None = None
    ) -> VisitMessage | None:
        facts = self._facts(visits, findings, correction)
        if not facts:
            return None
        first = facts[0].visit.key
        return about_visits(
            facts,
            zone=self.composer.zone,
            sure_from=self.composer.sure_from,
            mute=self._mute(chat, facts),
            seen=self.record.acknowledged([first]).get(first) if facts[0].alarm else None,
        )

    def _mute(self, address: str, facts: Sequence[VisitFacts]) -> Mute | None:
        """The mute that a message shows: of its only subject, or of everything."""
        chat = address.partition("/")[0]
        mutes = {mute.topic: mute for mute in self.record.mutes(self.clock()) if mute.chat == chat}
        subject = facts[0].visit.subject if len(facts) == 1 else EVERYTHING
        return mutes.get(subject) or (None if facts[0].alarm else mutes.get(EVERYTHING))

    def _facts(
        self, visits: Sequence[str], findings: Findings, correction: Correction | None
    ) -> list[VisitFacts]:
        """What the record knows of visits, with what is about to be recorded."""
        keys = list(dict.fromkeys(visits))
        known = self.record.visits_by_key(keys) | {v.key: v for v in findings.visits if v.key in keys}
        happened = [*self.record.events_of(keys), *findings.events]
        corrections = {c.visit: c for c in self.record.corrections(keys)}
        if correction is not None:
            corrections[correction.visit] = correction
        clips = {key: clip.key for clip in findings.clips for key in clip.events}
        facts = []
        for key in keys:
            if key in known:
                own = [e for e in happened if e.event.visit == key]
                facts.append(_facts_of(known[key], own, corrections.get(key), clips, self.composer.zone))
        return facts


def _facts_of(
    visit: Visit,
    happened: Sequence[RecordedEvent],
    correction: Correction | None,
    clips: Mapping[str, str],
    zone: tzinfo,
) -> VisitFacts:
    first, predator, alarm, picture, clip = False, False, False, None, None
    gone = {e.event.key: e.event for e in happened if isinstance(e.event, EggGone)}
    for recorded in happened:
        event = recorded.event
        first = first or (isinstance(event, HenArrived) and event.first_of_day)
        if isinstance(event, PredatorSeen):
            predator, alarm = True, alarm or event.severity == ALARM
        picture = picture or recorded.picture
        clip = clip or recorded.clip or clips.get(event.key)
    if correction is not None:
        visit = replace(visit, kind=correction.kind, subject=correction.subject, confidence=1.0)
        predator, alarm = predator and correction.confirms, alarm and correction.confirms
        first = first and correction.confirms
    return VisitFacts(
        visit=visit,
        first=first,
        predator=predator,
        alarm=alarm,
        picture=picture,
        clip=clip,
        correction=correction,
        remarks=tuple(gone_line(event, zone) for event in gone.values()),
    )


def _by_chat(mutes: Iterable[Mute]) -> dict[str, list[Mute]]:
    sorted_out: dict[str, list[Mute]] = {}
    for mute in mutes:
        sorted_out.setdefault(mute.chat, []).append(mute)
    return sorted_out
