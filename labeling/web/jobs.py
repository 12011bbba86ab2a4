"""What is done beside the page."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from coop.settings import Settings
from labeling.web.background import Job
from labeling.web.site import Site

_TIDY_EVERY = 360


def jobs(site: Site, settings: Settings) -> Sequence[Job]:
    """The background's jobs. A part with work to do beside the page adds it here."""
    return (_Tidying(site),)


class _Tidying:
    """Keeps the cache of thumbnails within its room."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._round = 0

    def __call__(self, stop: threading.Event) -> bool:
        if self._round % _TIDY_EVERY == 0:
            self._site.thumbnails.tidy()
        self._round += 1
        return False
