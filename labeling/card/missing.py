"""What is missing in a task's pictures, in sentences that say what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from coop.domain.task import NONE
from labeling.card.numbers import Card, OfClass

FEW_PICTURES = 20
FEW_VISITS = 3
GREAT_IMBALANCE = 10.0
_FEW_DAYS = 4
_LONG_GAP = 6
_NIGHT = (*range(21, 24), *range(5))
_DAY = range(8, 18)
_ENOUGH_TO_TELL = 10
"""With fewer pictures by night in the whole task, that a class has none there says nothing."""

_LISTED = 6


def what_is_missing(card: Card) -> tuple[str, ...]:
    """Gravest first; nothing where nothing is known to be missing."""
    if not card.pictures:
        return ("There are no pictures yet. Bring some in: coop label import",)
    if not card.labelled:
        return ("Nothing is labelled yet. Begin: coop label",)
    return tuple(_sentences(card))


def what_is_odd(card: Card) -> str | None:
    """The outliers in one sentence; None where there are none."""
    if not card.outliers:
        return None
    counted = Counter(odd.why.removesuffix(" than the rest") for odd in card.outliers)
    return f"Unlike the rest: {', '.join(f'{n} {why}' for why, n in counted.most_common())}."


def _sentences(card: Card) -> Iterator[str]:
    there = [of for of in card.classes if of.pictures]
    nothing = [of.name for of in card.classes if not of.pictures and of.code != NONE]
    if nothing:
        yield f"No picture of {_listed(nothing)}."
    if not any(of.code == NONE for of in there):
        yield "No picture of nothing (none): a model that never saw an empty one will name what is not there."
    for of in there:
        yield from _thin(of, card)
    if card.imbalance is not None and card.imbalance >= GREAT_IMBALANCE:
        most, least = max(there, key=_pictures), min(there, key=_pictures)
        yield (
            f"{_name(most)} has {card.imbalance:.0f} times the pictures of {_name(least)}: "
            f"label what is suggested to be {_name(least)} first."
        )
    if len(card.days) == 1:
        yield "All pictures are of one day: nobody can tell how a model does on another one."
    elif 1 < len(card.days) <= _FEW_DAYS:
        yield f"The pictures are of {len(card.days)} days only: light and litter change from day to day."
    elif card.undated == card.pictures:
        yield "Nobody knows when the pictures were taken: they cannot be split by day."
    something = [of for of in there if of.code != NONE]
    yield from _empty_hours(card)
    yield from _by_night(something, card)
    yield from _by_camera(something, card)
    if card.unsure + card.skipped > 0.1 * (card.labelled + card.unsure + card.skipped):
        yield (
            f"{card.unsure} pictures are unsure and {card.skipped} skipped: "
            "give the classes definitions and example pictures."
        )


def _thin(of: OfClass, card: Card) -> Iterator[str]:
    pictures = "1 picture" if of.pictures == 1 else f"{of.pictures} pictures"
    if of.visits == 1 and card.visits > 1:
        yield f"{_name(of)} has {pictures} from one visit only, which are much the same."
    elif of.days == 1 and len(card.days) > 1 and of.pictures > 1:
        yield f"All {pictures} of {_name(of)} are from one day ({next(iter(of.by_day))})."
    elif of.pictures < FEW_PICTURES or of.visits < FEW_VISITS:
        visits = "1 visit" if of.visits == 1 else f"{of.visits} visits"
        yield (
            f"{_name(of)} has {pictures} from {visits} only; "
            f"{FEW_PICTURES} from {FEW_VISITS} visits are a beginning."
        )


def _empty_hours(card: Card) -> Iterator[str]:
    """The longest run of hours, over midnight too, of which there is no picture at all."""
    if not sum(card.by_hour):
        return
    longest, begin, run = 0, 0, 0
    for hour in range(48):
        run = 0 if card.by_hour[hour % 24] else run + 1
        if longest < run <= 24:
            longest, begin = run, hour - run + 1
    if longest >= _LONG_GAP:
        yield f"No picture at all from {begin % 24:02d}:00 to {(begin + longest) % 24:02d}:00."


def _by_night(there: list[OfClass], card: Card) -> Iterator[str]:
    for name, hours, other in (("night", _NIGHT, _DAY), ("day", _DAY, _NIGHT)):
        if sum(card.by_hour[hour] for hour in hours) < _ENOUGH_TO_TELL:
            continue
        lacking = [
            _name(of)
            for of in there
            if sum(of.by_hour[hour] for hour in other) and not sum(of.by_hour[hour] for hour in hours)
        ]
        if lacking:
            yield f"No {_listed(lacking, 'or')} by {name}."


def _by_camera(there: list[OfClass], card: Card) -> Iterator[str]:
    if len(card.cameras) < 2:
        return
    for camera in card.cameras:
        lacking = [_name(of) for of in there if camera not in of.by_camera]
        if lacking and len(lacking) < len(there):
            yield f"No {_listed(lacking, 'or')} from the camera {camera}."
        elif lacking:
            yield f"Nothing from the camera {camera} is labelled."


def _name(of: OfClass) -> str:
    return of.name if of.code != NONE else "nothing (none)"


def _pictures(of: OfClass) -> int:
    return of.pictures


def _listed(names: list[str], last: str = "and") -> str:
    shown = names[:_LISTED]
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} {last} {rest} more"
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
