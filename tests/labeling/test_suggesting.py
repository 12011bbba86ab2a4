"""Suggestions, with the real starter model, the real head of training, and real pictures."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.importing import LONDON, bring_in, silent
from fakes.records import NOON, moment

from coop.classify.card import ModelCard, Preprocessing, TaskMode
from coop.classify.starter import starter_card
from coop.domain.label import Label
from coop.domain.task import Task, TaskClass, TaskKind
from coop.store.store import Store
from labeling.clusters.make import make_clusters, split
from labeling.suggesting.embeddings import EmbeddingCache, fill
from labeling.suggesting.head import Lesson, hashed, lesson, out_of_fold
from labeling.suggesting.model import answer, meanings
from labeling.suggesting.order import Shares
from labeling.suggesting.suggest import Parts, suggest
from training.head import fit_head


def parts(folder: Path, **changes: Any) -> Parts:
    made = Parts(
        models_dir=folder / "models",
        cache_dir=folder / "cache",
        learn=fit_head,
        active=None,
        shares=Shares(),
        zone=LONDON,
    )
    return replace(made, **changes)


def task(kind: TaskKind, *names: str) -> Task:
    return Task(name="t", kind=kind, classes=tuple(TaskClass(code=f"code of {n}", name=n) for n in names))


def card(mode: TaskMode, *classes: str) -> ModelCard:
    return ModelCard(
        name="m", version="1", task="t", mode=mode, classes=classes, preprocessing=Preprocessing(size=224),
        thresholds=dict.fromkeys(classes, 0.5),
    )  # fmt: skip


def logits(*p: float) -> Any:
    return np.log(np.array(p, dtype=np.float32))


def test_what_a_single_model_says_in_the_words_of_the_task() -> None:
    hens_and_foxes = task(TaskKind.SINGLE, "hen", "fox")
    meaning = meanings(card(TaskMode.SINGLE, "hen", "fox", "car", "house"), hens_and_foxes)
    assert meaning == {"hen": "code of hen", "fox": "code of fox", "car": "none", "house": "none"}
    found = answer(
        card(TaskMode.SINGLE, "hen", "fox", "car", "house"),
        hens_and_foxes,
        meaning,
        logits(0.35, 0.05, 0.3, 0.3),
    )
    assert (found.value, found.runner_up) == ("none", "code of hen")  # what it lacks counts together
    assert found.confidence == pytest.approx(0.6)
    made = found.suggestion("p", "m 1")
    assert made.margin == pytest.approx(0.25)
    assert meanings(card(TaskMode.SINGLE, "car", "house"), hens_and_foxes) == {}
    assert meanings(card(TaskMode.MULTI, "hen", "fox"), hens_and_foxes) == {}


def test_what_a_multi_model_says() -> None:
    colours = task(TaskKind.MULTI, "brown", "white")
    of = card(TaskMode.MULTI, "brown", "white", "black")
    odds = np.log(np.array([0.9 / 0.1, 0.6 / 0.4, 0.8 / 0.2], dtype=np.float32))
    found = answer(of, colours, meanings(of, colours), odds)
    assert (found.value, found.runner_up) == ("code of brown|code of white", "code of brown")
    assert found.confidence == pytest.approx(0.54)
    assert found.runner_up_confidence == pytest.approx(0.36)


def test_what_a_count_model_says() -> None:
    nest = task(TaskKind.COUNT, "eggs", "hens")
    of = card(TaskMode.COUNT, "eggs=0", "eggs=1", "eggs=2", "hens=0", "hens=1")
    found = answer(of, nest, meanings(of, nest), logits(0.2, 0.7, 0.1, 0.1, 0.9))
    assert (found.value, found.runner_up) == (
        "code of eggs=1|code of hens=1",
        "code of eggs=0|code of hens=1",
    )
    assert found.confidence == pytest.approx(0.63)
    assert found.runner_up_confidence == pytest.approx(0.18)


def test_the_starter_matches_kinds_by_name() -> None:
    kinds = task(TaskKind.SINGLE, "hen", "cat", "fox", "gnome")
    meaning = meanings(starter_card(), kinds)
    assert meaning["hen"] == "code of hen" and meaning["vehicle"] == "none"


def test_embeddings_outlive_a_crash_and_a_damaged_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    vectors = {f"picture-{n}": rng.normal(size=16).astype(np.float32) for n in range(5)}
    cache = EmbeddingCache(tmp_path, "starter kinds 1")
    asked = []

    def embed(file: Path) -> Any:
        asked.append(file.name)
        return vectors.get(file.name)

    wanted = [(key, Path(key)) for key in vectors] + [("unreadable", Path("unreadable"))]
    assert list(fill(cache, wanted, embed)) == [1, 2, 3, 4, 5, 6]
    again = EmbeddingCache(tmp_path, "starter kinds 1")
    assert again.missing(key for key, _ in wanted) == ["unreadable"]
    kept = again.get(list(vectors))
    assert np.abs(kept - np.stack(list(vectors.values()))).max() < 2e-3
    assert list(fill(again, wanted, embed)) and asked[6:] == ["unreadable"]
    assert EmbeddingCache(tmp_path, "other 1").missing(["picture-1"]) == ["picture-1"]
    (file,) = tmp_path.glob("*/*.npy")
    (file.parent / ".half.tmp").write_bytes(b"half")  # what a crash leaves
    file.write_bytes(file.read_bytes()[:100])
    with caplog.at_level(logging.WARNING):
        assert len(EmbeddingCache(tmp_path, "starter kinds 1")) == 0
    assert "computed again" in caplog.text and not file.exists()


def test_many_small_files_become_one(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "m 1")
    for n in range(45):
        cache.add({f"picture-{n}": np.full(4, n, dtype=np.float32)})
    cache.compact()
    assert len(list(tmp_path.glob("*/*.npy"))) == 1
    assert EmbeddingCache(tmp_path, "m 1").get(["picture-44", "picture-3"])[:, 0].tolist() == [44, 3]


def test_a_number_that_looks_like_chance_and_is_none() -> None:
    numbers = [hashed("kinds", f"visit-{n}", "audit") for n in range(4000)]
    assert numbers == [hashed("kinds", f"visit-{n}", "audit") for n in range(4000)]
    assert all(0 <= number < 1 for number in numbers)
    assert np.histogram(numbers, bins=10, range=(0, 1))[0].min() > 330
    other = [hashed("kinds", f"visit-{n}", "random") for n in range(4000)]
    assert abs(float(np.corrcoef(numbers, other)[0, 1])) < 0.05


def test_nobody_is_judged_by_a_head_that_saw_their_visit() -> None:
    """Features that name the visit and nothing else: whoever has seen the visit would always be right."""
    rng = np.random.default_rng(2)
    visits = [n // 4 for n in range(120)]
    of_visit = rng.integers(0, 2, 30)
    features = np.eye(30, dtype=np.float32)[visits]
    taught = Lesson(
        pictures=tuple(f"p{n}" for n in range(120)),
        values=tuple("ab"[of_visit[visit]] for visit in visits),
        visits=tuple(f"v{visit}" for visit in visits),
    )
    classes, p = out_of_fold(features, taught, fit_head)
    right = np.mean([classes[row.argmax()] == value for row, value in zip(p, taught.values, strict=True)])
    assert right < 0.75
    assert p.sum(axis=1) == pytest.approx(np.ones(120))


@pytest.fixture(scope="module")
def nestcam(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Any:
    """The nest camera's pictures with half of their visits labelled, and suggestions for the rest."""
    folder = tmp_path_factory.mktemp("nestcam")
    with Store.open(f"sqlite:///{folder}/coop.db", folder / "media") as store:
        bring_in(store, test_data / "nestcam" / "labels.csv", task="nest")
        truth = store.current_labels("nest")
        lines = store.survey("nest")
        opened = [line for line in lines if hashed(line.visit, "test") < 0.5]
        back = [
            Label(
                picture=line.picture, task="nest", value="", who="import", at=NOON, how="undo", batch="back"
            )
            for line in opened
        ]
        store.add_labels(back)
        yield store, truth, {line.picture for line in opened}, folder


@pytest.mark.timeout(300)
def test_a_task_that_no_model_knows_learns_from_its_labels(nestcam: Any) -> None:
    store, truth, opened, folder = nestcam
    nest = store.task("nest")
    done = suggest(store, nest, parts(folder), silent)
    assert done.model is not None and done.model.startswith("quick-head ")
    assert done.suggested == len(opened) and done.unreadable == 0
    lines = {line.picture: line for line in store.survey("nest")}
    made = {key: line.suggested for key, line in lines.items() if line.suggested is not None}
    assert set(made) == opened
    right = np.mean([truth[key] == value for key, value in made.items()])
    assert right > 0.5  # of four values; the commonest is 41 % of them
    reasons = {turn.reason for turn in store.turns("nest").values() if turn.open}
    assert "unsure" in reasons
    # What a picture was suggested before its label stays, for the audit; nothing else is computed again.
    assert suggest(store, nest, parts(folder), silent).suggested == 0
    one = sorted(opened)[0]
    store.add_label(
        Label(picture=one, task="nest", value="none", who="Anna", at=moment(1), how="visit", batch="b9")
    )
    before = {line.picture: line for line in store.survey("nest")}[one].suggested
    suggest(store, nest, parts(folder), silent)
    after = {line.picture: line for line in store.survey("nest")}[one]
    assert after.suggested == before and after.value == "none"


@pytest.mark.timeout(300)
def test_clusters_of_real_pictures_and_a_split(nestcam: Any) -> None:
    store, truth, _, folder = nestcam
    nest = store.task("nest")
    made = make_clusters(store, nest, parts(folder), NOON, silent, everything=True)
    assert made.pictures == len(truth)
    found = store.clusters("nest")
    assert len(found) == made.clusters and 4 <= made.clusters <= 16
    of = [Counter(truth[key] for key in cluster.pictures) for cluster in found]
    assert sum(max(counts.values()) for counts in of) / len(truth) > 0.55  # 41 % without any grouping
    largest = max(found, key=lambda c: len(c.pictures))
    first, second = split(store, nest, folder / "cache", largest.id, moment(1))
    assert sorted(first.pictures + second.pictures) == sorted(largest.pictures)
    assert store.unmerge_cluster("nest", first.id, moment(2))[0].pictures == largest.pictures


@pytest.mark.timeout(300)
def test_the_starter_suggests_kinds(store: Store, tmp_path: Path, test_data: Path) -> None:
    kinds = Task(
        name="kinds",
        kind=TaskKind.SINGLE,
        classes=tuple(TaskClass(code=name, name=name) for name in ("cat", "dog", "hen")),
    )
    store.add_task(kinds, "Anna", NOON)
    folder = tmp_path / "few"
    cats = sorted((test_data / "catdog").rglob("*.jpg"))
    for n, file in enumerate([*cats[:6], *cats[-6:]]):
        target = folder / file.parent.name / f"{n}{file.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    bring_in(store, folder, task="kinds")
    done = suggest(store, store.task("kinds"), parts(tmp_path, zone=UTC), silent)
    assert done.model == "starter-kinds 1"
    lines = store.survey("kinds")
    assert len({line.suggested for line in lines}) >= 1
    assert {line.suggested for line in lines} <= {"cat", "dog", "hen", "none", None}


def test_a_lesson_takes_some_of_each_visit_and_leaves_doubt_out(store: Store, test_data: Path) -> None:
    bring_in(store, test_data / "nestcam" / "labels.csv", task="nest")
    lines = store.survey("nest")
    taught = lesson(lines, store.task("nest"))
    assert taught.is_enough and len(taught.pictures) < len(lines)
    some = [replace(line, value="unsure") if n % 2 else line for n, line in enumerate(lines)]
    assert "unsure" not in lesson(some, store.task("nest")).values
    assert not lesson([], store.task("nest")).is_enough
