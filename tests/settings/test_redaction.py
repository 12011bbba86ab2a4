"""Which parts of a text are hidden, and which stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.domain.url import redact_text, redact_url

TOKEN = "123456789:" + "AbC-_" * 7


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:secret@10.0.0.5:554/live", "rtsp://admin:***@10.0.0.5:554/live"),
        ("rtsp://admin:@10.0.0.5/live", "rtsp://admin:***@10.0.0.5/live"),
        ("rtsp://:secret@10.0.0.5/live", "rtsp://:***@10.0.0.5/live"),
        ("rtsp://admin:p@ss/w?rd@10.0.0.5/live", "rtsp://admin:***@10.0.0.5/live"),
        ("rtsp://admin:p'a s@10.0.0.5/live", "rtsp://admin:***@10.0.0.5/live"),
        ("admin:secret@10.0.0.5/live", "admin:***@10.0.0.5/live"),
        ("http://cam/cgi?loginuse=me&loginpas=secret", "http://cam/cgi?loginuse=me&loginpas=***"),
        ("rtsp://admin@10.0.0.5/live", "rtsp://admin@10.0.0.5/live"),
        ("rtsp://10.0.0.5:554/live", "rtsp://10.0.0.5:554/live"),
        ("http://cam:80/shot?mail=me@home", "http://cam:80/shot?mail=me@home"),
        ("http://cam/shot?user=me&pwd=secret&size=2", "http://cam/shot?user=me&pwd=***&size=2"),
        ("http://cam/shot?Token=secret#x", "http://cam/shot?Token=***#x"),
        ("http://cam/shot?access_token=secret", "http://cam/shot?access_token=***"),
        ("http://cam/shot?authToken=secret", "http://cam/shot?authToken=***"),
        ("http://cam/shot?key=secret", "http://cam/shot?key=***"),
        ("http://cam/shot?monkey=banana", "http://cam/shot?monkey=banana"),
        ("rtsp://cam/user=admin_password=secret_channel=1.sdp", "rtsp://cam/user=admin_password=***"),
        ("postgresql+psycopg://coop:secret@db/coop", "postgresql+psycopg://coop:***@db/coop"),
        ("sim://?flock=1&seed=7", "sim://?flock=1&seed=7"),
        ("/dev/video0", "/dev/video0"),
        ("/videos/10:30 hens@home.mp4", "/videos/10:30 hens@home.mp4"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        (f"https://api.example/bot{TOKEN}/getMe", "https://api.example/bot***/getMe"),
        (f"https://api.example/bot{TOKEN.replace(':', '%3A')}/getMe", "https://api.example/bot***/getMe"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_every_url_of_a_text() -> None:
    text = f"no answer from 'rtsp://a:pw1@h/x' nor rtsp://b:pw2@i/y, token {TOKEN}."
    assert redact_text(text) == "no answer from 'rtsp://a:***@h/x' nor rtsp://b:***@i/y, token ***."


def test_times_and_sizes_stay() -> None:
    text = f"sha256:{'0a' * 32} at 2026-05-01 06:12:03 box 12:34 at 1280x720, 99:1234567890"
    assert redact_text(text) == text


@given(st.text())
def test_redacting_twice_changes_nothing(text: str) -> None:
    assert redact_text(redact_text(text)) == redact_text(text)
