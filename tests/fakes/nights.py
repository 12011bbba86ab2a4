"""A night's learning with a teacher that is quick, and one that dies on the way.

As a program, `python -m fakes.nights FOLDER`: for each of `POINTS` a copy of FOLDER/start is learned from by
a process that is killed there (kill -9), and then by one that is not. It prints, one JSON object a line, how
each ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from fakes.records import NOON, moment, new_picture

from coop import nightly
from coop.addressees import Addressees
from coop.classify.card import ModelCard, Preprocessing
from coop.classify.package import ModelPackage, write_package
from coop.classify.tflite_writer import GraphWriter
from coop.commands.nightly import run_nightly
from coop.domain.dataset import DatasetVersion, Part
from coop.domain.findings import Findings
from coop.domain.label import Label
from coop.domain.task import Task, TaskClass, TaskKind
from coop.domain.training import Verdict
from coop.nightly import Nightly, Teacher
from coop.places import models_dir
from coop.settings import Settings, load_settings
from coop.store import trainings
from coop.store.store import Store
from labeling.commands.versions import version_at_night
from training.command import free_name

POINTS = (
    "before the version", "after the version", "begun", "half learned", "learned", "judged", "half ended",
    "ended",
)  # fmt: skip
TASK = "hens"
DAY_S = 86_400


def labelled(store: Store, days: int = 8, each: int = 6, first: int = 0) -> None:
    """Crops of two hens on some days, and what somebody said that they are."""
    classes = (TaskClass(code="Ada", name="Ada"), TaskClass(code="Berta", name="Berta"))
    if TASK not in {task.name for task in store.tasks()}:
        store.add_task(Task(name=TASK, kind=TaskKind.SINGLE, classes=classes), "Anna", NOON)
    pictures, labels = [], []
    for n in range(days * each):
        number, time = first + n, moment(n // each * DAY_S + n % each * 1000)
        grey = np.full((48, 64, 3), (number * 7) % 251, np.uint8)
        data = cv2.imencode(".jpg", grey)[1].tobytes() + number.to_bytes(2, "big")
        pictures.append(new_picture(number, time=time, data=data))
        said = classes[number % 2].code
        labels.append(
            Label(picture=pictures[-1].key, task=TASK, value=said, who="Anna", at=time, how="visit")
        )
    store.record(Findings(pictures=tuple(pictures)), NOON)
    store.add_labels(labels)


def package(
    folder: Path, classes: tuple[str, ...] = ("Ada", "Berta", "none"), task: str = TASK
) -> ModelPackage:
    """A small network that knows nothing, as a whole package."""
    graph = GraphWriter("constant")
    x = graph.scale(graph.cast_to_float(graph.picture_input("image", 32)), 1 / 255)
    network = graph.finish({"logits": graph.average_over_picture(x, "logits")})
    card = ModelCard(
        name=task, version=folder.name.removeprefix(f"{task}-"), task=task, classes=classes,
        preprocessing=Preprocessing(size=32), thresholds=dict.fromkeys(classes, 0.9),
    )  # fmt: skip
    return write_package(folder, card, network)


def judge(dataset: DatasetVersion, new: Path, other: Path | None, keep: Collection[str]) -> Verdict:
    """The new one is always better, and so it is told of pictures that are really held out."""
    assert ModelPackage.load(new)
    held = dataset.part(Part.TEST)
    return Verdict(right=0.95, before=0.81, pictures=len(held), days=len({item.day for item in held}))


def teacher(
    settings: Settings, at: Callable[[str], None] = lambda point: None, judge: object = judge
) -> Teacher:
    """Versions are real; learning is writing a package. ``at`` hears of each point that is reached."""

    def version(store: Store, task: str) -> DatasetVersion:
        at("before the version")
        made = version_at_night(store, task, settings, datetime.now(UTC))
        at("after the version")
        return made

    def learn(dataset: DatasetVersion, folder: Path, other: Path | None) -> None:
        halves = (folder.parent / ".training-draft", folder.parent / f".{folder.name}.x1y2.tmp")
        for half in halves:
            half.mkdir()
        at("half learned")
        for half in halves:
            half.rmdir()
        package(folder)
        at("learned")

    def judged(dataset: DatasetVersion, new: Path, other: Path | None, keep: Collection[str]) -> Verdict:
        verdict: Verdict = judge(dataset, new, other, keep)  # type: ignore[operator]
        at("judged")
        return verdict

    return Teacher(version=version, free_name=free_name, learn=learn, judge=judged)


def a_night(store: Store, settings: Settings, judge: object = judge, **more: object) -> None:
    """One night in this process."""
    models_dir(settings).mkdir(parents=True, exist_ok=True)
    addressees = Addressees(settings=settings, store=store, clock=lambda: datetime.now(UTC))
    Nightly(
        settings=settings, store=store, teacher=teacher(settings, judge=judge), addressees=addressees,
        clock=lambda: datetime.now(UTC),
    ).run()  # fmt: skip


def _die_at(point: str) -> Callable[[str], None]:
    """Kills this process at a point, and inside the last transaction or right after it."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def at(reached: str) -> None:
        if reached == point:
            die()

    if point == "begun":
        begin = Store.begin_training
        Store.begin_training = lambda *a, **k: (begin(*a, **k), die())[0]  # type: ignore[method-assign]
    if point == "half ended":
        trainings.queue_messages = lambda *_: die()  # type: ignore[assignment]
    if point == "ended":
        nightly.Nightly._prune = lambda *_: die()  # type: ignore[assignment, method-assign]
    return at


def _child(folder: Path, point: str) -> dict[str, int]:
    """A forked process learns, and dies at ``point`` if that is one; how it ended, and how nice it was."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        settings = load_settings(folder / "coop.toml")
        run_nightly(settings, teacher(settings, _die_at(point)), lambda: datetime.now(UTC))
        os.write(write, str(os.getpriority(os.PRIO_PROCESS, 0)).encode())
        os._exit(0)
    os.close(write)
    nice = os.read(read, 10)
    os.close(read)
    return {"status": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "nice": int(nice or b"-1")}


def main(folder: Path) -> None:
    for point in POINTS:
        own = folder / point.replace(" ", "-")
        shutil.copytree(folder / "start", own)
        killed, again = _child(own, point), _child(own, "")
        print(json.dumps({"point": point, "killed": killed, "again": again}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
