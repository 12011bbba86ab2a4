"""Beyond one fit, as `coop train` is asked for it: searches, folds, ensembles, pseudo-labels, losses."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from coop.classify.package import report_folder
from coop.errors import CoopError
from training.evaluating import bars, say
from training.found import Found, file_of, journal_of, read_found, write_found
from training.labelled import Example, LabelledDataError, LabelledSet
from training.losses_by_name import LossName

if TYPE_CHECKING:
    from coop.store.store import Store
    from training.finetune import Tuned
    from training.fitting import FitPlan
    from training.outside import OutOfFold
    from training.search import Searched

OUT_OF_FOLD = "out-of-fold.csv"
TRIALS_PICTURE = "search.png"


class SearchExtraError(CoopError, RuntimeError):
    """A search without what it needs."""

    def __init__(self) -> None:
        super().__init__(
            "--search needs Optuna, which is not installed. Install it with pip install 'neurocoop[train]', "
            "or leave --search out"
        )


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """What is asked for beside one fit. ``folds`` of the groups, each held out once; ``members`` of an
    ensemble; ``unlabelled`` pictures to learn from too; ``mixed``: 16-bit numbers, None where the machine
    decides. ``search``: settings are sought first, ``trials`` of them (None: as many as usual), chosen
    ``by`` what went well or by chance, ``quick`` or all of them; ``drop_search``: it is forgotten.
    """

    folds: int = 1
    members: int = 1
    pseudo: bool = False
    unlabelled: tuple[Example, ...] = ()
    loss: LossName = LossName.CROSS_ENTROPY
    mixed: bool | None = None
    search: bool = False
    drop_search: bool = False
    quick: bool = False
    trials: int | None = None
    by: str = "bayesian"

    @property
    def tunes(self) -> bool:
        """Whether any of it needs a network to be tuned."""
        usual = {field.name: field.default for field in fields(Beyond)}
        asked = {name for name in usual if getattr(self, name) != usual[name]}
        return bool(asked - {"drop_search", "mixed", "quick", "trials", "by"})


def with_unlabelled(beyond: Beyond, store: Store, task: str) -> Beyond:
    """With the pictures of the data folder that nobody labelled, where pseudo-labels are asked for and no
    others were named. They belong to the groups that a dataset version puts them in, so that those of days
    held out can be left alone. Raises LabelledDataError where there are none."""
    if not beyond.pseudo or beyond.unlabelled:
        return beyond
    lines = [line for line in store.survey(task) if line.value is None and line.file.is_file()]
    if not lines:
        raise LabelledDataError(
            Path(task),
            "it has no unlabelled pictures to make pseudo-labels of",
            "Name a folder: --unlabelled DIR",
        )
    examples = [
        Example(
            path=line.file,
            answer=frozenset(),
            group=line.visit if line.day is None else line.day.isoformat(),
            picture=line.picture,
        )
        for line in lines
    ]
    return replace(beyond, unlabelled=tuple(examples))


def planned(
    plan: FitPlan, pictures: LabelledSet, recipe: str, network: str,
    models: Path, task: str, beyond: Beyond, console: Console,
) -> FitPlan:  # fmt: skip
    """The plan with what is asked for, and with what a search found for the task, now or before.

    Raises FoundSettingsError, or SearchExtraError.
    """
    plan = replace(plan, loss=beyond.loss, mixed=_mixed(beyond.mixed))
    if beyond.search:
        _search(plan, pictures, recipe, network, models, task, beyond, console)
    found = read_found(file_of(models, task))
    if found is not None:
        say(console, f"Settings found for {task}: {found.sentence} ({file_of(models, task)}). "
                     "--drop-search forgets them.")  # fmt: skip
        plan = found.applied(plan)
    return plan


def _mixed(asked: bool | None) -> bool:
    """16-bit numbers, unasked, only where a graphics card is: on processors they were slower (see README)."""
    if asked is not None:
        return asked
    import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return bool(tf.config.list_physical_devices("GPU"))


def _search(
    plan: FitPlan, pictures: LabelledSet, recipe: str, network: str,
    models: Path, task: str, beyond: Beyond, console: Console,
) -> None:  # fmt: skip
    if importlib.util.find_spec("optuna") is None:
        raise SearchExtraError
    from training.report.trials import draw_trials
    from training.search import QUICK_TRIALS, TRIALS, Sampler, Search, search

    asked = Search(
        trials=beyond.trials or (QUICK_TRIALS if beyond.quick else TRIALS),
        quick=beyond.quick,
        sampler=Sampler(beyond.by),
        seed=plan.seed,
    )
    with bars(console) as bar:
        shown = bar.add_task("Searching", total=asked.trials)

        def tell(done: int, total: int, best: float | None) -> None:
            name = "Searching" if best is None else f"Searching, best log loss {best:.3f}"
            bar.update(shown, completed=done, total=total, description=name)

        try:
            searched = search(pictures, recipe, plan, network, asked, journal_of(models, task), tell=tell)
        except KeyboardInterrupt:
            say(console, "Stopped. The same command goes on with the trials that are left.")
            raise
    file = file_of(models, task)
    _tell_search(
        searched, "what was found before stays" if file.exists() else "the usual settings stay", console
    )
    if searched.found is not None:
        write_found(file, searched.found)
    picture = report_folder(models / f"{task}-search") / TRIALS_PICTURE
    try:
        draw_trials(searched.trials, searched.usual, picture)
    except OSError as error:
        say(console, f"No picture of the trials was written: {error}")
        return
    say(console, f"Every trial as a picture: {picture}")


def _tell_search(searched: Searched, otherwise: str, console: Console) -> None:
    """``otherwise``: what a search that proves nothing leaves as it is."""
    early = sum(trial.pruned for trial in searched.trials)
    sentence = Found(settings=dict(searched.settings)).sentence
    say(console, f"Searched: {len(searched.trials)} trials, {early} stopped early. Best: {sentence}, "
                 f"log loss {searched.best:.3f}; the usual settings have {searched.usual:.3f}.")  # fmt: skip
    if searched.gain_interval is None:
        say(console, f"Nothing was better than the usual settings: {otherwise}.")
        return
    low, high = searched.gain_interval
    proof = (f"With another seed and other folds: {searched.proof_best:.3f}, the usual settings "
             f"{searched.proof_usual:.3f}; the gain lies between {low:+.3f} and {high:+.3f}.")  # fmt: skip
    kept = "What was found is kept." if searched.found else f"That proves nothing: {otherwise}."
    say(console, f"{proof} {kept}")


def tell_tried(tuned: Tuned, beyond: Beyond, console: Console) -> None:
    """The ways that were tried, beside one another."""
    if beyond.unlabelled and "pseudo-labels" not in tuned.tried:
        say(console, "Of no answer was the network sure enough to make pseudo-labels of it.")
    if len(tuned.tried) < 2:
        return
    table = Table("way", title="Tried, judged on the same groups held out")
    for column in ("log loss", "right", "95% interval", "gain over single"):
        table.add_column(column, justify="right")
    for way, verdict in tuned.tried.items():
        low, high = verdict.accuracy_interval
        worst, best = verdict.gain_interval
        gain = "" if way == "single" else f"{verdict.gain:+.3f} ({worst:+.3f} to {best:+.3f})"
        table.add_row(way, f"{verdict.loss:.3f}", f"{verdict.accuracy:.1%}", f"{low:.1%} to {high:.1%}", gain)
    console.print(table)
    if tuned.added:
        say(console, f"Pseudo-labels learned from: {tuned.added}; no more than 30% of a training set "
                     "may be of them.")  # fmt: skip
    say(console, f"Kept: {tuned.way}. Another than the single network is kept only where its gain is "
                 "proved: the interval lies above 0.")  # fmt: skip


def tell_outside(outside: OutOfFold, file: Path, task: str | None, console: Console) -> None:
    """What the folds say of every picture, and where it lies for the review of labels."""
    figures = outside.figures()
    low, high = figures["accuracy_interval"]
    least, most = figures["ece_interval"]
    say(console, f"Out of fold: {figures['accuracy']:.1%} right ({low:.1%} to {high:.1%}) of {figures['n']} "
                 f"pictures, balanced accuracy {figures['balanced_accuracy']:.3f}, log loss "
                 f"{figures['log_loss']:.3f}, calibration error {figures['ece']:.3f} "
                 f"({least:.3f} to {most:.3f}).")  # fmt: skip
    outside.write(file)
    use = f". To review the labels by it: coop label quality {task} --predictions {file}" if task else ""
    say(console, f"Wrote {file}{use}")
