"""Privacy masks: what is behind them never leaves the source."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coop.domain.frame import Frame
from coop.domain.zone import Point, Zone
from coop.frame.masked import MaskedSource, masked, own_zones, polygon_mask
from coop.frame.source import Source, Stop, open_source

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
CORNER = ((0.9, 0.9), (1.0, 0.9), (1.0, 1.0), (0.9, 1.0))


@dataclass(frozen=True)
class White:
    """White frames of the given sizes (width, height)."""

    sizes: Sequence[tuple[int, int]]
    live: bool = True

    def frames(self, stop: Stop) -> Iterator[Frame]:
        for n, (width, height) in enumerate(self.sizes):
            image = np.full((height, width, 3), 255, np.uint8)
            yield Frame(camera="run", time=START + timedelta(seconds=n), image=image, number=n)


def frames_of(source: Source) -> list[Frame]:
    return list(source.frames(threading.Event()))


def test_polygons_are_black_and_the_rest_is_as_it_was() -> None:
    (frame,) = frames_of(masked(White([(100, 60)]), [LEFT_HALF, CORNER]))
    assert not frame.image[:, :50].any()
    assert not frame.image[54:, 90:].any()
    assert (frame.image[:52, 52:] == 255).all()
    assert frame.image.dtype == np.uint8


def test_everything_else_about_a_frame_stays() -> None:
    source = White([(64, 48)] * 3)
    for plain, hidden in zip(frames_of(source), frames_of(masked(source, [CORNER])), strict=True):
        assert (hidden.camera, hidden.time, hidden.number) == (plain.camera, plain.time, plain.number)
        assert (plain.image == 255).all(), "the source's own picture is not written into"


def test_a_camera_that_changes_its_resolution_stays_masked() -> None:
    sizes = [(100, 60), (50, 30), (300, 200), (200, 300), (100, 60)]
    for (width, height), frame in zip(sizes, frames_of(masked(White(sizes), [LEFT_HALF])), strict=True):
        assert frame.image.shape == (height, width, 3)
        assert not frame.image[:, : width // 2].any()
        assert frame.image[:, width // 2 + 2 :].all()


def test_without_masks_the_source_is_itself() -> None:
    source = White([(8, 8)])
    assert masked(source, ()) is source
    assert own_zones(source) == ()


def test_what_the_source_is_passes_through() -> None:
    sim = open_source("sim://?flock=1&seed=7", "coop", clock=lambda: START, timezone=UTC)
    hidden = masked(sim, [CORNER])
    assert isinstance(hidden, MaskedSource)
    assert own_zones(hidden) == own_zones(sim)
    assert [zone.name for zone in own_zones(hidden) if isinstance(zone, Zone)]
    assert hidden.live is sim.live is False
    assert masked(White([]), [CORNER]).live


shares = st.floats(0, 1)
polygons = st.lists(st.tuples(shares, shares), min_size=3, max_size=6)


@settings(max_examples=150, deadline=None)
@given(polygon=polygons, width=st.integers(4, 90), height=st.integers(4, 90), weights=st.data())
def test_every_pixel_that_a_polygon_touches_is_hidden(
    polygon: list[Point], width: int, height: int, weights: st.DataObject
) -> None:
    """A triangle of the polygon's corners, and its edges, are points that belong to it for certain."""
    mask = polygon_mask([polygon], width, height)
    n = weights.draw(st.integers(0, len(polygon) - 1))
    share = weights.draw(shares)
    (x1, y1), (x2, y2) = polygon[n], polygon[(n + 1) % len(polygon)]
    x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
    column, row = min(int(x * width), width - 1), min(int(y * height), height - 1)
    assert mask[row, column] == 255


@given(box=st.tuples(shares, shares, shares, shares), width=st.integers(4, 90), height=st.integers(4, 90))
def test_little_more_than_the_polygon_is_hidden(
    box: tuple[float, float, float, float], width: int, height: int
) -> None:
    left, right = sorted(box[:2])
    top, bottom = sorted(box[2:])
    mask = polygon_mask([((left, top), (right, top), (right, bottom), (left, bottom))], width, height)
    rows, columns = np.nonzero(mask)
    assert len(rows), "even a mask without an area hides what it touches"
    assert columns.min() >= left * width - 3
    assert columns.max() <= right * width + 2
    assert rows.min() >= top * height - 3
    assert rows.max() <= bottom * height + 2
