"""Logs: readable, parseable, and without secrets."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
import warnings
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop.logs import JsonFormatter, TextFormatter, configure_logging

pytestmark = pytest.mark.usefixtures("untouched_logging")

TOKEN = "123456789:" + "AbC-_" * 7
CAMERA = "rtsp://admin:hunter2@10.0.0.5/live"
log = logging.getLogger("coop.test")


def configured(format: Literal["text", "json"], level: str = "info", **more: list[str]) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level, format, stream=stream, **more)
    return stream


def fail() -> None:
    try:
        raise OSError(f"cannot open {CAMERA}")
    except OSError as error:
        raise ValueError(f"bot {TOKEN}") from error


def log_everything() -> None:
    log.info("plain %s", CAMERA)
    log.warning("token", extra={"url": CAMERA, "frames": 12})
    try:
        fail()
    except ValueError:
        log.exception("failed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"slow {CAMERA}", stacklevel=1)


@pytest.mark.parametrize("format", ["text", "json"])
def test_no_secret_in_messages_fields_tracebacks_or_warnings(format: Literal["text", "json"]) -> None:
    stream = configured(format)
    log_everything()
    text = stream.getvalue()
    assert "hunter2" not in text
    assert TOKEN not in text
    assert text.count("admin:***@10.0.0.5/live") >= 4
    assert "bot ***" in text


def test_text_is_for_people() -> None:
    stream = configured("text")
    log.info("camera %s is back", "run", extra={"away": 12})
    line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO    coop\.test: camera run is back away=12\n"
    assert re.fullmatch(line, stream.getvalue())


def test_json_is_one_object_a_line() -> None:
    stream = configured("json")
    log_everything()
    plain, token, failed, warning = map(json.loads, stream.getvalue().splitlines())
    assert plain["level"] == "info"
    assert plain["logger"] == "coop.test"
    assert plain["thread"] == threading.current_thread().name
    assert plain["time"].endswith("+00:00")
    assert token["frames"] == 12
    assert "OSError" in failed["exception"]
    assert "ValueError" in failed["exception"]
    assert warning["logger"] == "py.warnings"


def test_given_secrets_are_hidden_wherever_they_stand() -> None:
    stream = configured("text", secrets=["open sesame", ""])
    log.info("the cave said open sesame twice")
    assert "the cave said *** twice" in stream.getvalue()


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    stream = configured("text", "warning")
    log.info("quiet")
    log.warning("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()
    assert capsys.readouterr() == ("", "")


def test_libraries_do_not_drown_ours() -> None:
    stream = configured("text", "info")
    logging.getLogger("httpx").info("HTTP Request: POST")
    logging.getLogger("httpx").warning("odd answer")
    assert "HTTP Request" not in stream.getvalue()
    assert "odd answer" in stream.getvalue()


def test_configuring_again_replaces() -> None:
    former = configured("text")
    stream = configured("json")
    log.info("once")
    assert former.getvalue() == ""
    assert len(stream.getvalue().splitlines()) == 1


def test_an_uncaught_error_in_a_thread_is_logged_without_its_secrets() -> None:
    stream = configured("json")
    thread = threading.Thread(target=fail, name="camera run")
    thread.start()
    thread.join()
    record = json.loads(stream.getvalue())
    assert record["message"] == "uncaught error in thread camera run"
    assert record["level"] == "critical"
    assert TOKEN not in stream.getvalue()


values = st.text() | st.floats() | st.integers() | st.none() | st.binary() | st.lists(st.text())


@given(message=st.text(), extra=st.dictionaries(st.text(min_size=1), values))
def test_whatever_is_logged_is_one_line_of_json(message: str, extra: dict[str, object]) -> None:
    record = logging.makeLogRecord({**extra, "msg": message, "args": (), "levelname": "INFO"})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    parsed = json.loads(line, parse_constant=pytest.fail)
    assert set(extra) <= set(parsed) | set(vars(logging.makeLogRecord({}))) | {
        "message",
        "asctime",
        "taskName",
    }


def test_our_own_fields_cannot_be_overwritten() -> None:
    record = logging.makeLogRecord({"msg": "real", "levelname": "INFO", "level": "fake"})
    assert json.loads(JsonFormatter().format(record))["level"] == "info"
    assert "level=fake" in TextFormatter().format(record)
