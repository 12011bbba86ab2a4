"""What the cameras show, and how the watch is doing: commands that only look."""

from __future__ import annotations

from datetime import timedelta

from coop.assembly import jpeg
from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.digests import digest_of, week_of
from coop.domain.chat import Role
from coop.domain.findings import Findings
from coop.domain.notification import Button
from coop.domain.times import local_day
from coop.notify import answers
from coop.notify.desk import Answer, Caller, Pressed
from coop.timelapse import day_film

LOOK_BACK = timedelta(days=30)
"""How far back a clip is looked for."""


class LookingDesk:
    """`/photo`, `/clip`, `/today`, `/week`, `/timelapse`, `/status`, `/test`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {
            "photo": self.photo,
            "clip": self.clip,
            "today": self.today,
            "week": self.week,
            "timelapse": self.timelapse,
            "status": self.status,
            "test": self.test,
        }
        self.presses: PressTable = {"photo": (Role.WATCHER, self.photo_of)}

    def photo(self, caller: Caller, words: str) -> Answer:
        """The newest frame of a camera; a choice of cameras where it is not clear which one is meant."""
        latest = self._parts.crew.latest()
        camera = next(iter(latest)) if not words and len(latest) == 1 else words
        if camera not in latest:
            choice = [Button(text=name, press=f"photo:{tag(name)}") for name in latest]
            return Answer(text=answers.which_camera(tuple(latest)), buttons=grid(choice))
        frame = latest[camera]
        if frame is None:
            return Answer(text=answers.no_picture_yet(camera))
        caption = answers.photo(camera, frame.time.astimezone(self._parts.zone))
        return Answer(text=caption, picture=jpeg(frame.finest))

    def photo_of(self, press: Press) -> Pressed:
        camera = tagged(press.first, self._parts.crew.latest())
        return Pressed() if camera is None else Pressed(then=self.photo(press.caller, camera))

    def clip(self, caller: Caller, words: str) -> Answer:
        """The newest clip, of a camera if one is named."""
        now, store = self._parts.clock(), self._parts.store
        events = store.events(now - LOOK_BACK, now + timedelta(days=1))
        for recorded in sorted(events, key=lambda r: r.event.time, reverse=True):
            event = recorded.event
            found = store.picture(recorded.clip) if recorded.clip is not None else None
            if found is None or not found[1].exists() or (words and event.camera != words):
                continue
            when = event.time.astimezone(self._parts.zone)
            today = when.date() == self._parts.local().date()
            return Answer(text=answers.clip(event.subject, event.place, when, today=today), clip=found[1])
        return Answer(text=answers.no_clip())

    def today(self, caller: Caller, words: str) -> Answer:
        """The day so far: text and chart."""
        day = local_day(self._parts.clock(), self._parts.zone)
        summary = digest_of(self._parts.store, day, self._parts.composer)
        return Answer(text=summary.text, picture=summary.png)

    def week(self, caller: Caller, words: str) -> Answer:
        """The last seven days."""
        day = local_day(self._parts.clock(), self._parts.zone)
        summary = week_of(self._parts.store, day, self._parts.composer)
        return Answer(text=summary.text, picture=summary.png)

    def timelapse(self, caller: Caller, words: str) -> Answer:
        """The day as a film of a minute at most."""
        day = local_day(self._parts.clock(), self._parts.zone)
        film = day_film(self._parts.stills, day, words or None)
        return Answer(text=answers.no_timelapse() if film is None else answers.timelapse(day), clip=film)

    def status(self, caller: Caller, words: str) -> Answer:
        """How the watch is doing."""
        parts, now = self._parts, self._parts.clock()
        return Answer(
            text=answers.status(
                parts.settings.coop.name,
                parts.crew.statuses(now),
                parts.models.names,
                now - parts.started,
                parts.crew.waiting(),
            )
        )

    def test(self, caller: Caller, words: str) -> None:
        """Put a test message into the outbox: the whole way that an alarm goes, past every filter."""
        now = self._parts.clock()
        note = self._parts.composer.test(caller.address, now)
        self._parts.store.record(Findings(notifications=(note,)), now)
