"""What the whole flow with the starter model says of real videos, against the floors in floors.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import pytest

from coop.domain.box import Box
from coop.domain.event import EVENTS

FLOORS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("floors.toml").read_text())

Replay = Callable[[str], Any]


@pytest.fixture(params=FLOORS)
def video(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def hen_events(result: Any) -> list[dict[str, Any]]:
    return [event for event in result.events if event["subject"] == "hen" or event["event"] == "HenArrived"]


def test_hens_are_found_where_they_are_and_nowhere_else(video: str, replayed: Replay) -> None:
    floor, result = FLOORS[video], replayed(video)
    hens = hen_events(result)
    visits = [event for event in hens if event["event"] == "HenArrived"]
    assert len(visits) >= floor.get("least_hen_visits", 0)
    assert len(hens) <= floor.get("most_hen_events", len(hens))
    ends = [event for event in hens if event["event"] == "VisitEnded"]
    assert len(ends) == len(visits), "every visit is over when the recording is"


def test_things_are_held_to_be_what_they_are(video: str, replayed: Replay) -> None:
    final = {p["kind"] for frame in replayed(video).frames for p in frame["predictions"] if p["final"]}
    assert final >= set(FLOORS[video].get("tracks", ()))


def test_one_line_for_each_frame_and_each_event(video: str, replayed: Replay) -> None:
    result = replayed(video)
    assert [frame["n"] for frame in result.frames] == list(range(FLOORS[video]["frames"]))
    for frame in result.frames:
        assert set(frame) == {"n", "t", "regions", "tracks", "predictions"}
    for event in result.events:
        assert set(event) == {"event", "t", "camera", "place", "subject", "confidence"}
        assert event["event"] in EVENTS
        assert 0 <= event["confidence"] <= 1
    assert "n" in result.lines[0], "an event comes behind its frame"


def test_times_are_aware_utc_and_go_on(video: str, replayed: Replay) -> None:
    times = [datetime.fromisoformat(frame["t"]) for frame in replayed(video).frames]
    assert all(moment.utcoffset() == timedelta() for moment in times)
    assert all(earlier < later for earlier, later in pairwise(times))


def test_regions_are_boxes_inside_the_picture(video: str, replayed: Replay, test_data: Path) -> None:
    capture = cv2.VideoCapture(str(test_data / "videos" / video))
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    capture.release()
    boxes = [box for frame in replayed(video).frames for box in frame["regions"]]
    assert boxes
    for x, y, w, h in boxes:
        assert all(isinstance(value, int) for value in (x, y, w, h))
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height


def test_predictions_belong_to_tracks_of_the_recording(video: str, replayed: Replay) -> None:
    result = replayed(video)
    tracks = {track["id"] for frame in result.frames for track in frame["tracks"]}
    for frame in result.frames:
        here = [prediction["track"] for prediction in frame["predictions"]]
        assert set(here) <= tracks
        assert len(here) == len(set(here)), "one verdict on each track in a frame"
        for prediction in frame["predictions"]:
            assert 0 <= prediction["confidence"] <= 1


def test_the_summary_counts_what_the_file_holds(video: str, replayed: Replay) -> None:
    result = replayed(video)
    moving = sum(bool(frame["regions"]) for frame in result.frames)
    assert f"{len(result.frames)} frames, {moving} with motion" in result.outcome.words


def test_the_recording_plays_at_its_own_pace(replayed: Replay) -> None:
    frames = replayed("hens-in-run.mp4").frames
    first, last = (datetime.fromisoformat(frames[n]["t"]) for n in (0, -1))
    assert (last - first).total_seconds() == pytest.approx(856 / 30, rel=0.01)
    assert first == datetime(2023, 11, 11, 16, 3, 58, tzinfo=UTC), "when it was taken stands in the file"


def test_tracks_that_are_hens_are_called_hen(replayed: Replay) -> None:
    truth = tomllib.loads(Path(__file__).with_name("hens-in-run.toml").read_text())["frames"]
    hens = {int(number): [Box(*box) for box in boxes] for number, boxes in truth.items()}
    frames = replayed("hens-in-run.mp4").frames
    called = {p["track"]: p["kind"] for frame in frames for p in frame["predictions"]}
    on_a_hen = {
        track["id"]
        for frame in frames
        for track in frame["tracks"]
        if track["state"] == "confirmed"
        and track["seen"]
        and any(Box(*track["box"]).iou(hen) >= 0.3 for hen in hens.get(frame["n"], ()))
    }
    assert len(on_a_hen) >= 3
    assert sum(called[track] == "hen" for track in on_a_hen) / len(on_a_hen) >= 0.9
