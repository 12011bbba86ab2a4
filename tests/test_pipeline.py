"""The whole flow for one camera, its parts real but for a model that knows colours."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from fakes.models import ColourModel

from coop.assembly import camera_judge, camera_pipeline, camera_sight
from coop.domain.event import Event, HenArrived, MotionSeen, VisitEnded
from coop.domain.findings import Findings
from coop.domain.frame import Frame, Picture
from coop.domain.nest import NestReading
from coop.domain.picture import PictureKind
from coop.domain.zone import Zone, ZoneKind
from coop.pipeline import Pipeline
from coop.replay import Memory
from coop.settings import CameraSettings, Settings
from coop.settings_values import SecretUrl

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
BROWN = (40, 70, 110)
LEFT = Zone(name="nest 1", kind=ZoneKind.NEST_BOX, polygon=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))


class Record(Memory):
    """Remembers every findings too."""

    def __init__(self) -> None:
        super().__init__(zone=UTC)
        self.findings: list[Findings] = []

    def record(self, findings: Findings, now: datetime) -> None:
        self.findings.append(findings)
        super().record(findings, now)


def walk(first: float = 0, seconds: float = 12) -> Iterator[Frame]:
    """Straw, and a brown thing that walks through it from left to right, at 5 frames a second."""
    straw = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (180, 320, 3), np.uint8), (5, 5), 0)
    for n in range(round(seconds * 5)):
        image = straw.copy()
        x = -60 + round(400 * (n - 10) / (seconds * 5 - 20))
        if n >= 10:
            cv2.ellipse(image, (x + 30, 110), (30, 22), 0, 0, 360, BROWN, -1)
        yield Frame(camera="run", time=START + timedelta(seconds=first + n / 5), image=image, number=n)


def pipeline(record: Record, *, model: bool = True) -> Pipeline:
    settings = Settings(timezone="UTC")
    colours = {"hen": BROWN, "other": (130, 130, 130)}
    models = {"kinds": ColourModel("kinds", colours)} if model else {}
    return camera_pipeline(
        "run",
        CameraSettings(url=SecretUrl("sim://")),
        settings,
        zones=(LEFT,),
        judge=camera_judge(models, settings),
        record=record.record,
        is_first_today=record.is_first_today,
    )


def run(flow: Pipeline, *recordings: Iterator[Frame]) -> list[Event]:
    events: list[Event] = []
    last = START
    for recording in recordings:
        for frame in recording:
            events += flow.step(frame).events
            last = frame.time
    return [*events, *flow.finish(last)]


class Nests:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.looked: list[datetime] = []
        self.unseen: list[tuple[datetime, datetime]] = []

    def wanted(self, now: datetime) -> tuple[str, ...]:
        return ("nest 1",)

    def look(self, frame: Frame, nests: object, standing: object) -> tuple[NestReading, ...]:
        self.looked.append(frame.time)
        return ()

    def could_not_see(self, since: datetime, until: datetime) -> None:
        self.unseen.append((since, until))

    def update(self, readings: object, visits: object, now: datetime) -> tuple[tuple[()], tuple[()]]:
        return (), ()


def test_a_picture_of_no_use_says_nothing_of_the_nests_and_they_are_told_since_when() -> None:
    camera = CameraSettings(url=SecretUrl("sim://"), frozen_s=20)
    flow, nests = pipeline(Record()), Nests()
    flow.nests, flow.sight = nests, camera_sight("run", camera, Settings(timezone="UTC"), live=False)
    moving = list(walk())[:48]
    for frame in moving:
        flow.step(frame)
    last = moving[-1]
    for second in range(1, 61):
        flow.step(replace(last, time=last.time + timedelta(seconds=second)))
    assert nests.looked[-1] - last.time < timedelta(seconds=30), "until it was known to be frozen"
    ((since, until),) = set(nests.unseen[-1:])
    assert timedelta() <= last.time - since <= timedelta(seconds=10), "it was looked at then"
    assert {first for first, _ in nests.unseen} == {since}
    assert until == last.time + timedelta(seconds=60)
    again = next(walk(first=90))
    flow.step(again)
    assert nests.looked[-1] == again.time
    flow.tick(again.time + timedelta(seconds=59))
    flow.tick(again.time + timedelta(seconds=61))
    no_picture = again.time, again.time + timedelta(seconds=61)
    assert nests.unseen[-1] == no_picture


def test_a_hen_walks_through_and_everything_is_recorded_once() -> None:
    record = Record()
    events = run(pipeline(record), walk())
    arrived = [event for event in events if isinstance(event, HenArrived)]
    assert [(event.place, event.first_of_day) for event in arrived] == [("nest 1", True), ("run", False)]
    assert [event.name for event in events].count("VisitEnded") == 2
    pictures = [picture for findings in record.findings for picture in findings.pictures]
    assert {picture.kind for picture in pictures} == {
        PictureKind.FRAME,
        PictureKind.CROP,
        PictureKind.ZONE,
    }
    keys = [picture.key for picture in pictures]
    assert len(keys) == len(set(keys))
    for picture in pictures:
        image = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[:2] == (picture.height, picture.width)


def test_every_event_of_something_in_sight_has_its_picture_in_the_same_findings() -> None:
    record = Record()
    run(pipeline(record), walk())
    told = [
        (recorded, {picture.key for picture in findings.pictures})
        for findings in record.findings
        for recorded in findings.events
        if not isinstance(recorded.event, VisitEnded)
    ]
    assert told
    assert all(recorded.picture in pictures for recorded, pictures in told)


def two_at_once(seconds: float = 8) -> Iterator[Frame]:
    """Two brown things that come in from both sides and stay in their halves."""
    straw = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (180, 320, 3), np.uint8), (5, 5), 0)
    for n in range(round(seconds * 5)):
        image = straw.copy()
        if n >= 10:
            for x in (-30 + 5 * (n - 10), 350 - 5 * (n - 10)):
                cv2.ellipse(image, (x, 110), (30, 22), 0, 0, 360, BROWN, -1)
        yield Frame(camera="run", time=START + timedelta(seconds=n / 5), image=image, number=n)


def test_the_picture_of_an_event_shows_the_hen_at_its_own_place() -> None:
    record = Record()
    run(pipeline(record), two_at_once())
    pictures = {picture.key: picture for found in record.findings for picture in found.pictures}
    middles = {}
    for recorded in (recorded for found in record.findings for recorded in found.events):
        if isinstance(recorded.event, HenArrived):
            assert recorded.picture is not None
            box = pictures[recorded.picture].box
            assert box is not None
            middles[recorded.event.place] = box.x + box.w / 2
    assert middles.keys() == {"nest 1", "run"}
    assert middles["nest 1"] < 160 < middles["run"]


def test_without_a_model_motion_is_told() -> None:
    events = run(pipeline(Record(), model=False), walk())
    assert [type(event) for event in events if not isinstance(event, VisitEnded)] == [MotionSeen]


def test_replaying_twice_gives_the_same() -> None:
    first, second = Record(), Record()
    assert [e.key for e in run(pipeline(first), walk())] == [e.key for e in run(pipeline(second), walk())]
    assert list(first.visits) == list(second.visits)


def test_the_second_visit_of_a_day_is_not_the_first() -> None:
    events = run(pipeline(Record()), walk(), walk(first=1000))
    assert [e.first_of_day for e in events if isinstance(e, HenArrived)].count(True) == 1


def test_time_that_passes_without_frames_ends_a_visit() -> None:
    record = Record()
    flow = pipeline(record)
    for frame in walk():
        flow.step(frame)
    assert flow.tick(START + timedelta(seconds=60)) == ()
    ended = flow.tick(START + timedelta(seconds=600))
    assert {event.name for event in ended} == {"VisitEnded"}


@pytest.mark.parametrize("jump", [-86400, 86400 * 400])
def test_a_clock_that_jumps_ends_nothing_twice_and_stops_nothing(jump: float) -> None:
    record = Record()
    events = run(pipeline(record), walk(), walk(first=jump))
    arrivals = [event for event in events if isinstance(event, HenArrived)]
    assert len(arrivals) >= 2
    assert all(visit.ended is not None for visit in record.visits.values())
    assert len({event.key for event in events}) == len(events)


def test_pictures_are_cut_from_the_main_stream_and_fetched_only_when_something_is_there() -> None:
    """Four times as many pixels, of another proportion; movement is looked for in the small picture."""
    fetched = []

    def finer(frame: Frame) -> Frame:
        def fetch() -> Picture:
            fetched.append(frame.number)
            return cv2.resize(frame.image, (1280, 640)).astype(np.uint8)

        return replace(frame, finer=fetch)

    plain, fine = Record(), Record()
    events = run(pipeline(plain), walk())
    events_of_fine = run(pipeline(fine), (finer(frame) for frame in walk()))
    assert [(e.name, e.time, e.place) for e in events_of_fine] == [(e.name, e.time, e.place) for e in events]
    small = {p.key: p for findings in plain.findings for p in findings.pictures}
    large = {p.key: p for findings in fine.findings for p in findings.pictures}
    kinds = {key: p.kind for key, p in small.items() if p.kind is not PictureKind.CROP}
    assert {key: p.kind for key, p in large.items() if p.kind is not PictureKind.CROP} == kinds
    crops = [p for p in large.values() if p.kind is PictureKind.CROP]
    assert min(p.height for p in crops) > 2 * min(p.height for p in small.values() if p.kind is p.kind.CROP)
    for key, kind in kinds.items():
        assert large[key].box == small[key].box, "boxes are those of the small picture"
        if kind is PictureKind.ZONE:
            assert (large[key].width, large[key].height) == (640, 640)
    assert len(fetched) == len(set(fetched)), "each moment once"
    assert fetched[0] == 0, "the first picture of a nest box"
    assert fetched[1] > 10, "not before something is there"
    assert len(fetched) < 50
