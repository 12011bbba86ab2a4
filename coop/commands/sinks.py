"""Where a replay writes: JSON lines, motion masks, and a video with boxes and names drawn in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import IO, Any

import cv2

from coop.clip.writer import ClipWriter
from coop.commands.tables import clip_name
from coop.domain.clip import NewClip
from coop.domain.event import Event
from coop.domain.findings import Findings
from coop.domain.judgement import Judgement
from coop.domain.track import TrackState
from coop.errors import CoopError, OutputError
from coop.motion.detector import motion_mask_in_source_size
from coop.notify.annotate import Mark, annotated
from coop.pipeline import Step
from coop.replay import Memory

_REMEDY = "Choose a folder that exists and may be written, on a disk with room"


class JsonSink:
    """One JSON object a line: one for each frame, and one for each event behind its frame."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._n = 0

    def step(self, step: Step) -> None:
        self._write(
            {
                "n": self._n,
                "t": step.frame.time.isoformat(),
                "regions": [region.box.xywh for region in step.motion.regions],
                "tracks": [
                    {"id": t.id, "box": t.box.xywh, "state": t.state.value, "seen": t.seen}
                    for t in step.tracks
                ],
                "predictions": [prediction_json(judgement) for judgement in step.judgements],
            }
        )
        self._n += 1
        self.last(step.events)

    def last(self, events: Sequence[Event]) -> None:
        for event in events:
            self._write(event_json(event))

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def prediction_json(judgement: Judgement) -> dict[str, Any]:
    """The verdict on one track as `--json` writes it."""
    return {
        "track": judgement.track.id,
        "kind": judgement.kind,
        "subject": judgement.subject,
        "confidence": round(judgement.confidence, 4),
        "final": judgement.final,
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event as `--json` writes it."""
    return {
        "event": event.name,
        "t": event.time.isoformat(),
        "camera": event.camera,
        "place": event.place,
        "subject": event.subject,
        "confidence": round(event.confidence, 4),
    }


class MaskSink:
    """The motion mask of each frame as PNG in source size: `000000.png` for frame 0.

    The folder is made with the first one, so that a recording that cannot be read leaves nothing behind.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._n = 0

    def step(self, step: Step) -> None:
        file = self._folder / f"{self._n:06d}.png"
        with _explained(file):
            self._folder.mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(file), motion_mask_in_source_size(step.motion, step.frame)):
            raise OutputError(file, "the mask cannot be written", _REMEDY)
        self._n += 1

    def last(self, events: Sequence[Event]) -> None:
        """Masks belong to frames."""


class ClipShelf:
    """Gives each finished clip of a replay a name that tells its time, in the folder where it was made."""

    def __init__(self, folder: Path, zone: tzinfo, memory: Memory) -> None:
        self._folder = folder
        self._zone = zone
        self._memory = memory

    def put(self, clip: NewClip, now: datetime) -> None:
        file = self._folder / clip_name(clip.time, clip.camera, self._zone)
        with _explained(file):
            clip.file.replace(file)
        self._memory.record(Findings(clips=(replace(clip, file=file),)), now)


class VideoSink:
    """The recording with boxes and names drawn in."""

    def __init__(self, writer: ClipWriter) -> None:
        self._writer = writer
        self._names: dict[str, str] = {}

    def step(self, step: Step) -> None:
        self._names |= {j.track.id: f"{j.subject} {j.confidence:.0%}" for j in step.judgements}
        marks = [
            Mark(box=track.box, text=self._names.get(track.id, ""))
            for track in step.tracks
            if track.state is TrackState.CONFIRMED
        ]
        self._writer.write(annotated(step.frame.image, marks), step.frame.time)

    def last(self, events: Sequence[Event]) -> None:
        """The video ends with its last frame."""


@contextmanager
def json_sink(file: Path) -> Iterator[JsonSink]:
    """A JSON file that appears under its name only when it is complete."""
    partial = file.with_name(file.name + ".part")
    try:
        with _explained(file), partial.open("w", encoding="utf-8") as stream:
            yield JsonSink(stream)
        partial.replace(file)
    except BaseException:
        with suppress(OSError):  # its folder may not even be there, which is told already
            partial.unlink()
        raise


@contextmanager
def video_sink(file: Path) -> Iterator[VideoSink]:
    """A video file that appears under its name only when it is complete."""
    with ClipWriter(file) as writer:
        yield VideoSink(writer)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Turn the system's error about a file to be written into ours."""
    try:
        yield
    except CoopError:
        raise
    except OSError as error:
        raise OutputError(file, f"it cannot be written ({error.strerror or error})", _REMEDY) from None
