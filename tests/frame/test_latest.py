import threading
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.frame import Frame
from coop.frame.latest import LatestFrame


def test_a_frame_is_taken_once(frame_at: Callable[[float], Frame]) -> None:
    slot = LatestFrame()
    frame = frame_at(0)
    slot.put(frame)
    assert slot.take(0) is frame
    assert slot.take(0) is None


def test_a_newer_frame_takes_the_place_of_an_older_one(frame_at: Callable[[float], Frame]) -> None:
    slot = LatestFrame()
    for seconds in range(3):
        slot.put(frame_at(seconds))
    newest = slot.take(0)
    assert newest is not None and newest.number == 2
    assert slot.dropped == 2
    assert slot.newest_time == newest.time


@given(st.lists(st.sampled_from(["put", "take"]), max_size=60))
def test_every_frame_is_taken_dropped_or_still_there(actions: list[str]) -> None:

    slot, put, taken = LatestFrame(), 0, []
    for action in actions:
        if action == "put":
            image = np.zeros((1, 1, 3), np.uint8)
            slot.put(Frame(camera="run", time=datetime(2026, 1, 1, tzinfo=UTC), image=image, number=put))
            put += 1
        elif (frame := slot.take(0)) is not None:
            taken.append(frame.number)
    waiting = slot.take(0) is not None
    assert taken == sorted(set(taken))
    assert len(taken) + slot.dropped + waiting == put


def test_an_offered_frame_waits_for_the_one_before(frame_at: Callable[[float], Frame]) -> None:
    slot = LatestFrame()
    assert slot.offer(frame_at(0), timeout=0)
    assert not slot.offer(frame_at(1), timeout=0.01)
    slot.take(0)
    assert slot.offer(frame_at(1), timeout=0)
    assert slot.dropped == 0


def test_no_offered_frame_is_lost_between_two_threads(frame_at: Callable[[float], Frame]) -> None:
    slot = LatestFrame()

    def offer_all() -> None:
        for number in range(500):
            assert slot.offer(frame_at(number), timeout=60)
        slot.close()

    giver = threading.Thread(target=offer_all)
    giver.start()
    numbers = []
    while not slot.finished:
        frame = slot.take(60)
        if frame is not None:
            numbers.append(frame.number)
    giver.join()
    assert numbers == list(range(500))


def test_closing_wakes_who_waits_and_keeps_the_last_frame(frame_at: Callable[[float], Frame]) -> None:
    slot = LatestFrame()
    taken: list[Frame | None] = []
    taker = threading.Thread(target=lambda: taken.append(slot.take(60)))
    taker.start()
    slot.close()
    taker.join(30)
    assert taken == [None]

    slot = LatestFrame()
    slot.put(frame_at(0))
    slot.close()
    assert not slot.put(frame_at(1)) and not slot.offer(frame_at(1), timeout=60)
    assert not slot.finished
    last = slot.take(60)
    assert last is not None and last.number == 0
    assert slot.finished
