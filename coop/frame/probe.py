"""Why a network camera gives no stream: what FFmpeg does not tell."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

from coop.domain.url import redact_url
from coop.errors import SourceError

_RTSP_PORT = 554
_RTSPS_PORT = 322
_CHECK_POWER = "Check the camera's power and network, and the address and port in its URL"
_CHECK_ADDRESS = (
    "Write scheme://user:password@address:port/path; in a password, @ is written %40 and / is %2F"
)
_GIVE_LOGIN = "Put them into its URL, before the address, as user:password@ (with @ as %40 and / as %2F)"
_CHECK_LOGIN = "Check them, and the path of the stream; in a password, @ is written %40 and / is %2F"
_CHECK_PATH = "Look up the path of its stream in the camera's manual and put it into its URL"


def unanswered(url: str, timeout_s: float) -> SourceError:
    """The error for a camera that keeps silent."""
    return _silent(url, f"the camera does not answer within {timeout_s:g} s")


def why_refused(url: str, timeout_s: float) -> SourceError:
    """The most helpful error for a stream that could not be opened."""
    try:
        status = _status(url, timeout_s)
    except SourceError as error:
        return error
    if status in (401, 403) and _split(url).username is None:
        problem, remedy = f"the camera wants a user and password ({status})", _GIVE_LOGIN
    elif status in (401, 403):
        problem, remedy = f"the camera gives no stream to this user and password ({status})", _CHECK_LOGIN
    elif status in (400, 404, 454):
        problem, remedy = f"the camera has no stream at this path ({status})", _CHECK_PATH
    else:
        problem, remedy = "the camera answers, but gives no video that can be read", _CHECK_PATH
    return SourceError(redact_url(url), problem, remedy)


def _status(url: str, timeout_s: float) -> int:
    """The camera's answer to being asked for the stream; 0 where asking is not possible."""
    scheme = _split(url).scheme
    if scheme == "rtsp":
        return _rtsp_status(url, timeout_s)
    if scheme in ("http", "https"):
        return _http_status(url, timeout_s)
    with _connected(url, _RTSPS_PORT, timeout_s):
        return 0


def _rtsp_status(url: str, timeout_s: float) -> int:
    parts = _split(url)
    bare = (
        f"rtsp://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"
    )
    request = f"DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: coop\r\n\r\n"
    with _connected(url, _RTSP_PORT, timeout_s) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(1024)
    status = re.match(rb"RTSP/\d\.\d (\d{3})", answer)
    if not answer:
        raise _silent(url, "the camera breaks the connection off")
    if status is None:
        raise _silent(url, "something answers at this address, but does not speak RTSP")
    return int(status[1])


@contextmanager
def _connected(url: str, port: int, timeout_s: float) -> Iterator[socket.socket]:
    """A connection to the URL's address; whatever goes wrong with it is a SourceError."""
    parts = _split(url)
    with _told_plainly(url, timeout_s):
        address = (parts.hostname or "", parts.port or port)
        with socket.create_connection(address, timeout=timeout_s) as connection:
            yield connection


@contextmanager
def _told_plainly(url: str, timeout_s: float) -> Iterator[None]:
    """Turns a network error into what it means for the camera."""
    try:
        yield
    except TimeoutError as error:
        raise unanswered(url, timeout_s) from error
    except http.client.HTTPException as error:
        raise _silent(url, "something answers at this address, but does not speak HTTP") from error
    except OSError as error:
        raise _silent(url, f"the camera cannot be reached ({error.strerror or error})") from error
    except ValueError as error:  # a port that is no number, a name that cannot be one
        raise SourceError(redact_url(url), "this is not a valid address", _CHECK_ADDRESS) from error


def _http_status(url: str, timeout_s: float) -> int:
    parts = _split(url)
    target = (parts.path or "/") + "?" * bool(parts.query) + parts.query
    with _told_plainly(url, timeout_s), closing(_http_connection(parts, timeout_s)) as connection:
        connection.request("GET", target, headers=_login(parts))
        return connection.getresponse().status


def _http_connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    trusting = ssl.create_default_context()  # as FFmpeg is: cameras sign their certificates themselves
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout_s, context=trusting)


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + b64encode(login.encode()).decode()}


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:  # such as unbalanced brackets around an IPv6 address
        raise SourceError(redact_url(url), "this is not a valid address", _CHECK_ADDRESS) from error


def _silent(url: str, problem: str) -> SourceError:
    return SourceError(redact_url(url), problem, _CHECK_POWER)
