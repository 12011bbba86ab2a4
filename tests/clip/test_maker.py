"""Clips of one camera, made by the real encoder and read again."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest
from fakes.films import Shelf, a_maker, at, film, predator, shown

from coop.clip import maker as module
from coop.domain.clip import NewClip
from coop.domain.event import Event


def test_pre_roll_event_and_post_roll_are_there_with_their_true_times(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    # Uneven, as a camera on a bad line is: what goes in comes out.
    times = [round(n * 0.2 + (n * 37 % 11) * 0.009, 6) for n in range(32 * 5)]
    begin = times[50]
    film(maker, times, {begin: predator(begin)}, fox=lambda t: begin <= t <= 15)
    maker.close(())
    [clip] = shelf.clips
    last_seen = max(t for t in times if t <= 15)
    expected = [(t, n % 32) for n, t in enumerate(times) if begin - 3 <= t <= last_seen + 2]
    found = shown(clip)
    assert [n for _, n in found] == [n for _, n in expected]
    assert [t for t, _ in found] == pytest.approx([t for t, _ in expected], abs=1 / 90_000)
    assert clip.time == at(expected[0][0])
    assert clip.seconds == pytest.approx(expected[-1][0] - expected[0][0])
    assert (clip.width, clip.height) == (320, 240)
    assert clip.events == (predator(begin).key,)
    assert shelf.threads[0] is not threading.current_thread()


def test_nothing_is_encoded_while_nothing_happens(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    threads = threading.active_count()
    film(maker, [n / 5 for n in range(200)])
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []
    maker.close(())
    assert shelf.clips == []


def test_a_quiet_scene_is_kept_at_two_frames_a_second_and_the_clip_at_full_rate(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    times = [n / 10 for n in range(150)]
    film(maker, times, {6.0: predator(6.0)}, moving=lambda t: t > 5)
    maker.close(())
    taken = [t for t, _ in shown(shelf.clips[0])]
    quiet, busy = [t for t in taken if t <= 5], [t for t in taken if t > 5]
    assert len(quiet) == pytest.approx(2 * module.QUIET_FPS, abs=1)
    assert busy == pytest.approx([t for t in times if 5 < t <= 8])


def test_the_rate_is_bounded(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf, fps=5.0)
    film(maker, [n / 25 for n in range(250)], {6.0: predator(6.0)})
    maker.close(())
    steps = len(shown(shelf.clips[0])) / shelf.clips[0].seconds
    assert 4 <= steps <= 5.6


def test_a_second_event_prolongs_and_a_late_one_makes_a_second_clip(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    events: dict[float, Event] = {6.0: predator(6.0), 7.5: predator(7.5, "marten"), 15.0: predator(15.0)}
    film(maker, [n / 2 for n in range(40)], events)
    maker.close(())
    assert [len(clip.events) for clip in shelf.clips] == [2, 1]
    assert [(clip.time, clip.seconds) for clip in shelf.clips] == [(at(3), 6.5), (at(12), 5.0)]
    assert len({clip.key for clip in shelf.clips}) == 2


def test_events_that_come_with_the_end_of_a_recording_have_their_clip(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    film(maker, [n / 5 for n in range(50)])
    maker.close((predator(9.0),))
    [clip] = shelf.clips
    assert shown(clip)[0][0] == pytest.approx(6.0)


def test_a_camera_that_falls_silent_ends_the_clip(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    film(maker, [n / 5 for n in range(40)], {6.0: predator(6.0)}, fox=lambda t: True)
    encoder = maker._encoder
    assert encoder is not None
    maker.tick(at(8.5))
    assert maker._encoder is encoder, "the post-roll is not over yet"
    maker.tick(at(10))
    encoder.join(60)
    assert [clip.seconds for clip in shelf.clips] == [pytest.approx(4.8)]


def test_what_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf)
    film(maker, [n / 5 for n in range(40)], {6.0: predator(6.0)}, fox=lambda t: True)
    encoder = maker._encoder
    assert encoder is not None
    maker.drop()
    encoder.join(60)
    assert (shelf.clips, list(tmp_path.iterdir())) == ([], [])


class Stuck(Shelf):
    """A store that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def put(self, clip: NewClip, now: datetime) -> None:
        self.let_go.wait(60)
        super().put(clip, now)


def test_a_camera_never_waits_for_the_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its frames are left out instead, and at the end it goes without the clip."""
    held, let_go = threading.Event(), threading.Event()

    def hold(*arguments: object) -> None:
        held.set()
        let_go.wait(60)

    monkeypatch.setattr("coop.clip.encoder.os.setpriority", hold)
    monkeypatch.setattr(module, "CLOSE_S", 0.05)
    shelf = Shelf()
    maker = a_maker(tmp_path, shelf, patient=False)
    film(maker, [n / 30 for n in range(600)], {6.0: predator(6.0)}, fox=lambda t: True)
    encoder = maker._encoder
    assert encoder is not None
    assert held.wait(60)
    maker.close(())
    let_go.set()
    encoder.join(60)
    assert (shelf.clips, list(tmp_path.iterdir())) == ([], [])


def test_a_store_that_is_slow_does_not_hold_up_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.05)
    shelf = Stuck()
    maker = a_maker(tmp_path, shelf, patient=False)
    film(maker, [n / 5 for n in range(100)], {6.0: predator(6.0), 15.0: predator(15.0)})
    maker.close(())
    shelf.let_go.set()


def test_a_disk_that_cannot_be_written_costs_the_clip_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    shelf = Shelf()
    maker = a_maker(tmp_path / "file", shelf)
    film(maker, [n / 5 for n in range(100)], {6.0: predator(6.0)})
    maker.close(())
    assert shelf.clips == []
    assert "Camera run: a clip is lost: " in caplog.text


@pytest.mark.parametrize("patient", [True, False])
def test_the_priority_of_its_thread_is_low(tmp_path: Path, patient: bool) -> None:
    class Nice(Shelf):
        level = 0

        def put(self, clip: NewClip, now: datetime) -> None:
            self.level = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
            super().put(clip, now)

    shelf, before = Nice(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    maker = a_maker(tmp_path, shelf, patient=patient)
    film(maker, [n / 5 for n in range(60)], {6.0: predator(6.0)})
    encoder = maker._encoder or maker._finishing[0]
    maker.close(())
    encoder.join(60)
    assert shelf.level == max(before, 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
