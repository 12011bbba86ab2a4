"""What stands before every route: whose page this is, who asks, and what no answer may be used for."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labeling.web.access import COOKIE
from labeling.web.site import Site

HEADER = "x-coop"
"""A header that only a script of our own pages sends: a foreign form cannot."""
LARGEST_BODY = 2 * 2**20
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/login", "/link/", "/static/")
_HEADERS = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": (
            "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }.items()
)


class Guard:
    """Refuses foreign hosts, foreign pages and too much; says who asks in ``request.state.who``."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # nothing here speaks anything else
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            who = await self._who(headers)
            if who is None and not _is_open(scope["path"]):
                refusal = _to_the_login(scope)
            elif who is not None:
                scope.setdefault("state", {})["who"] = who
        answer = self._app if refusal is None else refusal
        kept = "no-cache" if scope["path"].startswith("/static/") else "no-store"
        await answer(scope, receive, _with_headers(send, kept))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._site.access.is_ours(host):
            return PlainTextResponse(
                f"This page does not answer to the name {host[:100]!r}. If the name is right, add it to "
                "labeling.names in the settings",
                421,
            )
        if scope["method"] in _SAFE:
            return None
        if not _comes_from_us(scope, headers, host):
            return PlainTextResponse("This was not asked for by a page of ours", 403)
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdigit():
            return PlainTextResponse("Say how long the request is (Content-Length)", 411)
        if int(length) > LARGEST_BODY:
            return PlainTextResponse(f"A request has at most {LARGEST_BODY} bytes", 413)
        return None

    async def _who(self, headers: Headers) -> str | None:
        if self._site.access.local_keeper is not None:
            return self._site.access.local_keeper
        token = session_token(headers)
        if token is None:
            return None
        sessions = self._site.sessions
        return sessions.remembered(token) or await to_thread.run_sync(sessions.who, token)


def session_token(headers: Headers) -> str | None:
    """The session that a request's cookie names."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if cookie is None else cookie.value


def _comes_from_us(scope: Scope, headers: Headers, host: str) -> bool:
    """Whether a request that changes something was made by our own page.

    Browsers say where a request comes from, and pages cannot change that. Whoever says nothing is refused.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is None:
        return False
    if site is not None and site != "same-origin":
        return False
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return False
    return not scope["path"].startswith("/api/") or HEADER in headers


def _is_open(path: str) -> bool:
    return path == "/login" or any(path.startswith(start) for start in _OPEN if start.endswith("/"))


def _to_the_login(scope: Scope) -> Response:
    wants_page = scope["method"] == "GET" and not scope["path"].startswith(
        ("/api/", "/media/", "/thumb/", "/view/")
    )
    if wants_page:
        return RedirectResponse("/login", 303)
    return PlainTextResponse("Log in first", 401)


def _with_headers(send: Send, kept: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = list(message.get("headers", ()))
            names = {name.lower() for name, _ in there}
            own = (*_HEADERS, (b"cache-control", kept.encode()))
            message = {**message, "headers": [*there, *(pair for pair in own if pair[0] not in names)]}
        await send(message)

    return sending
