"""A folder of stills as a recording."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from coop.domain.frame import Frame
from coop.domain.times import as_utc
from coop.errors import SourceError
from coop.frame.filetime import time_in_name
from coop.frame.rate import RateLimit
from coop.frame.recording import Recording
from coop.frame.source import PICTURE_SUFFIXES, Stop
from coop.frame.still import check_still, read_still

log = logging.getLogger(__name__)

_SEQUENCE_FPS = 25.0
"""The pace of numbered pictures that nothing gives a time: that of most videos they are cut from."""

_QUICKEST_CAMERA_S = 0.02
"""Files written closer together than this, on average, were copied rather than taken."""


@dataclass(frozen=True, kw_only=True)
class _Still:
    path: Path
    taken: datetime | None
    changed: datetime


class FolderSource(Recording):
    """The pictures of a folder (or one picture) in the order in which they were taken.

    A picture's time is its EXIF DateTimeOriginal, else the date and time in its name, else the file's last
    change. Where no picture has a time of its own and the last changes are those of a copy, they are one
    sequence in the order of their names, 25 a second. Unreadable pictures are left out, each with one
    warning.
    """

    def frames(self, stop: Stop) -> Iterator[Frame]:
        stills = self._stills(stop)
        times = self._times(stills)
        rate = RateLimit(self.fps)
        number = 0
        for time, still in sorted(zip(times, stills, strict=True), key=lambda pair: pair[0]):
            if stop.is_set():
                return
            if not rate.due(time.timestamp()):
                continue
            try:
                image = read_still(still.path)
            except SourceError as error:
                log.warning("%s", error)
                continue
            yield Frame(camera=self.camera, time=time, image=image, number=number)
            number += 1
        if not number and not stop.is_set():
            raise self._refused("none of its pictures can be read")

    def _stills(self, stop: Stop) -> list[_Still]:
        """Every picture whose head can be read, by name, numbers counting as numbers."""
        stills = []
        for path in self._listed():
            if stop.is_set():
                return []
            try:
                taken = check_still(path, self.timezone) or time_in_name(path.name, self.timezone)
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except SourceError as error:
                log.warning("%s", error)
                continue
            stills.append(_Still(path=path, taken=taken, changed=changed))
        return stills

    def _listed(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        try:
            names = [path for path in self.path.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES]
        except OSError as error:
            raise self._refused(f"cannot be listed ({error.strerror})") from error
        if not names:
            raise self._refused("there is no picture in it")
        return sorted(names, key=_natural)

    def _refused(self, problem: str) -> SourceError:
        allowed = ", ".join(sorted(PICTURE_SUFFIXES))
        return SourceError(str(self.path), problem, f"Give a folder with whole pictures ({allowed}) in it")

    def _times(self, stills: Sequence[_Still]) -> list[datetime]:
        """When each picture was taken, moved so that the first is at ``start`` where that is told."""
        if any(still.taken for still in stills):
            times = [still.taken or still.changed for still in stills]
        elif _were_taken_so([still.changed for still in stills]):
            times = [still.changed for still in stills]
        else:
            step = timedelta(seconds=1 / _SEQUENCE_FPS)
            times = [stills[0].changed + step * index for index in range(len(stills))]
        if self.start is None or not times:
            return times
        shift = as_utc(self.start) - min(times)
        return [time + shift for time in times]


def _were_taken_so(changes: Sequence[datetime]) -> bool:
    """Whether the files' last changes, in the order of their names, can be when the pictures were taken."""
    if len(changes) < 2:
        return True
    mean_s = (changes[-1] - changes[0]).total_seconds() / (len(changes) - 1)
    return mean_s >= _QUICKEST_CAMERA_S and all(a < b for a, b in pairwise(changes))


def _natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts in2.jpg before in10.jpg."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]
