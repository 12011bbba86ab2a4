"""From labels to models, and how good those are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from coop.cli.common import ConfigOption, console

if TYPE_CHECKING:  # `coop --help` answers before any of it is loaded
    from coop.classify.package import ModelPackage
    from coop.domain.dataset import DatasetVersion
    from coop.store.store import Store
    from training.yardsticks import Human

_DIGITS = "digits"


class Sampler(StrEnum):
    """How a search chooses what it tries next: by what went well before, or by chance."""

    BAYESIAN = "bayesian"
    RANDOM = "random"


def train(
    task: Annotated[
        str | None,
        typer.Argument(help="The task to learn, such as hens: its newest dataset version, unless --data."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Instead of a dataset version: a CSV (path,label,group), or class folders."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --data: the model package to write, a folder that is not there.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="This dataset version, not the newest.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, other variations of the pictures.")] = 0,
    sheet: Annotated[
        Path | None,
        typer.Option(help="A PNG to write: pictures and their variations, as the network gets them."),
    ] = None,
    fine_tune: Annotated[
        bool | None,
        typer.Option(help="Tune the network itself, not its head alone. Unasked: from 40 to 600 pictures."),
    ] = None,
    cells: Annotated[
        bool | None,
        typer.Option(help="A head that looks cell by cell. Unasked: sets of labels, one fixed camera."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How often the pictures are looked at in tuning: 14 times.")
    ] = None,
    backbone: Annotated[
        str,
        typer.Option(
            help="efficientnet-lite0, 1 or 2 (extra backbones), or to be tuned any of keras.applications."
        ),
    ] = "efficientnet-lite0",
    precision: Annotated[
        float,
        typer.Option(
            min=0.5,
            max=0.999,
            help="The share of its sure answers that shall be right: below that sureness it says unknown.",
        ),
    ] = 0.95,
    live: Annotated[
        bool, typer.Option("--live", help="A local page that shows how the tuning of a network goes.")
    ] = False,
    film: Annotated[Path | None, typer.Option(help="An MP4 to write of what that page shows.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="A folder for TensorBoard's logs (extra tensorboard).")
    ] = None,
    loss: Annotated[
        str,
        typer.Option(
            help="cross-entropy, focal, class-balanced; for identity arcface or sub-centre-arcface."
        ),
    ] = "cross-entropy",
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Hold out each group once, in so many parts, and write what was said of it."
        ),
    ] = None,
    ensemble: Annotated[
        int | None,
        typer.Option(min=2, help="Tune so many networks, and distil them into one, kept if proved better."),
    ] = None,
    pseudo_labels: Annotated[
        bool,
        typer.Option(
            "--pseudo-labels", help="Learn from unlabelled pictures too (30% at most), if proved better."
        ),
    ] = False,
    unlabelled: Annotated[
        Path | None, typer.Option(help="A folder of them; else those of the data folder.")
    ] = None,
    mixed: Annotated[
        bool | None,
        typer.Option("--mixed-precision/--no-mixed-precision", help="16-bit numbers. Unasked: with a GPU."),
    ] = None,
    search: Annotated[
        bool, typer.Option("--search", help="Seek better settings first; --quick: rate and variations only.")
    ] = False,
    trials: Annotated[
        int | None, typer.Option(min=2, help="Settings tried by --search: 30, with --quick 12.")
    ] = None,
    sampler: Annotated[
        Sampler, typer.Option(help="How --search chooses what to try next.")
    ] = Sampler.BAYESIAN,
    drop_search: Annotated[
        bool, typer.Option("--drop-search", help="Forget what a search found for this task.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Digits only: so many runs of each rung; 5, with --quick 2.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="With --search, or digits: in minutes.")] = False,
    rung: Annotated[list[str] | None, typer.Option(help="Digits only: this rung; several times.")] = None,
    config: ConfigOption = None,
) -> None:
    """Learn from labelled pictures: a linear head on the starter network, in a minute, without TensorFlow.

    Sets of labels by one fixed camera are looked at cell by cell, in some minutes. Else, where TensorFlow is
    installed, the network itself is tuned, and kept if it is better than the head. A run that was stopped
    goes on with the same command. What helps is decided on days or visits held out. From a dataset version
    the new model goes to work by itself, if it has more of the held-out pictures right than the one at work.

    `coop train digits --data DIR` is the trainer's own test: the ladder of handwritten digits, from the four
    idx files of MNIST, its table and figure written to --out (digits-ladder).
    """
    if task == _DIGITS and data is not None and not data.is_file():
        _climb(data, out, seeds=seeds, quick=quick, rungs=rung or ())
        return
    if seeds is not None or (quick and not search) or rung:
        raise typer.BadParameter(
            "--seeds and --rung belong to: coop train digits --data DIR; --quick to that or to --search"
        )
    from coop.assembly import utc_now
    from coop.data_lock import TrainingLock
    from coop.nightly import never_lose, stand_in
    from coop.places import make_data_dir, models_dir, open_store
    from coop.settings import load_settings
    from training.beyond import Beyond
    from training.choices import Choices
    from training.command import train_on_file, train_task
    from training.labelled import unlabelled_in
    from training.losses_by_name import loss_named

    if (data is None) != (out is None) or (data is None and task is None) or (data and version):
        raise typer.BadParameter("give a TASK (and --version), or --data and --out")
    if pseudo_labels and data is not None and unlabelled is None:
        raise typer.BadParameter("--pseudo-labels with --data needs the pictures: --unlabelled DIR")
    if trials is not None and not search:
        raise typer.BadParameter("--trials belongs to --search")
    beyond = Beyond(
        loss=loss_named(loss),
        folds=folds or 1,
        members=ensemble or 1,
        pseudo=pseudo_labels or unlabelled is not None,
        unlabelled=unlabelled_in(unlabelled) if unlabelled is not None else (),
        mixed=mixed,
        search=search,
        trials=trials,
        by=sampler,
        quick=quick,
        drop_search=drop_search,
    )
    if fine_tune is False and beyond.tunes:
        raise typer.BadParameter(
            "--no-fine-tune excludes --search, --folds, --ensemble, --pseudo-labels, --loss"
        )
    settings = load_settings(config)
    models, choices = (
        models_dir(settings),
        Choices(
            seed=seed,
            sheet=sheet,
            fine_tune=fine_tune,
            epochs=epochs,
            cells=cells,
            backbone=backbone,
            live=live,
            film=film,
            tensorboard=tensorboard,
            precision=precision,
            beyond=beyond,
        ),
    )
    if data is not None and out is not None:
        train_on_file(data, out, models, console, task=task, choices=choices)
    elif task is not None:
        make_data_dir(settings)
        with TrainingLock(settings.data_dir), open_store(settings) as store:
            train_task(
                store, task, models, console, utc_now, version=version, choices=choices,
                never_lose=never_lose(task, settings), stand_in=stand_in(task, settings),
                human=_human(store, task),
            )  # fmt: skip


def _human(store: Store, name: str) -> Human | None:
    """How good a person is at a task, where enough was labelled twice."""
    from labeling.quality.doubles import human_baseline
    from training.yardsticks import Human

    found = human_baseline(store, store.task(name)).accuracy
    if found.value is None:
        return None
    return Human(accuracy=found.value, interval=(found.low, found.high), n=found.n)


def _climb(data: Path, out: Path | None, *, seeds: int | None, quick: bool, rungs: Sequence[str]) -> None:
    """The ladder of digits; a quick one has a folder of its own, since its runs are others."""
    from training.choices import need_tensorflow

    need_tensorflow("The ladder of digits", "")
    from training.digits.ladder import QUICK_SEEDS, SEEDS, climb

    folder = out or Path("digits-ladder-quick" if quick else "digits-ladder")
    climb(data, folder, console, seeds=seeds or (QUICK_SEEDS if quick else SEEDS), quick=quick, only=rungs)


def nightly(config: ConfigOption = None) -> None:
    """Learn from new labels, as coop-nightly.timer does each night: only where enough have come.

    A new model goes to work if it has more of the held-out days right than the one at work; keepers get a
    message with both figures and a button that goes back. A run that was stopped is gone on with. It gives
    way to everything else on the box. `coop check` says what is due.
    """
    from coop.assembly import utc_now
    from coop.commands.nightly import run_nightly
    from coop.nightly import Teacher
    from coop.places import open_store
    from coop.settings import load_settings
    from coop.tuning import has_memory
    from labeling.commands.versions import version_at_night
    from training.choices import Choices
    from training.command import free_name, learn_version, unnamed_tracks
    from training.judging import judge

    settings = load_settings(config)
    choices = Choices(most_tuned=settings.training.tune_at_most if has_memory() else 0)

    def learn(dataset: DatasetVersion, package: Path, other: Path | None) -> ModelPackage:
        with open_store(settings) as store:
            taught = replace(choices, unnamed=unnamed_tracks(store, dataset))
        return learn_version(dataset, package, Console(quiet=True), taught, other=other)

    teacher = Teacher(
        version=lambda store, task: version_at_night(store, task, settings, utc_now()),
        free_name=free_name,
        learn=learn,
        judge=judge,
    )
    run_nightly(settings, teacher, utc_now)


def evaluate(
    package: Annotated[Path, typer.Argument(help="The folder of a model package.")],
    data: Annotated[
        Path,
        typer.Option(
            help="Labelled pictures: a CSV (path,label,group), or a folder with a folder for each class."
        ),
    ],
    json_file: Annotated[Path | None, typer.Option("--json", help="A file for all figures.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="A folder for a page with everything drawn, the worst errors first to look at."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another model package, to be compared on the same pictures.")
    ] = None,
    tta: Annotated[
        bool, typer.Option("--tta", help="Ask each picture several times too, varied, and give both figures.")
    ] = False,
) -> None:
    """Say how good a model is on labelled pictures: how often it is right, for which classes, on which days.

    Give it days that it was not trained on: neighbouring pictures are copies of each other.
    """
    from training.evaluating import Wanted, run_evaluation

    run_evaluation(
        package, data, Wanted(json_file=json_file, report=report, against=against, tta=tta), console
    )
