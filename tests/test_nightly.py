"""Learning at night: from enough new labels, only what is better, told once, and whole after any kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.nights import POINTS, TASK, a_night, judge, labelled, package

from coop.classify.starter import STARTER_FOLDER
from coop.data_lock import TrainingLock, TrainingUnderWay
from coop.domain.chat import Preferences
from coop.domain.dataset import DatasetVersion
from coop.domain.training import Outcome, Training, Verdict
from coop.errors import StoreError
from coop.nightly import JOB, MOST_ATTEMPTS, never_lose, stand_in
from coop.places import models_dir, open_store
from coop.settings import Settings, load_settings
from coop.store.store import Store

TOKEN = "123456789:" + "a" * 35
KEEPER, RUSSIAN = 11, 13
SETTINGS = f"""
data_dir = "data"
timezone = "UTC"
[telegram]
token = "{TOKEN}"
chats = [{KEEPER}, {RUSSIAN}, -100]
[training]
tasks = ["hens"]
"""


def written(folder: Path) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "coop.toml").write_text(SETTINGS)
    return load_settings(folder / "coop.toml")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return written(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        opened.set_preferences(Preferences(chat=str(RUSSIAN), language="ru"))
        yield opened


def told(store: Store) -> dict[str, str]:
    """The waiting messages by their chats; a chat has one at most."""
    due = store.due(datetime.now(UTC))
    found = {item.notification.chat: item.notification.text for item in due}
    assert len(found) == len(due)
    return found


def last(store: Store, task: str = TASK) -> Training:
    return store.trainings(task)[0]


def test_a_better_model_goes_to_work_and_every_keeper_hears_of_it_once(
    store: Store, settings: Settings
) -> None:
    labelled(store, each=10)
    package(models_dir(settings) / "hens-0")
    store.activate(TASK, "hens-0", datetime.now(UTC))
    a_night(store, settings)
    assert (store.active(TASK), store.previous(TASK)) == ("hens-1", "hens-0")
    assert (last(store).outcome, last(store).attempts, last(store).version) == (Outcome.PROMOTED, 1, 1)
    messages = told(store)
    assert set(messages) == {str(KEEPER), str(RUSSIAN)}, "the group only looks"
    assert "🎓 <b>The hens: 81% → 95% right</b>" in messages[str(KEEPER)]
    assert "hens-1 is at work instead of hens-0." in messages[str(KEEPER)]
    assert "Куры: верно 81 % → 95 %".replace(" ", "\xa0") in messages[str(RUSSIAN)].replace(" ", "\xa0")
    buttons = [item.notification.buttons[0][0] for item in store.due(datetime.now(UTC))]
    assert [button.text for button in buttons] == ["⏪ hens-0"] * 2
    a_night(store, settings)
    assert len(store.trainings(TASK)) == 1, "nothing new, nothing to learn"
    assert store.last_run(JOB) is not None


def test_only_from_enough_new_labels(store: Store, settings: Settings) -> None:
    labelled(store, each=6)  # 48 of 50
    a_night(store, settings)
    assert store.trainings(TASK) == () and store.datasets(TASK) == ()
    labelled(store, days=1, each=2, first=100)
    a_night(store, settings)
    assert last(store).outcome is Outcome.KEPT, "too few are held out to judge by"
    assert store.new_labels(TASK) == 0
    labelled(store, each=7, first=200)
    assert store.new_labels(TASK) == 56
    a_night(store, settings)
    assert (store.active(TASK), store.previous(TASK)) == ("hens-2", "")
    assert "hens-2 is at work." in told(store)[str(KEEPER)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"right": 0.81}, ""),
        ({"pictures": 9}, "only 9 pictures are held out to judge by"),
        ({"lacks": ("fox",)}, "it does not know fox"),
    ],
)
def test_what_is_not_surely_better_stays_out_of_work_and_is_not_told(
    store: Store, settings: Settings, change: dict[str, Any], reason: str
) -> None:
    labelled(store, each=10)
    a_night(store, settings, judge=lambda *given: replace(judge(*given), **change))
    assert store.active(TASK) is None
    assert (last(store).outcome, last(store).reason) == (Outcome.KEPT, reason)
    assert told(store) == {}


def test_what_cannot_be_learned_is_noted_and_tried_again_only_with_more_labels(
    store: Store, settings: Settings
) -> None:
    def fails(*given: object) -> Verdict:
        raise StoreError("all 60 pictures are 'Ada'")

    labelled(store, each=10)
    a_night(store, settings, judge=fails)
    assert (last(store).outcome, last(store).reason) == (Outcome.FAILED, "all 60 pictures are 'Ada'")
    a_night(store, settings)
    assert len(store.trainings(TASK)) == 1


def test_another_model_that_goes_to_work_meanwhile_is_judged_against(
    store: Store, settings: Settings
) -> None:
    labelled(store, each=10)
    package(models_dir(settings) / "hens-0")
    rivals = []

    def judging(dataset: DatasetVersion, new: Path, other: Path | None, keep: Collection[str]) -> Verdict:
        rivals.append(other and other.name)
        store.activate(TASK, "hens-0", datetime.now(UTC))  # while the pictures were looked at
        return judge(dataset, new, other, keep)

    a_night(store, settings, judge=judging)
    assert rivals == [None, "hens-0"]
    assert (store.active(TASK), store.previous(TASK)) == ("hens-1", "hens-0")


def test_a_training_that_is_always_broken_off_is_given_up_and_told(store: Store, settings: Settings) -> None:
    labelled(store, each=10)
    for _ in range(MOST_ATTEMPTS):
        store.begin_training(TASK, 1, "hens-1", store.newest_label_of(TASK), "nightly", datetime.now(UTC))
    a_night(store, settings)
    assert (last(store).outcome, store.active(TASK)) == (Outcome.FAILED, None)
    assert f"Learning was broken off {MOST_ATTEMPTS} times: the hens" in told(store)[str(KEEPER)]


def test_the_fox_is_never_lost_and_the_starter_is_what_kinds_are_compared_with(settings: Settings) -> None:
    assert "fox" in never_lose("kinds", settings) and "dog" in never_lose("kinds", settings)
    assert never_lose("hens", settings) == ()
    assert stand_in("kinds", settings) == STARTER_FOLDER
    assert stand_in("hens", settings) == ""
    off = settings.model_copy(update={"classify": settings.classify.model_copy(update={"starter": False})})
    assert stand_in("kinds", off) == ""


def test_a_model_that_the_settings_name_is_left_alone(store: Store, settings: Settings) -> None:
    labelled(store, each=10)
    named = settings.classify.model_copy(update={"packages": {TASK: models_dir(settings) / "mine"}})
    a_night(store, settings.model_copy(update={"classify": named}))
    assert store.trainings(TASK) == ()


def test_old_packages_go_but_never_one_that_is_used(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coop.nightly.PACKAGES_KEPT", 1)
    package(models_dir(settings) / "hens-by-hand")
    for night in range(4):
        labelled(store, each=7, first=100 * night)
        a_night(store, settings)
    left = sorted(folder.name for folder in models_dir(settings).glob("hens-*"))
    assert left == ["hens-2", "hens-3", "hens-4", "hens-by-hand"]


def test_one_training_at_a_time(settings: Settings) -> None:
    settings.data_dir.mkdir()
    with TrainingLock(settings.data_dir), pytest.raises(TrainingUnderWay, match="a training is under way"):
        TrainingLock(settings.data_dir)


@pytest.mark.timeout(900)
def test_killed_anywhere_the_next_start_makes_the_record_whole(tmp_path: Path) -> None:
    settings = written(tmp_path / "start")
    with open_store(settings) as store:
        labelled(store, each=10)
        package(models_dir(settings) / "hens-0")
        store.activate(TASK, "hens-0", datetime.now(UTC))
    command = [sys.executable, "-m", "fakes.nights", str(tmp_path)]
    tests = Path(__file__).resolve().parent
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tests.parent, timeout=800,
        env=os.environ | {"PYTHONPATH": str(tests)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["point"] for one in found] == list(POINTS)
    assert [one["killed"]["status"] for one in found] == [-9] * len(POINTS)
    assert [one["again"] for one in found] == [{"status": 0, "nice": 19}] * len(POINTS)
    for point in POINTS:
        own = load_settings(tmp_path / point.replace(" ", "-") / "coop.toml")
        with open_store(own) as store:
            assert (store.active(TASK), store.previous(TASK)) == ("hens-1", "hens-0"), point
            (training,) = store.trainings(TASK)
            assert training.outcome is Outcome.PROMOTED, point
            assert len(store.datasets(TASK)) == 1, point
            assert set(told(store)) == {str(KEEPER), str(RUSSIAN)}, point
        left = sorted(entry.name for entry in models_dir(own).iterdir())
        assert left == ["hens-0", "hens-1"], point
