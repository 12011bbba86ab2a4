"""`coop label version`, `versions` and `diff`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from coop.domain.dataset import DatasetHead, DatasetVersion, Part
from coop.settings import Settings
from coop.store.store import Store
from labeling.datasets.difference import Difference, difference
from labeling.datasets.make import VersionWanted, class_counts, make_version
from labeling.intake import catalogue_new

VERSION_COLUMNS = ("task", "version", "made", "who", "pictures", "train", "val", "test", "digest", "note")

_FEW = 10


def run_version(
    store: Store, name: str, wanted: VersionWanted, who: str, now: datetime, zone: tzinfo
) -> tuple[DatasetVersion, list[str]]:
    """Make a version of a task, and say what is in it. Raises CoopError."""
    catalogue_new(store, zone)  # what was labelled from the phone is perhaps not catalogued yet
    task = store.task(name)
    version, is_new = make_version(store, task, wanted, who, now)
    if not is_new:
        return version, [f"Nothing has changed since version {version.version}, so there is no new one."]
    said = [
        f"Version {version.version} of {name}: {len(version.items)} pictures, digest {version.digest[:12]}."
    ]
    said += [str(sentence) for sentence in version.about["said"]]
    return version, said


def version_at_night(store: Store, name: str, settings: Settings, now: datetime) -> DatasetVersion:
    """The version that the nightly training learns from: `coop label version` without any wish."""
    wanted = VersionWanted(near=settings.labeling.near_duplicates_per_visit, note="nightly training")
    return run_version(store, name, wanted, "nightly", now, settings.zone)[0]


def class_rows(store: Store, version: DatasetVersion) -> Sequence[Mapping[str, Any]]:
    """One row for each class of a version, with its pictures in each part."""
    counts = class_counts(version, store.task(version.task))
    rows: list[Mapping[str, Any]] = [
        {"class": name, **{part.value: of_part[part] for part in Part}} for name, of_part in counts.items()
    ]
    return [*rows, {"class": "pictures", **{part.value: len(version.part(part)) for part in Part}}]


def version_rows(heads: Sequence[DatasetHead], zone: tzinfo) -> Sequence[Mapping[str, Any]]:
    """One row for each version."""
    rows = []
    for head in heads:
        pictures: Mapping[str, int] = head.about["pictures"]
        rows.append(
            {
                "task": head.task,
                "version": head.version,
                "made": f"{head.made.astimezone(zone):%Y-%m-%d %H:%M}",
                "who": head.who,
                "pictures": sum(pictures.values()),
                **pictures,
                "digest": head.digest[:12],
                "note": head.about["note"],
            }
        )
    return rows


def narrow(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """What of the rows fits into a terminal of 80 characters."""
    left_out = {"who"} if any(row["note"] for row in rows) else {"who", "note"}
    return [
        {name: value for name, value in row.items() if name not in left_out} | {"digest": row["digest"][:8]}
        for row in rows
    ]


def run_diff(store: Store, task: str, before: int, after: int) -> Difference:
    """What changed between two versions. Raises LabelError for one that is not there."""
    return difference(store.dataset(task, before), store.dataset(task, after))


def diff_sentences(diff: Difference) -> Iterator[str]:
    """What changed, a line each, with a few pictures of each kind."""
    yield from _lines("added", diff.added)
    yield from _lines("removed", diff.removed)
    yield from _lines("relabelled", {key: " -> ".join(change) for key, change in diff.relabelled.items()})
    yield from _lines(
        "moved to another part", {key: " -> ".join(change) for key, change in diff.moved.items()}
    )


def _lines(what: str, pictures: Mapping[str, str]) -> Iterator[str]:
    yield f"{len(pictures)} {what}"
    for key, value in list(pictures.items())[:_FEW]:
        yield f"  {key}: {value}"
    if len(pictures) > _FEW:
        yield f"  and {len(pictures) - _FEW} more"
