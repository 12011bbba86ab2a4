"""Turns: as many at once as there are places, the longest waiting first, and nobody waits for ever."""

import threading

import pytest
from fakes.daemon import wait_for

from coop.turns import Turns


class Worker(threading.Thread):
    """Takes a turn and keeps it until told to end."""

    def __init__(self, turns: Turns, began: list[str], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._turns = turns
        self._began = began
        self.end = threading.Event()

    def run(self) -> None:
        with self._turns.turn():
            self._began.append(self.name)
            self.end.wait(60)


def waiting(turns: Turns) -> int:
    return len(turns._waiting)


def test_those_who_wait_are_called_in_the_order_in_which_they_came() -> None:
    turns, began = Turns(2, patience_s=60), []  # type: tuple[Turns, list[str]]
    workers = [Worker(turns, began, name) for name in "abcde"]
    for number, worker in enumerate(workers):
        worker.start()
        wait_for("it", lambda number=number: len(began) + waiting(turns) == number + 1, 30)
    assert began == ["a", "b"]

    for count, worker in enumerate([workers[1], workers[0], workers[2]], start=3):
        worker.end.set()
        wait_for("the next", lambda count=count: len(began) == count, 30)

    assert began == ["a", "b", "c", "d", "e"]
    for worker in workers:
        worker.end.set()
        worker.join(30)
    with turns.turn(), turns.turn():  # both places are free again
        assert waiting(turns) == 0


def test_one_who_never_gives_its_place_back_stops_nobody() -> None:
    turns, began = Turns(1, patience_s=0.05), []  # type: tuple[Turns, list[str]]
    stuck = Worker(turns, began, "stuck")
    stuck.start()
    wait_for("it", lambda: began == ["stuck"], 30)

    for _ in range(3):
        with turns.turn():
            pass

    assert waiting(turns) == 0
    stuck.end.set()
    stuck.join(30)


def test_a_place_is_given_back_after_an_error() -> None:
    turns = Turns(1, patience_s=60)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.turn():
            raise ZeroDivisionError


def test_who_is_away_lets_others_work_and_comes_back_before_those_who_wait() -> None:
    turns, began = Turns(1, patience_s=60), []  # type: tuple[Turns, list[str]]
    with turns.turn():
        with turns.away():
            first, second = (Worker(turns, began, name) for name in "ab")
            first.start()
            wait_for("the first", lambda: began == ["a"], 30)
            second.start()
            wait_for("the second to wait", lambda: waiting(turns) == 1, 30)
            ending = threading.Thread(
                target=lambda: (wait_for("both", lambda: waiting(turns) == 2, 30), first.end.set())
            )
            ending.start()
        assert began == ["a"]
    wait_for("the second", lambda: began == ["a", "b"], 30)
    for thread in (first, second, ending):
        if isinstance(thread, Worker):
            thread.end.set()
        thread.join(30)
    with turns.turn():
        assert waiting(turns) == 0


def test_one_without_a_turn_is_away_at_no_cost() -> None:
    turns = Turns(1)
    with turns.away(), turns.turn(), turns.away(), turns.turn():
        assert waiting(turns) == 0


def test_no_places_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Turns(0)


def test_who_gives_up_has_no_turn_and_takes_none_from_others() -> None:
    turns = Turns(1, patience_s=60)
    with turns.turn() as mine:
        waited: list[bool] = []

        def give_up() -> None:
            with turns.turn(within_s=0.01) as has_turn, turns.away():
                waited.append(has_turn)

        other = threading.Thread(target=give_up)
        other.start()
        other.join(30)

    assert (mine, waited, waiting(turns)) == (True, [False], 0)
    with turns.turn(within_s=0.01) as mine:
        assert mine
