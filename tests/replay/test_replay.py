"""`coop replay`: its outputs, its options, and what it does with what is no recording."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from fakes.command import coop

Rows = Callable[[Path], list[dict[str, Any]]]
SIM = "sim://?flock=1&seed=7&days=1&from=5&to=6"


@pytest.fixture
def tree(test_data: Path) -> Path:
    """A short recording of swaying foliage: 320 x 240, 68 frames."""
    return test_data / "videos" / "tree.avi"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A recording of odd size, 161 x 121, 30 frames at 10 a second, with a thing that moves."""
    file = tmp_path / "odd.avi"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 161, 121, "bgr0"
        for n in range(30):
            image = np.full((121, 161, 3), 120, np.uint8)
            image[40:80, 4 * n : 4 * n + 30] = 10
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return file


def left_over(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_replaying_twice_gives_the_same(tree: Path, settings_file: Path, replayed: Any, home: Path) -> None:
    assert coop("replay", tree, "-c", settings_file, "--json", "again.jsonl").status == 0
    assert (home / "again.jsonl").read_text() == replayed("tree.avi").text


def test_a_mask_for_each_frame(odd: Path, home: Path, rows: Rows) -> None:
    assert coop("replay", odd, "--motion-only", "--masks", "masks", "--json", "out.jsonl").status == 0
    files = sorted((home / "masks").iterdir())
    assert [file.name for file in files] == [f"{n:06d}.png" for n in range(30)]
    moved = 0
    frames = [line for line in rows(home / "out.jsonl") if "n" in line]
    for file, frame in zip(files, frames, strict=True):
        mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert (mask.shape, mask.dtype) == ((121, 161), np.uint8)
        assert set(np.unique(mask)) <= {0, 255}
        for x, y, w, h in frame["regions"]:
            moved += 1
            assert mask[y : y + h, x : x + w].any(), "what is a region moved"
    assert moved


def boxes_of(file: Path) -> list[str]:
    data, at, names = file.read_bytes(), 0, []
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def test_the_video_plays_on_a_phone_whatever_its_size(odd: Path, home: Path) -> None:
    assert coop("replay", odd, "--motion-only", "--video", "out.mp4").status == 0
    with av.open(str(home / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (160, 120)
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(3.0, abs=0.15)
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(frames) == 30
    names = boxes_of(home / "out.mp4")
    assert names.index("moov") < names.index("mdat")
    assert left_over(home) == {"odd.avi", "out.mp4"}


def test_clips_are_made_named_by_their_time_and_listed(odd: Path, home: Path) -> None:
    done = coop("replay", odd, "--motion-only", "--start", "2026-05-01T07:00:00", "--clips", "films")
    assert done.status == 0
    [film] = (home / "films").iterdir()
    assert film.name.startswith("20260501-0700") and film.name.endswith("-replay.mp4")
    assert film.name in done.out
    with av.open(str(film)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert len([*container.decode(video=0)]) > 5


def test_boxes_are_drawn_around_what_moves(odd: Path, home: Path) -> None:
    assert coop("replay", odd, "--motion-only", "--video", "out.mp4").status == 0
    with av.open(str(home / "out.mp4")) as container:
        frames = [frame.to_ndarray(format="bgr24").astype(int) for frame in container.decode(video=0)]
    colourful = [int((np.abs(frame[..., 0] - frame[..., 2]) > 60).sum()) for frame in frames]
    assert colourful[0] == 0, "grey, since nothing is known yet"
    assert max(colourful) > 50


def test_motion_only_never_looks_for_a_model(odd: Path, home: Path, rows: Rows) -> None:
    settings = home / "coop.toml"
    settings.write_text(f'data_dir = "{home / "data"}"\n')
    result = coop("replay", odd, "-c", settings, "--motion-only", "--json", "out.jsonl")
    assert result.status == 0
    assert not (home / "data").exists(), "no model folder, no data folder"
    kinds = {p["kind"] for line in rows(home / "out.jsonl") for p in line.get("predictions", ())}
    assert kinds <= {"motion"}


def test_a_replay_needs_neither_database_nor_telegram(odd: Path, home: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "coop", "replay", str(odd), "--motion-only"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home, env=dict(os.environ))
    assert "coop.pipeline" in done.stderr
    for heavy in ("tensorflow", "keras", "import torch", "sqlalchemy", "telegram.ext"):
        assert heavy not in done.stderr


def test_a_simulated_coop_knows_its_own_zones(home: Path, rows: Rows) -> None:
    result = coop("replay", SIM, "--motion-only", "--json", "out.jsonl")
    assert result.status == 0, result.err
    places = {line["place"] for line in rows(home / "out.jsonl") if "event" in line}
    assert places & {"run", "pop door", "roost", "nest 1", "nest 2", "nest 3"}


def test_the_zones_and_masks_of_a_camera_are_used(odd: Path, home: Path, rows: Rows) -> None:
    (home / "coop.toml").write_text("""
[cameras.yard]
url = "rtsp://user:geheim@192.0.2.1/"
fps = 60
privacy_masks = [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.2], [0.0, 0.2]]]
[cameras.yard.zones.gate]
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
""")
    result = coop("replay", odd, "--camera", "yard", "--motion-only", "--json", "o.jsonl", "--video", "o.mp4")
    assert result.status == 0, result.err
    events = [line for line in rows(home / "o.jsonl") if "event" in line]
    assert {(event["camera"], event["place"]) for event in events} == {("yard", "gate")}
    with av.open(str(home / "o.mp4")) as container:
        first = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert first[:20].max() < 30
    assert "geheim" not in result.words


def test_the_start_is_told_in_the_coops_time_zone(odd: Path, home: Path, rows: Rows) -> None:
    (home / "coop.toml").write_text('timezone = "Europe/Berlin"\n')
    start = ("--start", "2026-07-01T06:00:00")
    assert coop("replay", odd, "--motion-only", "--json", "o.jsonl", *start).status == 0
    assert rows(home / "o.jsonl")[0]["t"] == "2026-07-01T04:00:00+00:00"


OUTPUTS = ("--json", "o.jsonl", "--masks", "masks", "--video", "o.mp4")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.mp4", None),
        ("empty.mp4", b""),
        ("words.mp4", b"This is no video, whatever its name says.\n" * 50),
        ("zeros.avi", bytes(20_000)),
        ("picture.avi", b"RIFF\x24\x00\x00\x00AVI LIST"),
    ],
)
def test_what_is_no_recording_is_one_sentence_and_leaves_nothing(
    home: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (home / name).write_bytes(content)
    before = left_over(home)
    result = coop("replay", name, "--motion-only", *OUTPUTS)
    assert result.status == 1
    assert name in result.err
    assert result.err.startswith("Error:")
    assert "Traceback" not in result.err
    assert result.err.count("\n") == 1, result.err
    assert left_over(home) == before


def test_a_folder_without_pictures_is_one_sentence(home: Path) -> None:
    (home / "stills").mkdir()
    result = coop("replay", "stills", "--motion-only", *OUTPUTS)
    assert result.status == 1
    assert "stills" in result.err
    assert left_over(home) == {"stills"}


def test_a_recording_that_was_cut_short_gives_what_it_has(tree: Path, home: Path, rows: Rows) -> None:
    whole = tree.read_bytes()
    (home / "cut.avi").write_bytes(whole[: len(whole) // 2])
    result = coop("replay", "cut.avi", "--motion-only", *OUTPUTS)
    assert result.status == 0, result.err
    frames = [line for line in rows(home / "o.jsonl") if "n" in line]
    assert 20 < len(frames) < 68


def test_an_unknown_camera_is_named_with_those_there_are(odd: Path, home: Path) -> None:
    (home / "coop.toml").write_text('[cameras.yard]\nurl = "sim://"\n[cameras.door]\nurl = "sim://"\n')
    result = coop("replay", odd, "--camera", "yrad", *OUTPUTS)
    assert result.status == 1
    assert "yrad" in result.err
    assert "yard" in result.err
    assert "door" in result.err
    assert left_over(home) == {"odd.avi", "coop.toml"}


@pytest.mark.parametrize("option", ["--json", "--video", "--masks"])
def test_an_output_that_cannot_be_written_is_one_sentence(odd: Path, home: Path, option: str) -> None:
    (home / "file").write_text("in the way")
    result = coop("replay", odd, "--motion-only", option, home / "file" / "out")
    assert result.status == 1
    assert "cannot be written" in result.err
    assert "Traceback" not in result.err
    assert left_over(home) == {"odd.avi", "file"}


@pytest.mark.parametrize("option", ["--json", "--video"])
def test_the_recording_itself_is_never_overwritten(odd: Path, home: Path, option: str) -> None:
    before = odd.read_bytes()
    result = coop("replay", odd, "--motion-only", option, odd)
    assert result.status == 1
    assert "the recording itself" in result.err
    assert odd.read_bytes() == before


def test_an_option_that_is_wrong_says_how_it_is_written(odd: Path) -> None:
    result = coop("replay", odd, "--start", "yesterday")
    assert result.status == 2
    assert "%Y-%m-%dT%H:%M:%S" in result.words
