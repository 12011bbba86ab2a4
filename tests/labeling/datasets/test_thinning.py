"""Near-duplicates: few of a visit stay, and the sharpest."""

from __future__ import annotations

from fakes.datasets import labelled
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.datasets.thinning import thinned
from labeling.facts import NEAR


def test_the_sharpest_of_those_that_look_alike_stay() -> None:
    alike = [labelled(n, visit="v", phash=0b11 if n % 2 else 0, sharpness=float(n)) for n in range(10)]
    other = labelled(10, visit="v", phash=(1 << 64) - 1, sharpness=0.0)
    elsewhere = labelled(11, visit="w", phash=0, sharpness=0.0)
    kept = thinned([*alike, other, elsewhere], 3)
    assert sorted(each.picture for each in kept) == sorted(f"picture-{n}" for n in (9, 8, 7, 10, 11))


def test_those_with_another_label_stay() -> None:
    pictures = [labelled(n, visit="v", phash=0, value=f"eggs={n}") for n in range(5)]
    assert len(thinned(pictures, 1)) == 5


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**16), st.floats(0, 1000), st.sampled_from("ab")), max_size=40),
    st.integers(1, 4),
)
def test_what_is_left_out_looks_like_enough_sharper_ones(
    drawn: list[tuple[int, float, str]], most: int
) -> None:
    pictures = [
        labelled(n, visit="v", phash=phash, sharpness=sharpness, value=value)
        for n, (phash, sharpness, value) in enumerate(drawn)
    ]
    kept = thinned(pictures, most)
    for picture in pictures:
        alike = [
            other
            for other in kept
            if other is not picture
            and other.value == picture.value
            and (other.phash ^ picture.phash).bit_count() <= NEAR
            and (-other.sharpness, other.sha256) < (-picture.sharpness, picture.sha256)
        ]
        assert (len(alike) < most) == (picture in kept)
    assert {each.picture for each in thinned(kept, most)} == {each.picture for each in kept}
    assert {each.picture for each in thinned(pictures[::-1], most)} == {each.picture for each in kept}
