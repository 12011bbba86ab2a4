"""A day as a film: a small picture every few minutes, kept for two days, played in half a minute."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import cv2
import numpy as np

from coop.clip.writer import ClipWriter
from coop.domain.frame import Frame
from coop.domain.times import local_day
from coop.errors import OutputError

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=2)
WIDTH = 640
QUALITY = 80
LEAST_FRAMES = 10
FRAMES_A_SECOND = 20
MOST_FRAMES = 1200
"""A minute of film, however many pictures there are."""
KEPT_DAYS = 2
DARK = 12.0
"""Mean grey below which a picture shows only the night."""


class Stills:
    """The small pictures of each camera, in a folder for each day."""

    def __init__(self, folder: Path, zone: tzinfo) -> None:
        self.folder = folder
        self.zone = zone
        self._last: dict[str, datetime] = {}

    def take(self, latest: Mapping[str, Frame | None], now: datetime) -> int:
        """Keep the newest frame of each camera that is due; returns how many. `OutputError`."""
        taken = 0
        for camera, frame in latest.items():
            last = self._last.get(camera)
            if frame is None or (last is not None and timedelta() <= frame.time - last < EVERY):
                continue
            self._last[camera] = frame.time
            taken += self._keep(camera, frame)
        if taken:
            self._tidy(local_day(now, self.zone))
        return taken

    def day(self, day: date, camera: str) -> list[Path]:
        """The pictures of a camera's day, in order."""
        return sorted((self.folder / day.isoformat() / camera).glob("*.jpg"))

    def cameras(self, day: date) -> list[str]:
        """The cameras that have pictures of a day, the one with most first."""
        folders = [entry for entry in (self.folder / day.isoformat()).glob("*") if entry.is_dir()]
        return sorted((f.name for f in folders), key=lambda name: (-len(self.day(day, name)), name))

    def _keep(self, camera: str, frame: Frame) -> bool:
        image = frame.image
        if float(image.mean()) < DARK:
            return False
        height = max(2, round(image.shape[0] * WIDTH / image.shape[1]) // 2 * 2)
        small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
        ok, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        local = frame.time.astimezone(self.zone)
        file = self.folder / local.date().isoformat() / camera / f"{frame.time:%Y%m%dT%H%M%S}.jpg"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".part")
            partial.write_bytes(data.tobytes() if ok else b"")
            partial.replace(file)
        except OSError as error:
            raise OutputError(file, f"cannot be written ({error.strerror})", "Look at the disk") from None
        return True

    def _tidy(self, today: date) -> None:
        """Forget the days before yesterday."""
        oldest = (today - timedelta(days=KEPT_DAYS - 1)).isoformat()
        for folder in self.folder.glob("????-??-??"):
            if folder.name < oldest:
                for file in sorted(folder.rglob("*"), reverse=True):
                    file.rmdir() if file.is_dir() else file.unlink(missing_ok=True)
                folder.rmdir()
        for film in self.folder.glob("*.mp4"):
            if film.name[:10] < oldest:
                film.unlink(missing_ok=True)


def day_film(stills: Stills, day: date, camera: str | None = None) -> Path | None:
    """The film of a day (H.264 in MP4), of one camera or of the one with most pictures; None for too few."""
    cameras = [camera] if camera is not None else stills.cameras(day)[:1]
    pictures = stills.day(day, cameras[0]) if cameras else []
    if len(pictures) < LEAST_FRAMES:
        return None
    step = -(-len(pictures) // MOST_FRAMES)
    film = stills.folder / f"{day.isoformat()}-{cameras[0]}.mp4"
    moment = datetime.combine(day, datetime.min.time(), tzinfo=stills.zone)
    with ClipWriter(film, quality=26, longest_pause=None, threads=1) as writer:
        for file in pictures[::step]:
            image = cv2.imread(str(file))
            if image is not None:
                writer.write(image.astype(np.uint8, copy=False), moment)
                moment += timedelta(seconds=1 / FRAMES_A_SECOND)
    return film if film.exists() else None
