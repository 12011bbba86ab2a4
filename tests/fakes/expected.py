"""What a daemon must have recorded in the end: what one undisturbed run over its recording finds."""

from __future__ import annotations

from datetime import UTC

from fakes.daemon import Daemon

from coop.assembly import camera_judge, camera_pipeline, camera_source
from coop.replay import Memory, replay
from coop.settings import load_settings


def expected_events(daemon: Daemon) -> set[str]:
    """The keys of all events that an undisturbed run records."""
    settings = load_settings(daemon.config)
    camera = settings.cameras["coop"]
    memory = Memory(zone=UTC)
    source = camera_source("coop", camera, settings, fps=camera.fps)
    pipeline = camera_pipeline(
        "coop",
        camera,
        settings,
        zones=source.zones,  # type: ignore[attr-defined]
        judge=camera_judge({}, settings),
        record=memory.record,
        is_first_today=memory.is_first_today,
    )
    found = replay(source.frames(_Never()), pipeline, [], lambda frame: None)
    return {event.key for event in found.events}


class _Never:
    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float) -> bool:
        return False
