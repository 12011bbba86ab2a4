"""Coming in and going out: a name with its password, or a link that is good once."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from labeling.web.access import COOKIE, Patience
from labeling.web.guard import session_token
from labeling.web.site import Site, show, site_of

router = APIRouter()


def patience_of(request: Request) -> Patience:
    patience: Patience = request.app.state.patience
    return patience


@router.get("/login")
def login_page(request: Request) -> Response:
    if not site_of(request).access.must_log_in:
        return RedirectResponse("/", 303)
    return show(request, "login.html")


@router.post("/login")
async def log_in(request: Request) -> Response:
    form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    name, password = (form.get(field, [""])[0] for field in ("name", "password"))
    return await run_in_threadpool(_log_in, request, name.strip(), password)


@router.get("/link/{token}")
def link_page(request: Request, token: str) -> Response:
    """Whom the link lets in, and a button: what merely looks at links (a messenger, say) uses none up."""
    site = site_of(request)
    login = site.store.link(token, site.clock())
    if login is None:
        return _refused(request, "link.html", f"link of {_address(request)}", "This link is no longer good")
    return show(request, "link.html", name=login.name)


@router.post("/link/{token}")
def follow_link(request: Request, token: str) -> Response:
    site, now = site_of(request), site_of(request).clock()
    guesser = f"link of {_address(request)}"
    if (waiting := _told_to_wait(request, "link.html", guesser, now)) is not None:
        return waiting
    session = site.store.follow_link(token, now, site.access.session)
    if session is None:
        return _refused(request, "link.html", guesser, "This link is no longer good")
    return _let_in(site, session)


@router.post("/logout")
def log_out(request: Request) -> Response:
    site = site_of(request)
    token = session_token(request.headers)
    if token is not None:
        site.store.log_out(token)
        site.sessions.forget(token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _log_in(request: Request, name: str, password: str) -> Response:
    site, now = site_of(request), site_of(request).clock()
    patience = patience_of(request)
    guessers = (_address(request), f"name {name[:100]}")
    for guesser in guessers:
        if (waiting := _told_to_wait(request, "login.html", guesser, now)) is not None:
            return waiting
    session = site.store.log_in(name, password[:1000], now, site.access.session)
    if session is None:
        patience.wrong(guessers[1], now)
        return _refused(request, "login.html", guessers[0], "This name and password do not go together")
    for guesser in guessers:
        patience.right(guesser)
    return _let_in(site, session)


def _let_in(site: Site, session: str) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, session, max_age=int(site.access.session.total_seconds()), httponly=True, samesite="strict"
    )
    return answer


def _told_to_wait(request: Request, template: str, guesser: str, now: datetime) -> Response | None:
    wait = patience_of(request).wait(guesser, now)
    if not wait:
        return None
    seconds = int(wait.total_seconds()) + 1
    answer = show(request, template, 429, problem=f"Too many wrong tries. Try again in {seconds} seconds")
    answer.headers["retry-after"] = str(seconds)
    return answer


def _refused(request: Request, template: str, guesser: str, problem: str) -> Response:
    patience_of(request).wrong(guesser, site_of(request).clock())
    return show(request, template, 403, problem=problem)


def _address(request: Request) -> str:
    return "unknown" if request.client is None else request.client.host
