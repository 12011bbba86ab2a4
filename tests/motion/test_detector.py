from collections.abc import Callable
from datetime import timedelta
from typing import Any

import cv2
import numpy as np
import pytest

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import Motion
from coop.motion.detector import MotionDetector, motion_mask_in_source_size

BROWN = (40, 70, 110)
WHITE = (225, 230, 235)
BLACK = (20, 20, 20)
STRAW_BROWN = (68, 100, 120)  # some 25 grey levels from the straw
BUCKET = (180, 60, 30)


def learned(scene: Any, detector: MotionDetector, seconds: float = 4, **light: Any) -> None:
    """Show the empty scene until it is known."""
    for _ in range(round(seconds * scene.fps)):
        detector.detect(scene.frame(**light))


def overlap(motion: Motion, box: Box) -> float:
    return max((region.box.iou(box) for region in motion.regions), default=0.0)


@pytest.mark.parametrize("size", [24, 60, 240])
@pytest.mark.parametrize(
    ("colour", "infrared"),
    [
        (BROWN, False),
        (WHITE, False),
        (BLACK, False),
        (STRAW_BROWN, False),
        (BROWN, True),
        (WHITE, True),
        (BLACK, True),
    ],
)
def test_a_hen_of_any_plumage_is_found_near_and_far(
    scene: Any, size: int, colour: tuple[int, int, int], infrared: bool
) -> None:
    detector = MotionDetector()
    learned(scene, detector, infrared=infrared)

    overlaps = []
    for step in range(8):
        hen = Box(60 + 12 * step, 80, size, size)
        overlaps.append(overlap(detector.detect(scene.frame((hen, colour), infrared=infrared)), hen))

    assert min(overlaps) > 0.5


def test_two_hens_with_a_gap_between_them_are_two(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)

    motion = detector.detect(scene.frame((Box(100, 100, 80, 60), BROWN), (Box(200, 100, 80, 60), WHITE)))

    assert len(motion.regions) == 2


@pytest.mark.parametrize("noise", [2.0, 8.0, 16.0])
def test_sensor_noise_alone_never_fires(scene: Any, noise: float) -> None:
    detector = MotionDetector()

    fired = [bool(detector.detect(scene.frame(infrared=True, noise=noise)).regions) for _ in range(100)]

    assert not any(fired)


def test_the_first_frames_are_learned_and_say_so(scene: Any) -> None:
    detector = MotionDetector()

    first = detector.detect(scene.frame((Box(100, 100, 80, 60), BROWN)))

    assert first.relearning
    assert first.regions == ()
    assert not first.mask.any()


def test_a_passing_cloud_does_not_fire(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)

    gains = [*np.linspace(1, 0.6, 10), *np.linspace(0.6, 1.1, 12)]
    motions = [detector.detect(scene.frame(gain=gain)) for gain in gains]

    assert not any(motion.regions for motion in motions)


def test_a_hen_is_found_under_a_passing_cloud(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)
    hen = Box(200, 100, 90, 70)

    motions = [detector.detect(scene.frame((hen, BROWN), gain=gain)) for gain in np.linspace(1, 0.7, 8)]

    assert min(overlap(motion, hen) for motion in motions) > 0.5


@pytest.mark.parametrize("to_infrared", [True, False])
def test_the_infrared_switch_is_relearned_quickly_and_hens_are_seen_again(
    scene: Any, to_infrared: bool
) -> None:
    detector = MotionDetector()
    learned(scene, detector, infrared=not to_infrared)

    motions = [detector.detect(scene.frame(infrared=to_infrared)) for _ in range(10)]  # 2 s

    assert motions[0].relearning
    assert not any(motion.regions for motion in motions)
    assert not motions[-1].relearning
    hen = Box(200, 100, 90, 70)
    assert overlap(detector.detect(scene.frame((hen, WHITE), infrared=to_infrared)), hen) > 0.5


def test_a_hen_that_was_there_at_the_switch_is_found_when_she_walks_and_leaves_no_ghost(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)
    stood = Box(100, 120, 90, 70)
    for _ in range(8):
        detector.detect(scene.frame((stood, WHITE), infrared=True))

    walks = [Box(100 + 30 * step, 120, 90, 70) for step in range(4, 15)]
    found = [overlap(detector.detect(scene.frame((box, WHITE), infrared=True)), box) for box in walks]
    after = [detector.detect(scene.frame(infrared=True)) for _ in range(15)]

    assert min(found) > 0.5
    assert not after[-1].regions  # three seconds later nothing is left of where she stood


@pytest.mark.parametrize("to_infrared", [True, False])
def test_a_hen_that_is_known_is_found_all_through_the_infrared_switch(scene: Any, to_infrared: bool) -> None:
    detector = MotionDetector()
    learned(scene, detector, infrared=not to_infrared)
    found, keep = [], []
    for step in range(20):
        hen = Box(150 + 6 * step, 120, 90, 70)
        motion = detector.detect(scene.frame((hen, WHITE), infrared=to_infrared == (step > 8)), keep)
        keep = [region.box for region in motion.regions]
        found.append(overlap(motion, hen))

    assert min(found) > 0.4


def test_a_hen_that_walks_on_while_the_filter_switches_is_followed_and_leaves_nothing(scene: Any) -> None:
    """A bucket that she hides is grey in infrared, and a bucket again when the filter is back."""
    scene.floor[130:185, 225:255] = (190, 120, 40)
    detector, keep = MotionDetector(), []
    learned(scene, detector)
    motions = []
    for step in range(60):
        hen = Box(60 + 13 * min(step, 20) + 5 * max(step - 20, 0), 110, 90, 70)
        motion = detector.detect(scene.frame((hen, WHITE), infrared=6 < step <= 40), keep)
        motions.append((motion, hen))
        keep = [region.box for region in motion.regions]

    alone = [len(motion.regions) == 1 and overlap(motion, hen) > 0.3 for motion, hen in motions]
    assert all(alone[1:])


def test_what_a_hen_hid_when_the_filter_switched_is_no_thing_when_she_has_gone(scene: Any) -> None:
    """How a bucket looks in colours cannot be known from infrared, so what is taken for it is a guess."""
    scene.floor[100:190, 310:370] = (30, 30, 200)
    detector, keep = MotionDetector(), []
    learned(scene, detector, infrared=True)
    motions = []
    for step in range(56):
        hen = Box(130 + 6 * step, 120, 110, 80)
        motions.append(detector.detect(scene.frame((hen, WHITE), infrared=step < 25), keep))
        keep = [region.box for region in motions[-1].regions if region.box.iou(hen) > 0.3]

    assert all(len(motion.regions) == 1 for motion in motions[-4:])
    assert overlap(motions[-1], hen) > 0.5


def test_a_hen_is_found_while_a_lamp_goes_on_and_nothing_else_is(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)
    y, x = np.mgrid[0:360, 0:640].astype(np.float32)
    pool = 1 + 0.5 * np.exp(-(((x - 200) / 250) ** 2) - ((y - 50) / 200) ** 2)[..., np.newaxis]

    def lamp(picture: Any) -> None:
        picture[:] = np.clip(picture * pool, 0, 255)

    for step in range(12):
        hen = Box(150 + 10 * step, 150, 90, 70)
        motion = detector.detect(scene.frame((hen, BLACK), extra=lamp if step > 4 else None))
        assert overlap(motion, hen) > 0.5
        assert len(motion.regions) == 1


def test_snow_does_not_fire_and_a_hen_in_it_is_found(make_scene: Any) -> None:
    scene, chance, detector = make_scene(width=640, height=360), np.random.default_rng(2), MotionDetector()

    def flakes(picture: Any) -> None:
        for x, y in zip(chance.integers(0, 640, 12), chance.integers(0, 360, 12), strict=True):
            picture[y : y + 12, x : x + 9] = 235

    quiet = [detector.detect(scene.frame(extra=flakes)) for _ in range(75)]
    hen = Box(200, 120, 90, 70)
    found = detector.detect(scene.frame((hen, BROWN), extra=flakes))

    assert sum(bool(motion.regions) for motion in quiet[25:]) <= 1  # a flake may fall to where two were
    assert overlap(found, hen) > 0.5


def test_a_moved_bucket_becomes_background_after_the_settling_time(scene: Any) -> None:
    scene.fps = 2.0
    detector = MotionDetector(settle_s=20)
    learned(scene, detector, seconds=60)
    bucket = (Box(300, 150, 70, 70), BUCKET)

    seen = [bool(detector.detect(scene.frame(bucket)).regions) for _ in range(60)]  # 30 s

    assert all(seen[: 2 * 18])
    assert not any(seen[2 * 23 :])


def test_a_bucket_carried_away_again_leaves_no_ghost(scene: Any) -> None:
    scene.fps = 2.0
    detector = MotionDetector(settle_s=10)
    learned(scene, detector, seconds=30)
    for _ in range(40):
        detector.detect(scene.frame((Box(300, 150, 70, 70), BUCKET)))

    gone = [detector.detect(scene.frame()) for _ in range(10)]

    assert not any(motion.regions for motion in gone)


def test_a_standing_hen_is_kept_while_her_track_lives(scene: Any) -> None:
    scene.fps = 2.0
    detector = MotionDetector(settle_s=10)
    learned(scene, detector, seconds=30)
    hen = Box(300, 150, 90, 70)

    found = []
    for second in range(60):
        head = Box(hen.x - 20 + 6 * (second % 3), hen.y, 30, 30)  # only her head moves
        frame = scene.frame((hen, BROWN), (head, BROWN))
        found.append(overlap(detector.detect(frame, keep=[hen]), hen))

    assert min(found) > 0.5


@pytest.mark.parametrize("settle_s", [10, 15])  # at 15 it is learned as often as she turns her head
def test_no_part_of_a_kept_hen_settles_while_another_part_moves(scene: Any, settle_s: float) -> None:
    scene.fps = 2.0
    detector = MotionDetector(settle_s=settle_s, keep_rate=1)
    learned(scene, detector, seconds=30)
    hen, around = Box(300, 150, 90, 70), Box(270, 150, 120, 70)

    found = []
    for step in range(60):
        head = Box(hen.x - 26 + 8 * (step % 3), hen.y, 30, 30)
        motion = detector.detect(scene.frame((hen, BROWN), (head, BROWN)), keep=[around])
        found.append(overlap(motion, hen))

    assert min(found) > 0.5


def test_a_faint_patch_of_light_does_not_fire(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)

    def sun(picture: Any) -> None:
        picture[100:200, 200:330] += 14

    motions = [detector.detect(scene.frame(extra=sun)) for _ in range(10)]

    assert not any(motion.regions for motion in motions)


def test_a_kept_bucket_settles_too_only_later(scene: Any) -> None:
    scene.fps = 2.0
    detector = MotionDetector(settle_s=5, keep_rate=0.25)
    learned(scene, detector, seconds=30)
    bucket = Box(300, 150, 70, 70)

    seen = [bool(detector.detect(scene.frame((bucket, BUCKET)), keep=[bucket]).regions) for _ in range(60)]

    assert all(seen[: 2 * 17])
    assert not any(seen[2 * 26 :])


def test_a_hen_learned_as_background_leaves_no_ghost_when_she_goes(scene: Any) -> None:
    detector = MotionDetector()
    for _ in range(150):  # half a minute
        detector.detect(scene.frame((Box(300, 150, 90, 70), BROWN)))

    motions = [detector.detect(scene.frame()) for _ in range(20)]

    assert motions[0].regions  # she was seen to go
    assert not any(motion.regions for motion in motions[10:])  # after two seconds nothing is left


def test_a_trembling_mount_does_not_fire(scene: Any) -> None:
    detector = MotionDetector()
    steps = [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1)]
    scene.floor[:, 300:308] = 30  # a fence post: a hard edge
    learned(scene, detector)

    def trembled(frame: Frame, step: tuple[int, int]) -> Frame:
        return Frame(camera=frame.camera, time=frame.time, image=np.roll(frame.image, step, axis=(0, 1)))

    motions = [detector.detect(trembled(scene.frame(), steps[n % 6])) for n in range(30)]

    assert not any(motion.regions for motion in motions)


def test_a_mount_that_sinks_does_not_fire_and_a_hen_is_found_meanwhile(scene: Any) -> None:
    """White lines on a road: their edges creep over the picture, twelve pixels in half a minute."""
    detector = MotionDetector()
    for left in (90, 330, 500):
        corners = np.array([(left, 360), (left + 14, 360), (left + 74, 0), (left + 66, 0)])
        cv2.fillPoly(scene.floor, [corners], (225, 225, 225))
    cv2.fillPoly(scene.floor, [np.array([(0, 150), (640, 180), (640, 188), (0, 156)])], (225, 225, 225))

    def sunk(picture: Any) -> None:
        moved = np.array([[1, 0, 0.4 * (scene.elapsed - 6)], [0, 1, 0.1 * (scene.elapsed - 6)]])
        if scene.elapsed > 6:
            picture[:] = cv2.warpAffine(picture, moved, (640, 360), borderMode=cv2.BORDER_REPLICATE)

    motions = [detector.detect(scene.frame(extra=sunk)) for _ in range(180)]
    hen = Box(200, 240, 90, 70)

    assert not any(motion.regions for motion in motions)
    assert overlap(detector.detect(scene.frame((hen, BROWN), extra=sunk)), hen) > 0.5


def test_without_her_track_a_standing_hen_melts_into_the_background(scene: Any) -> None:
    scene.fps = 2.0
    detector = MotionDetector(settle_s=10)
    learned(scene, detector, seconds=30)
    hen = Box(300, 150, 90, 70)

    motions = [detector.detect(scene.frame((hen, BROWN))) for _ in range(40)]

    assert motions[0].regions
    assert not motions[-1].regions


def test_one_frame_a_minute_is_enough(make_scene: Any) -> None:
    scene = make_scene(fps=1 / 60)
    detector = MotionDetector()
    hen = Box(200, 100, 90, 70)

    quiet = [detector.detect(scene.frame()) for _ in range(5)]
    found = detector.detect(scene.frame((hen, WHITE)))

    assert not any(motion.regions for motion in quiet)
    assert overlap(found, hen) > 0.5


@pytest.mark.parametrize("fps", [1.0, 5.0, 15.0])
def test_settling_takes_the_same_time_at_every_frame_rate(make_scene: Any, fps: float) -> None:
    scene = make_scene(fps=fps, width=320, height=180)
    detector = MotionDetector(settle_s=10)
    learned(scene, detector, seconds=30)
    since = scene.elapsed

    while detector.detect(scene.frame((Box(150, 80, 40, 40), BUCKET))).regions:
        assert scene.elapsed < since + 60

    assert 9 <= scene.elapsed - since <= 14


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(seconds=-5), timedelta(days=400)])
def test_a_clock_that_jumps_does_not_disturb(scene: Any, jump: timedelta) -> None:
    detector = MotionDetector()
    learned(scene, detector)
    hen = Box(200, 100, 90, 70)

    def later(frame: Frame) -> Frame:
        return Frame(camera=frame.camera, time=frame.time + jump, image=frame.image, number=frame.number)

    quiet = [detector.detect(later(scene.frame())) for _ in range(5)]
    found = detector.detect(later(scene.frame((hen, WHITE))))

    assert not any(motion.regions for motion in quiet)
    assert overlap(found, hen) > 0.5


def test_a_new_resolution_is_learned_anew(make_scene: Any) -> None:
    before, after = make_scene(), make_scene(width=800, height=600)
    detector = MotionDetector()
    learned(before, detector)
    after.elapsed = before.elapsed

    first = detector.detect(after.frame())
    learned(after, detector)
    hen = Box(500, 400, 120, 90)

    assert first.relearning
    assert first.mask.shape == (300, 400)
    assert overlap(detector.detect(after.frame((hen, WHITE))), hen) > 0.5


def test_nothing_is_looked_for_where_it_is_ignored(scene: Any) -> None:
    detector = MotionDetector(ignore=[[(0, 0), (0.5, 0), (0.5, 1), (0, 1)]])
    learned(scene, detector)

    motion = detector.detect(scene.frame((Box(50, 100, 90, 70), WHITE), (Box(450, 100, 90, 70), WHITE)))

    assert [region.box.x > 320 for region in motion.regions] == [True]


def test_ignoring_everything_finds_nothing(scene: Any) -> None:
    detector = MotionDetector(ignore=[[(0, 0), (1, 0), (1, 1), (0, 1)]])

    motions = [detector.detect(scene.frame((Box(20 * n, 100, 90, 70), WHITE))) for n in range(20)]

    assert not any(motion.regions for motion in motions)


def test_replaying_gives_the_same_motion(make_scene: Any) -> None:
    def run() -> list[tuple[object, bytes]]:
        scene, detector, keep = make_scene(), MotionDetector(), []
        seen = []
        for step in range(60):
            hen = Box(5 * step, 100, 80, 60)
            motion = detector.detect(scene.frame((hen, BROWN), gain=1 + 0.2 * (step > 40)), keep)
            keep = [region.box for region in motion.regions]
            seen.append((motion.regions, motion.mask.tobytes()))
        return seen

    assert run() == run()


def test_the_frame_is_not_changed(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)
    frame = scene.frame((Box(100, 100, 80, 60), WHITE))
    before = frame.image.copy()

    detector.detect(frame)

    assert np.array_equal(frame.image, before)


def test_the_mask_grows_to_the_size_of_the_source(scene: Any) -> None:
    detector = MotionDetector()
    learned(scene, detector)
    hen = Box(200, 100, 120, 90)
    frame = scene.frame((hen, WHITE))

    motion = detector.detect(frame)
    mask = motion_mask_in_source_size(motion, frame)

    assert motion.mask.shape == (180, 320)
    assert mask.shape == (360, 640)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[145, 260] == 255
    assert mask[20, 20] == 0


@pytest.mark.parametrize("width,height", [(1, 1), (3, 2), (40, 4000), (4000, 2)])
def test_odd_pictures_do_no_harm(scene: Any, width: int, height: int) -> None:
    detector = MotionDetector()
    frame = scene.frame()

    for step in range(5):
        image = np.full((height, width, 3), 50 * step, np.uint8)
        moment = frame.time + timedelta(seconds=step)
        motion = detector.detect(Frame(camera="coop", time=moment, image=image), keep=[Box(0, 0, 9, 9)])
        assert all(r.box.clipped(width, height) == r.box for r in motion.regions)


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: MotionDetector(width=2), "width"),
        (lambda: MotionDetector(contrast=0), "contrast"),
        (lambda: MotionDetector(settle_s=0), "settle_s"),
        (lambda: MotionDetector(keep_rate=2), "keep_rate"),
        (lambda: MotionDetector(learn_s=float("nan")), "learn_s"),
        (lambda: MotionDetector(ignore=[[(0, 0), (1, 1)]]), "polygon"),
        (lambda: MotionDetector(ignore=[[(0, 0), (1, 1), (300, 200)]]), "300"),
    ],
)
def test_impossible_settings_are_refused_by_name(build: Callable[[], MotionDetector], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        build()
