"""What the drivers at the edge say is read in the chat's own language."""

from __future__ import annotations

import errno
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from coop.errors import CoopError, DiskFull, SourceError
from coop.frame import network, probe, watch
from coop.notify.answers import not_possible
from coop.notify.languages import speaking
from coop.notify.reasons import reason
from coop.notify.texts import camera_lost
from coop.store import faults

URL = "rtsp://cam/live"
LATIN = re.compile(r"[a-z]{2,}", re.IGNORECASE)
OURS = re.compile(r"rtsp://\S+:|Wi-Fi|URL|RTSP|HTTP|%2F|user:password@|scheme://\S+|`coop restore`|coop\.db")
"""What has no Russian name."""


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A camera that answers every connection alike."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"
        server.shutdown(socket.SHUT_RDWR)


def of_cameras() -> Iterator[SourceError]:
    yield probe.unanswered(URL, 5)
    yield probe.why_refused("rtsp://127.0.0.1:1/live", 1)
    yield probe.why_refused("rtsp://127.0.0.1:99999/live", 1)
    for answer in (b"", b"SSH-2.0", *(f"RTSP/1.0 {n} x\r\n\r\n".encode() for n in (200, 401, 404))):
        with answering(answer) as url:
            yield probe.why_refused(url, 5)
            yield probe.why_refused(url.replace("//", "//user:wrong@"), 5)
    for problem in ("no new picture for 5 s", "the stream has ended", "a picture could not be decoded"):
        yield SourceError(URL, problem, network._REMEDY)
    yield SourceError(URL, "no picture for 5 s", watch._REMEDY)
    yield SourceError(URL, "it has sent one and the same picture for 60 s and more", watch._FROZEN_REMEDY)
    yield SourceError(URL, "the stream is broken (Connection reset by peer)", network._REMEDY)


def of_disks() -> Iterator[CoopError]:
    for number in (errno.ENOSPC, errno.EROFS):
        yield faults.explain_file_error("Media file /a/b.jpg", OSError(number, "x"))
    yield DiskFull("Database coop.db")
    yield faults.Locked("Database coop.db")


def test_what_a_chat_is_likely_to_read_is_in_its_language_whole() -> None:
    for error in (*of_cameras(), *of_disks()):
        with speaking("en"):
            assert reason(str(error)) == str(error)
        with speaking("ru"):
            told = reason(str(error))
        assert not LATIN.search(OURS.sub("", told.replace("/a/b.jpg", ""))), f"{error} -> {told}"


def test_of_what_is_not_known_the_words_stay() -> None:
    with speaking("ru"):
        assert reason("rtsp://cam: a wire is loose") == "rtsp://cam: a wire is loose"
        assert reason("") == ""


@pytest.mark.parametrize(("language", "word"), [("en", "refused"), ("ru", "соединение отклонено")])
def test_the_messages_have_it(language: str, word: str) -> None:
    error = str(probe.why_refused("rtsp://127.0.0.1:1/live", 1))
    with speaking(language):
        assert word in camera_lost("run", error, datetime(2026, 5, 1, tzinfo=UTC))
        assert word in not_possible(error)
