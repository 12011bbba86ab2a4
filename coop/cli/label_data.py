"""`coop label`: pictures in, datasets out, and help on the way."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from coop.cli.common import (
    ConfigOption,
    CsvFlag,
    JsonFlag,
    StartOption,
    TaskName,
    choice,
    console,
    not_both,
    say,
)


def label_import(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder, a CSV (path,label,group), a JSON of COCO or Label Studio, a YOLO folder, a video."
        ),
    ],
    config: ConfigOption = None,
    task: Annotated[
        str | None,
        typer.Option("--task", "-t", help="Into this task; it is made from the labels if it does not exist."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="What it is, where its name does not tell: folder, imagefolder (a folder for each class), "
            "csv, coco, yolo, labelstudio or video.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the import is called; else the source's name.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="What the pictures are: crop or zone.")] = None,
    images: Annotated[
        Path | None, typer.Option(help="COCO, Label Studio: where the pictures are, if not beside the file.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="COCO, YOLO: whole pictures, instead of what is in the boxes.")
    ] = False,
    camera: Annotated[
        str | None, typer.Option(help="The camera that took them; a video is seen as it sees.")
    ] = None,
    start: StartOption = None,
    who: Annotated[str, typer.Option(help="Who gave the labels.")] = "import",
    gap: Annotated[
        float | None, typer.Option(help="Seconds without a picture that end a visit; else as set.", min=0)
    ] = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="A folder: what lies in one folder below is never split.")
    ] = False,
    override: Annotated[
        bool, typer.Option("--override", help="Labels replace others that pictures have already.")
    ] = False,
    add_classes: Annotated[
        bool, typer.Option("--add-classes", help="Add the classes that the task lacks.")
    ] = False,
) -> None:
    """Bring pictures and labels in. Unreadable files are listed; a repeat adds nothing twice."""
    from coop.assembly import utc_now
    from coop.commands.cuttings import cuttings
    from coop.domain.picture import PictureKind
    from coop.frame.filetime import time_in_name
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.importing import run_import, run_video_import
    from labeling.importing.formats import Format, Reading, format_of
    from labeling.importing.run import Wanted

    settings = load_settings(config)
    zone, now = settings.zone, utc_now()
    of_kind = choice(PictureKind, kind, "--kind", ("crop", "zone"))
    wanted = Wanted(
        task=task, source=name or source.resolve().stem, zone=zone, batch=f"import-{now:%Y%m%d-%H%M%S-%f}",
        who=who, camera=camera, kind=of_kind,
        gap=timedelta(seconds=settings.labeling.visit_gap_s if gap is None else gap),
        override=override, add_classes=add_classes,
    )  # fmt: skip
    what = format_of(source, choice(Format, form, "--format"))
    with open_store(settings) as store:
        if what is Format.VIDEO:
            began = start.replace(tzinfo=zone) if start else time_in_name(source.name, zone)
            cut = cuttings(source, settings, camera=camera, start=began)
            run_video_import(store, cut, wanted, console, dated=began is not None)
            return
        how = Reading(zone=zone, folders_are_groups=groups, images=images, whole=whole)
        run_import(
            store, source, what, how, wanted, now, console, name_time=lambda text: time_in_name(text, zone)
        )


def label_suggest(
    task: Annotated[list[str] | None, typer.Argument(help="Tasks; without any, all of them.")] = None,
    config: ConfigOption = None,
) -> None:
    """Let the current model suggest labels, and put first what would teach it most.

    Only what is missing or stale is computed. A task that no model knows learns from its labels so far.
    """
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.suggesting import run_suggest
    from training.head import fit_head

    settings = load_settings(config)
    with open_store(settings) as store:
        run_suggest(store, task or (), settings, fit_head, console)


def label_clusters(
    task: TaskName,
    config: ConfigOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Labelled pictures too, not only those without a label.")
    ] = False,
) -> None:
    """Group similar pictures of a task, to be named together on the page. Replaces its groups before."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.suggesting import run_clusters
    from training.head import fit_head

    settings = load_settings(config)
    with open_store(settings) as store:
        run_clusters(store, task, settings, fit_head, utc_now(), console, everything=everything)


def label_quality(
    task: TaskName,
    config: ConfigOption = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            help="Out-of-fold predictions: CSV (picture,class,probability) or NPZ; else a quick head's."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how good labels, people and model are, and find labels that are likely wrong.

    Those are kept for the page, where one key mends or confirms each.
    """
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.quality import run_quality
    from training.head import fit_head

    settings = load_settings(config)
    with open_store(settings) as store:
        run_quality(store, task, settings, fit_head, console, predictions=predictions, as_json=as_json)


def label_card(
    task: TaskName,
    config: ConfigOption = None,
    png: Annotated[Path | None, typer.Option(help="Write the figure into this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what a task's pictures are, by class, day, hour and camera, and what is missing."""
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.card import run_card

    settings = load_settings(config)
    with open_store(settings) as store:
        run_card(store, task, settings, console, png=png, json_wanted=as_json)


def label_version(
    task: TaskName,
    config: ConfigOption = None,
    val: Annotated[float, typer.Option(help="The share of pictures to choose models by.", min=0)] = 0.15,
    test: Annotated[float, typer.Option(help="The share of pictures to judge models by.", min=0)] = 0.15,
    seed: Annotated[int, typer.Option(help="Another number, another split.")] = 1,
    note: Annotated[str, typer.Option(help="A word on what it is for.")] = "",
    who: Annotated[str, typer.Option(help="Who makes it.")] = "keeper",
    include_disputed: Annotated[
        bool, typer.Option("--include-disputed", help="With pictures that two people judged differently.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Split anew: what was held out so far may be trained on.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Keep the labels as they are now as a dataset version, split into train, val and test.

    No visit, day or group is ever divided. Pictures stay in the part that the version before gave them.
    """
    from coop.assembly import utc_now
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.versions import class_rows, run_version, version_rows
    from labeling.datasets.make import VersionWanted

    settings = load_settings(config)
    wanted = VersionWanted(
        val=val, test=test, seed=seed, note=note, near=settings.labeling.near_duplicates_per_visit,
        include_disputed=include_disputed, fresh=fresh,
    )  # fmt: skip
    with open_store(settings) as store:
        made, said = run_version(store, task, wanted, who, utc_now(), settings.zone)
        if as_json:
            print_rows("", version_rows([made], settings.zone), console, as_json=True)
            return
        print_rows("", class_rows(store, made), console)
    for sentence in said:
        say(sentence)


def label_versions(
    task: Annotated[str | None, typer.Argument(help="Only those of this task.")] = None,
    config: ConfigOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """List the dataset versions."""
    from coop.commands.tables import print_rows
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.versions import VERSION_COLUMNS, narrow, version_rows

    not_both(as_json, as_csv)
    settings = load_settings(config)
    with open_store(settings) as store:
        rows = version_rows(store.datasets(task), settings.zone)
    if not as_json and not as_csv:
        rows = narrow(rows)
    print_rows("Versions", rows, console, columns=VERSION_COLUMNS, as_json=as_json, as_csv=as_csv)


def label_diff(
    task: TaskName,
    before: Annotated[int, typer.Argument(help="The version to begin with.")],
    after: Annotated[int, typer.Argument(help="The version to compare with it.")],
    config: ConfigOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what two dataset versions do not have in common."""
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.versions import diff_sentences, run_diff

    with open_store(load_settings(config)) as store:
        found = run_diff(store, task, before, after)
    if as_json:
        say(json.dumps(found.as_json(), ensure_ascii=False))
        return
    for line in diff_sentences(found):
        say(line)


def label_export(
    task: TaskName,
    version: Annotated[
        str,
        typer.Argument(help="A dataset version's number, newest, or current: the labels as they are now."),
    ],
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT", help="imagefolder, csv, coco, yolo, labelstudio, tfrecord or huggingface."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="The folder to write; it must not exist.")],
    config: ConfigOption = None,
    link: Annotated[
        bool, typer.Option("--link", help="Link the pictures where the disk allows it, instead of copying.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an export that is there; never any other folder.")
    ] = False,
) -> None:
    """Write a dataset version for other tools, and say what their form cannot hold."""
    from coop.assembly import utc_now
    from coop.places import open_store
    from coop.settings import load_settings
    from labeling.commands.exporting import run_export
    from labeling.exporting.run import ExportFormat

    of_form = choice(ExportFormat, form, "FORMAT") or ExportFormat.CSV
    settings = load_settings(config)
    with open_store(settings) as store:
        said = run_export(
            store, task, version, of_form, out, utc_now(), settings.zone, console, link=link, replace=replace
        )
    for sentence in said:
        say(sentence)
