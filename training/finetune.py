"""Fine-tuning as `coop train` uses it: judged on groups held out, then learned from everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LITE0, LiteWeights
from coop.classify.judge import is_coloured
from training.answers import Answers, Doubles, best_shift, thresholds
from training.checkup import check_up
from training.doctor.finding import Finding
from training.export import Export, better, float32, serving
from training.fitting import FitPlan, Ground, head_logits
from training.folds import Folded, held_out
from training.gallery import Familiar, Flock, TooFewKnownError, get_familiar_tuned
from training.head import PRECISION, THRESHOLDS, UNSEEN_THRESHOLD, Head, best_temperature, head_model
from training.inside import Following, Together, look_inside
from training.labelled import LabelledSet
from training.live.watching import Show, Watching
from training.network import ANSWER, features_of, tuned_weights
from training.outside import OutOfFold
from training.quick import PARTS, Learned
from training.stream import Stream
from training.tune import Course, Watches, raw_outputs, task_logits
from training.ways import Asked, Fits, Named, Verdict, Way, best_way, fit_ways, verdicts

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]

ENOUGH = 100
"""So many pictures held out can say how many epochs are best; of fewer the choice would be chance."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Tuned:
    """A tuned network, how it went, and the loss on the pictures held out: of a head on frozen features, and
    of the network. ``told``: what the training doctor found before the first step.

    ``tried``: by way how good each was; ``added``: so many pseudo-labels were learned from at the most;
    ``outside``: what was said of each picture by a network that learned nothing of its group.
    """

    learned: Learned
    course: Course
    before: float
    after: float
    told: tuple[Finding, ...]
    tried: Mapping[Way, Verdict]
    way: Way
    added: int
    outside: OutOfFold


def fine_tune(
    pictures: LabelledSet,
    recipe: str,
    plan: FitPlan,
    folder: Path,
    *,
    precision: float = PRECISION,
    network: str = LITE0.name,
    identity: bool = False,
    folds: int = 1,
    asked: Asked | None = None,
    show: Show | None = None,
    progress: Named | None = None,
) -> Tuned:
    """Tune the network on three quarters of the groups, judge it by the rest, then learn from all of them.

    The first run says how many epochs are best, how sure the network may be, and whether it is better than a
    head on frozen features learned from the same pictures. With ``folds`` there are as many such runs, and
    every picture is held out once. ``asked``: what is tried beside a single network, by the same pictures.
    ``folder`` keeps the runs until they are done. ``network``: an EfficientNet-Lite, or one of
    `keras.applications`. ``identity``: strangers are to be told. ``show`` is told what there is to see of the
    first run. The file is float32 or int8, whichever `training.export` finds better.
    """
    ground, asked = Ground.of(pictures, recipe, plan, network), asked or Asked()
    judged = _judge(ground, folder, folds, asked, show, progress, identity)
    answers = ground.answers.of(judged.numbers)
    way = best_way(judged.tried)
    after = judged.tried[way].loss

    epochs = {each: max(1, round(float(np.median(n)))) for each, n in judged.epochs.items()}
    everything = np.arange(len(pictures))
    last = fit_ways(
        ground, everything, folder / "all", asked, wanted=way, epochs=epochs,
        named=_named("Learning from all", progress),
    )  # fmt: skip
    fitted = last.by_way.get(way, last.by_way[Way.SINGLE])
    model, full = fitted.model, fitted.stream
    logits, temperature, shift = judged.logits[way], judged.temperature[way], judged.shift[way]
    kernel, offset = model.get_layer(ANSWER).get_weights()
    weights, bias = _as_classes(answers, (np.ascontiguousarray(kernel.T), offset))
    familiar = None
    if judged.seen is not None:
        seen, rest, some = judged.seen
        familiar = seen.familiar(_Features.of(model, full, pictures, ground.groups), rest, some)
    head = Head(
        mode=answers.mode,
        classes=answers.classes,
        weights=weights,
        bias=(bias + shift).astype(np.float32),
        temperature=temperature,
        thresholds=thresholds(answers, logits, precision, THRESHOLDS, UNSEEN_THRESHOLD),
        measured={
            "pictures": len(pictures),
            "groups": len(set(ground.groups)),
            "held_out_pictures": len(judged.numbers),
            "held_out_accuracy": round(judged.tried[way].accuracy, 4),
            "held_out_interval": [round(p, 4) for p in judged.tried[way].accuracy_interval],
            "held_out_log_loss": round(after, 4),
            "epochs": epochs[way],
        },
        familiar=familiar,
        folded=Folded(numbers=judged.numbers, logits=logits * temperature),
    )
    backbone = None if ground.published is None else tuned_weights(model, ground.published)
    exported = _exported(model, head, backbone, full, plan)
    return Tuned(
        learned=Learned(
            head=replace(head, measured={**head.measured, "export": exported.about}),
            pictures=pictures,
            recipe=recipe,
            size=plan.side,
            model=exported.model,
            manner=_manner(network, plan, full, way, asked, last.added),
            precision=precision,
            figures=judged.figures,
        ),
        course=judged.course,
        before=judged.before,
        after=after,
        told=tuple(judged.told),
        tried=judged.tried,
        way=way,
        added=judged.added,
        outside=OutOfFold(
            examples=tuple(pictures.examples[k] for k in judged.numbers), answers=answers, logits=logits
        ),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Judged:
    """What the runs on parts came to. ``numbers`` of the pictures held out; by way their calibrated logits,
    with the temperature and the shift that calibrated them, and the epochs of each run."""

    numbers: Numbers
    logits: Mapping[Way, Doubles]
    temperature: Mapping[Way, float]
    shift: Mapping[Way, Doubles]
    epochs: Mapping[Way, Sequence[int]]
    tried: Mapping[Way, Verdict]
    before: float
    course: Course
    told: Sequence[Finding]
    added: int
    seen: tuple[_Features, Numbers, Numbers] | None
    figures: Mapping[str, bytes]


def _judge(
    ground: Ground,
    folder: Path,
    folds: int,
    asked: Asked,
    show: Show | None,
    progress: Named | None,
    identity: bool,
) -> _Judged:
    """Tune on all but a part, in each way that is asked for, and ask for that part; so for each part."""
    answers, plan = ground.answers, ground.plan
    parts = list(held_out(ground.groups, answers.kinds, folds if folds > 1 else PARTS))
    parts = parts if folds > 1 else parts[:1]
    said: dict[Way, list[Doubles]] = {}
    epochs: dict[Way, list[int]] = {}
    numbers, before, added, told = [], [], 0, []
    course, seen, figures = Course(), None, {}
    for part, held in enumerate(parts):
        rest, some = np.flatnonzero(~held), np.flatnonzero(held)
        began = ground.started(rest)
        before.append(head_logits(began, some))
        watching, following = None, None
        if part == 0:
            told = check_up(began.model, began.stream, plan)
            following = Following(began.stream, some, task_logits)
            lookers: list[Watches] = [following]
            if show is not None:
                lookers.append(Watching(ground.network, began.stream, some, show, task_logits))
            watching = Together(*lookers)
        name = "Trying it out" if len(parts) == 1 else f"Fold {part + 1} of {len(parts)}"
        fits = fit_ways(
            ground, rest, folder / f"part {part + 1}", asked,
            held=some if len(some) >= ENOUGH else None, began=began, watching=watching,
            named=_named(name, progress),
        )  # fmt: skip
        for way, logits in fits.logits(answers, some).items():
            said.setdefault(way, []).append(logits)
            epochs.setdefault(way, []).append(fits.epochs[way])
        numbers.append(some)
        added = max(added, fits.added)
        if following is not None:
            single = fits.by_way[Way.SINGLE]
            figures = look_inside(single.model, single.stream, some, task_logits, following)
            course = single.course
            seen = _seen(fits, ground, rest, some) if identity else None
    every = np.concatenate(numbers)
    judged = answers.of(every)
    # A way that found nothing to do on some part, such as no picture sure enough, was not tried on all.
    whole = {way: np.concatenate(rows) for way, rows in said.items() if len(rows) == len(parts)}
    shift = {way: best_shift(logits, judged) for way, logits in whole.items()}
    shifted = {way: logits + shift[way] for way, logits in whole.items()}
    temperature = {way: best_temperature(logits, judged)[0] for way, logits in shifted.items()}
    calibrated = {way: logits / temperature[way] for way, logits in shifted.items()}
    return _Judged(
        numbers=every,
        logits=calibrated,
        temperature=temperature,
        shift=shift,
        epochs=epochs,
        tried=verdicts(judged, calibrated, [ground.groups[k] for k in every]),
        before=best_temperature(np.concatenate(before), judged)[1],
        course=course,
        told=told,
        added=added,
        seen=seen,
        figures=figures,
    )


def _seen(fits: Fits, ground: Ground, rest: Numbers, some: Numbers) -> tuple[_Features, Numbers, Numbers]:
    fitted = fits.by_way[Way.SINGLE]
    return _Features.of(fitted.model, fitted.stream, ground.pictures, ground.groups), rest, some


def _manner(network: str, plan: FitPlan, stream: Stream, way: Way, asked: Asked, added: int) -> str:
    """How it came about, for the card."""
    how = [f"{network}, tuned"]
    if stream.donors:
        how.append("with joined pictures")
    if plan.loss != FitPlan.loss:
        how.append(f"loss {plan.loss}")
    if way is Way.DISTILLED:
        how.append(f"distilled from {asked.members} networks")
    if way is Way.PSEUDO:
        how.append(f"with {added} pseudo-labels")
    return ", ".join(how)


def _exported(
    model: keras.Model, head: Head, backbone: LiteWeights | None, stream: Stream, plan: FitPlan
) -> Export:
    """The file that the package gets. One that tells strangers stays as exact as its gallery is."""
    served = serving(model, head)
    about = f"{model.name}, tuned"
    plain = float32(served) if backbone is None else head_model(head, backbone, plan.side, about)
    if head.familiar is not None:
        return Export(model=plain, about={"taken": "float32", "int8": "not tried: it tells strangers"})
    prepared = [p.astype(np.uint8) for p in stream.plain(stream.learned)]
    return better(plain, served, prepared, stream.answers)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Features:
    """What a network that was tuned makes of all pictures, (n, d), and what strangers are told by."""

    rows: Floats
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    coloured: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, model: keras.Model, stream: Stream, pictures: LabelledSet, groups: Sequence[str]
    ) -> _Features:
        seen = stream.plain(np.arange(len(pictures)))
        return cls(
            rows=raw_outputs(features_of(model), seen),
            labels=tuple(e.label for e in pictures.examples),
            groups=tuple(groups),
            coloured=np.array([is_coloured(picture.astype(np.uint8)) for picture in seen]),
        )

    def familiar(self, last: _Features, rest: Numbers, some: Numbers) -> Familiar | None:
        """Judged by this network, which was tuned on ``rest``, for the last one, which was tuned on all."""
        with suppress(TooFewKnownError):
            flock = last._flock().checked(last.labels)
            return get_familiar_tuned(flock, self._flock(rest), self._flock(some))
        return None

    def _flock(self, chosen: Numbers | None = None) -> Flock:
        k = np.arange(len(self.labels)) if chosen is None else chosen
        return Flock.of(
            self.rows[k], [self.labels[n] for n in k], [self.groups[n] for n in k],
            [bool(self.coloured[n]) for n in k],
        )  # fmt: skip


def _as_classes(answers: Answers, head: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The head of the package: one row for each class, as a counted number becomes one for each number."""
    if answers.mode is not TaskMode.COUNT:
        return head
    (weights, bias), (matrix, offset) = head, answers.to_logits
    return (matrix.T @ weights).astype(np.float32), (bias @ matrix + offset).astype(np.float32)


def _named(name: str, progress: Named | None) -> Named | None:
    if progress is None:
        return None
    return lambda run, done, total: progress(name if run == "network 1" else f"{name}: {run}", done, total)
