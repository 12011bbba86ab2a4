"""Who is known, and from where on a bird is a stranger: an embedding in which hens lie apart, and a gallery.

The embedding is linear in the features of the frozen or tuned network (Fisher's discriminants): directions in
which hens differ, in a scale where the pictures of one hen all differ by one. A bird that was never labelled
lies far from the middle of every hen there, however sure the classes' probabilities are. Training it with
ArcFace instead, or asking the nearest pictures, was worse: see the README.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coop.classify.card import NONE
from coop.classify.gallery import Gallery
from coop.classify.judge import HEN, HENS, STRANGER_LOOKS
from coop.domain.prediction import STRANGER, UNKNOWN
from coop.errors import CoopError
from training.folds import held_out
from training.unnamed import Tracks

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

IDENTITY_TASK = HENS
PRECISION = 0.99
"""Of the flock's own tracks this share is to be told from strangers."""
FEWEST_EACH = 2 * STRANGER_LOOKS
"""Pictures of each hen, of which a fold has some to learn from and some to be asked for."""

FEWEST_HELD = 6
"""Pictures held out of a network that is tuned, of fewer of which nothing is said."""

_NO_NAMES = (NONE, "other", HEN, STRANGER, UNKNOWN)  # what a picture of no hen, or of any, is called
_FOUND = "of each hen's tracks, she taken for a stranger, found"
_STRANGE = "of the flock's own tracks called strange"
_DIRECTIONS = 320  # of the features: those in which pictures differ most
_SHRINKAGE = 0.3  # of the spread within hens, towards the same in every direction
_FOLDS = 5
_BY_PAIRS = 0.3  # of the directions: by tracks that were there at one time, the rest by names
_MANY_PAIRS = 10  # for each hen; of fewer they decide less
_DRAWS = 20  # tracks that are made of one hen's pictures of one group


@dataclass(frozen=True, eq=False, kw_only=True)
class Familiar:
    """``weights`` (d, features) and ``bias`` (d,) make the embedding; ``within`` is how far those in the
    gallery stay; from so many ``tracks`` that nobody named was learned too."""

    weights: Floats
    bias: Floats
    gallery: Gallery
    within: float
    measured: dict[str, float]
    tracks: int = 0


class TooFewKnownError(CoopError, ValueError):
    """Labels that say too little of who is known to tell strangers."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Flock:
    """Pictures of hens by name. ``features``: (n, d)."""

    features: Doubles
    names: Names
    places: Names

    @classmethod
    def of(
        cls,
        features: Floats,
        labels: Sequence[str],
        groups: Sequence[str],
        coloured: Sequence[bool] | None = None,
    ) -> Flock:
        """Those that tell who is known. ``coloured``: which have colours; the watch judges by those only."""
        names = np.array(labels, dtype=np.str_)
        chosen = ~np.isin(names, _NO_NAMES)
        if coloured is not None:
            chosen &= np.array(coloured, dtype=bool)
        places = np.array(groups, dtype=np.str_)[chosen]
        return cls(features=features[chosen].astype(np.float64), names=names[chosen], places=places)

    def checked(self, labels: Sequence[str]) -> Flock:
        """Itself, where it is enough of all that are called by name in ``labels``; else TooFewKnownError."""
        called = sorted(set(labels).difference(_NO_NAMES))
        few = [hen for hen in called if np.count_nonzero(self.names == hen) < FEWEST_EACH]
        if few or len(called) < 2 or len(set(self.places.tolist())) < 2:
            problem = f", for want of pictures of {few[0]}" if few else ""
            raise TooFewKnownError(
                f"Strangers will not be told from the flock{problem}. Label two hens at least, on two days, "
                f"each on {FEWEST_EACH} pictures by day"
            )
        return self

    @property
    def hens(self) -> list[str]:
        return sorted(set(self.names.tolist()))

    def some(self, chosen: npt.NDArray[np.bool_]) -> Flock:
        return Flock(features=self.features[chosen], names=self.names[chosen], places=self.places[chosen])


def get_familiar(
    flock: Flock, *, precision: float = PRECISION, seed: int = 0, tracks: Tracks | None = None
) -> Familiar:
    """Learn who is known, by features of a network that learned nothing from these pictures.

    The distance is chosen on groups held out, over tracks of so many looks as the watch takes. How many
    strangers it finds is measured by taking each hen in turn for one. ``tracks`` that nobody named teach too,
    where more is found so, at the distance that is chosen.
    """
    plain = _tried(flock, precision, seed, None)
    if tracks is None or not tracks.looks or len(flock.hens) < 3:
        return plain
    taught = _tried(flock, precision, seed, tracks)
    better = taught.measured[_FOUND] > plain.measured[_FOUND]
    return replace(taught, tracks=len(tracks.looks)) if better else plain


def _tried(flock: Flock, precision: float, seed: int, tracks: Tracks | None) -> Familiar:
    random = np.random.default_rng(seed)
    own = _of_tracks(_held_out(flock, tracks), flock, random)
    within = float(np.quantile(own, precision))
    measured = {_STRANGE: _rounded((own > within).mean())}
    if len(flock.hens) > 2:  # of two the one left would be known by nothing
        found = [
            (_of_tracks(_as_strangers(flock, hen, tracks), flock, random) > within).mean()
            for hen in flock.hens
        ]
        measured[_FOUND] = _rounded(np.mean(found))
        measured["of those of the hen found least"] = _rounded(min(found))
    return _familiar(flock, within, measured, tracks)


def get_familiar_tuned(
    flock: Flock, tried: Flock, held: Flock, *, precision: float = PRECISION, seed: int = 0
) -> Familiar:
    """The same of a network that was tuned on these pictures, and so knows them better than any others.

    ``tried`` and ``held``: features of the network that was tuned on the first of them only. Raises
    TooFewKnownError where either shows too little.
    """
    if len(tried.hens) < 2 or len(held.names) < FEWEST_HELD:
        raise TooFewKnownError(
            f"Strangers will not be told from the flock: {len(held.names)} pictures by day were held out of "
            f"{len(tried.hens)} hens. Label more of them"
        )
    own = _of_tracks(_far(tried, held), held, np.random.default_rng(seed))
    within = float(np.quantile(own, precision))
    return _familiar(flock, within, {_STRANGE: _rounded((own > within).mean())})


def _familiar(
    flock: Flock, within: float, measured: dict[str, float], tracks: Tracks | None = None
) -> Familiar:
    weights, bias = discriminants(flock, tracks)
    embeddings = (flock.features @ weights.T + bias).astype(np.float32)
    return Familiar(
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        gallery=Gallery(embeddings=embeddings, labels=tuple(flock.names.tolist())),
        within=round(within, 4),
        measured=measured,
    )


def _rounded(share: float | np.floating) -> float:
    return round(float(share), 4)


def _held_out(flock: Flock, tracks: Tracks | None = None) -> Doubles:
    """How far each picture is from the nearest hen, where nothing was learned from its group."""
    numbers = np.unique(flock.names, return_inverse=True)[1]
    far = np.full(len(numbers), np.nan)
    for held in held_out(flock.places.tolist(), numbers, _FOLDS):
        if len(flock.some(~held).hens) > 1:
            far[held] = _far(flock.some(~held), flock.some(held), tracks)
    return far


def _as_strangers(flock: Flock, hen: str, tracks: Tracks | None = None) -> Doubles:
    """The same of one hen's pictures, where nothing was learned of her; not a number for the others.

    Nor from tracks that are most like her: a stranger has none.
    """
    if tracks is not None:
        tracks = tracks.without(_hers_most_likely(flock, hen, tracks))
    hers = flock.names == hen
    far = np.full(len(hers), np.nan)
    far[hers] = _far(flock.some(~hers), flock.some(hers), tracks)
    return far


def _of_tracks(far: Doubles, flock: Flock, random: np.random.Generator) -> Doubles:
    """The mean distance of tracks: so many pictures of one hen and group as the watch looks at."""
    return np.array(
        [
            far[random.choice(numbers, min(STRANGER_LOOKS, len(numbers)), replace=False)].mean()
            for numbers in _hers(~np.isnan(far), flock)
            for _ in range(_DRAWS)
        ]
    )


def _hers(asked: npt.NDArray[np.bool_], flock: Flock) -> Iterator[npt.NDArray[np.intp]]:
    """The pictures of each hen by group; all of her groups together where none has enough of them."""
    for hen in sorted(set(flock.names[asked].tolist())):
        hers = asked & (flock.names == hen)
        places = np.unique(flock.places[hers])
        by_group = [np.flatnonzero(hers & (flock.places == place)) for place in places]
        yield from [numbers for numbers in by_group if len(numbers) >= STRANGER_LOOKS] or [
            np.flatnonzero(hers)
        ]


def _hers_most_likely(flock: Flock, hen: str, tracks: Tracks) -> set[int]:
    weights, _ = discriminants(flock, tracks)
    middles = np.stack([flock.features[flock.names == name].mean(axis=0) for name in flock.hens]) @ weights.T
    means = np.stack([looks.mean(axis=0) for looks in tracks.looks]) @ weights.T
    nearest = np.linalg.norm(means[:, None] - middles, axis=2).argmin(axis=1)
    return set(np.flatnonzero(nearest == flock.hens.index(hen)).tolist())


def _far(known: Flock, asked: Flock, tracks: Tracks | None = None) -> Doubles:
    """How far the pictures that are asked for are from the nearest of the hens known."""
    there = _familiar(known, 1.0, {}, tracks)
    rows = (asked.features @ there.weights.T + there.bias).astype(np.float32)
    return np.array([there.gallery.distance(row) for row in rows])


def discriminants(flock: Flock, tracks: Tracks | None = None) -> tuple[Doubles, Doubles]:
    """Weights (hens - 1, d) and bias of Fisher's discriminants, every hen counted alike.

    Of ``tracks`` each is a hen whose pictures all differ by one too (relevant components, Bar-Hillel et al.
    2003), and those of two at one time are told apart (Hoi et al. 2006).
    """
    x, names, hens = flock.features, flock.names, flock.hens
    looks = () if tracks is None else tracks.looks
    every = np.concatenate([x, *looks])
    mean = every.mean(axis=0)
    few = min(_DIRECTIONS, len(every) - 1, x.shape[1])
    seen, turn = _main_directions(every - mean, few)
    middles = np.stack([seen[: len(x)][names == hen].mean(axis=0) for hen in hens])
    rest = [seen[: len(x)][names == hen] - m for hen, m in zip(hens, middles, strict=True)]
    ends = np.cumsum([len(x), *(len(one) for one in looks)])
    by_track = [seen[first:last] for first, last in itertools.pairwise(ends)]
    # The mean of few looks lies nearer to them than the middle of the hen does.
    rest += [(one - one.mean(axis=0)) * np.sqrt(len(one) / (len(one) - 1)) for one in by_track]
    residuals = np.concatenate(rest)
    spread = residuals.T @ residuals / len(residuals)
    even = np.trace(spread) / few * np.eye(few)
    values, vectors = np.linalg.eigh((1 - _SHRINKAGE) * spread + _SHRINKAGE * even)
    whitened = vectors / np.sqrt(values)
    apart = (middles - middles.mean(axis=0)) @ whitened / np.sqrt(len(hens))
    if tracks is not None and tracks.apart:
        pairs = np.stack([by_track[a].mean(axis=0) - by_track[b].mean(axis=0) for a, b in tracks.apart])
        pairs = pairs @ whitened / np.sqrt(2 * len(pairs))
        share = _BY_PAIRS * min(1.0, len(pairs) / (_MANY_PAIRS * len(hens)))
        apart = np.concatenate([np.sqrt(1 - share) * apart, np.sqrt(share) * pairs])
    between = np.linalg.svd(apart, full_matrices=False)[2]
    weights = between[: len(hens) - 1] @ whitened.T @ turn
    return weights, -weights @ mean


def _main_directions(x: Doubles, few: int) -> tuple[Doubles, Doubles]:
    """Centred features (n, d) along the directions in which they differ most, and those (few, d).

    By the smaller of pictures by pictures and features by features, some times faster than by all of both.
    """
    if len(x) > x.shape[1]:
        turn = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :few].T
        return x @ turn.T, turn
    values, vectors = np.linalg.eigh(x @ x.T)
    lengths = np.sqrt(np.maximum(values[::-1][:few], 1e-12))
    seen = vectors[:, ::-1][:, :few] * lengths
    return seen, (seen / lengths**2).T @ x
