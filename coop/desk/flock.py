"""The hens: who is here, who was seen when, whose the eggs are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.chat import Role
from coop.domain.egg import HEN, HenEggs, suspects, tally
from coop.domain.hen import HenDay, hen_days, inside
from coop.domain.notification import Button
from coop.domain.picture import PictureKind
from coop.domain.times import day_bounds, local_day
from coop.domain.zone import ZoneKind
from coop.notify import answers, egg_texts
from coop.notify.desk import Answer, Caller, Pressed

WEEK = timedelta(days=7)


class FlockDesk:
    """`/who`, `/hens`, `/hen`, `/eggs`, `/suspects`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {
            "who": self.who,
            "hens": self.hens,
            "hen": self.hen,
            "eggs": self.eggs,
            "suspects": self.suspects,
        }
        self.presses: PressTable = {"hen": (Role.WATCHER, self.hen_of)}

    def who(self, caller: Caller, words: str) -> Answer:
        """Who is inside now."""
        visits = self._parts.store.open_visits()
        zone = self._parts.zone
        here = [
            (v.subject, v.place, v.began.astimezone(zone))
            for v in inside(visits, self._places(ZoneKind.POP_DOOR))
        ]
        return Answer(text=answers.who_is_inside(here))

    def hens(self, caller: Caller, words: str) -> Answer:
        """Every hen, in the last seven days."""
        days, eggs = self._week()
        lines = [self._line(day, eggs) for day in days]
        choice = [Button(text=line.name, press=f"hen:{tag(line.name)}") for line in lines]
        return Answer(text=answers.hens(lines, self._parts.local().date()), buttons=grid(choice))

    def hen(self, caller: Caller, words: str) -> Answer:
        """One hen: portrait, last seen, visits, eggs."""
        days, eggs = self._week()
        wanted = next((day for day in days if day.hen.casefold() == words.casefold()), None)
        if wanted is None:
            choice = [Button(text=day.hen, press=f"hen:{tag(day.hen)}") for day in days]
            no_hens = answers.hens([], self._parts.local().date())
            return Answer(text=answers.which_hen() if days else no_hens, buttons=grid(choice))
        text = answers.hen(self._line(wanted, eggs), self._parts.local().date())
        return Answer(text=text, picture=self._portrait(wanted.hen))

    def hen_of(self, press: Press) -> Pressed:
        name = tagged(press.first, self._parts.hens())
        return Pressed() if name is None else Pressed(then=self.hen(press.caller, name))

    def eggs(self, caller: Caller, words: str) -> Answer:
        """Eggs of today and of the last seven days, by hen."""
        now = self._parts.clock()
        start, _ = day_bounds(local_day(now, self._parts.zone), self._parts.zone)
        found = self._parts.store.eggs(now - WEEK, now + timedelta(seconds=1))
        today = [egg for egg in found if egg.time >= start]
        hens = self._parts.hens()
        return Answer(
            text=egg_texts.eggs(
                len(today),
                tally(today, (), start - timedelta(microseconds=1), now),
                len(found),
                tally(found, hens, now - WEEK, now),
                [(egg.nest, egg.time.astimezone(self._parts.zone)) for egg in self._parts.store.lying_eggs()],
            )
        )

    def suspects(self, caller: Caller, words: str) -> Answer:
        """Hens that may have laid nothing for days."""
        now, days = self._parts.clock(), self._days()
        eggs = self._parts.store.eggs(now - timedelta(days=days), now + timedelta(seconds=1))
        hens = self._parts.hens()
        since = self._watched_since()
        found = suspects(eggs, hens, since, now, days)
        return Answer(text=egg_texts.suspects(found, days, None if since is None else now - since))

    def _days(self) -> float:
        return self._parts.settings.nests.suspect_days

    def _watched_since(self) -> datetime | None:
        return min((count.first for count in self._parts.store.nest_counts()), default=None)

    def _week(self) -> tuple[Sequence[HenDay], dict[str, HenEggs]]:
        now, store = self._parts.clock(), self._parts.store
        since = now - WEEK
        hens = self._parts.hens()
        days = hen_days(
            store.visits(since - timedelta(days=1), now + timedelta(seconds=1)),
            hens,
            nests=self._places(ZoneKind.NEST_BOX),
            roosts=self._places(ZoneKind.ROOST),
            since=since,
        )
        counted = tally(store.eggs(since, now + timedelta(seconds=1)), hens, since, now)
        return days, {eggs.hen: eggs for eggs in counted} if store.nest_counts() else {}

    def _line(self, day: HenDay, eggs: dict[str, HenEggs]) -> answers.HenLine:
        counted = eggs.get(day.hen)
        return answers.HenLine(
            name=day.hen,
            visits=day.visits,
            seen=day.last.astimezone(self._parts.zone) if day.last is not None else None,
            length=day.on_nest,
            eggs=counted.expected if counted is not None else None,
        )

    def _portrait(self, hen: str) -> bytes | None:
        """The largest kept crop of her newest visits."""
        now, store = self._parts.clock(), self._parts.store
        visits = [
            v for v in store.visits(now - timedelta(days=30), now) if v.subject == hen and v.kind == HEN
        ]
        for visit in reversed(visits[-20:]):
            crops = [found for key in store.visit_crops(visit) if (found := store.picture(key)) is not None]
            there = [(crop, file) for crop, file in crops if crop.kind is PictureKind.CROP and file.exists()]
            if there:
                return max(there, key=lambda found: found[0].width * found[0].height)[1].read_bytes()
        return None

    def _places(self, kind: ZoneKind) -> frozenset[str]:
        return frozenset(self._parts.crew.places(kind))
