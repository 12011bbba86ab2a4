"""The bot's commands: their names, who may give them, and what each does in a few words."""

from __future__ import annotations

from dataclasses import dataclass

from coop.domain.chat import Role
from coop.notify.languages import later, tr


@dataclass(frozen=True, slots=True)
class Command:
    """``what`` is shown in the phone's menu; ``role`` is the least that may give it."""

    name: str
    what: str
    role: Role = Role.WATCHER


COMMANDS: tuple[Command, ...] = (
    Command("photo", later("a picture from the coop, now")),
    Command("clip", later("the newest clip")),
    Command("who", later("who is inside now")),
    Command("today", later("what happened today")),
    Command("week", later("what happened this week")),
    Command("eggs", later("eggs of today and of this week")),
    Command("hens", later("all hens: last seen, visits, eggs")),
    Command("hen", later("one hen, with her portrait")),
    Command("suspects", later("hens without an egg for days")),
    Command("timelapse", later("the day as a short film")),
    Command("quiz", later("name ten pictures: the watch learns from them"), Role.KEEPER),
    Command("snooze", later("no routine messages for a while"), Role.KEEPER),
    Command("mute", later("never tell of a kind of animal or a hen"), Role.KEEPER),
    Command("quiet", later("hours without sound"), Role.KEEPER),
    Command("status", later("how the watch is doing")),
    Command("model", later("which model is at work, and how good it is")),
    Command("rollback", later("put the model before this one back to work"), Role.KEEPER),
    Command("language", later("English or Russian"), Role.KEEPER),
    Command("settings", later("what this chat hears, and how"), Role.KEEPER),
    Command("test", later("send a test message"), Role.KEEPER),
    Command("help", later("what I can do")),
)
"""Every command, in the order of the menu."""


def commands_for(role: Role) -> tuple[tuple[str, str], ...]:
    """The menu of somebody, in the language spoken now."""
    return tuple((command.name, tr(command.what)) for command in COMMANDS if allows(role, command.role))


def allows(role: Role, needed: Role) -> bool:
    """Whether a role is enough."""
    return needed is Role.WATCHER or role is Role.KEEPER


def find(name: str) -> Command | None:
    return next((command for command in COMMANDS if command.name == name), None)
