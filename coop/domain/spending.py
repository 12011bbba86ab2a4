"""Processor time that one kind of work may take, as a step sees it: `coop.spare_time` hands it out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Spends(Protocol):
    """Processor time for one kind of work: whether some is left, and what is spent of it."""

    def is_left(self) -> bool: ...

    def spending(self) -> AbstractContextManager[None]: ...


class Plenty:
    """There is always time, as for a recording."""

    def is_left(self) -> bool:
        return True

    def spending(self) -> AbstractContextManager[None]:
        return nullcontext()
