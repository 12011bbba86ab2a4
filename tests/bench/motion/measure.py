"""One scene before all detectors: their tallies, and pictures of where ours did worst."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
from bench.motion.detectors import DETECTORS, OURS, Detector
from bench.motion.scene import Kind, Shot
from bench.motion.scenes import build
from bench.motion.score import Tally

from coop.domain.box import Box
from coop.domain.frame import Picture

THUMB = (480, 270)
_APART_S = 1.0  # two worst frames are at least so far apart, or they would all be the same moment
_GREEN, _CYAN, _RED, _YELLOW = (60, 220, 60), (220, 200, 0), (60, 60, 255), (0, 230, 255)


@dataclass(kw_only=True)
class Result:
    """What a scene gave. ``tallies``: by frames a second and detector. Pictures are JPEG files in bytes."""

    scene: str
    kind: Kind
    tallies: dict[tuple[float, str], Tally]
    sample: bytes = b""
    worst: list[bytes] = field(default_factory=list)
    render_ms: float = 0.0


def measure(
    name: str, seed: int, seconds: float, rates: Sequence[float], detectors: Sequence[str], keep: int = 4
) -> Result:
    """Render a scene once at the highest of ``rates`` and show it to every detector at all of them."""
    cv2.setNumThreads(1)
    scene = build(name, seed, seconds)
    fastest = max(rates)
    every = {rate: round(fastest / rate) for rate in rates}
    made = {(rate, d): DETECTORS[d]() for rate in rates for d in detectors}
    result = Result(scene=name, kind=scene.kind, tallies={key: Tally() for key in made})
    gallery = _Gallery(keep)
    began, count, looking = time.process_time(), 0, 0.0
    for shot in scene.shots(fastest):
        count += 1
        since = time.process_time()
        # In turns: whoever looks first at a new picture pays for bringing it into the processor.
        turn = count % len(made)
        for (rate, name_), detector in (*tuple(made.items())[turn:], *tuple(made.items())[:turn]):
            if shot.frame.number % every[rate] == 0:
                regions, missed, false = _one(detector, shot, result.tallies[rate, name_])
                if name_ == OURS and rate == fastest:
                    gallery.offer(shot, regions, missed, false)
        looking += time.process_time() - since
    result.render_ms = 1000 * (time.process_time() - began - looking) / max(count, 1)
    result.sample, result.worst = gallery.sample(), gallery.worst()
    return result


def _one(detector: Detector, shot: Shot, tally: Tally) -> tuple[tuple[Box, ...], int, int]:
    began = time.process_time()
    found = detector.look(shot.frame)
    took = time.process_time() - began
    detector.after(shot.frame, found)
    if not shot.scored:
        return found.boxes, 0, 0
    tally.time(took)
    return found.boxes, *tally.add(shot.wanted, shot.spared, found.boxes)


class _Gallery:
    """Keeps the frames with most faults, and one frame that shows what the scene is."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._worst: list[tuple[float, float, bytes]] = []  # severity, moment, picture
        self._typical: tuple[int, bytes] = (-1, b"")

    def offer(self, shot: Shot, regions: Sequence[Box], missed: int, false: int) -> None:
        t = shot.frame.number
        things = len(shot.wanted)
        if shot.scored and (things > self._typical[0] or (things == self._typical[0] and t % 97 == 0)):
            self._typical = things, _jpeg(shot, (), "")
        severity = 10.0 * missed + false
        if not severity:
            return
        moment = shot.frame.time.timestamp()
        near = [entry for entry in self._worst if abs(entry[1] - moment) < _APART_S]
        if any(entry[0] >= severity for entry in near):
            return
        rest = [entry for entry in self._worst if entry not in near]
        if len(rest) < self._keep or severity > min(rest)[0]:
            note = f"{moment % 3600:.1f} s: missed {missed}, false {false}"
            rest.append((severity, moment, _jpeg(shot, regions, note)))
            self._worst = sorted(rest, reverse=True)[: self._keep]

    def sample(self) -> bytes:
        return self._typical[1]

    def worst(self) -> list[bytes]:
        return [picture for _, _, picture in self._worst]


def _jpeg(shot: Shot, regions: Sequence[Box], note: str) -> bytes:
    """The frame small, truth green, spared blue-green, regions red."""
    picture: Picture = cv2.resize(shot.frame.image, THUMB, interpolation=cv2.INTER_AREA)
    scale = THUMB[0] / shot.frame.width
    marks: Mapping[tuple[int, int, int], Sequence[Box]] = {
        _CYAN: shot.spared,
        _GREEN: shot.wanted,
        _RED: regions,
    }
    for colour, boxes in marks.items():
        for box in boxes:
            a, b = (box.x, box.y), (box.right, box.bottom)
            corners = [(round(x * scale), round(y * scale)) for x, y in (a, b)]
            cv2.rectangle(picture, corners[0], corners[1], colour, 1 if colour == _RED else 2)
    cv2.putText(picture, note, (6, THUMB[1] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _YELLOW, 1, cv2.LINE_AA)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1])
