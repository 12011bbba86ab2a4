"""Frames that tell their number, and a browser that plays what is made of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from playwright.sync_api import Page

from coop.clip.director import Director
from coop.clip.maker import ClipMaker
from coop.clip.ring import Ring
from coop.clip.wishes import worth_a_clip
from coop.domain.box import Box
from coop.domain.clip import NewClip
from coop.domain.event import Event, MotionSeen, PredatorSeen
from coop.domain.frame import Frame, Picture
from coop.domain.judgement import Judgement
from coop.domain.track import Track, TrackState

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
COLUMNS, ROWS = 8, 4


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def numbered(n: int, width: int = 320, height: int = 240) -> Picture:
    """Greenish grey with one red field, whose place tells ``n``."""
    image = np.full((height, width, 3), (60, 110, 70), np.uint8)
    w, h = width // COLUMNS, height // ROWS
    x, y = n % COLUMNS * w, n // COLUMNS % ROWS * h
    cv2.rectangle(image, (x + 4, y + 4), (x + w - 5, y + h - 5), (30, 30, 210), -1)
    return image


def number_of(image: Picture) -> int:
    """The number that a picture of `numbered` tells, also after it was made smaller and compressed."""
    red = image[:, :, 2].astype(int) - image[:, :, 1]
    h, w = red.shape
    fields = red[: h // ROWS * ROWS, : w // COLUMNS * COLUMNS]
    means = fields.reshape(ROWS, h // ROWS, COLUMNS, w // COLUMNS).mean(axis=(1, 3))
    return int(means.argmax())


def a_frame(n: int, seconds: float, width: int = 320, height: int = 240) -> Frame:
    return Frame(camera="run", time=at(seconds), image=numbered(n, width, height), number=n)


def predator(seconds: float, subject: str = "fox") -> Event:
    return PredatorSeen(time=at(seconds), camera="run", place="run", subject=subject, visit=f"v{seconds}")


def motion(seconds: float) -> Event:
    return MotionSeen(time=at(seconds), camera="run", place="run", subject="motion")


def judged(subject: str, seconds: float) -> Judgement:
    """A verdict on something seen at a moment."""
    track = Track(
        id="run-1",
        camera="run",
        box=Box(10, 10, 40, 40),
        state=TrackState.CONFIRMED,
        first_seen=at(0),
        last_seen=at(seconds),
        hits=9,
        seen=True,
    )
    frame = a_frame(0, seconds)
    return Judgement(track=track, kind=subject, subject=subject, confidence=0.9, frame=frame, crops=())


class Shelf:
    """Takes finished clips, in the encoder's thread."""

    def __init__(self) -> None:
        self.clips: list[NewClip] = []
        self.threads: list[threading.Thread] = []

    def put(self, clip: NewClip, now: datetime) -> None:
        self.clips.append(clip)
        self.threads.append(threading.current_thread())


def a_maker(folder: Path, shelf: Shelf, **changes: Any) -> ClipMaker:
    values: dict[str, Any] = {
        "director": Director(
            worth_a_clip(["predator"]),
            pre_roll=timedelta(seconds=3),
            post_roll=timedelta(seconds=2),
            longest=timedelta(seconds=30),
        ),
        "ring": Ring(timedelta(seconds=6), 1 << 28),
        "folder": folder,
        "record": shelf.put,
        "width": 640,
        "fps": 30.0,
        "patient": True,
    }
    return ClipMaker("run", **values | changes)


def film(
    maker: ClipMaker,
    times: Sequence[float],
    events: dict[float, Event] | None = None,
    fox: Callable[[float], bool] = lambda t: False,
    moving: Callable[[float], bool] = lambda t: True,
) -> None:
    """Frames at ``times``, numbered; ``events`` by the time of the frame that brings them."""
    for n, t in enumerate(times):
        told = [events[t]] if events and t in events else []
        maker.update(a_frame(n, t), told, [judged("fox", t)] if fox(t) else [], moving=moving(t))


def shown(clip: NewClip) -> list[tuple[float, int]]:
    """Every picture of a clip: the seconds since START at which it was taken, and its number."""
    begin = (clip.time - at(0)).total_seconds()
    with av.open(str(clip.file)) as container:
        return [
            (begin + float(frame.pts * frame.time_base), number_of(frame.to_ndarray(format="bgr24")))
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


class Player:
    """A video element with one file in it."""

    def __init__(self, page: Page, file: Path) -> None:
        self._page = page
        html = file.with_suffix(".html")
        html.write_text(f'<body style="margin:0"><video src="{file.name}" muted preload="auto"></video>')
        page.goto(html.as_uri())
        self._wait("v => v.readyState >= 2 || v.error")
        assert self._ask("v => v.error && v.error.message") is None

    @property
    def seconds(self) -> float:
        return float(str(self._ask("v => v.duration")))

    @property
    def size(self) -> tuple[int, int]:
        return int(str(self._ask("v => v.videoWidth"))), int(str(self._ask("v => v.videoHeight")))

    def picture(self, seconds: float) -> Picture:
        """What is to be seen at a moment."""
        self._page.eval_on_selector(
            "video",
            "(v, t) => new Promise(done => { v.onseeked = () => "
            "requestAnimationFrame(() => requestAnimationFrame(done)); v.currentTime = t; })",
            seconds,
        )
        png = self._page.locator("video").screenshot()
        image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return image.astype(np.uint8, copy=False)

    def play(self) -> None:
        """To its end, at sixteen times its speed."""
        self._page.eval_on_selector("video", "v => { v.playbackRate = 16; return v.play() }")
        self._wait("v => v.ended")

    def _ask(self, script: str) -> object:
        return self._page.eval_on_selector("video", script)

    def _wait(self, script: str) -> None:
        self._page.wait_for_function(f"({script})(document.querySelector('video'))")
