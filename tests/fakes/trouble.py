"""What can go wrong on the way to a camera, each so that only a new connection helps."""

from __future__ import annotations

from collections.abc import Callable

from fakes.proxy import Wire

Trouble = Callable[[Wire, float], None]
"""Makes trouble for a camera that is given up after so many seconds without a picture."""


def broken_off(wire: Wire, timeout_s: float) -> None:
    wire.reset()


def half_open(wire: Wire, timeout_s: float) -> None:
    wire.half_open()


def late_answers(wire: Wire, timeout_s: float) -> None:
    wire.delay_s = 2 * timeout_s
    wire.reset()


def garbage(wire: Wire, timeout_s: float) -> None:
    wire.garbage = 0.05


def refused(wire: Wire, timeout_s: float) -> None:
    wire.refuse()


TROUBLES: dict[str, Trouble] = {
    "broken off": broken_off,
    "half open": half_open,
    "late answers": late_answers,
    "garbage": garbage,
    "refused": refused,
}
