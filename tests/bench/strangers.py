"""How well a hen that nobody labelled is told from the flock, and what does not help a head.

Two simulated flocks of eight, learned on four days and asked on four others. Each hen in turn is left out of
what is learned; tracks are five looks by day of one hen and day. The crops are kept in ``--folder``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench.coop.school import source_of

from coop.classify.efficientnet_lite import load_lite_weights
from coop.classify.judge import STRANGER_LOOKS, is_coloured
from coop.commands.lesson import look
from training.backbones import Eye
from training.gallery import Flock, get_familiar
from training.head import Head, fit_head

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
    folder = parser.parse_args().folder
    strangers(folder)
    heads(folder)
