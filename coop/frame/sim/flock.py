"""The simulated flock: names and plumage, fixed by the flock's number."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

MAX_HENS = 12


class Pattern(StrEnum):
    """How the feathers of the body are marked."""

    PLAIN = "plain"
    BARRED = "barred"
    SPOTTED = "spotted"
    LACED = "laced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plumage:
    """What a hen looks like. ``mark`` colours the pattern; ``comb`` is the comb's height, 1.0 being usual.

    ``hackle`` is the colour of the neck, ``streak`` the share of dark streaks in it.
    """

    name: str
    body: Colour
    wing: Colour
    hackle: Colour
    tail: Colour
    mark: Colour = (20, 20, 20)
    pattern: Pattern = Pattern.PLAIN
    streak: float = 0.0
    comb: float = 1.0
    legs: Colour = (206, 160, 62)
    fluff: float = 1.0
    egg: Colour = (205, 160, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hen:
    """One hen. ``size`` is relative to the usual hen; ``lays`` is False for one that never does."""

    name: str
    plumage: Plumage
    size: float
    lays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flock:
    """The hens of one coop, always the same for the same number."""

    number: int
    hens: tuple[Hen, ...]
    strangers: tuple[Hen, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(hen.name for hen in self.hens)

    def hen(self, name: str) -> Hen:
        """The hen of that name; KeyError if there is none."""
        for hen in (*self.hens, *self.strangers):
            if hen.name == name:
                return hen
        raise KeyError(f"no hen is called {name!r}; there are {', '.join(self.names)}")


_PLUMAGES = (
    Plumage(
        name="white",
        body=(238, 236, 228),
        wing=(230, 228, 220),
        hackle=(244, 241, 230),
        tail=(236, 234, 226),
        comb=1.55,
        fluff=0.9,
        egg=(240, 236, 226),
    ),
    Plumage(
        name="black",
        body=(30, 32, 34),
        wing=(24, 34, 34),
        hackle=(28, 36, 36),
        tail=(20, 26, 27),
        legs=(70, 70, 72),
        egg=(186, 138, 98),
    ),
    Plumage(
        name="ginger with a white tail",
        body=(196, 110, 48),
        wing=(182, 96, 38),
        hackle=(214, 128, 58),
        tail=(236, 222, 200),
        comb=1.1,
        fluff=0.92,
        egg=(196, 136, 92),
    ),
    Plumage(
        name="barred",
        body=(190, 192, 194),
        wing=(178, 180, 184),
        hackle=(200, 202, 204),
        tail=(168, 170, 174),
        mark=(58, 60, 68),
        pattern=Pattern.BARRED,
        egg=(208, 164, 128),
    ),
    Plumage(
        name="buff",
        body=(232, 186, 104),
        wing=(222, 172, 90),
        hackle=(240, 196, 112),
        tail=(210, 158, 82),
        comb=0.8,
        legs=(222, 196, 176),
        fluff=1.16,
        egg=(222, 186, 150),
    ),
    Plumage(
        name="slate blue",
        body=(112, 124, 144),
        wing=(98, 110, 132),
        hackle=(62, 68, 84),
        tail=(92, 102, 122),
        mark=(66, 74, 92),
        pattern=Pattern.LACED,
        comb=1.25,
        legs=(84, 88, 98),
        egg=(186, 212, 204),
    ),
    Plumage(
        name="mahogany with a black tail",
        body=(112, 38, 20),
        wing=(98, 30, 16),
        hackle=(126, 46, 24),
        tail=(18, 20, 20),
        comb=1.0,
        egg=(176, 112, 72),
    ),
    Plumage(
        name="white with a black collar",
        body=(236, 234, 228),
        wing=(232, 230, 224),
        hackle=(40, 40, 42),
        tail=(22, 22, 24),
        streak=0.45,
        comb=0.85,
        legs=(226, 204, 190),
        fluff=1.1,
        egg=(230, 206, 178),
    ),
    Plumage(
        name="speckled",
        body=(112, 58, 34),
        wing=(104, 52, 30),
        hackle=(124, 64, 36),
        tail=(40, 30, 26),
        mark=(244, 238, 224),
        pattern=Pattern.SPOTTED,
        legs=(220, 196, 180),
        egg=(224, 196, 168),
    ),
    Plumage(
        name="silver laced",
        body=(232, 232, 226),
        wing=(226, 226, 220),
        hackle=(210, 210, 206),
        tail=(26, 26, 28),
        mark=(22, 22, 24),
        pattern=Pattern.LACED,
        streak=0.3,
        comb=0.5,
        fluff=1.12,
        egg=(208, 172, 138),
    ),
    Plumage(
        name="mottled black",
        body=(32, 34, 36),
        wing=(28, 32, 32),
        hackle=(34, 36, 38),
        tail=(26, 28, 30),
        mark=(240, 240, 236),
        pattern=Pattern.SPOTTED,
        comb=1.45,
        fluff=0.88,
        egg=(242, 238, 230),
    ),
    Plumage(
        name="partridge with a golden neck",
        body=(92, 70, 44),
        wing=(78, 58, 38),
        hackle=(222, 158, 54),
        tail=(32, 28, 24),
        mark=(46, 36, 26),
        pattern=Pattern.LACED,
        comb=1.15,
        fluff=0.95,
        egg=(150, 88, 56),
    ),
)
"""The first eight are told apart at a glance; the rest fill up larger flocks."""

_CORE = 8

_NAMES = (
    "Agnes",
    "Berta",
    "Clara",
    "Dora",
    "Elsa",
    "Frieda",
    "Greta",
    "Hilde",
    "Ida",
    "Josefine",
    "Kunigunde",
    "Lotte",
    "Martha",
    "Nora",
    "Olga",
    "Paula",
    "Rosa",
    "Selma",
    "Thea",
    "Ulla",
    "Viola",
    "Wilma",
    "Zita",
    "Adele",
    "Bruna",
    "Cilla",
    "Dotty",
    "Edda",
    "Flora",
    "Gusta",
    "Henny",
    "Irma",
    "Jette",
    "Kaja",
    "Lina",
    "Maja",
    "Nelly",
    "Ottilie",
    "Pippa",
    "Romy",
)


def make_flock(number: int, hens: int = 8) -> Flock:
    """The flock of that number with that many hens, 1 to ``MAX_HENS``."""
    if not 1 <= hens <= MAX_HENS:
        raise ValueError(f"A simulated flock has 1 to {MAX_HENS} hens. Received: hens={hens}")
    rng = random.Random(f"flock/{number}")
    core, rest = list(_PLUMAGES[:_CORE]), list(_PLUMAGES[_CORE:])
    rng.shuffle(core)
    rng.shuffle(rest)
    names = rng.sample(_NAMES, MAX_HENS)
    sizes = [rng.uniform(0.93, 1.07) for _ in range(MAX_HENS)]
    # Old hens and one late starter do not lay: about one in four, and never all of them.
    resting = set(rng.sample(range(1, MAX_HENS), 3))
    tints = [_tinted(plumage, rng) for plumage in core + rest]
    return Flock(
        number=number,
        hens=tuple(
            Hen(name=names[i], plumage=tints[i], size=sizes[i], lays=i not in resting) for i in range(hens)
        ),
        strangers=_strangers(number, [tint.name for tint in tints[:hens]]),
    )


def _strangers(number: int, taken: list[str]) -> tuple[Hen, ...]:
    """Hens of other coops, of breeds that this flock has not; where it has all of them, the last ones."""
    rng = random.Random(f"strangers/{number}")
    other = [plumage for plumage in _PLUMAGES if plumage.name not in taken] or list(_PLUMAGES[-2:])
    return tuple(
        Hen(name=f"stranger {n}", plumage=_tinted(plumage, rng), size=rng.uniform(0.93, 1.07), lays=False)
        for n, plumage in enumerate(other, start=1)
    )


def _tinted(plumage: Plumage, rng: random.Random) -> Plumage:
    """A little lighter or darker, so that the same breed differs from flock to flock."""
    gain = rng.uniform(0.95, 1.04)

    def tint(colour: Colour) -> Colour:
        red, green, blue = (min(255, round(channel * gain)) for channel in colour)
        return red, green, blue

    return replace(plumage, body=tint(plumage.body), wing=tint(plumage.wing), hackle=tint(plumage.hackle))
