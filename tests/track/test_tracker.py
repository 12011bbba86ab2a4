from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import MotionRegion
from coop.domain.track import Track, TrackState
from coop.track.tracker import Tracker

FrameAt = Callable[[float], Frame]
HEN = Box(100, 200, 80, 60)


def regions(*boxes: Box) -> tuple[MotionRegion, ...]:
    return tuple(MotionRegion(box=box) for box in boxes)


def moved(box: Box, dx: float, dy: float = 0) -> Box:
    return Box(box.x + round(dx), box.y + round(dy), box.w, box.h)


def follow(
    tracker: Tracker, frame_at: FrameAt, steps: Iterable[Sequence[Box]], dt: float = 0.1, start: float = 0.0
) -> list[tuple[Track, ...]]:
    return [tracker.update(frame_at(start + i * dt), regions(*boxes)) for i, boxes in enumerate(steps)]


def test_a_hen_that_walks_is_one_track(frame_at: FrameAt) -> None:
    seen = follow(Tracker("run"), frame_at, ([moved(HEN, 10 * i)] for i in range(30)))

    assert {track.id for tracks in seen for track in tracks} == {"run-20260501T090000250-1"}
    assert [track.box for (track,) in seen] == [moved(HEN, 10 * i) for i in range(30)]
    assert seen[-1][0].hits == 30
    assert seen[-1][0].last_seen == frame_at(2.9).time
    assert seen[-1][0].first_seen == frame_at(0).time


def test_a_track_is_believed_after_three_hits(frame_at: FrameAt) -> None:
    seen = follow(Tracker("run", confirm_hits=3), frame_at, [[HEN]] * 4)

    assert [track.state for (track,) in seen] == [TrackState.TENTATIVE] * 2 + [TrackState.CONFIRMED] * 2


def test_one_hit_may_be_enough(frame_at: FrameAt) -> None:
    (track,) = Tracker("run", confirm_hits=1).update(frame_at(0), regions(HEN))

    assert track.state is TrackState.CONFIRMED


def test_a_flash_is_never_confirmed_and_ends_without_a_word(frame_at: FrameAt) -> None:
    seen = follow(Tracker("run"), frame_at, [[HEN], [], [], [], []])

    assert [[track.state for track in tracks] for tracks in seen] == [
        [TrackState.TENTATIVE],
        [TrackState.TENTATIVE],
        [TrackState.TENTATIVE],
        [],
        [],
    ]


def test_a_few_missed_frames_are_bridged_by_prediction(frame_at: FrameAt) -> None:
    steps = [[moved(HEN, 10 * i)] if i not in range(12, 18) else [] for i in range(30)]

    seen = follow(Tracker("run"), frame_at, steps)

    assert len({track.id for tracks in seen for track in tracks}) == 1
    missed = seen[17][0]
    assert not missed.seen
    assert missed.state is TrackState.CONFIRMED
    assert missed.box.iou(moved(HEN, 170)) > 0.5
    assert missed.last_seen == frame_at(1.1).time


def test_a_hen_that_leaves_is_lost_once_and_then_forgotten(frame_at: FrameAt) -> None:
    seen = follow(Tracker("run", lost_after_s=1.0), frame_at, [[HEN]] * 5 + [[]] * 20)

    states = [[track.state for track in tracks] for tracks in seen]
    assert states.count([TrackState.LOST]) == 1
    assert states.index([TrackState.LOST]) == pytest.approx(4 + 10, abs=1)
    assert states[-1] == []


def test_a_hen_that_walks_out_of_the_picture_is_lost_at_once(frame_at: FrameAt) -> None:
    walk = [[moved(HEN, 20 * i)] for i in range(24)]

    seen = follow(Tracker("run", lost_after_s=60), frame_at, walk + [[]] * 15)

    assert [track.state for track in seen[-1]] == []
    assert TrackState.LOST in [track.state for tracks in seen for track in tracks]


def test_hens_that_cross_keep_their_tracks(frame_at: FrameAt) -> None:
    def step(i: int) -> list[Box]:
        left, right = moved(HEN, 8 * i), moved(HEN, 320 - 8 * i, 10)
        # While they overlap, motion sees one region.
        return [left.union(right)] if left.iou(right) > 0 else [left, right]

    seen = follow(Tracker("run"), frame_at, (step(i) for i in range(41)))

    first = {track.box.x: track.id for track in seen[4]}
    last = {track.box.x: track.id for track in seen[-1]}
    assert len(first) == len(last) == 2
    assert first[min(first)] == last[max(last)]  # from left to right
    assert first[max(first)] == last[min(last)]
    assert len({track.id for tracks in seen for track in tracks}) == 2


def test_a_hen_hidden_behind_another_for_long_keeps_her_track(frame_at: FrameAt) -> None:
    other = moved(HEN, 160)
    steps = [[HEN, other]] * 5 + [[HEN.union(other)]] * 40 + [[HEN, other]] * 5

    seen = follow(Tracker("run", lost_after_s=1), frame_at, steps)

    assert len({track.id for tracks in seen for track in tracks}) == 2
    assert [track.box for track in seen[-1]] == [HEN, other]
    assert [track.id for track in seen[-1]] == [track.id for track in seen[0]]
    assert not any(track.seen for track in seen[20])  # a box that holds both is a picture of neither


def test_two_hens_that_become_one_do_not_stay_two_for_ever(frame_at: FrameAt) -> None:
    apart = [[HEN, moved(HEN, 100)]] * 5
    together = [[HEN.union(moved(HEN, 100))]] * 100

    seen = follow(Tracker("run", hidden_s=3, lost_after_s=1), frame_at, apart + together)

    assert len(seen[5 + 20]) == 2
    assert len(seen[-1]) == 1
    assert seen[-1][0].seen


def test_one_frame_a_minute_still_follows(frame_at: FrameAt) -> None:
    seen = follow(Tracker("run"), frame_at, ([moved(HEN, 3 * i)] for i in range(6)), dt=60)

    assert len({track.id for tracks in seen for track in tracks}) == 1
    assert seen[-1][0].state is TrackState.CONFIRMED


def test_how_far_a_thing_got_is_told(frame_at: FrameAt) -> None:
    branch = [[moved(HEN, 5 * (i % 2)), moved(HEN, 20 * i - 100, 150)] for i in range(20)]

    standing, walking = follow(Tracker("run"), frame_at, branch)[-1]

    assert standing.travelled < 0.1
    assert walking.travelled == pytest.approx(20 * 19 / 100)  # her diagonal is 100 pixels


@pytest.mark.parametrize("jump", [-86_400.0, -3600.0, -2.0])
def test_a_clock_set_back_ends_the_tracks_and_begins_anew(frame_at: FrameAt, jump: float) -> None:
    tracker = Tracker("run")
    before = follow(tracker, frame_at, [[HEN]] * 10)

    after = follow(tracker, frame_at, [[HEN]] * 10, start=jump)

    assert [track.state for track in after[0]] == [TrackState.TENTATIVE, TrackState.LOST]
    assert len(after[-1]) == 1
    assert after[-1][0].id != before[-1][0].id
    assert after[-1][0].last_seen >= after[-1][0].first_seen


def test_a_clock_that_wavers_changes_nothing(frame_at: FrameAt) -> None:
    tracker = Tracker("run")
    follow(tracker, frame_at, [[HEN]] * 5)

    (track,) = tracker.update(frame_at(0.1), regions(HEN))

    assert track.hits == 6
    assert track.last_seen == frame_at(0.4).time


def test_a_clock_set_far_forward_keeps_what_is_still_there_and_loses_the_rest(frame_at: FrameAt) -> None:
    tracker = Tracker("run")
    follow(tracker, frame_at, [[HEN, moved(HEN, 300)]] * 5)

    seen = follow(tracker, frame_at, [[HEN]] * 10, start=400 * 86_400.0)

    assert {track.id for tracks in seen for track in tracks} == {
        "run-20260501T090000250-1",
        "run-20260501T090000250-2",
    }
    assert len(seen[-1]) == 1


def test_a_track_of_another_run_has_another_id(frame_at: FrameAt) -> None:
    (first,) = Tracker("run").update(frame_at(0), regions(HEN))
    (second,) = Tracker("run").update(frame_at(0.001), regions(HEN))

    assert first.id == "run-20260501T090000250-1"
    assert second.id == "run-20260501T090000251-1"


@pytest.mark.parametrize("wrong", [{"confirm_hits": 0}, {"lost_after_s": -1}, {"hidden_s": -1}])
def test_impossible_settings_are_refused_by_name(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}.*-?{abs(next(iter(wrong.values())))}"):
        Tracker("run", **wrong)  # type: ignore[arg-type]


boxes = st.builds(Box, st.integers(0, 560), st.integers(0, 400), st.integers(1, 80), st.integers(1, 80))
scripts = st.lists(st.tuples(st.floats(-5000, 5000), st.lists(boxes, max_size=5)), max_size=25)


@settings(deadline=None)
@given(scripts)
def test_laws_of_every_track(frame_at: FrameAt, script: list[tuple[float, list[Box]]]) -> None:
    tracker = Tracker("run")
    lost: set[str] = set()
    at = 0.0

    for dt, found in script:
        at += dt
        tracks = tracker.update(frame_at(at), regions(*found))
        ids = [track.id for track in tracks]
        assert len(set(ids)) == len(ids)
        assert not lost & set(ids)  # a lost track never comes back
        lost |= {track.id for track in tracks if track.state is TrackState.LOST}
        assert all(track.box.clipped(640, 480) == track.box for track in tracks)
        assert {track.box for track in tracks if track.seen} <= set(found)
        assert all(track.first_seen <= track.last_seen for track in tracks)


@settings(deadline=None)
@given(scripts)
def test_replaying_gives_the_same_tracks(frame_at: FrameAt, script: list[tuple[float, list[Box]]]) -> None:
    def run() -> list[tuple[Track, ...]]:
        tracker, at, seen = Tracker("run"), 0.0, []
        for dt, found in script:
            at += dt
            seen.append(tracker.update(frame_at(at), regions(*found)))
        return seen

    assert run() == run()


@settings(deadline=None)
@given(st.lists(st.lists(boxes, max_size=5), min_size=1, max_size=20))
def test_with_steady_time_no_more_tracks_live_than_were_ever_found(
    frame_at: FrameAt, script: list[list[Box]]
) -> None:
    tracker = Tracker("run")
    follow(tracker, frame_at, script)

    quiet = follow(tracker, frame_at, [[]] * 200, start=len(script) * 0.1)

    assert quiet[-1] == ()
