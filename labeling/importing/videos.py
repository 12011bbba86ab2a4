"""A video, cut by the daemon's own motion and tracks: one track is one visit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from coop.domain.catalogue import Entry
from coop.domain.picture import NewPicture
from coop.domain.times import local_day
from coop.store.store import Store
from labeling.facts import facts_of
from labeling.importing.run import LOT, Progress, Report, Tally, Wanted, picture_key, picture_kind
from labeling.pictures import read_picture


def import_cuttings(
    store: Store, cuttings: Iterable[NewPicture], wanted: Wanted, *, dated: bool, progress: Progress
) -> Report:
    """Bring in what was cut out of one video, as it comes; the video is one group.

    ``dated``: the cuttings' times are when they were filmed, so they have days. A video brings no labels, so
    a task must exist before it. Raises LabelError or StoreError.
    """
    task = None if wanted.task is None else store.task(wanted.task)
    kind = picture_kind(task, wanted)
    report = Report()
    tally = Tally(report)
    for lot in _lots(cuttings):
        kept = [(_renamed(cutting, wanted), cutting.track_id) for cutting in lot if cutting.kind is kind]
        there = store.entries_of([picture.key for picture, _ in kept])
        pictures, entries = list[NewPicture](), list[Entry]()
        for picture, track in kept:
            entry = there.get(picture.key)
            if entry is None:
                entry = _entry(picture, track, wanted, dated)
                pictures.append(picture)
            entries.append(entry)
            tally.add(entry)
        new = store.import_pictures(pictures, entries, task=wanted.task)
        report.found += len(kept)
        report.new += new
        report.known += len(kept) - new
        progress("cutting", report.found, 0)
    return report


def _renamed(cutting: NewPicture, wanted: Wanted) -> NewPicture:
    """By its content: cut again from the same video, it is the same picture."""
    key = picture_key(hashlib.sha256(cutting.data).hexdigest())
    return replace(cutting, key=key, camera=wanted.camera or wanted.source)


def _entry(picture: NewPicture, track: str | None, wanted: Wanted, dated: bool) -> Entry:
    visit = f"{wanted.source}/track/{track}" if track else f"{wanted.source}/picture/{picture.key}"
    return Entry(
        picture=picture.key,
        visit=visit,
        source=wanted.source,
        facts=facts_of(read_picture(picture.data).image),
        group=wanted.source,
        day=local_day(picture.time, wanted.zone) if dated else None,
        name=f"{track or picture.kind.value} {picture.time:%H:%M:%S.%f}",
    )


def _lots(cuttings: Iterable[NewPicture]) -> Iterator[Sequence[NewPicture]]:
    rest = iter(cuttings)
    while lot := tuple(islice(rest, LOT)):
        yield lot
