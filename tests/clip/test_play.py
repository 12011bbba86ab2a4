"""Clips in a real player: Chromium's video element, which plays what phones play; and what ffprobe says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.films import Player, Shelf, a_maker, at, film, number_of, numbered, predator, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from coop.clip.writer import ClipWriter
from coop.domain.clip import NewClip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> NewClip:
    """A fox at second 8, seen until second 12: with pre-roll and post-roll it lasts from 5 to 14."""
    shelf = Shelf()
    maker = a_maker(tmp_path_factory.mktemp("clip"), shelf)
    film(maker, [n / 5 for n in range(100)], {8.0: predator(8.0)}, fox=lambda t: 8 <= t <= 12)
    maker.close(())
    [made] = shelf.clips
    return made


def test_chromium_plays_it_with_its_pre_roll(clip: NewClip, chromium: Page) -> None:
    player = Player(chromium, clip.file)
    assert player.seconds == pytest.approx(9.0, abs=0.25)
    assert player.size == (320, 240)
    # The fox came with frame 40, so the clip begins with frame 25; a field counts up to 31.
    for second, number in ((0.1, 25), (1.1, 30), (3.1, 40 % 32), (8.9, 69 % 32)):
        assert number_of(player.picture(second)) == number
    player.play()


def test_the_colours_are_those_of_the_camera(clip: NewClip, chromium: Page) -> None:
    seen = Player(chromium, clip.file).picture(0.1)
    difference = np.abs(seen[2:238, 2:318].astype(int) - numbered(25)[2:238, 2:318])
    assert np.median(difference.reshape(-1, 3), axis=0).max() <= 3


def probe(file: Path) -> dict[str, Any]:
    entries = (
        "stream=codec_name,profile,pix_fmt,width,height,color_space:format=duration,bit_rate:format_tags"
    )
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", entries, str(file)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return answer


def test_what_ffprobe_says(clip: NewClip) -> None:
    found = probe(clip.file)
    [stream] = found["streams"]
    assert stream == {
        "codec_name": "h264",
        "profile": "High",
        "pix_fmt": "yuv420p",
        "width": 320,
        "height": 240,
        "color_space": "smpte170m",
    }
    assert float(found["format"]["duration"]) == pytest.approx(9.0, abs=0.25)
    assert found["format"]["tags"]["creation_time"].startswith("2026-05-01T07:00:05")


def test_noise_does_not_fill_the_disk(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    file = tmp_path / "noise.mp4"
    with ClipWriter(file, longest_pause=None, max_bits_per_second=300_000, threads=1) as writer:
        for n in range(60):
            writer.write(noise.integers(0, 255, (180, 320, 3), np.uint8), at(n / 5))
    assert file.stat().st_size * 8 / 12 < 330_000


steps = st.floats(0.001, 90, allow_nan=False)


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, min_size=1, max_size=40))
def test_frame_times_in_are_frame_times_out(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float]
) -> None:
    """To one part in 90,000 of a second, however uneven they are."""
    times = [0.0, *np.cumsum(steps).tolist()]
    file = tmp_path_factory.mktemp("times") / "clip.mp4"
    with ClipWriter(file, longest_pause=None, threads=1) as writer:
        for n, second in enumerate(times):
            writer.write(numbered(n, 64, 64), at(second))
    made = NewClip(
        key="k", file=file, camera="run", time=at(0), seconds=times[-1], width=64, height=64, events=()
    )
    found = shown(made)
    assert [t for t, _ in found] == pytest.approx(times, abs=2 / 90_000)
    assert [n for _, n in found] == [n % 32 for n in range(len(times))]
