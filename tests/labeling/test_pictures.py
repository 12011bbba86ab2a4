"""Picture files of every kind, honest and malicious."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fakes.pictures import drawn, encoded, jpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from labeling.pictures import UnreadablePicture, picture_time, read_picture, whole_picture


@pytest.mark.parametrize(("form", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp")])
def test_usual_files_are_kept_byte_for_byte(form: str, suffix: str) -> None:
    data = encoded(drawn(1), form)
    reading = read_picture(data)
    assert (reading.data, reading.suffix) == (data, suffix)
    assert (reading.width, reading.height) == (64, 48)


@pytest.mark.parametrize("form", ["BMP", "TIFF", "GIF", "PPM"])
def test_unusual_files_become_png_without_loss(form: str) -> None:
    image = drawn(1).quantize(64).convert("RGB")
    reading = read_picture(encoded(image, form))
    assert reading.suffix == ".png"
    assert np.array_equal(np.asarray(whole_picture(reading.data)), np.asarray(image))


def test_a_turned_photograph_is_kept_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    reading = read_picture(encoded(drawn(1), "JPEG", exif=exif, quality=95))
    assert (reading.width, reading.height) == (48, 64)
    upright = drawn(1).transpose(Image.Transpose.ROTATE_270)
    kept = whole_picture(reading.data)
    assert np.abs(np.asarray(kept, float) - np.asarray(upright, float)).mean() < 4


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    assert read_picture(encoded(clear, "PNG")).image.getpixel((3, 3)) == (255, 255, 255)
    palette = Image.new("P", (20, 10), 0)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    assert read_picture(encoded(palette, "PNG", transparency=0)).image.getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight_and_not_white(form: str) -> None:
    wide = Image.fromarray(np.linspace(0, 65535, 256 * 4).reshape(4, 256).astype(np.uint16))
    grey = np.asarray(read_picture(encoded(wide, form)).image)
    assert (grey[0, 0], grey[-1, -1]) == (0, 255)
    assert abs(float(grey.mean()) - 127.5) < 1


def test_cmyk_and_black_and_white() -> None:
    cmyk = encoded(drawn(1).convert("CMYK"), "JPEG", quality=95)
    reading = read_picture(cmyk)
    assert reading.image.mode == "RGB"
    assert np.abs(np.asarray(reading.image, float) - np.asarray(drawn(1), float)).mean() < 8
    assert read_picture(encoded(drawn(1).convert("1"), "PNG")).image.mode == "L"


def test_of_an_animation_the_first_picture_counts() -> None:
    frames = [drawn(n).quantize(64) for n in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.array_equal(np.asarray(read_picture(data).image), np.asarray(frames[0].convert("RGB")))
    moving = encoded(drawn(1), "WEBP", save_all=True, append_images=[drawn(2)], lossless=True)
    assert read_picture(moving).suffix == ".png"


def test_the_time_in_exif() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2016:10:02 12:41:53"
    data = encoded(drawn(1), "JPEG", exif=exif)
    assert picture_time(data, ZoneInfo("Europe/London")) == datetime(2016, 10, 2, 11, 41, 53, tzinfo=UTC)
    exif.get_ifd(0x8769)[0x9011] = "+05:00"
    assert read_picture(encoded(drawn(1), "JPEG", exif=exif)).taken == datetime(
        2016, 10, 2, 7, 41, 53, tzinfo=UTC
    )
    exif.get_ifd(0x8769)[0x9003] = "0000:00:00 00:00:00"
    assert picture_time(encoded(drawn(1), "JPEG", exif=exif), UTC) is None
    assert picture_time(jpeg(1), UTC) is None


def png_of(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG whose head claims this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello", "whatever its name says"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "whatever its name says"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "whatever its name says"),
        (jpeg(1)[:-300], "cut off"),
        (encoded(drawn(1), "PNG")[:-200], "cut off"),
        (encoded(drawn(1), "GIF")[:-200], "(cut off|damaged)"),
        (png_of(50_000, 50_000), "pixels"),
        (png_of(9_000, 9_000), "9000 x 9000 pixels are more than 64 million"),
        (png_of(4, 4, b"\0" * 3), "(cut off|damaged)"),
    ],
    ids=["empty", "text", "svg", "eps", "half a jpeg", "half a png", "half a gif", "bomb", "large", "short"],
)
def test_what_is_no_picture_is_said_to_be_none(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePicture, match=reason):
        read_picture(data)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, 4000),
)
def test_damaged_bytes_never_raise_anything_else(form: str, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(encoded(drawn(1), form))
    for place, value in changes:
        data[place % len(data)] = value
    try:
        reading = read_picture(bytes(data[: max(1, cut)]))
    except UnreadablePicture:
        return
    assert reading.image.mode in ("RGB", "L")
