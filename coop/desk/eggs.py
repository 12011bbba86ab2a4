"""Whose an egg is, said by a keeper under its message: the record follows, and the message with it."""

from __future__ import annotations

from datetime import timedelta

from coop.desk.parts import CommandTable, Parts, Press, PressTable, grid, tag, tagged
from coop.domain.chat import Role
from coop.domain.egg import NOBODY, Claim, Egg
from coop.domain.notification import Button, Keyboard
from coop.ledger import reattribute
from coop.notify import answers
from coop.notify.desk import Pressed
from coop.notify.visit_message import egg_buttons

MOST = 24
"""Hens on buttons, the likeliest first."""
_AT_ONCE = timedelta(microseconds=1)


class EggDesk:
    """The buttons below eggs. They carry a verb and the key of an egg; nothing is believed of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: CommandTable = {}
        keeper = Role.KEEPER
        self.presses: PressTable = {
            "whose": (keeper, self.whose),
            "laid": (keeper, self.laid),
            "egg": (keeper, self.back),
        }

    def whose(self, press: Press) -> Pressed:
        """The hens, the likeliest first; one that was named before can be taken back."""
        eggs = self._found_at_once(press)
        if not eggs:
            return Pressed(toast=answers.too_old())
        named = {egg.claim.hen for egg in eggs if egg.claim is not None}
        hens = [
            Button(
                text=answers.claim_choice(hen, claimed=hen in named),
                press=f"laid:{press.first}:{tag(hen)}",
            )
            for hen in self._likely(eggs)[:MOST]
        ]
        back = Button(text=answers.back_button(), press=f"egg:{press.first}")
        return Pressed(buttons=(*grid(hens), (back,)))

    def laid(self, press: Press) -> Pressed:
        """This hen laid it; where that was said before, it is taken back."""
        eggs = self._found_at_once(press)
        hen = tagged(press.second, self._likely(eggs))
        if not eggs or hen is None:
            return Pressed(toast=answers.too_old())
        store, now = self._parts.store, self._parts.clock()
        before = next((egg for egg in eggs if egg.claim is not None and egg.claim.hen == hen), None)
        free = next((egg for egg in eggs if egg.claim is None), eggs[0])
        egg = before or free
        claim = Claim(egg=egg.key, hen=NOBODY if before is not None else hen, who=press.caller.name, at=now)
        new = store.claim_egg(claim, f"telegram-{egg.key[:8]}-{press.id}")
        # Should the program end here, the routine does the same within a minute.
        changed = reattribute(store, egg.time, now)
        store.queue(self._parts.teller.retell_eggs(changed), now)
        if not new:
            return Pressed(toast=answers.already_noted(), buttons=self._buttons(press, eggs))
        return Pressed(toast=answers.egg_unclaimed() if before is not None else answers.egg_claimed(hen))

    def back(self, press: Press) -> Pressed:
        """The buttons as they were."""
        return Pressed(buttons=self._buttons(press, self._found_at_once(press)))

    def _buttons(self, press: Press, eggs: list[Egg]) -> Keyboard:
        visit = next((share.visit for egg in eggs for share in egg.shares if share.visit is not None), None)
        return egg_buttons(press.first, visit)

    def _found_at_once(self, press: Press) -> list[Egg]:
        """The egg of a button, where there is one, with those that were found with it."""
        egg = self._parts.store.egg(press.first)
        if egg is None:
            return []
        found = self._parts.store.eggs(egg.time, egg.time + _AT_ONCE)
        return [one for one in found if one.lay_with(egg)]

    def _likely(self, eggs: list[Egg]) -> list[str]:
        """Every hen, the most probable first."""
        named = {share.hen for egg in eggs for share in egg.shares} - {NOBODY}
        hens = {*self._parts.hens(), *named}
        return sorted(hens, key=lambda hen: (-sum(egg.share_of(hen) for egg in eggs), hen.casefold()))
