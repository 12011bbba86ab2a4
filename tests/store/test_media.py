"""A media file is whole under its final name, or not there."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from fakes.records import new_picture
from hypothesis import given
from hypothesis import strategies as st

from coop.errors import StoreError, StoreUnavailable
from coop.store.media import Media, safe_name


def test_keeping_twice_is_keeping_once(tmp_path: Path) -> None:
    media = Media(tmp_path / "media")
    first = media.keep(new_picture(1))
    place = media.locate(first.path)
    os.utime(place, (0, 0))
    assert media.keep(new_picture(1)) == first
    assert list(media.files()) == [first.path]
    assert media.files()[first.path] < timedelta(hours=1), "young again, so that no sweep takes it"


def test_a_half_file_of_the_same_name_is_put_right(tmp_path: Path) -> None:
    media = Media(tmp_path)
    kept = media.keep(new_picture(1))
    media.locate(kept.path).write_bytes(b"half")
    media.keep(new_picture(1))
    assert media.locate(kept.path).read_bytes() == new_picture(1).data


def test_removing_takes_the_empty_folders_along(tmp_path: Path) -> None:
    media = Media(tmp_path / "media")
    one = media.keep(new_picture(1))
    two = media.keep(new_picture(2, camera="run"))
    media.remove(one.path)
    assert [place.name for place in (tmp_path / "media/2026/05/01").iterdir()] == ["run"]
    media.remove(two.path)
    media.remove(two.path)
    assert list((tmp_path / "media").iterdir()) == []
    assert media.keep(new_picture(3)).path in media.files()


@given(st.text(max_size=200))
def test_a_safe_name_is_one_harmless_part_of_a_path(text: str) -> None:
    text = text.encode(errors="replace").decode()
    name = safe_name(text)
    assert PurePosixPath(name).parts == (name,)
    assert name not in (".", "..") and not name.startswith((".", "-")) and len(name) < 100


@given(
    st.lists(
        st.sampled_from(["nest", "nest/1", "nest_1", "Nest", "..", ".", "", "a" * 300, "ä"]), unique=True
    )
)
def test_different_texts_have_different_names(texts: list[str]) -> None:
    assert len({safe_name(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("camera", ["../../etc", "/etc", "..", "nest\x00"])
def test_a_camera_cannot_lead_out_of_the_folder(tmp_path: Path, camera: str) -> None:
    media = Media(tmp_path / "media")
    media.keep(new_picture(1, camera=camera, key="../../key"))
    [found] = [place for place in tmp_path.rglob("*") if place.is_file()]
    assert found.is_relative_to(tmp_path / "media/2026/05/01")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "2026/../../x"])
def test_a_row_cannot_lead_out_of_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(StoreError, match="leads out of"):
        Media(tmp_path).locate(path)


@pytest.mark.parametrize("suffix", ["", "jpg", "./x", ".JPG", ".toolongtobe"])
def test_a_suffix_must_be_one(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(StoreError, match=r"'\.jpg'"):
        Media(tmp_path).keep(new_picture(1, suffix=suffix))


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="Media file"):
        Media(tmp_path / "media").keep(new_picture(1))
