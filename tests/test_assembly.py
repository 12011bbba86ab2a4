"""Settings into parts: each says to its part what its description says to the keeper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from coop.assembly import camera_judge, camera_pipeline
from coop.domain.frame import Frame
from coop.pipeline import Pipeline
from coop.replay import Memory
from coop.settings import CameraSettings, Settings
from coop.settings_values import SecretUrl

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
PUT_DOWN_S = 20


def bucket(seconds: float) -> Iterator[tuple[float, Frame]]:
    """Straw at 5 frames a second; a bucket is put down after `PUT_DOWN_S`. With the seconds it has stood."""
    straw = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (180, 320, 3), np.uint8), (5, 5), 0)
    for n in range(round((PUT_DOWN_S + seconds) * 5)):
        image = straw.copy()
        stood = n / 5 - PUT_DOWN_S
        if stood >= 0:
            cv2.rectangle(image, (140, 80), (180, 120), (200, 60, 20), -1)
        yield stood, Frame(camera="run", time=START + timedelta(seconds=n / 5), image=image, number=n)


def flow(settings: Settings) -> Pipeline:
    memory = Memory(zone=UTC)
    return camera_pipeline(
        "run",
        CameraSettings(url=SecretUrl("sim://")),
        settings,
        zones=(),
        judge=camera_judge({}, settings),
        record=memory.record,
        is_first_today=memory.is_first_today,
    )


@pytest.mark.parametrize("absorb_s", [5, 15])
@pytest.mark.parametrize("settle_s", [0.5, 60])
def test_a_bucket_is_background_after_the_time_that_is_set(absorb_s: float, settle_s: float) -> None:
    settings = Settings.model_validate(
        {"timezone": "UTC", "motion": {"absorb_s": absorb_s, "settle_s": settle_s}}
    )
    pipeline = flow(settings)
    moved = [stood for stood, frame in bucket(2 * absorb_s) if pipeline.step(frame).motion.regions]
    assert moved[0] == pytest.approx(0, abs=0.5)
    assert moved[-1] == pytest.approx(absorb_s, rel=0.25)
