"""The state machine on a real nest camera's days, read as its truth reads them.

No model can be learned on some of these 21 stills and judged by the others, so the readings are those of the
labels: what is under test is what the stills, half an hour apart, may be held to show.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coop.domain.event import EggLaid, Event
from coop.domain.nest import NestCount, NestReading, NestState
from coop.domain.sighting import Visit
from coop.event.nests import NestBook

MOST = 12
SURE = 0.99


def stills(folder: Path) -> list[tuple[datetime, int, bool]]:
    """When each still was taken, how many eggs can be seen, and whether a hen is in view."""
    with (folder / "truth.csv").open(encoding="utf-8") as file:
        return [
            (
                datetime.strptime(row["filename"], "EggCheck_image_%Y-%m-%d_%H%M.jpg").replace(tzinfo=UTC),
                int(row["num_eggs"]),
                row["visible_hens"] != "0",
            )
            for row in csv.DictReader(file)
        ]


def reading(time: datetime, eggs: int, hen: bool) -> NestReading:
    if hen:
        return NestReading(
            camera="c", nest="boxes", time=time, state=NestState.HEN, eggs=None, confidence=SURE
        )
    chances = tuple(SURE if n == eggs else (1 - SURE) / (MOST - 1) for n in range(MOST))
    return NestReading(
        camera="c",
        nest="boxes",
        time=time,
        state=NestState.EGGS,
        eggs=eggs,
        confidence=SURE,
        chances=chances,
    )


def visit(time: datetime) -> Visit:
    """A still with a hen, as a visit: she came after the one before, and was seen no longer."""
    return Visit(
        key=f"{time}",
        camera="c",
        place="boxes",
        kind="hen",
        subject="hen",
        began=time - timedelta(minutes=29),
        last_seen=time,
        ended=time + timedelta(minutes=5),
        sightings=1,
        confidence=0.9,
    )


def test_the_days_of_the_nestboxes_give_the_counts_that_repeated(test_data: Path) -> None:
    book = NestBook("c", ["boxes"], repeats=3)
    counts: list[NestCount] = []
    events: list[Event] = []
    for time, eggs, hen in stills(test_data / "nestboxes"):
        seen = (visit(time),) if hen else ()
        changes = book.update((reading(time, eggs, hen),), seen, time)
        counts += changes.counts
        events += [found.event for found in changes.events]
    numbers = [count.eggs for count in counts]
    assert [n for k, n in enumerate(numbers) if k == 0 or n != numbers[k - 1]] == [7, 8]
    # 7, 5 and 6 of the first days, the 10 before the keeper came and the 1 after were seen once or twice
    # only; the 3, 0 and 3 that can be seen beside a hen are no counts.
    [egg] = events
    assert isinstance(egg, EggLaid)
    assert (egg.eggs, f"{egg.since:%d %H:%M}", f"{egg.time:%d %H:%M}") == (8, "17 17:00", "18 07:00")
    assert egg.shares[0].hen == "", "nobody was seen between the evening and the morning"
