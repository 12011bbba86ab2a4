"""Tracks are judged at a bounded rate, and nothing is said before it is certain."""

import gc
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from fakes.models import ColourModel

from coop.classify.judge import TrackJudge
from coop.domain.box import Box
from coop.domain.frame import Frame, Picture
from coop.domain.judgement import Judgement
from coop.domain.prediction import Prediction
from coop.domain.track import Track, TrackState

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
BROWN, WHITE, RED = (40, 70, 110), (230, 230, 230), (20, 40, 200)
KINDS = {"hen": BROWN, "fox": RED, "other": (90, 90, 90)}
BOXES = [Box(10 + 90 * n, 60, 60, 60) for n in range(6)]


def frame(second: float, colours: list[tuple[int, int, int]]) -> Frame:
    image = np.full((200, 600, 3), 90, np.uint8)
    for box, colour in zip(BOXES, colours, strict=False):
        image[box.y : box.bottom, box.x : box.right] = colour
    return Frame(camera="run", time=START + timedelta(seconds=second), image=image)


def track(
    second: float, number: int = 0, state: TrackState = TrackState.CONFIRMED, *, seen: bool = True
) -> Track:
    return Track(
        id=f"t{number}",
        camera="run",
        box=BOXES[number],
        state=state,
        first_seen=START,
        last_seen=START + timedelta(seconds=second),
        hits=5,
        seen=seen,
    )


def watch(judge: TrackJudge, seconds: float, colour: tuple[int, int, int] = BROWN) -> list[Judgement]:
    """Judgements over a time at 5 frames a second, with the final one."""
    found: list[Judgement] = []
    for n in range(round(seconds * 5)):
        found += judge.update(frame(n / 5, [colour]), [track(n / 5)])
    return found + list(judge.update(frame(seconds, [colour]), [track(seconds, state=TrackState.LOST)]))


class Spent:
    """Time that is left or not, as told; counts the predictions."""

    def __init__(self) -> None:
        self.left = False
        self.begun = 0

    def is_left(self) -> bool:
        return self.left

    @contextmanager
    def spending(self) -> Iterator[None]:
        self.begun += 1
        yield


def test_looks_wait_while_there_is_no_time_for_them_and_nothing_goes_without_any() -> None:
    time = Spent()
    judge = TrackJudge({"kinds": ColourModel("kinds", KINDS)}, time=time)
    for n in range(20):
        assert not judge.update(frame(n / 5, [BROWN]), [track(n / 5)])
    assert time.begun == 0

    *_, last = judge.update(frame(4, [BROWN]), [track(4, state=TrackState.LOST)])

    assert (last.kind, last.final) == ("hen", True)  # by the crops that were kept
    assert time.begun > 0


def test_looks_go_on_as_soon_as_there_is_time() -> None:
    time = Spent()
    judge = TrackJudge({"kinds": ColourModel("kinds", KINDS)}, time=time)
    judge.update(frame(0, [BROWN]), [track(0)])
    time.left = True
    judge.update(frame(1, [BROWN]), [track(1)])
    assert time.begun == 1


def test_without_a_model_everything_that_moves_is_motion() -> None:
    *_, last = watch(TrackJudge({}), 1)
    assert (last.kind, last.subject, last.final) == ("motion", "motion", True)
    assert last.crops


def wandering(judge: TrackJudge, seconds: float, colour: tuple[int, int, int]) -> list[Judgement]:
    """The same of a thing that comes to another place each second."""
    found: list[Judgement] = []
    for n in range(round(seconds * 5)):
        place = n // 5 % len(BOXES)
        seen = frame(n / 5, [*[(90, 90, 90)] * place, colour])
        found += judge.update(seen, [replace(track(n / 5), box=BOXES[place])])
    gone = replace(track(seconds, state=TrackState.LOST), box=BOXES[place])
    return found + list(judge.update(frame(seconds, []), [gone]))


def test_what_stands_still_at_every_look_is_no_predator() -> None:
    """A rest of something in the picture, after its camera was dark, was a rat in two looks at one place."""
    found = watch(TrackJudge({"kinds": ColourModel("kinds", KINDS)}), 60, RED)
    assert {j.kind for j in found} == {"unknown"}
    hen = watch(TrackJudge({"kinds": ColourModel("kinds", KINDS)}), 60, BROWN)
    assert {j.kind for j in hen} == {"hen"}, "who may well sit"


def test_a_predator_that_rushes_by_is_looked_at_afterwards_where_it_was() -> None:
    judge = TrackJudge({"kinds": ColourModel("kinds", KINDS)}, max_per_second=0.1)
    assert wandering(judge, 3, RED)[-1].kind == "fox"


def test_a_kind_is_published_after_it_repeated() -> None:
    found = wandering(TrackJudge({"kinds": ColourModel("kinds", KINDS)}), 4, RED)
    assert {j.kind for j in found} == {"fox"}
    assert found[0].track.last_seen > START + timedelta(seconds=0.5)
    assert found[-1].final


def test_a_hen_is_named_by_the_second_model() -> None:
    names = ColourModel("hens", {"Alba": WHITE, "Berta": BROWN})
    found = watch(TrackJudge({"kinds": ColourModel("kinds", KINDS), "hens": names}), 4)
    assert {(j.kind, j.subject) for j in found} == {("hen", "Berta")}


def test_only_hens_are_shown_to_the_second_model() -> None:
    names = ColourModel("hens", {"Alba": WHITE, "Berta": BROWN})
    watch(TrackJudge({"kinds": ColourModel("kinds", KINDS), "hens": names}), 4, RED)
    assert names.pictures == 0


def test_a_hen_that_nobody_knows_is_a_hen_after_enough_looks() -> None:
    models = {
        "kinds": ColourModel("kinds", KINDS),
        "hens": ColourModel("hens", {"Alba": WHITE, "Berta": BROWN}, sure=0.55),
    }
    found = watch(TrackJudge(models, settled=8), 6)
    assert {(j.kind, j.subject) for j in found} == {("hen", "hen")}
    assert found[0].track.last_seen >= START + timedelta(seconds=1.5)


def test_a_short_track_gets_its_answer_at_the_end() -> None:
    found = watch(TrackJudge({"kinds": ColourModel("kinds", KINDS)}), 0.8)
    assert [(j.kind, j.final) for j in found] == [("hen", True)]


def test_too_few_pictures_are_no_answer_but_the_crop_is_kept() -> None:
    (final,) = watch(TrackJudge({"kinds": ColourModel("kinds", KINDS)}), 0.2)
    assert (final.kind, final.subject) == ("unknown", "unknown")
    assert len(final.crops) == 1


def test_the_rate_of_pictures_is_bounded_and_shared() -> None:
    model = ColourModel("kinds", KINDS)
    judge = TrackJudge({"kinds": model}, max_per_second=4)
    seconds = 10
    for n in range(seconds * 5):
        judge.update(frame(n / 5, [BROWN] * 6), [track(n / 5, i) for i in range(6)])
    assert 2 * seconds <= model.pictures <= 4 * seconds + 4
    verdicts = judge.update(frame(seconds, [BROWN] * 6), [track(seconds, i) for i in range(6)])
    assert len(verdicts) == 6, "every track had its turn"


def test_a_settled_track_is_looked_at_again_only_now_and_then() -> None:
    model = ColourModel("kinds", KINDS)
    judge = TrackJudge({"kinds": model}, settled=5, review_every=timedelta(seconds=20))
    for n in range(60 * 5):
        judge.update(frame(n / 5, [BROWN]), [track(n / 5)])
    assert 5 <= model.pictures <= 5 + 3


def test_a_hen_that_sits_in_the_dark_keeps_her_name_and_one_that_goes_on_is_looked_at_anew() -> None:
    names = ColourModel("hens", {"Alba": WHITE, "Berta": BROWN})
    models = {"kinds": ColourModel("kinds", {"hen": BROWN, "other": (255, 0, 0)}), "hens": names}
    judge = TrackJudge(models, settled=5, review_every=timedelta(seconds=2))
    watch_only(judge, 0, 5, BROWN)
    assert {j.subject for j in watch_only(judge, 5, 300, WHITE)} == {"Berta"}, (
        "it looks like Alba, but never moved"
    )
    moved = [
        j
        for n in range(20)
        for j in judge.update(
            frame(300 + 3 * n, [WHITE] * 6), [replace(track(300 + 3 * n), box=BOXES[n % 2])]
        )
    ]
    assert moved[-1].subject == "Alba"


def watch_only(judge: TrackJudge, start: float, end: float, colour: tuple[int, int, int]) -> list[Judgement]:
    """Judgements of a thing that stays, at 2 frames a second."""
    seconds = [start + n / 2 for n in range(round(2 * (end - start)))]
    return [j for s in seconds for j in judge.update(frame(s, [colour]), [track(s)])]


def test_other_models_are_used_from_the_next_frame_on() -> None:
    judge = TrackJudge({})
    judge.update(frame(0, [BROWN]), [track(0)])
    judge.use({"kinds": ColourModel("kinds", KINDS)})
    for n in range(1, 20):
        found = judge.update(frame(n / 5, [BROWN]), [track(n / 5)])
    assert [j.kind for j in found] == ["hen"]


def test_a_clock_set_back_does_not_stop_judging() -> None:
    model = ColourModel("kinds", KINDS)
    judge = TrackJudge({"kinds": model})
    judge.update(frame(0, [BROWN]), [track(0)])
    for n in range(20):
        found = judge.update(frame(n / 5 - 7200, [BROWN]), [track(n / 5 - 7200)])
    assert [j.kind for j in found] == ["hen"]


def test_closing_judges_what_is_still_there() -> None:
    judge = TrackJudge({"kinds": ColourModel("kinds", KINDS)})
    for n in range(20):
        judge.update(frame(n / 5, [BROWN]), [track(n / 5)])
    (final,) = judge.close()
    assert (final.kind, final.final) == ("hen", True)
    assert judge.close() == ()


@pytest.mark.parametrize("kept", [1, 3])
def test_the_crops_worth_keeping_are_bounded(kept: int) -> None:
    *_, final = watch(TrackJudge({}, crops_kept=kept), 8)
    assert len(final.crops) == kept


def test_a_track_keeps_one_whole_frame_however_long_it_lasts() -> None:
    """The best one, for the picture of an event that is told at the end."""
    judge = TrackJudge({"kinds": ColourModel("kinds", KINDS)})
    alive: list[weakref.ref[Frame]] = []
    for n in range(50):
        picture = frame(n / 5, [BROWN] * 3)
        noise = np.random.default_rng(n).integers(0, 60, picture.image.shape, np.uint8)
        picture = replace(picture, image=cv2.add(picture.image, noise))
        alive.append(weakref.ref(picture))
        judge.update(picture, [track(n / 5, number) for number in range(3)])
    del picture
    gc.collect()
    assert sum(one() is not None for one in alive) <= 3
    finals = judge.close()
    assert len(finals) == 3
    assert all(j.frame.time == j.crops[0].time for j in finals)


def flock_of(strange: float | None) -> dict[str, ColourModel]:
    names = ColourModel("hens", {"Alba": WHITE, "Berta": BROWN}, strange=strange)
    return {"kinds": ColourModel("kinds", KINDS), "hens": names}


def come_by_itself(judge: TrackJudge, *, walks: bool = True) -> set[str]:
    """The subjects of a hen's track that came from elsewhere."""
    colour = BROWN
    found: list[Judgement] = []
    for n in range(40):
        number = n // 2 % 6 if walks else 0
        moved = replace(track(n / 5), travelled=3.0, box=BOXES[number])
        found += judge.update(frame(n / 5, [colour] * 6), [moved])
    lost = replace(track(8, state=TrackState.LOST), travelled=3.0)
    return {j.subject for j in (*found, *judge.update(frame(8, [colour]), [lost]))}


def test_a_hen_that_was_seen_well_and_is_like_nobody_is_a_stranger() -> None:
    assert come_by_itself(TrackJudge(flock_of(1.5), settled=8)) == {"Berta", "stranger"}
    assert come_by_itself(TrackJudge(flock_of(0.9), settled=8)) == {"Berta"}
    assert come_by_itself(TrackJudge(flock_of(None), settled=8)) == {"Berta"}, "a model without a gallery"
    assert come_by_itself(TrackJudge(flock_of(1.5), settled=8, stranger_beyond=2)) == {"Berta"}
    assert come_by_itself(TrackJudge(flock_of(1.5), settled=8), walks=False) == {"Berta"}, "it sleeps"
    assert "stranger" not in {j.subject for j in watch(TrackJudge(flock_of(1.5)), 8)}, "it stood there always"


class Looks:
    """A model of the flock that finds each look as strange as is said."""

    def __init__(self, *strange: float) -> None:
        self._strange = iter(strange)
        self.card = flock_of(0.9)["hens"].card

    def predict(self, images: Sequence[Picture]) -> list[Prediction]:
        return [flock_of(next(self._strange))["hens"].predict([image])[0] for image in images]


@pytest.mark.parametrize(
    ("looks", "strange"),
    [
        ((2.6, 2.9, 0.4, 0.7, 0.5, 0.5, 0.7, 0.4), False),
        ((2.6, 2.9, 2.8, 0.6, 0.7, 0.6, 0.4, 0.7), False),
        ((0.75, 1.3, 1.1, 0.6, 1.5, 1.6, 0.95, 1.2), True),
        ((1.8, 1.3, 1.1, 1.5, 1.6, 1.9, 1.7, 1.6), True),
    ],
    ids=["stretches a wing before she leaves the perch", "for long", "is like one at times", "is like none"],
)
def test_a_hen_that_looked_odd_for_a_while_is_no_stranger(looks: tuple[float, ...], strange: bool) -> None:
    """Two hens and two strangers, look by look, as far apart as those of the simulated coop."""
    models = {"kinds": ColourModel("kinds", KINDS), "hens": Looks(*looks, *[looks[-1]] * 20)}
    assert ("stranger" in come_by_itself(TrackJudge(models, settled=8))) == strange
