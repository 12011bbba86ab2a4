from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.classify.crop import BestCrops, cut, sharpness
from coop.domain.box import Box
from coop.domain.frame import Frame, Picture
from coop.domain.track import Crop, Track, TrackState

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


def frame_of(image: Picture) -> Frame:
    return Frame(camera="run", time=NOW, image=image)


def textured(width: int = 640, height: int = 480, seed: int = 1) -> Picture:
    small = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def track_at(box: Box) -> Track:
    return Track(
        id="run-1",
        camera="run",
        box=box,
        state=TrackState.CONFIRMED,
        first_seen=NOW,
        last_seen=NOW,
        hits=5,
        seen=True,
    )


def crop_at(second: float, quality: float, track_id: str = "run-1") -> Crop:
    return Crop(
        camera="run",
        time=NOW + timedelta(seconds=second),
        track_id=track_id,
        box=Box(0, 0, 4, 4),
        padded=Box(0, 0, 4, 4),
        image=np.zeros((4, 4, 3), np.uint8),
        quality=quality,
        whole=True,
    )


def test_a_crop_is_the_square_around_the_padded_box() -> None:
    image = textured()

    crop = cut(frame_of(image), track_at(Box(200, 100, 100, 60)), pad=0.15)

    assert crop.padded == Box(185, 65, 130, 130)
    assert np.array_equal(crop.image, image[65:195, 185:315])
    assert crop.whole
    assert (crop.camera, crop.time, crop.track_id, crop.box) == ("run", NOW, "run-1", Box(200, 100, 100, 60))


def test_a_square_is_moved_into_the_picture_and_still_holds_the_box() -> None:
    crop = cut(frame_of(textured()), track_at(Box(560, 440, 80, 40)), pad=0.25)

    assert crop.padded == Box(520, 360, 120, 120)


def test_a_crop_does_not_change_when_the_frame_is_reused() -> None:
    image = textured()
    crop = cut(frame_of(image), track_at(Box(200, 100, 100, 60)))
    before = crop.image.copy()

    image[:] = 0

    assert np.array_equal(crop.image, before)


def test_a_large_crop_is_made_smaller_and_not_distorted() -> None:
    crop = cut(frame_of(textured(1920, 1080)), track_at(Box(200, 200, 1200, 600)), pad=0, max_side=512)

    assert crop.padded == Box(200, 0, 1200, 1080)
    assert max(crop.image.shape) == 512
    assert crop.image.shape[0] / crop.image.shape[1] == pytest.approx(crop.padded.h / crop.padded.w, abs=0.01)


def test_a_circle_stays_a_circle() -> None:
    image = np.zeros((1080, 1920, 3), np.uint8)
    cv2.circle(image, (900, 500), 300, (255, 255, 255), cv2.FILLED)

    crop = cut(frame_of(image), track_at(Box(400, 200, 1000, 600)), max_side=256)

    _, _, w, h = cv2.boundingRect((crop.image[..., 0] > 127).astype(np.uint8))
    assert abs(w - h) <= 1


@given(
    st.integers(-50, 330),
    st.integers(-50, 250),
    st.integers(1, 400),
    st.integers(1, 300),
    st.floats(0, 1),
    st.integers(1, 300),
)
def test_whatever_the_box_a_crop_lies_in_the_picture_and_keeps_its_proportion(
    x: int, y: int, w: int, h: int, pad: float, max_side: int
) -> None:
    frame = frame_of(np.zeros((240, 320, 3), np.uint8))
    box = Box(x, y, w, h)
    if box.clipped(320, 240) is None:
        with pytest.raises(ValueError, match="run-1 lies outside the picture of 320 x 240"):
            cut(frame, track_at(box), pad=pad, max_side=max_side)
        return

    crop = cut(frame, track_at(box), pad=pad, max_side=max_side)

    height, width = crop.image.shape[:2]
    assert crop.padded.clipped(320, 240) == crop.padded
    assert 1 <= max(height, width) <= max_side
    scale = max(height, width) / max(crop.padded.h, crop.padded.w)
    assert width == pytest.approx(crop.padded.w * scale, abs=1)
    assert height == pytest.approx(crop.padded.h * scale, abs=1)
    assert scale <= 1
    assert 0 <= crop.quality <= 1


@pytest.mark.parametrize(
    ("box", "whole"),
    [
        (Box(1, 1, 638, 478), True),
        (Box(0, 100, 50, 50), False),
        (Box(100, 0, 50, 50), False),
        (Box(590, 100, 50, 50), False),
        (Box(100, 430, 50, 50), False),
        (Box(-20, 100, 50, 50), False),
    ],
)
def test_a_box_that_touches_the_border_is_not_whole(box: Box, whole: bool) -> None:
    assert cut(frame_of(textured()), track_at(box)).whole is whole


@pytest.mark.parametrize(
    "box", [Box(5, 5, 1, 1), Box(639, 479, 1, 1), Box(0, 0, 2, 300), Box(10, 10, 300, 1)]
)
def test_tiny_boxes_work(box: Box) -> None:
    crop = cut(frame_of(textured()), track_at(box), pad=0)

    assert crop.image.shape[:2] == (max(box.w, box.h), max(box.w, box.h))


def test_sharp_large_and_whole_is_better() -> None:
    image = textured()
    blurred = cv2.GaussianBlur(image, (0, 0), 6)
    middle, small, border = Box(200, 200, 150, 120), Box(200, 200, 40, 32), Box(0, 200, 150, 120)

    best = cut(frame_of(image), track_at(middle)).quality

    assert cut(frame_of(blurred), track_at(middle)).quality < best
    assert cut(frame_of(image), track_at(small)).quality < best
    assert cut(frame_of(image), track_at(border)).quality < best


def test_a_real_hen_out_of_focus_is_less_sharp(test_data: Path) -> None:
    picture = cv2.imread(str(test_data / "imagenet-sample" / "n01514859_hen.jpg"))
    assert picture is not None

    values = [sharpness(cv2.GaussianBlur(picture, (0, 0), sigma)) for sigma in (0.1, 2, 4, 8)]

    assert values == sorted(values, reverse=True)
    assert values[0] > 4 * values[2]


def spoilt(hen: Picture, how: str) -> tuple[Picture, int]:
    """A picture as a worse moment of the same walk would show it, and where its left edge is."""
    height, width = hen.shape[:2]
    length = max(3, round(0.06 * max(height, width)) | 1)
    match how:
        case "blurred":
            kernel = np.zeros((length, length), np.float32)
            kernel[length // 2] = 1 / length
            return cv2.filter2D(hen, -1, kernel), 300
        case "far":
            return cv2.resize(hen, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), 300
        case "cut off":
            return hen, -round(0.3 * width)
        case "near but cut off":
            return cv2.resize(hen, None, fx=1.5, fy=1.5), -round(0.45 * width)
    return hen, 300


@pytest.mark.parametrize("side", [80, 160, 300])
@pytest.mark.parametrize("how", ["blurred", "far", "cut off", "near but cut off"])
def test_on_real_pictures_the_worse_moment_loses(test_data: Path, how: str, side: int) -> None:
    """Birds and beasts, each well and badly caught before the same background, with a camera's noise."""
    wins = []
    for file in sorted((test_data / "imagenet-sample").glob("n015*.jpg")):
        animal = cv2.imread(str(file))
        assert animal is not None
        scale = side / max(animal.shape[:2])
        if scale > 1:
            continue
        animal = cv2.resize(animal, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        wins.append(seen(animal, 300) > seen(*spoilt(animal, how)))
    assert len(wins) >= 10
    assert sum(wins) >= 0.95 * len(wins)


def seen(animal: Picture, left: int) -> float:
    """The quality of an animal's crop with its left edge at a column of the picture."""
    canvas = np.full((720, 960, 3), (90, 120, 130), np.uint8)
    x = max(left, 0)
    shown = animal[:, x - left :]
    canvas[200 : 200 + shown.shape[0], x : x + shown.shape[1]] = shown
    canvas = cv2.add(canvas, np.random.default_rng(0).integers(0, 12, canvas.shape, np.uint8))
    return cut(frame_of(canvas), track_at(Box(x, 200, shown.shape[1], shown.shape[0]))).quality


def test_the_best_crops_are_kept_best_first_and_bounded() -> None:
    crops = BestCrops(each=3)

    for second, quality in enumerate([0.1, 0.9, 0.3, 0.7, 0.5]):
        crops.offer(crop_at(second * 2, quality))

    assert [crop.quality for crop in crops.best("run-1")] == [0.9, 0.7, 0.5]


def test_the_crops_kept_are_spread_over_time() -> None:
    crops = BestCrops(each=3, apart_s=1.0)

    taken = [crops.offer(crop_at(n / 10, quality)) for n, quality in enumerate([0.5, 0.4, 0.6, 0.6, 0.2])]
    crops.offer(crop_at(5, 0.1))

    assert taken == [True, False, True, False, False]
    assert [crop.quality for crop in crops.best("run-1")] == [0.6, 0.1]


def test_a_crop_that_is_not_good_enough_is_not_taken() -> None:
    crops = BestCrops(each=1)
    crops.offer(crop_at(0, 0.5))

    assert not crops.offer(crop_at(10, 0.4))
    assert crops.offer(crop_at(20, 0.6))


def test_tracks_do_not_mix_and_can_be_forgotten() -> None:
    crops = BestCrops()
    crops.offer(crop_at(0, 0.5, "a"))
    crops.offer(crop_at(0, 0.4, "b"))

    crops.forget("a")
    crops.forget("never seen")

    assert crops.best("a") == ()
    assert [crop.quality for crop in crops.best("b")] == [0.4]


def test_tracks_that_nobody_forgets_do_not_pile_up() -> None:
    crops = BestCrops(tracks=3)
    for n in range(10):
        crops.offer(crop_at(n, 0.5, f"t{n}"))

    assert [n for n in range(10) if crops.best(f"t{n}")] == [7, 8, 9]


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1)), max_size=60), st.integers(1, 6))
def test_the_very_best_crop_is_always_kept(offers: list[tuple[int, float]], each: int) -> None:
    crops = BestCrops(each=each)

    for tenth, quality in offers:
        crops.offer(crop_at(tenth / 10, quality))

    kept = crops.best("run-1")
    assert len(kept) <= each
    times = sorted(crop.time for crop in kept)
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(times))
    if offers:
        assert kept[0].quality == max(quality for _, quality in offers)


@pytest.mark.parametrize("settings", [{"each": 0}, {"tracks": 0}, {"apart_s": -1}])
def test_impossible_settings_are_refused_by_name(settings: dict[str, int]) -> None:
    name, value = next(iter(settings.items()))
    with pytest.raises(ValueError, match=f"{name}={value}"):
        BestCrops(**settings)
