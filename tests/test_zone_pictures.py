"""Pictures of zones: those of the simulated coop through the whole flow, and their schedule from settings."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from coop.assembly import camera_judge, camera_pipeline, picture_intervals
from coop.domain.findings import Findings
from coop.domain.frame import Frame
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.zone import ZoneKind
from coop.frame.sim.source import SimSource, open_sim
from coop.frame.sim.truth import FactKind
from coop.motion.zones import bounding_box
from coop.pipeline import Pipeline
from coop.places import open_store
from coop.replay import Memory
from coop.settings import NEST_EVERY_S, CameraSettings, Settings
from coop.settings_values import SecretUrl

MORNING = "sim://?flock=1&seed=7&days=1&from=7&to=9"
"""Ottilie sits in nest 1 when it begins, lays an egg and leaves."""
NEST = "nest 1"
SQUARE = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]


class Seen(Memory):
    """Remembers the zone pictures, and every findings whole."""

    def __init__(self) -> None:
        super().__init__(zone=UTC)
        self.findings: list[tuple[Findings, datetime]] = []

    def record(self, findings: Findings, now: datetime) -> None:
        self.findings.append((findings, now))
        super().record(findings, now)

    def zone_pictures(self, zone: str | None = None) -> list[NewPicture]:
        kept = [p for findings, _ in self.findings for p in findings.pictures if p.kind is PictureKind.ZONE]
        return [p for p in kept if zone is None or f"-{zone}-" in p.key]


def flow(source: SimSource, seen: Seen) -> Pipeline:
    settings = Settings(timezone="UTC")
    return camera_pipeline(
        "coop",
        CameraSettings(url=SecretUrl("sim://")),
        settings,
        zones=source.zones,
        judge=camera_judge({}, settings),
        record=seen.record,
        is_first_today=seen.is_first_today,
    )


def watch(source: SimSource, frames: Iterable[Frame]) -> Seen:
    seen = Seen()
    pipeline = flow(source, seen)
    for frame in frames:
        pipeline.step(frame)
    return seen


@pytest.fixture(scope="module")
def source() -> SimSource:
    return open_sim(MORNING, "coop")


@pytest.fixture(scope="module")
def frames(source: SimSource) -> list[Frame]:
    return list(source.frames(threading.Event()))


@pytest.fixture(scope="module")
def seen(source: SimSource, frames: list[Frame]) -> Seen:
    return watch(source, frames)


def test_each_nest_has_its_picture_on_schedule(source: SimSource, seen: Seen) -> None:
    for nest in (zone.name for zone in source.zones if zone.kind is ZoneKind.NEST_BOX):
        times = [picture.time for picture in seen.zone_pictures(nest)]
        scheduled = {moment for moment in times if moment.minute % 10 == 0 and moment.second == 0}
        assert len(scheduled) == 12, f"two hours of {nest}, every ten minutes"
        assert len(times) <= 12 + 6, "few more: those after movement"


def test_when_a_hen_has_left_her_nest_the_egg_is_seen(source: SimSource, seen: Seen) -> None:
    (stay,) = [f for f in source.truth.of(FactKind.VISIT) if f.place == NEST and f.until.hour == 7]
    assert stay.until.minute % 10 != 9, "else the schedule alone would do it"
    after = [p for p in seen.zone_pictures(NEST) if p.time > stay.until]
    assert after[0].time - stay.until < timedelta(seconds=70), "a quiet coop gives a frame a minute"
    assert source.truth.eggs(after[0].time)[NEST] == 1
    assert source.truth.places(after[0].time).get(stay.subject) != NEST
    while_sitting = [p for p in seen.zone_pictures(NEST) if p.time < stay.until]
    before, empty = (cv2.imdecode(np.frombuffer(p.data, np.uint8), 1) for p in (while_sitting[-1], after[0]))
    assert before is not None and empty is not None
    assert np.abs(before.astype(int) - empty).max(axis=2).mean() > 5, "with a hen, and without"


def test_a_zone_without_a_schedule_is_seen_only_after_movement(source: SimSource, seen: Seen) -> None:
    """Every picture of the door has something that came or went in the minutes before it."""
    facts = source.truth.facts
    doors = [picture.time for picture in seen.zone_pictures("pop door")]
    assert doors
    for moment in doors:
        begin = moment - timedelta(seconds=130)
        assert any(begin <= edge <= moment for fact in facts for edge in (fact.time, fact.until))


def test_a_zone_picture_is_the_box_around_its_zone(
    source: SimSource, frames: list[Frame], seen: Seen
) -> None:
    by_time = {frame.time: frame for frame in frames}
    zones = {zone.name: zone for zone in source.zones}
    for picture in seen.zone_pictures():
        (zone,) = [zone for name, zone in zones.items() if f"-{name}-" in picture.key]
        frame = by_time[picture.time]
        box = bounding_box(zone, frame.width, frame.height)
        assert (picture.box, picture.camera, picture.track_id) == (box, "coop", None)
        image = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[:2] == (picture.height, picture.width) == (box.h, box.w)
        cut = frame.image[box.y : box.bottom, box.x : box.right]
        assert np.abs(cut.astype(int) - image).mean() < 6


def test_a_replay_gives_the_same_keys_and_each_once(
    source: SimSource, frames: list[Frame], seen: Seen
) -> None:
    again = watch(source, frames)
    keys = [picture.key for picture in seen.zone_pictures()]
    assert keys == [picture.key for picture in again.zone_pictures()]
    assert len(keys) == len(set(keys))


def test_recorded_twice_they_are_kept_once(seen: Seen, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", timezone="UTC")
    with open_store(settings) as store:
        for _ in range(2):
            for findings, now in seen.findings:
                store.record(findings, now)
        for picture in seen.zone_pictures():
            found = store.picture(picture.key)
            assert found is not None
            assert found[0].kind is PictureKind.ZONE
            assert found[0].box == picture.box
            assert found[1].read_bytes() == picture.data
        files = list((settings.data_dir / "media").rglob("*-zone-*"))
    assert len(files) == len(seen.zone_pictures())


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(minutes=-3), timedelta(days=400)])
def test_a_camera_whose_clock_jumps_goes_on_taking_pictures(
    source: SimSource, frames: list[Frame], jump: timedelta
) -> None:
    """Counted by the time that truly passed, no two pictures of a nest are two intervals apart."""
    seen = Seen()
    pipeline = flow(source, seen)
    set_at = datetime.combine(frames[0].time.date(), time(8, 5), UTC)
    taken = [frames[0].time]
    for frame in frames:
        before = len(seen.zone_pictures("nest 2"))
        pipeline.step(replace(frame, time=frame.time + jump) if frame.time >= set_at else frame)
        taken += [frame.time] * (len(seen.zone_pictures("nest 2")) - before)
    taken.append(frames[-1].time)
    gaps = [later - earlier for earlier, later in pairwise(taken)]
    assert max(gaps) < timedelta(seconds=2 * NEST_EVERY_S)
    assert 12 <= len(taken) - 2 <= 12 + 3
    keys = [picture.key for picture in seen.zone_pictures()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("kind", "every_s", "expected"),
    [
        ("nest box", None, NEST_EVERY_S),
        ("nest box", 60, 60),
        ("nest box", 0, None),
        ("run", None, None),
        ("run", 3600, 3600),
        ("run", 0, None),
    ],
)
def test_the_schedule_is_that_of_the_settings_else_that_of_the_kind(
    kind: str, every_s: int | None, expected: int | None
) -> None:
    zone = {"kind": kind, "polygon": SQUARE} | ({} if every_s is None else {"every_s": every_s})
    camera = CameraSettings.model_validate({"url": "sim://", "zones": {"corner": zone}})
    intervals = picture_intervals(camera.domain_zones, camera)
    assert intervals == ({} if expected is None else {"corner": timedelta(seconds=expected)})


def test_zones_that_the_source_itself_knows_have_the_schedule_of_their_kind(source: SimSource) -> None:
    camera = CameraSettings(url=SecretUrl("sim://"))
    nests = {zone.name for zone in source.zones if zone.kind is ZoneKind.NEST_BOX}
    assert picture_intervals(source.zones, camera).keys() == nests != set()
