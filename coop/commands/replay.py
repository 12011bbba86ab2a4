"""`coop replay`: a recording through the whole pipeline, with what is asked for written beside it."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from coop.assembly import camera_clips, camera_judge, camera_nests, camera_pipeline, camera_source
from coop.commands.sinks import ClipShelf, MaskSink, json_sink, video_sink
from coop.commands.tables import clips_rows, events_rows, print_rows, visits_rows
from coop.domain.findings import RecordedEvent
from coop.domain.frame import Frame
from coop.errors import SettingsError
from coop.frame.masked import own_zones
from coop.models import Models
from coop.replay import Memory, Sink, Totals, replay
from coop.settings import CameraSettings, Settings

NAME = "replay"


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """What the command line asked for. ``start`` is naive, in the coop's time zone."""

    source: str
    camera: str | None = None
    start: datetime | None = None
    json_file: Path | None = None
    masks: Path | None = None
    video: Path | None = None
    clips: Path | None = None
    motion_only: bool = False


def run_replay(request: ReplayRequest, settings: Settings, console: Console) -> Totals:
    """Replay, print events and visits, and return the counts. Raises `CoopError`."""
    camera = recording_camera(request.source, request.camera, settings)
    name = request.camera or NAME
    start = request.start.replace(tzinfo=settings.zone) if request.start else None
    # Every frame of a recording counts, unless it is replayed as one of the cameras would see it.
    fps = camera.fps if request.camera is not None else None
    source = camera_source(name, camera, settings, start=start, fps=fps)
    memory = Memory(zone=settings.zone)
    models = Models(settings, active=lambda task: None)
    if not request.motion_only:
        models.refresh()
    clips = None
    if request.clips is not None:
        shelf = ClipShelf(request.clips, settings.zone, memory)
        clips = camera_clips(name, settings, folder=request.clips, record=shelf.put, patient=True)
    zones = camera.domain_zones or own_zones(source)
    pipeline = camera_pipeline(
        name,
        camera,
        settings,
        zones=zones,
        judge=camera_judge(models.current, settings),
        record=memory.record,
        is_first_today=memory.is_first_today,
        clips=clips,
        nests=camera_nests(name, zones, models.current, settings),
    )
    with ExitStack() as stack:
        sinks = _sinks(request, stack)
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("", total=None, when="")

        def show(frame: Frame) -> None:
            progress.update(task, advance=1, when=f"{frame.time.astimezone(settings.zone):%d.%m. %H:%M:%S}")

        totals = replay(source.frames(threading.Event()), pipeline, sinks, show)
    _print(totals, memory, settings, console)
    return totals


def recording_camera(source: str, camera: str | None, settings: Settings) -> CameraSettings:
    """What a recording is seen with: as ``camera`` of the settings sees, else with the defaults."""
    if camera is not None and camera not in settings.cameras:
        known = ", ".join(settings.cameras) or "none"
        raise SettingsError("--camera", [f"{camera}: no such camera in the settings, only: {known}"])
    try:
        own = CameraSettings(url=source)  # type: ignore[arg-type]
    except ValidationError as error:
        reasons = [str(detail["msg"]).removeprefix("Value error, ") for detail in error.errors()]
        raise SettingsError("SOURCE", reasons) from None
    if camera is None:
        return own.model_copy(update={"paced": False})
    return settings.cameras[camera].model_copy(update={"url": own.url, "paced": False})


def _sinks(request: ReplayRequest, stack: ExitStack) -> list[Sink]:
    for file in (request.json_file, request.video):
        if file is not None and file.resolve() == Path(request.source).resolve():
            raise SettingsError(str(file), ["is the recording itself; choose another name for the output"])
    sinks: list[Sink] = []
    if request.json_file is not None:
        sinks.append(stack.enter_context(json_sink(request.json_file)))
    if request.masks is not None:
        sinks.append(MaskSink(request.masks))
    if request.video is not None:
        sinks.append(stack.enter_context(video_sink(request.video)))
    return sinks


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:.0f} frames"),
        BarColumn(),
        TextColumn("{task.fields[when]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _print(totals: Totals, memory: Memory, settings: Settings, console: Console) -> None:
    recorded = [RecordedEvent(event=event) for event in totals.events]
    print_rows("Events", events_rows(recorded, settings.zone), console)
    print_rows("Visits", visits_rows(list(memory.visits.values()), settings.zone), console)
    if memory.clips:
        print_rows("Clips", clips_rows(memory.clips, totals.events, settings.zone), console)
    tracks = ", ".join(f"{kind} {count}" for kind, count in totals.tracks.most_common()) or "none"
    zone_pictures = f", {memory.pictures['zone']} zone pictures" if memory.pictures["zone"] else ""
    console.print(
        f"{totals.frames} frames, {totals.frames_with_motion} with motion; tracks: {tracks}; "
        f"{memory.pictures['crop']} crops{zone_pictures}.",
        highlight=False,
    )
