"""Pictures by key: small ones, whole ones, and what is no picture at all."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from fakes.labelling import KINDS
from fakes.page import picture_of, small_jpeg, stock
from PIL import ExifTags, Image
from starlette.testclient import TestClient

from coop.domain.picture import PictureKind
from coop.store.store import Store
from labeling.web.thumbnails import THUMB_PX, VIEW_PX, Thumbnails, UnreadablePicture, shrunk

LATER = datetime(2026, 5, 2, tzinfo=UTC)


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(data)).size


def keep(store: Store, data: bytes, suffix: str = ".jpg", key: str = "one", **changes: object) -> None:
    picture = picture_of(1, data, key=key, suffix=suffix, **changes)
    store.import_pictures([picture], [])


def test_a_large_picture_comes_in_three_sizes(client: TestClient, store: Store) -> None:
    keep(store, small_jpeg(1, 2000, 1500), width=2000, height=1500)
    sizes = [size_of(client.get(f"/{size}/one").content) for size in ("thumb", "view", "media")]
    assert sizes == [(THUMB_PX, 144), (VIEW_PX, 720), (2000, 1500)]


def test_a_small_picture_is_viewed_as_it_is(client: TestClient, store: Store) -> None:
    data = small_jpeg(1)
    keep(store, data)
    assert client.get("/view/one").content == data
    assert client.get("/media/one").content == data


@pytest.mark.parametrize("size", ["thumb", "view", "media"])
def test_a_picture_is_asked_for_once(client: TestClient, store: Store, size: str) -> None:
    stock(store, 1)
    first = client.get(f"/{size}/picture-0")
    assert first.headers["content-type"] == "image/jpeg"
    assert "immutable" in first.headers["cache-control"]
    again = client.get(f"/{size}/picture-0", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "key",
    [
        "none",
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/coop.db",
        "/etc/passwd",
        "picture-0%00.jpg",
        "a" * 3000,
        "%ff%fe",
        "",
    ],
)
@pytest.mark.parametrize("size", ["thumb", "view", "media"])
def test_a_key_that_is_none_leads_nowhere(client: TestClient, store: Store, size: str, key: str) -> None:
    stock(store, 1)
    assert client.get(f"/{size}/{key}").status_code == 404


def test_a_key_may_hold_anything(client: TestClient, store: Store) -> None:
    key = "run/1 §ü?#%2f.."
    keep(store, small_jpeg(3), key=key)
    for size in ("thumb", "view", "media"):
        assert client.get(f"/{size}/{quote(key, safe='')}").status_code == 200


@pytest.mark.parametrize("suffix", [".svg", ".html", ".xhtml", ".pdf", ".js"])
@pytest.mark.parametrize("size", ["thumb", "view", "media"])
def test_a_page_in_disguise_is_never_served(client: TestClient, store: Store, size: str, suffix: str) -> None:
    """Of a type that is no picture only our own JPEG of it is shown, or nothing."""
    keep(store, b"<html><script>alert(1)</script></html>", suffix)
    answer = client.get(f"/{size}/one")
    assert answer.status_code == 415
    assert b"script" not in answer.content


def test_a_page_that_is_called_a_picture_is_no_page(client: TestClient, store: Store) -> None:
    keep(store, b"<html><script>alert(1)</script></html>")
    answer = client.get("/media/one")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_figures_and_clips_are_not_for_labelling(client: TestClient, store: Store) -> None:
    keep(store, small_jpeg(1), kind=PictureKind.FIGURE)
    assert client.get("/media/one").status_code == 404


def test_only_looking_is_allowed(client: TestClient, store: Store) -> None:
    stock(store, 1)
    assert client.delete("/media/picture-0", headers={"content-length": "0"}).status_code == 405


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(bomb)
    with pytest.raises(UnreadablePicture, match=r"bomb\.png"):
        shrunk(bomb, THUMB_PX)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", small_jpeg(1)[:300], b"GIF89a"])
def test_a_damaged_picture_is_said_to_be_one(client: TestClient, store: Store, data: bytes) -> None:
    keep(store, data or b"x")
    assert client.get("/thumb/one").status_code == 415


def test_a_turned_picture_is_shown_upright(tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200)).save(turned, exif=exif)
    assert size_of(shrunk(turned, THUMB_PX)) == (96, 192)


def test_the_cache_keeps_within_its_room(tmp_path: Path) -> None:
    original = tmp_path / "picture.jpg"
    Image.effect_noise((800, 600), 60).save(original)
    thumbnails = Thumbnails(tmp_path / "cache", room_bytes=80_000)
    for n in range(30):
        thumbnails.make(f"picture-{n}", THUMB_PX, original)
    assert thumbnails.tidy() > 0
    left = [n for n in range(30) if thumbnails.find(f"picture-{n}", THUMB_PX) is not None]
    assert 0 < len(left) < 30
    assert thumbnails.tidy() == 0


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    original = tmp_path / "picture.jpg"
    original.write_bytes(small_jpeg(1))
    assert size_of(Thumbnails(tmp_path / "cache", 10**6).make("one", THUMB_PX, original)) == (96, 72)


def test_a_small_light_jpeg_is_shown_as_it_is(tmp_path: Path) -> None:
    original = tmp_path / "crop.jpg"
    Image.new("RGB", (2 * THUMB_PX, 100), "sienna").save(original)
    assert shrunk(original, THUMB_PX) == original.read_bytes()
    Image.new("RGB", (2 * THUMB_PX + 1, 100), "sienna").save(original)  # a little too large
    assert size_of(shrunk(original, THUMB_PX))[0] == THUMB_PX
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (100, 60), "sienna").save(original, exif=turned)  # to be turned first
    assert size_of(shrunk(original, THUMB_PX)) == (60, 100)


def test_nothing_is_kept_of_a_picture_that_is_shown_as_it_is(tmp_path: Path) -> None:
    original = tmp_path / "crop.jpg"
    original.write_bytes(small_jpeg(1))
    thumbnails = Thumbnails(tmp_path / "cache", 10**6)
    assert thumbnails.find("one", THUMB_PX) is None and not thumbnails.has("one", THUMB_PX)
    assert thumbnails.make("one", THUMB_PX, original) == original.read_bytes()
    assert thumbnails.find("one", THUMB_PX) == original.read_bytes() and thumbnails.has("one", THUMB_PX)
    assert not (tmp_path / "cache").exists()
    original.unlink()
    assert thumbnails.find("one", THUMB_PX) is None


@pytest.mark.parametrize("size", ["thumb", "view"])
def test_a_picture_of_a_page_that_has_gone_since_is_gone(client: TestClient, store: Store, size: str) -> None:
    stock(store, 2)
    listed = client.get("/api/pictures", params={"task": KINDS.name}).json()["pictures"]
    assert {picture["key"] for picture in listed} == {"picture-0", "picture-1"}
    assert client.get(f"/{size}/picture-0").content == small_jpeg(0)
    for key in ("picture-0", "picture-1"):
        found = store.picture(key)
        assert found is not None
        found[1].unlink()
    assert [client.get(f"/{size}/{key}").status_code for key in ("picture-0", "picture-1")] == [415, 415]


def saved(place: Path, picture: Image.Image, **how: object) -> Path:
    picture.save(place, **how)
    return place


def test_what_needs_no_work_is_there_at_once(tmp_path: Path) -> None:
    """A page of the grid asks two hundred times; only what has to be made smaller is worth a thread."""
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    small = Image.new("RGB", (160, 120), "brown")
    files = {
        "small": saved(tmp_path / "small.jpg", small),
        "grey": saved(tmp_path / "grey.jpg", small.convert("L")),
        "turned": saved(tmp_path / "turned.jpg", small, exif=turned),
        "cmyk": saved(tmp_path / "cmyk.jpg", small.convert("CMYK")),
        "large": saved(tmp_path / "large.jpg", small.resize((2000, 1500))),
        "png": saved(tmp_path / "small.png", small),
        "gone": tmp_path / "gone.jpg",
    }
    thumbnails = Thumbnails(tmp_path / "small", 10**7)
    thumbnails.expect(files)
    at_once = {key for key in files if thumbnails.at_once(key, THUMB_PX) is not None}
    assert at_once == {"small", "grey"}
    assert thumbnails.at_once("small", THUMB_PX) == files["small"].read_bytes()
    assert thumbnails.at_once("unexpected", THUMB_PX) is None
    made = thumbnails.make("large", THUMB_PX, files["large"])
    assert thumbnails.at_once("large", THUMB_PX) == made
