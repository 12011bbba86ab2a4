"""One camera's eyesight at work: its picture judged, its faults told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coop.domain.event import Event, PictureBad
from coop.domain.frame import Frame
from coop.event.sight import SightRule
from coop.frame.sight import Sight

BLINDING = ("dark", "covered", "frozen")
SETTLES_IN = timedelta(minutes=30)
"""A camera that was moved and stays so is where it belongs from then on."""


@dataclass(kw_only=True)
class Eyesight:
    """Sight and rule, as the pipeline wants them."""

    sight: Sight
    rule: SightRule
    _moved: datetime | None = field(default=None, init=False)

    @property
    def blind_since(self) -> datetime | None:
        """Since when the picture has shown nothing of what happens; None while it does.

        One that is blurred or moved does so only once it is told: a hen before the lens blurs it too.
        """
        if not self.sight.fault or (self.sight.fault not in BLINDING and self.rule.told is None):
            return None
        return self.sight.well

    def update(self, frame: Frame) -> Event | None:
        """What a frame says of the camera itself."""
        if not self.sight.look(frame):
            return None
        event = self.rule.update(self.sight.fault, frame.time)
        if isinstance(event, PictureBad) and event.fault == "moved":
            self._moved = frame.time
        if self._moved is not None and frame.time - self._moved >= SETTLES_IN:
            self._moved = None
            self.sight.accept()
        return event
