"""The daemon's row, and when jobs last ran."""

from __future__ import annotations

from dataclasses import replace

from fakes.records import NOON, moment
from pydantic import TypeAdapter

from coop.domain.health import CameraState, CameraStatus, DaemonStatus
from coop.store.status import decoded_status
from coop.store.store import Store

CAMERA = CameraStatus(
    camera="nest",
    state=CameraState.LOST,
    fps=4.9,
    dropped=3,
    reconnects=2,
    last_frame=NOON,
    problem="no route",
)
STATUS = DaemonStatus(
    pid=7,
    started=NOON,
    refreshed=moment(1.25),
    version="0.1.0",
    cameras=(CAMERA, replace(CAMERA, camera="run", state=CameraState.LIVE, last_frame=None)),
    model="starter",
)


def test_the_status_is_replaced(store: Store) -> None:
    assert store.status() is None
    store.put_status(STATUS)
    assert store.status() == STATUS
    later = replace(STATUS, refreshed=moment(2), cameras=(replace(CAMERA, age_s=0.5),), cpu=0.25)
    store.put_status(later)
    assert store.status() == later


def test_a_row_of_an_earlier_version_is_read() -> None:
    """It said neither how old a frame is nor what the daemon uses."""
    row = TypeAdapter(DaemonStatus).dump_python(STATUS, mode="json")
    del row["cpu"]
    for camera in row["cameras"]:
        del camera["age_s"]
    assert decoded_status(row) == STATUS


def test_jobs(store: Store) -> None:
    assert store.last_run("digest") is None
    store.set_last_run("digest", NOON)
    store.set_last_run("backup", moment(5))
    store.set_last_run("digest", moment(9))
    assert (store.last_run("digest"), store.last_run("backup")) == (moment(9), moment(5))
