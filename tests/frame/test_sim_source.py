"""The simulated coop as a source: its frames, its truth, and that they agree."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from threading import Event
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from coop.domain.frame import Frame
from coop.domain.zone import ZoneKind, place_of
from coop.frame.sim.source import SimSource, open_sim
from coop.frame.sim.stage import Seen
from coop.frame.sim.truth import FactKind

MORNING = "sim://?flock=1&seed=7&days=1&from=4.5&to=5"


@pytest.fixture(scope="module")
def morning() -> tuple[SimSource, list[Frame]]:
    source = open_sim(MORNING, "coop")
    return source, list(source.frames(Event()))


def fingerprint(frame: Frame) -> tuple[datetime, int, str]:
    return frame.time, frame.number, hashlib.sha256(frame.image.tobytes()).hexdigest()


def test_frames_are_numbered_timed_and_sized(morning: tuple[SimSource, list[Frame]]) -> None:
    source, frames = morning
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert [frame.time for frame in frames] == list(source.truth.frame_times())
    assert source.truth.frame_count == len(frames)
    assert {frame.image.shape for frame in frames} == {(360, 640, 3)}
    assert {frame.camera for frame in frames} == {"coop"}
    assert all(frame.time.tzinfo is UTC for frame in frames)
    assert frames[0].time == datetime(2026, 5, 1, 4, 30, tzinfo=UTC)
    gaps = {later.time - earlier.time for earlier, later in pairwise(frames)}
    assert min(gaps) == timedelta(seconds=0.2) and max(gaps) == timedelta(minutes=1)
    assert not source.live


def test_the_same_address_gives_the_same_pixels(morning: tuple[SimSource, list[Frame]]) -> None:
    _, frames = morning
    again = islice(open_sim(MORNING, "coop").frames(Event()), 0, None, 9)
    assert [fingerprint(f) for f in again] == [fingerprint(f) for f in frames[::9]]


def test_a_frame_depends_only_on_flock_seed_and_time(morning: tuple[SimSource, list[Frame]]) -> None:
    _, frames = morning
    longer = open_sim("sim://?flock=1&seed=7&days=3&start=2026-04-30&from=4.9&to=4.95", "coop")
    by_time = {frame.time: frame for frame in frames}
    both = [(frame, by_time[frame.time]) for frame in longer.frames(Event()) if frame.time in by_time]
    assert len(both) > 10
    assert all(np.array_equal(one.image, two.image) for one, two in both)


def test_another_seed_keeps_the_hens_and_changes_the_day() -> None:
    one, other = open_sim("sim://?seed=7", "c"), open_sim("sim://?seed=8", "c")
    assert one.flock == other.flock
    assert one.truth.facts != other.truth.facts


def test_movement_shows_in_the_pixels_and_only_noise_otherwise() -> None:
    """Where frames come five a second something moves; where they come once a minute nothing does."""
    source = open_sim("sim://?seed=7&days=1&from=4.5&to=4.95", "c")
    moving, quiet = [], []
    for earlier, later in islice(pairwise(source.truth.frame_times()), 0, None, 3):
        step = timedelta(seconds=0.2)
        pair = (source.picture(moment) for moment in (earlier, earlier + step))
        one, two = (cv2.GaussianBlur(picture, (0, 0), 2).astype(np.float32) for picture in pair)
        (moving if later - earlier == step else quiet).append(float(np.abs(one - two).max()))
    assert len(moving) > 60 and len(quiet) > 5
    assert np.percentile(moving, 10) > 15
    assert max(quiet) < 10


@pytest.mark.parametrize("hours", ["from=4.5&to=5", "from=18.6&to=19.2"])
def test_boxes_of_the_truth_agree_with_the_pixels(hours: str) -> None:
    """Inside each box the picture differs from the empty coop; outside all of them it does not."""
    source = open_sim(f"sim://?seed=7&days=1&hens=8&{hours}", "c")
    inside, hens = [], 0
    for frame in islice(source.frames(Event()), 0, None, 17):
        empty = source.empty(frame.time)
        difference = cv2.absdiff(
            cv2.GaussianBlur(frame.image, (0, 0), 1.5), cv2.GaussianBlur(empty, (0, 0), 1.5)
        ).max(axis=2)
        outside = np.ones(difference.shape, bool)
        for seen in source.truth.at(frame.time):
            box = seen.box
            hens += seen.kind == "hen"
            inside.append((difference[box.y : box.bottom, box.x : box.right] > 8).mean())
            # Shadows reach a little beyond, and below the feet.
            wide = box.padded(0.35).clipped(frame.width, frame.height)
            assert wide is not None
            outside[wide.y : wide.bottom, wide.x : wide.right] = False
        assert (difference[outside] > 12).mean() < 0.001
    assert hens > 60
    assert np.percentile(inside, 5) > 0.25


def test_boxes_lie_in_the_picture_and_shares_are_shares() -> None:
    source = open_sim("sim://?seed=7&days=1&w=1280&from=17&to=20", "c")
    shares = []
    for time in islice(source.truth.frame_times(), 0, None, 11):
        for seen in source.truth.at(time):
            assert seen.box.clipped(1280, 720) == seen.box
            shares.append(seen.visible)
    assert min(shares) > 0 and max(shares) <= 1.0
    assert any(share < 0.9 for share in shares) and any(share == 1.0 for share in shares)


def test_still_hens_lie_in_the_zone_that_the_script_names() -> None:
    source = open_sim("sim://?seed=7&days=1", "c")
    agreed: list[bool] = []
    for fact in source.truth.of(FactKind.VISIT):
        if fact.place not in {"roost", "nest 1", "nest 2", "nest 3"}:
            continue
        middle = fact.time + (fact.until - fact.time) / 2
        seen = next((s for s in source.truth.at(middle) if s.subject == fact.subject), None)
        if seen is not None and seen.visible > 0.4:
            agreed.append(place_of(seen.box, source.zones, "c", source.width, source.height) == fact.place)
    assert len(agreed) >= 8 + 4
    assert all(agreed)


def test_zones_have_the_names_and_kinds_of_a_coop() -> None:
    zones = {zone.name: zone.kind for zone in open_sim("sim://", "c").zones}
    assert zones == {
        "nest 1": ZoneKind.NEST_BOX,
        "nest 2": ZoneKind.NEST_BOX,
        "nest 3": ZoneKind.NEST_BOX,
        "pop door": ZoneKind.POP_DOOR,
        "roost": ZoneKind.ROOST,
        "run": ZoneKind.RUN,
    }


def test_eggs_only_grow_between_collections_and_every_egg_is_accounted_for() -> None:
    truth = open_sim("sim://?seed=7&days=4&hens=12", "c").truth
    start = sum(truth.eggs(datetime(2026, 5, 1, tzinfo=UTC)).values())
    laid, taken = truth.of(FactKind.EGG_LAID), truth.of(FactKind.COLLECTED)
    end = sum(truth.eggs(datetime(2026, 5, 4, 23, 59, tzinfo=UTC)).values())
    assert laid and taken
    assert start + len(laid) - sum(fact.count for fact in taken) == end
    step, moment = timedelta(minutes=10), datetime(2026, 5, 1, tzinfo=UTC)
    while moment + step < datetime(2026, 5, 5, tzinfo=UTC):
        for nest, count in truth.eggs(moment).items():
            collected = any(f.place == nest and moment < f.time <= moment + step for f in taken)
            assert truth.eggs(moment + step)[nest] >= count or collected
        moment += step


def test_an_egg_is_hidden_under_the_hen_and_seen_when_she_has_gone() -> None:
    source = open_sim("sim://?seed=7&days=1", "c")
    laid = source.truth.of(FactKind.EGG_LAID)[0]
    visit = next(
        f
        for f in source.truth.of(FactKind.VISIT)
        if f.subject == laid.subject and f.place == laid.place and f.time < laid.time < f.until
    )

    def seen_in_nest(moment: datetime) -> list[Seen]:
        eggs = source.truth.egg_boxes(moment)
        size = source.width, source.height
        return [egg for egg in eggs if place_of(egg.box, source.zones, "c", *size) == laid.place]

    sitting, gone = laid.time + timedelta(minutes=1), visit.until + timedelta(minutes=1)
    assert source.truth.eggs(sitting)[laid.place] == source.truth.eggs(gone)[laid.place] == 1
    assert source.truth.eggs(laid.time - timedelta(seconds=1))[laid.place] == 0
    assert seen_in_nest(sitting) == []
    (egg,) = seen_in_nest(gone)
    assert egg.visible > 0.9
    inner = np.s_[egg.box.y + 2 : egg.box.bottom - 2, egg.box.x + 3 : egg.box.right - 3]
    assert np.abs(source.picture(gone)[inner].astype(int) - source.empty(gone)[inner]).mean() > 15


def test_night_is_grey_and_noisy_and_day_is_not() -> None:
    source = open_sim("sim://?seed=7&days=1", "c")
    night, day = datetime(2026, 5, 1, 2, tzinfo=UTC), datetime(2026, 5, 1, 11, tzinfo=UTC)
    dark, light = source.picture(night), source.picture(day)
    assert np.array_equal(dark[..., 0], dark[..., 2])
    assert not np.array_equal(light[..., 0], light[..., 2])

    def noise(moment: datetime) -> float:
        # The same floor a moment later differs by noise alone.
        now, later = source.empty(moment), source.empty(moment + timedelta(seconds=0.2))
        return float((now[255:].astype(float) - later[255:]).std())

    assert noise(night) > 2 * noise(day) > 1
    spans = source.truth.of(FactKind.INFRARED)
    assert any(span.time <= night < span.until for span in spans)
    assert not any(span.time <= day < span.until for span in spans)


def test_a_predator_is_seen_where_the_truth_says_so() -> None:
    source = open_sim("sim://?seed=7&days=2", "c")
    facts = source.truth.of(FactKind.PREDATOR)
    assert facts
    for fact in facts:
        middle = fact.time + (fact.until - fact.time) / 2
        assert fact.subject in {seen.kind for seen in source.truth.at(middle)}
        assert fact.subject not in {seen.kind for seen in source.truth.at(fact.until + timedelta(minutes=1))}


def test_camera_faults_are_dark_and_frozen() -> None:
    source = open_sim("sim://?seed=7&days=1&faults=1", "c")
    faults = {fact.subject: fact for fact in source.truth.of(FactKind.FAULT)}
    assert set(faults) == {"dark", "frozen"}
    dark, frozen = faults["dark"], faults["frozen"]
    shown: dict[str, list[Frame]] = {"dark": [], "frozen": []}
    for frame in source.frames(Event()):
        for name, fault in faults.items():
            if fault.time <= frame.time < fault.until:
                shown[name].append(frame)
        if frame.time > max(dark.until, frozen.until):
            break
    assert shown["dark"] and max(frame.image.mean() for frame in shown["dark"]) < 12
    assert len(shown["frozen"]) > 2
    assert all(np.array_equal(frame.image, shown["frozen"][0].image) for frame in shown["frozen"])
    assert not source.empty(dark.time).mean() > 12


def test_local_hours_over_the_change_to_summer_time() -> None:
    source = open_sim("sim://?days=3&start=2026-03-28&tz=Europe/Berlin", "c")
    times = list(source.truth.frame_times())
    assert times[0] == datetime(2026, 3, 28, tzinfo=ZoneInfo("Europe/Berlin"))
    assert all(later > earlier for earlier, later in pairwise(times))
    assert max(b - a for a, b in pairwise(times)) == timedelta(minutes=1)
    assert times[-1] - times[0] == timedelta(hours=71, minutes=-1)
    assert times[0].tzinfo is UTC


def test_stop_ends_the_frames() -> None:
    stop = Event()
    frames = open_sim("sim://", "c").frames(stop)
    assert next(frames).number == 0
    stop.set()
    assert list(frames) == []


class _FakeTime:
    """A stop that passes its own time instead of waiting."""

    def __init__(self) -> None:
        self.now = 100.0

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float) -> bool:
        self.now += timeout
        return False


@pytest.mark.parametrize("speed", [1, 60])
def test_paced_frames_come_in_step_with_their_times(speed: int) -> None:
    time = _FakeTime()
    source = open_sim(f"{MORNING}&speed={speed}", "c", paced=True, clock=lambda: time.now)
    frames = source.frames(time)
    first = next(frames)
    for frame in islice(frames, 40):
        due = 100.0 + (frame.time - first.time).total_seconds() / speed
        assert time.now == pytest.approx(due)


def test_a_moment_outside_the_days_is_refused() -> None:
    truth = open_sim("sim://?days=2", "c").truth
    with pytest.raises(ValueError, match="simulated days are 2026-05-01 to 2026-05-02"):
        truth.at(datetime(2026, 5, 3, tzinfo=UTC))
