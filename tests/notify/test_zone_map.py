"""The map of a camera's zones: everything drawn where it is, and told apart without colour vision."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from coop.domain.frame import Picture
from coop.domain.zone import Point, Zone, ZoneKind
from coop.notify.zone_map import COLOURS, HIDDEN, IGNORED, NARROWEST, zone_map

GREY = 90
SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.8), (0.2, 0.8))


def plain(width: int = 1280, height: int = 720) -> Picture:
    return np.full((height, width, 3), GREY, np.uint8)


def zone(
    name: str = "nest 1", kind: ZoneKind = ZoneKind.NEST_BOX, polygon: tuple[Point, ...] = SQUARE
) -> Zone:
    return Zone(name=name, kind=kind, polygon=polygon)


def content(drawn: Picture, width: int = 1280, height: int = 720) -> Picture:
    """The camera's picture without the frame of numbers around it."""
    margin = (drawn.shape[1] - width) // 2
    return drawn[margin : margin + height, margin : margin + width]


def difference(a: Picture, b: Picture) -> npt.NDArray[np.bool_]:
    return (a != b).any(axis=2)


@pytest.mark.parametrize("kind", ZoneKind)
def test_a_zone_lies_where_its_polygon_is(kind: ZoneKind) -> None:
    picture = plain()
    bare, drawn = content(zone_map(picture, [])), content(zone_map(picture, [zone(kind=kind)]))
    assert (picture == GREY).all(), "the original is left alone"
    rows, columns = np.nonzero(difference(bare, drawn))
    found = columns.min(), rows.min(), columns.max(), rows.max()
    assert [int(edge) for edge in found] == pytest.approx([256, 144, 768, 576], abs=6)
    red, green, blue = COLOURS[kind]
    assert drawn[360, 256].tolist() == [blue, green, red], "the outline has the colour of its kind"


def test_what_is_in_a_zone_stays_visible() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3)).astype(np.uint8)
    drawn = content(zone_map(noise, [zone()]))
    inside = np.s_[300:350, 300:350]
    assert np.corrcoef(noise[inside].ravel(), drawn[inside].ravel())[0, 1] > 0.95


def test_masks_differ_from_zones_and_from_each_other_by_their_stripes() -> None:
    ignored = content(zone_map(plain(), [], ignore_masks=[SQUARE]))
    hidden = content(zone_map(plain(), [], privacy_masks=[SQUARE]))
    inside = np.s_[400:520, 300:370]
    stripes = [
        np.asarray(difference(seen, content(zone_map(plain(), [])))[inside]) for seen in (ignored, hidden)
    ]
    for striped, falling in zip(stripes, (1, -1), strict=True):
        assert 0.05 < striped.mean() < 0.4
        along, across = np.roll(striped, (1, falling), (0, 1)), np.roll(striped, (1, -falling), (0, 1))
        assert (striped == along)[2:-2, 2:-2].mean() > 0.95 > (striped == across)[2:-2, 2:-2].mean()


def test_names_do_not_hide_one_another() -> None:
    """Five zones at the same place: what each name is written on shows."""
    together = content(zone_map(plain(), [zone(f"zone {n}", kind) for n, kind in enumerate(ZoneKind)]))
    for kind in ZoneKind:
        red, green, blue = COLOURS[kind]
        assert (together == (blue, green, red)).all(axis=2).sum() > 700, kind


def test_the_colours_are_told_apart_with_every_kind_of_colour_vision() -> None:
    """Seen in grey, or by eyes without red or green cones, no two are the same."""
    deuteranopia = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    protanopia = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])
    for one, other in combinations([*COLOURS.values(), IGNORED, HIDDEN], 2):
        for eyes in (deuteranopia, protanopia):
            assert np.abs(eyes @ (np.array(one, float) - other)).max() > 35, (one, other)


@pytest.mark.parametrize("size", [(8, 8), (33, 21), (320, 180), (1920, 1080), (90, 600)])
def test_any_size_of_picture(size: tuple[int, int]) -> None:
    drawn = zone_map(plain(*size), [zone()], ignore_masks=[SQUARE], privacy_masks=[SQUARE])
    assert drawn.dtype == np.uint8
    assert drawn.shape[1] > max(size[0], NARROWEST)


def test_long_and_foreign_names() -> None:
    drawn = zone_map(
        plain(640, 360), [zone("nid des poules à gauche, tout près de la porte " * 3), zone("巣箱")]
    )
    assert drawn.shape[1] > NARROWEST
