"""Beyond one fit: what is tried beside a single network is judged by the same pictures, and proves itself."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console

from coop.classify.card import TaskMode
from coop.domain.task import Task, TaskClass, TaskKind
from labeling.quality.errors import likely_errors
from labeling.quality.predictions import read_predictions
from training.answers import Answers
from training.augment import CROPS, strengthened
from training.beyond import Beyond, planned, with_unlabelled
from training.found import Found, FoundSettingsError, drop_found, file_of, journal_of, read_found, write_found
from training.labelled import Example, LabelledDataError, LabelledSet, read_labelled, unlabelled_in
from training.losses_by_name import LossError, LossName, loss_named, require_suits
from training.outside import OutOfFold

pytestmark = pytest.mark.train

COLOURS = {"white": (230, 230, 230), "brown": (30, 60, 110)}


def hen(label: str, noise: int) -> np.ndarray:
    random = np.random.default_rng(noise)
    picture = random.integers(90, 130, (48, 48, 3), dtype=np.uint8)
    cv2.circle(picture, (16 + noise % 16, 24), 14, COLOURS[label], -1)
    return picture


@pytest.fixture(scope="module")
def hens(tmp_path_factory: pytest.TempPathFactory) -> LabelledSet:
    """White and brown hens of three days, twice as many white ones."""
    folder = tmp_path_factory.mktemp("hens")
    lines = ["path,label,group"]
    for n in range(24):
        label = ("white", "white", "brown")[n % 3]
        cv2.imwrite(str(folder / f"{n}.png"), hen(label, n))
        lines.append(f"{n}.png,{label},day {n // 8}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return read_labelled(folder / "labels.csv")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> tuple[Example, ...]:
    """Hens of other days that nobody labelled."""
    folder = tmp_path_factory.mktemp("others")
    for n in range(20):
        cv2.imwrite(str(folder / f"{n}.png"), hen(("white", "brown")[n % 2], 100 + n))
    return unlabelled_in(folder)


def ground(pictures: LabelledSet, **changes: Any) -> Any:
    from training.fitting import FitPlan, Ground

    plan = {"side": 32, "epochs": 1, "batch": 8, "frozen": 15, "dropout": 0.0, **changes}
    return Ground.of(pictures, "crops", FitPlan(**plan))


@pytest.mark.timeout(600)
def test_all_ways_are_judged_by_the_same_pictures(
    keras_module: Any, hens: LabelledSet, others: tuple[Example, ...], tmp_path: Path
) -> None:
    from training.finetune import fine_tune
    from training.ways import Asked, Way

    tuned = fine_tune(
        hens, "crops", ground(hens).plan, tmp_path / "run", asked=Asked(members=2, unlabelled=others)
    )
    assert set(tuned.tried) == set(Way)
    assert tuned.way is Way.SINGLE or tuned.tried[tuned.way].proved
    held = {e.path for e in tuned.outside.examples}
    assert {e.group for e in tuned.outside.examples} < set(hens.groups) and len(held) == 8
    assert 0 < tuned.added <= 0.3 * (16 + tuned.added)
    assert tuned.tried[Way.DISTILLED].accuracy >= 0.75  # one epoch is enough of two colours
    assert tuned.learned.head.classes == ("brown", "white")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("loss", ["class-balanced", "sub-centre-arcface"])
def test_other_losses_end_in_a_linear_head(
    keras_module: Any, hens: LabelledSet, tmp_path: Path, loss: str
) -> None:
    """Of natural frequencies with weights, and of angles: a package has a linear head of either."""
    where = ground(hens, loss=loss_named(loss))
    learned, held = np.arange(16), np.arange(16, 24)
    fitted = where.fitted(learned, tmp_path / "run")
    weights, bias = fitted.model.get_layer("answer").get_weights()
    assert weights.shape == (1280, 2) and bias.shape == (2,)
    assert where.answers.of(held).accuracy(fitted.logits(held)) >= 0.75
    drawn = fitted.stream.batch(0, 200)[1].mean(axis=0)
    assert (drawn[1] > 0.6) == (loss == "class-balanced")  # two of three are white


def test_losses_are_known_by_name_and_suit_the_labels() -> None:
    assert loss_named("focal") is LossName.FOCAL
    with pytest.raises(LossError, match="Choose of: cross-entropy, focal"):
        loss_named("hinge")
    require_suits(LossName.FOCAL, TaskMode.MULTI)
    require_suits(LossName.CROSS_ENTROPY, TaskMode.COUNT)
    with pytest.raises(LossError, match=r"single, not multi\. Choose of: cross-entropy, focal$"):
        require_suits(LossName.ARCFACE, TaskMode.MULTI)
    with pytest.raises(LossError, match="Leave --loss out"):
        require_suits(LossName.FOCAL, TaskMode.COUNT)


def test_a_recipe_varies_more_or_less() -> None:
    assert strengthened(CROPS, 1.0) == CROPS
    assert strengthened(CROPS, 0.0) == ()
    assert [step.share for step in strengthened(CROPS, 0.5)] == [step.share / 2 for step in CROPS]
    assert len(strengthened(CROPS, 2.5)) == 3 * len(CROPS)


def test_pseudo_labels_are_the_surest_and_few(
    keras_module: Any, hens: LabelledSet, others: tuple[Example, ...]
) -> None:
    from training.pseudo import most, not_among, surest

    for labelled in (7, 70, 100, 333):
        assert most(labelled) <= 0.3 * (labelled + most(labelled)) < 0.3 * labelled + 0.3 * most(labelled) + 1
    answers = Answers(mode=TaskMode.SINGLE, labels=("brown", "white"))
    logits = np.array([[9.0, 0], [8, 0], [7, 0], [6, 0], [0, 5], [0, 1]])
    found = surest(answers, logits, 4)
    assert found == [(0, {"brown"}), (4, {"white"}), (1, {"brown"}), (2, {"brown"})]  # 5 is not sure enough
    sets = Answers(mode=TaskMode.MULTI, labels=("brown", "white", "none"))
    assert surest(sets, np.array([[9.0, 9], [-9, -9], [9, 0.1]]), 9) == [
        (0, {"brown", "white"}), (1, frozenset())
    ]  # fmt: skip
    twice = [*others, *others[:3], Example(path=hens.examples[0].path, answer=frozenset(), group="")]
    assert not_among(twice, hens.examples) == others


def test_another_way_must_prove_itself(keras_module: Any) -> None:
    from training.ways import Way, best_way, verdicts

    random = np.random.default_rng(0)
    names = random.choice(["brown", "white"], 200)
    answers, groups = Answers(mode=TaskMode.SINGLE, labels=tuple(names)), ["a", "b"] * 100
    signal = np.where(answers.truth, 1.0, -1.0)
    single = signal + random.normal(0, 1.5, signal.shape)
    luck = single + random.normal(0, 0.05, signal.shape)
    better = single + signal
    found = verdicts(answers, {Way.SINGLE: single, Way.PSEUDO: luck, Way.ENSEMBLE: better}, groups)
    assert found[Way.ENSEMBLE].proved and not found[Way.PSEUDO].proved
    assert best_way(found) is Way.SINGLE  # the watch has no time for an ensemble
    found = verdicts(answers, {Way.SINGLE: single, Way.DISTILLED: better, Way.PSEUDO: luck}, groups)
    assert best_way(found) is Way.DISTILLED
    assert found[Way.DISTILLED].gain == pytest.approx(
        found[Way.SINGLE].loss - found[Way.DISTILLED].loss, abs=0.05
    )


def valley(best: float) -> Any:
    """A judge for whom answers are the surer, the nearer the rate is to a best one."""
    asked: list[float] = []

    def judge(where: Any, parts: Any, trial: Any) -> Any:
        import optuna

        off = abs(np.log10(where.plan.rate / best))
        asked.append(where.plan.rate)
        if trial is not None:
            for step in (1, 2):
                trial.report(off, step)
                if trial.should_prune():
                    raise optuna.TrialPruned
        numbers = np.concatenate([np.flatnonzero(held) for held in parts])
        right = np.where(where.answers.of(numbers).truth, 1.0, 0.0)
        return right * max(0.0, 3.0 - 2 * off)

    return judge, asked


def numbers_stand_apart(trials: Any, usual: float) -> None:
    """No number below an axis lies on the next one, wherever the trials happened to be."""
    from training.report.trials import drawn_trials

    some = [trial for trial in trials if trial.loss is not None]
    for shown in (trials, some[:2], some[:1]):
        figure = drawn_trials(shown, usual)
        figure.draw_without_rendering()
        for axes in figure.axes:
            boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
            boxes = sorted((box for box in boxes if box.width), key=lambda box: box.x0)
            assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes)), axes.get_xlabel()


def test_a_search_finds_proves_and_goes_on(keras_module: Any, hens: LabelledSet, tmp_path: Path) -> None:
    from training.report.trials import draw_trials
    from training.search import Sampler, Search, search

    plan, journal = ground(hens).plan, tmp_path / "searches" / "hens.journal"
    judge, asked = valley(1e-3)

    def searched(trials: int, sampler: Sampler = Sampler.BAYESIAN) -> Any:
        wanted = Search(trials=trials, sampler=sampler)
        return search(hens, "crops", plan, "efficientnet-lite0", wanted, journal, judge=judge)

    first = searched(6)
    assert asked[0] == plan.rate  # the usual settings come first
    before = len(asked)
    second = searched(16)
    assert len(second.trials) == 16 and len(asked) - before == 16 - 6 + 2  # and two for the proof
    assert [t.settings for t in second.trials[:6]] == [t.settings for t in first.trials]
    assert len({t.settings["rate"] for t in second.trials}) == 16
    assert any(t.pruned for t in second.trials)
    assert second.best < second.usual and second.found is not None
    assert abs(np.log10(second.found.settings["rate"] / 1e-3)) < 0.4
    draw_trials(second.trials, second.usual, tmp_path / "search.png")
    assert cv2.imread(str(tmp_path / "search.png")).shape[1] > 1000
    numbers_stand_apart(second.trials, second.usual)

    judge, asked = valley(plan.rate)  # nothing is better than what is usual
    journal = tmp_path / "random.journal"
    assert searched(6, Sampler.RANDOM).found is None


def test_a_search_that_was_killed_takes_its_trial_up_again(
    keras_module: Any, hens: LabelledSet, tmp_path: Path
) -> None:
    from training.search import Search, search

    judge, asked = valley(1e-3)

    def killed(where: Any, parts: Any, trial: Any) -> Any:
        if len(asked) == 2:
            asked.append(where.plan.rate)
            raise KeyboardInterrupt
        return judge(where, parts, trial)

    how = (hens, "crops", ground(hens).plan, "efficientnet-lite0", Search(trials=4), tmp_path / "journal")
    with pytest.raises(KeyboardInterrupt):
        search(*how, judge=killed)
    interrupted = asked[2]
    result = search(*how, judge=judge)
    assert asked[3] == interrupted
    assert sum(t.loss is not None or t.pruned for t in result.trials) == 4


def test_only_trials_that_came_to_their_end_are_best(keras_module: Any) -> None:
    """One that was stopped early keeps the loss of the folds that it had done: no better one, only less."""
    import optuna

    from training.search import _best

    study, state = optuna.create_study(), optuna.trial.TrialState
    assert _best(study) is None
    study.tell(study.ask(), 0.5)
    stopped = study.ask()
    stopped.report(0.1, 1)
    study.tell(stopped, state=state.PRUNED)
    assert _best(study) == 0.5


@pytest.mark.parametrize("proved", [True, False])
def test_a_search_says_what_is_used_from_now_on(
    keras_module: Any, hens: LabelledSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proved: bool
) -> None:
    """Where an older search found something, that stays where a new one proves nothing; and what was found is
    kept though its picture cannot be drawn."""
    from training import search
    from training.fitting import FitPlan

    models, console = tmp_path / "models", Console(file=io.StringIO(), width=400)
    write_found(file_of(models, "hens"), Found(settings={"rate": 1e-3}))
    (tmp_path / "reports").write_text("a file where the folder of reports should be")
    searched = search.Searched(
        trials=(search.Tried(number=0, settings={"rate": 2e-4}, loss=0.4, pruned=False),),
        usual=0.5, best=0.4, settings={"rate": 2e-4}, proof_usual=0.5, proof_best=0.4,
        gain_interval=(0.1 if proved else -0.1, 0.2),
        found=Found(settings={"rate": 2e-4}) if proved else None,
    )  # fmt: skip
    plans: list[FitPlan] = []

    def finds(pictures: LabelledSet, recipe: str, plan: FitPlan, *_: object, **__: object) -> search.Searched:
        plans.append(plan)
        return searched

    monkeypatch.setattr(search, "search", finds)
    plan = planned(
        FitPlan(),
        hens,
        "crops",
        "efficientnet-lite0",
        models,
        "hens",
        Beyond(search=True, mixed=False, loss=LossName.FOCAL),
        console,
    )
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "No picture of the trials was written" in told
    assert "usual settings stay" not in told and ("What was found is kept" in told) == proved
    assert ("That proves nothing: what was found before stays." in told) == (not proved)
    assert plan.rate == (2e-4 if proved else 1e-3)
    assert [p.loss for p in (*plans, plan)] == [LossName.FOCAL] * 2, "sought with the loss that is tuned with"


def test_what_was_found_is_kept_used_and_dropped(keras_module: Any, tmp_path: Path) -> None:
    from training.fitting import FitPlan

    models = tmp_path / "models"
    file = file_of(models, "hens")
    assert read_found(file) is None
    write_found(file, Found(settings={"rate": 1e-3, "frozen": 3}, about={"trials": 4}))
    found = read_found(file)
    assert found is not None
    plan = found.applied(FitPlan())
    assert (plan.rate, plan.frozen, plan.head_rate) == (1e-3, 3, FitPlan.head_rate)
    journal_of(models, "hens").write_text("{}")
    assert drop_found(models, "hens") and not file.exists() and not drop_found(models, "hens")
    for damaged in ('{"settings": {"rate": 5}, "about": {}}', '{"settings": {"speed": 1}, "about": {}}', "{"):
        file.write_text(damaged)
        with pytest.raises(FoundSettingsError, match="--drop-search"):
            read_found(file)


def test_what_folds_say_feeds_the_review_of_labels(tmp_path: Path) -> None:
    """A wrong label among forty is found by what networks say that never saw it."""
    random = np.random.default_rng(3)
    true = ["brown", "white"] * 20
    labels = ["white" if n == 6 else name for n, name in enumerate(true)]
    examples = tuple(
        Example(path=Path(f"{n}.png"), answer=frozenset({name}), group=f"day {n % 4}", picture=f"key {n}")
        for n, name in enumerate(labels)
    )
    answers = Answers(mode=TaskMode.SINGLE, labels=tuple(labels))
    logits = np.array([[3.0, 0] if name == "brown" else [0, 3] for name in true])
    outside = OutOfFold(
        examples=examples, answers=answers, logits=logits + random.normal(0, 0.3, logits.shape)
    )
    figures = outside.figures()
    assert figures["accuracy"] == pytest.approx(39 / 40)
    assert figures["accuracy_interval"][0] < 39 / 40 <= figures["accuracy_interval"][1]
    outside.write(tmp_path / "out.csv")
    task = Task(
        name="hens", kind=TaskKind.SINGLE,
        classes=tuple(TaskClass(code=f"c{n}", name=name) for n, name in enumerate(("brown", "white"))),
    )  # fmt: skip
    read = read_predictions(tmp_path / "out.csv", task)
    np.testing.assert_allclose(read.probabilities.sum(axis=1), 1, atol=1e-4)
    code = {"brown": "c0", "white": "c1"}
    found = likely_errors(read, [code[labels[int(key.split()[1])]] for key in read.pictures])
    assert [(error.picture, error.better) for error in found] == [("key 6", "c0")]


def test_pictures_of_no_record_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    """`coop train --data` of class folders: each has a 1.png."""
    examples = tuple(
        Example(path=Path(name) / "1.png", answer=frozenset({name}), group=name)
        for name in ("brown", "white")
    )
    answers = Answers(mode=TaskMode.SINGLE, labels=("brown", "white"))
    OutOfFold(examples=examples, answers=answers, logits=np.eye(2)).write(tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()[1:]
    assert {line.partition(",")[0] for line in lines} == {"brown/1.png", "white/1.png"}


def test_of_sets_the_probability_is_of_the_whole_set() -> None:
    answers = Answers(mode=TaskMode.MULTI, labels=("brown|white", "none"))
    examples = tuple(
        Example(path=Path(f"{n}"), answer=frozenset(a), group="")
        for n, a in enumerate((("brown", "white"), ()))
    )
    p = OutOfFold(examples=examples, answers=answers, logits=np.array([[0.0, 0], [2, -2]])).probabilities()
    high = 1 / (1 + np.exp(-2.0))
    assert p["brown|white"] == pytest.approx([0.25, high * (1 - high)])
    assert p["none"] == pytest.approx([0.25, high * (1 - high)])


def test_pictures_that_are_gone_or_damaged_teach_nothing(keras_module: Any, tmp_path: Path) -> None:
    from training.pseudo import not_among

    cv2.imwrite(str(tmp_path / "good.png"), hen("white", 1))
    (tmp_path / "cut off.png").write_bytes((tmp_path / "good.png").read_bytes()[:40])
    good, *others = (
        Example(path=tmp_path / name, answer=frozenset(), group=name)
        for name in ("good.png", "gone.png", "cut off.png")
    )
    assert not_among([*others, good], []) == (good,)

    class Emptied:
        """A record whose unlabelled pictures are gone from the disk."""

        def survey(self, task: str) -> list[Any]:
            return [SimpleNamespace(value=None, file=tmp_path / "gone.png")]

    with pytest.raises(LabelledDataError, match=r"hens: it has no unlabelled pictures .* --unlabelled DIR"):
        with_unlabelled(Beyond(pseudo=True), Emptied(), "hens")  # type: ignore[arg-type]


def test_unlabelled_folders_must_hold_pictures(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="no such folder"):
        unlabelled_in(tmp_path / "none")
    with pytest.raises(LabelledDataError, match=r"holds no pictures\. Name a folder"):
        unlabelled_in(tmp_path)
