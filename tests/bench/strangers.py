"""How well a hen that nobody labelled is told from the flock, and what does not help a head.

Two simulated flocks of eight, learned on four days and asked on four others. Each hen in turn is left out of
what is learned; tracks are five looks by day of one hen and day. The crops are kept in ``--folder``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench.coop.school import source_of

from coop.classify.efficientnet_lite import load_lite_weights
from coop.classify.judge import STRANGER_LOOKS, is_coloured
from coop.commands.lesson import LEAST_VISIBLE, cut_out, look
from coop.domain.box import Box
from coop.domain.survey import Tracked
from coop.frame.sim.source import SimSource
from training.backbones import Eye
from training.gallery import Flock, get_familiar
from training.head import PRECISION, Head, fit_head
from training.naming import better_named
from training.tracks import runs, together
from training.unnamed import Tracks

Doubles = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
Likeness = Callable[[Doubles], Doubles]
"""How like somebody of the flock each of some features (n, d) is."""

FLOCKS = (3, 4)
LEARNED, ASKED = 31, 77
DAYS = 4
START = date(2026, 5, 4)
FALSE = 0.01
NEAREST = 5
TRACKS = 120
FEW = (8, 20)
WALK, PAUSE = timedelta(minutes=10), timedelta(seconds=90)
SHARE = 0.3
"""Of a training set pseudo-labels may be so much."""


@dataclass(frozen=True, eq=False)
class Crops:
    """Crops of hens: features as they are and mirrored, names, days, and which have colours."""

    features: npt.NDArray[np.float32]
    mirrored: npt.NDArray[np.float32]
    names: Names
    days: Names
    coloured: npt.NDArray[np.bool_]
    flock: Names

    def some(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Crops:
        parts = (self.features, self.mirrored, self.names, self.days, self.coloured)
        return Crops(*(part[chosen] for part in parts), self.flock)

    def tracks(self) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """The name and the looks of each."""
        random = np.random.default_rng(0)
        for name, day in sorted(set(zip(self.names.tolist(), self.days.tolist(), strict=True))):
            hers = np.flatnonzero((self.names == name) & (self.days == day) & self.coloured)
            hers = random.permutation(hers)
            for first in range(0, len(hers) - STRANGER_LOOKS + 1, STRANGER_LOOKS):
                yield name, hers[first : first + STRANGER_LOOKS]


def crops(folder: Path, flock: int, seed: int) -> Crops:
    """The crops of a flock on the days of a seed, made once."""
    file = folder / f"{flock}-{seed}.npz"
    if not file.exists():
        source = source_of(flock, seed, DAYS, START, hard=seed == ASKED)
        lesson = look(source, UTC)
        hens = [k for k, kind in enumerate(lesson.kinds) if kind in ("hen", "stranger")]
        pictures = [lesson.pictures[k] for k in hens]
        eye = Eye(load_lite_weights())
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(
            file,
            features=eye.embed(pictures),
            mirrored=eye.embed([np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]),
            names=np.array([lesson.subjects[k] for k in hens], dtype=np.str_),
            days=np.array([lesson.groups[k] for k in hens], dtype=np.str_),
            coloured=np.array([is_coloured(picture) for picture in pictures]),
            flock=np.array(source.flock.names, dtype=np.str_),
        )
    with np.load(file) as kept:
        return Crops(**dict(kept))


def trails(folder: Path, flock: int, seed: int) -> tuple[Tracks, Names]:
    """Tracks of a flock's hens on the days of a seed: five looks within ten minutes at most, and whose."""
    file = folder / f"{flock}-{seed}-tracks.npz"
    if not file.exists():
        source, random = source_of(flock, seed, DAYS, START, hard=False), np.random.default_rng(0)
        found, looks = runs(list(_walks(source)), (), (), most=TRACKS), []
        eye = Eye(load_lite_weights())
        for run in found:
            cut = []
            for k in np.linspace(0, len(run) - 1, STRANGER_LOOKS):
                moment, hen = run[int(k)].time, run[int(k)].picture
                box = next(seen.box for seen in source.truth.at(moment) if seen.subject == hen)
                cut.append(cut_out(source.picture(moment), box, random))
            looks.append(eye.embed(cut))
        apart = np.array(together(found), dtype=np.intp).reshape(-1, 2)
        np.savez(file, looks=np.stack(looks), apart=apart, who=np.array([run[0].picture for run in found]))
    with np.load(file) as kept:
        looks, apart, who = kept["looks"].astype(np.float64), kept["apart"], kept["who"]
    return Tracks(looks=tuple(looks), apart=tuple((int(a), int(b)) for a, b in apart)), who


def _walks(source: SimSource) -> Iterator[Tracked]:
    """Every time that a hen moved by day; while she is in sight it is one track, of ten minutes at most."""
    began: dict[str, datetime] = {}
    before: dict[str, tuple[datetime, Box]] = {}
    for moment in source.truth.frame_times():
        if not 7 <= moment.hour < 18:
            continue
        for seen in source.truth.at(moment):
            last = before.get(seen.subject)
            before[seen.subject] = (moment, seen.box)
            if seen.kind != "hen" or seen.visible <= LEAST_VISIBLE or last is None or last[1] == seen.box:
                continue
            first = began.get(seen.subject)
            if first is None or moment - first > WALK or moment - last[0] > PAUSE:
                began[seen.subject] = first = moment
            yield Tracked(
                picture=seen.subject, file=Path(), camera="coop", track=f"{first:%d %H:%M:%S} {seen.subject}",
                time=moment, day=None,
            )  # fmt: skip


def taught(folder: Path, flocks: Sequence[int]) -> None:
    """What tracks that nobody named add, by pictures labelled of each hen; each hen in turn left out."""
    for number in flocks:
        every, asked = crops(folder, number, LEARNED), crops(folder, number, ASKED)
        tracks, who = trails(folder, number, LEARNED)
        print(f"flock {number}: {len(who)} tracks, {len(tracks.apart)} pairs of them at one time")
        own = asked.some(asked.coloured & np.isin(asked.names, asked.flock))
        for each in FEW:
            random = np.random.default_rng(0)
            hens = [np.flatnonzero((every.names == hen) & every.coloured) for hen in every.flock]
            known = every.some(np.concatenate([random.permutation(hers)[:each] for hers in hens]))
            for name in ("labels alone", "with tracks"):
                teachers = tracks if name == "with tracks" else None
                labels, days = known.names.tolist(), known.days.tolist()
                named = better_named(
                    _head(known), _flock(known), known.features, labels, days, teachers, precision=PRECISION
                )
                said = np.array(named.classes)[named.logits(own.features).argmax(axis=1)]
                rows = np.mean([_left_out(hen, known, asked, teachers, who) for hen in every.flock], axis=0)
                right = (said == own.names).mean()
                print(
                    f"{each} pictures of each hen, {name}: crops named right {right:.3f}, strangers found at "
                    f"1% false {rows[0]:.3f}, by the threshold {rows[1]:.3f} with {rows[2]:.4f} of the "
                    f"flock's own; tracks taken {rows[3]:.2f}",
                    flush=True,
                )


def _left_out(
    hen: str, known: Crops, asked: Crops, tracks: Tracks | None, who: Names
) -> tuple[float, float, float, float]:
    """Of a hen's tracks how many are found, where she is a stranger who left no tracks either."""
    teachers = None if tracks is None else tracks.without(np.flatnonzero(who == hen).tolist())
    familiar = get_familiar(_flock(known.some(known.names != hen)), tracks=teachers)
    seen = (asked.features @ familiar.weights.T + familiar.bias).astype(np.float32)
    far = np.array([familiar.gallery.distance(row) for row in seen]) / familiar.within
    of = [(name, far[looks].mean()) for name, looks in asked.tracks() if name in asked.flock]
    theirs, hers = (np.array([d for name, d in of if (name == hen) == wanted]) for wanted in (False, True))
    limit = np.quantile(theirs, 1 - FALSE, method="lower")
    strange = 1.1
    return (
        float((hers > limit).mean()), float((hers > strange).mean()), float((theirs > strange).mean()),
        float(familiar.tracks > 0),
    )  # fmt: skip


def _flock(known: Crops) -> Flock:
    return Flock.of(known.features, known.names.tolist(), known.days.tolist(), known.coloured.tolist())


def probability(known: Crops) -> Likeness:
    head = _head(known)
    return lambda x: _sure(head, x).max(axis=1)


def nearest_picture(known: Crops) -> Likeness:
    mean = known.features.mean(axis=0)
    return lambda x: _near(x - mean, known.features - mean, 1)


def whitened(known: Crops) -> Likeness:
    x, mean = known.features.astype(np.float64), known.features.mean(axis=0)
    hens = [x[known.names == name] for name in np.unique(known.names)]
    rest = np.concatenate([hers - hers.mean(axis=0) for hers in hens])
    spread = rest.T @ rest / len(rest)
    values, vectors = np.linalg.eigh(
        0.7 * spread + 0.3 * np.trace(spread) / len(spread) * np.eye(len(spread))
    )
    turn = vectors / np.sqrt(values)
    return lambda asked: _near((asked - mean) @ turn, (x - mean) @ turn, NEAREST)


def arcface(margin: float, scale: float, centres: int) -> Callable[[Crops], Likeness]:
    """A linear embedding of 64 numbers, trained with the loss of `training.losses`."""

    def learned(known: Crops) -> Likeness:
        import keras

        from training.losses import ArcFace, CosineCentres

        keras.utils.set_random_seed(0)
        mean, spread = known.features.mean(axis=0), known.features.std()
        x, (hens, numbers) = (known.features - mean) / spread, np.unique(known.names, return_inverse=True)
        embedding = keras.layers.Dense(64, use_bias=False)
        model = keras.Sequential([keras.Input(x.shape[1:]), embedding, CosineCentres(len(hens), centres)])
        rate = keras.optimizers.schedules.CosineDecay(3e-3, 400)
        model.compile(keras.optimizers.AdamW(rate), ArcFace(margin=margin, scale=scale, centres=centres))
        model.fit(x, np.eye(len(hens), dtype=np.float32)[numbers], batch_size=256, epochs=100, verbose=0)
        turn = embedding.get_weights()[0]
        return lambda asked: _near((asked - mean) / spread @ turn, x @ turn, NEAREST)

    return learned


def fisher(known: Crops) -> Likeness:
    """What `coop train hens` does."""
    familiar = get_familiar(
        Flock.of(known.features, known.names.tolist(), known.days.tolist(), known.coloured.tolist())
    )

    def likeness(asked: Doubles) -> Doubles:
        seen = (asked @ familiar.weights.T + familiar.bias).astype(np.float32)
        return np.array([-familiar.gallery.distance(row) / familiar.within for row in seen])

    return likeness


METHODS: Mapping[str, Callable[[Crops], Likeness]] = {
    "probability of the best name": probability,
    "nearest picture, features as they are": nearest_picture,
    "nearest five, whitened within hens": whitened,
    "ArcFace, margin 0.3, scale 8, nearest five": arcface(0.3, 8.0, 1),
    "ArcFace, margin 0.5, scale 16, three centres": arcface(0.5, 16.0, 3),
    "Fisher's discriminants, distance to the middle": fisher,
}


def strangers(folder: Path) -> None:
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    fixed: dict[str, list[tuple[float, float]]] = {"probability below 0.8": [], "farther than 1.1 times": []}
    for number in FLOCKS:
        learned, asked = crops(folder, number, LEARNED), crops(folder, number, ASKED)
        tracks = [(name, looks) for name, looks in asked.tracks() if name in asked.flock]
        for hen in learned.flock:
            known = learned.some(learned.names != hen)
            for name, method in METHODS.items():
                like = method(known)(asked.features.astype(np.float64))
                of = [(n == hen, float(like[looks].mean())) for n, looks in tracks]
                own, hers = (
                    np.array([v for strange, v in of if strange == wanted]) for wanted in (False, True)
                )
                area = float((own[:, None] > hers[None]).mean())
                limit = np.quantile(own, FALSE, method="higher")
                rows[name].append((area, float((hers < limit).mean())))
                for key, value, wanted in (
                    ("probability below 0.8", 0.8, probability), ("farther than 1.1 times", -1.1, fisher),
                ):  # fmt: skip
                    if method is wanted:
                        fixed[key].append((float((own < value).mean()), float((hers < value).mean())))
    print(f"{'':48}{'area':>7}{'found at 1% false':>20}{'least':>7}")
    for name, found in rows.items():
        areas, shares = np.array(found).T
        print(f"{name:48}{areas.mean():7.3f}{shares.mean():20.3f}{shares.min():7.2f}")
    for name, told in fixed.items():
        false, hit = np.mean(told, axis=0)
        print(
            f"{name}: {false:.4f} of the flock's tracks called strange, {hit:.3f} of the hens left out found"
        )


def heads(folder: Path) -> None:
    """A head, and what might make it better, by pictures labelled of each hen."""
    found: dict[tuple[str, int], list[float]] = {}
    for number in FLOCKS:
        every, asked = crops(folder, number, LEARNED), crops(folder, number, ASKED)
        asked = asked.some(asked.coloured & np.isin(asked.names, asked.flock))
        for each in (4, 10, 30, 999):
            for draw in range(5 if each < 999 else 1):
                random = np.random.default_rng(draw)
                taken = np.concatenate(
                    [random.permutation(np.flatnonzero(every.names == hen))[:each] for hen in every.flock]
                )
                for name, right in _trials(every, taken, asked, random):
                    found.setdefault((name, each), []).append(right)
    print(f"{'right of the crops, by pictures of each hen':48}{4:>8}{10:>8}{30:>8}{'all':>8}")
    for name in dict.fromkeys(name for name, _ in found):
        shares = [
            np.mean(found[name, each]) if (name, each) in found else np.nan for each in (4, 10, 30, 999)
        ]
        print(f"{name:48}" + "".join(f"{share:8.3f}" for share in shares))


def _trials(
    every: Crops, taken: npt.NDArray[np.intp], asked: Crops, random: np.random.Generator
) -> Iterator[tuple[str, float]]:
    known = every.some(taken)
    head = _head(known)
    names = np.array(head.classes)

    def right(says: Doubles) -> float:
        return float((names[says.argmax(axis=1)] == asked.names).mean())

    yield "a head", right(_sure(head, asked.features))
    yield "the mirrored picture asked too", right(_sure(head, asked.features) + _sure(head, asked.mirrored))
    drawn = [_head(every.some(random.choice(taken, len(taken)))) for _ in range(5)]
    if all(one.classes == head.classes for one in drawn):
        yield "five heads of drawn pictures", right(sum(_sure(one, asked.features) for one in drawn))
    rest = np.setdiff1d(np.arange(len(every.names)), taken)
    if len(rest):
        sure = _sure(head, every.features[rest])
        most = max(1, int(len(taken) * SHARE / (1 - SHARE)) // len(names))
        surest = [
            rest[here[np.argsort(-sure[here, k])][:most]]
            for k in range(len(names))
            for here in [np.flatnonzero(sure.argmax(axis=1) == k)]
        ]
        more = np.concatenate(surest)
        called = np.concatenate([[names[k]] * len(part) for k, part in enumerate(surest)]).astype(np.str_)
        both = every.some(np.concatenate([taken, more]))
        again = fit_head(both.features, [*known.names.tolist(), *called.tolist()], both.days.tolist())
        yield "pseudo-labels too, 30% of the set", right(_sure(again, asked.features))
        yield "  of them right", float((called == every.names[more]).mean())


def _head(known: Crops) -> Head:
    return fit_head(known.features, known.names.tolist(), known.days.tolist())


def _sure(head: Head, features: npt.NDArray[np.floating]) -> Doubles:
    logits = head.logits(features.astype(np.float32)).astype(np.float64) / head.temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _unit(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


def _near(asked: npt.NDArray[np.floating], known: npt.NDArray[np.floating], count: int) -> Doubles:
    """The mean cosine to so many of the pictures that are most alike."""
    return np.asarray(np.sort(_unit(asked) @ _unit(known).T, axis=1)[:, -count:].mean(axis=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("bench-output/strangers"))
    parser.add_argument("--only", choices=("strangers", "heads", "tracks"))
    parser.add_argument("--flocks", type=int, nargs="*", default=FLOCKS, help="of the tracks")
    given = parser.parse_args()
    if given.only in (None, "strangers"):
        strangers(given.folder)
    if given.only in (None, "heads"):
        heads(given.folder)
    if given.only in (None, "tracks"):
        taught(given.folder, given.flocks)
