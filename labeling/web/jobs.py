"""What is done beside the page."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from coop.settings import Settings
from labeling.intake import catalogue_new
from labeling.web.background import Job
from labeling.web.site import Site
from labeling.web.thumbnails import THUMB_PX, UnreadablePicture

_TIDY_EVERY = 360
_AT_ONCE = 256
_AHEAD = 400


def jobs(site: Site, settings: Settings) -> Sequence[Job]:
    """The background's jobs. A part with work to do beside the page adds it here."""
    return (_intake(site), _Ahead(site), _Tidying(site))


def _intake(site: Site) -> Job:
    """The watch's new pictures into the catalogue, while the watch goes on taking them."""

    def job(stop: threading.Event) -> bool:
        done = catalogue_new(site.store, site.zone, most=_AT_ONCE, stop=stop.is_set)
        return done.catalogued >= _AT_ONCE

    return job


class _Ahead:
    """Thumbnails of the newest pictures before the grid asks for them."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: set[str] = set()

    def __call__(self, stop: threading.Event) -> bool:
        store, thumbnails = self._site.store, self._site.thumbnails
        for task in store.tasks():
            for sheet in store.sheet(task.name, limit=_AHEAD, newest_first=True):
                key = sheet.picture.key
                if stop.is_set():
                    return False
                if key not in self._seen and not thumbnails.has(key, THUMB_PX):
                    self._make(key)
                self._seen.add(key)
        return False

    def _make(self, key: str) -> None:
        found = self._site.store.picture(key)
        if found is not None:
            try:
                self._site.thumbnails.make(key, THUMB_PX, found[1])
            except UnreadablePicture:
                return  # the page says so where it would stand


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
