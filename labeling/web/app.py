"""The labelling page as an ASGI application, made of its parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message

from coop.errors import LabelError, StoreError, StoreUnavailable
from coop.store.store import Store
from labeling.card import pages as card
from labeling.clusters import pages as clusters
from labeling.quality import pages as quality
from labeling.web import answers, browse, entrance, pages, tasks
from labeling.web.access import Access, Patience
from labeling.web.guard import Guard
from labeling.web.pictures import Pictures
from labeling.web.site import NoTaskYet, Site, show
from labeling.web.thumbnails import Thumbnails

LABELING = Path(__file__).resolve().parents[1]
TEMPLATES = tuple(LABELING / part / "templates" for part in ("web", "clusters", "quality", "card"))
"""Where templates are. A part with pages of its own adds its folder, and its router below."""
ROUTERS = (
    pages.router, answers.router, browse.router, tasks.router, entrance.router, clusters.router,
    quality.router, card.router,
)  # fmt: skip


def create_app(
    store: Store,
    access: Access,
    *,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
    cache_dir: Path,
    cache_mib: int = 1024,
    lease: timedelta = timedelta(seconds=120),
) -> FastAPI:
    """The application. It opens nothing and starts nothing: the store is the caller's."""
    site = Site(
        store=store,
        access=access,
        zone=zone,
        clock=clock,
        lease=lease,
        thumbnails=Thumbnails(cache_dir / "thumbnails", cache_mib * 2**20),
        cache_dir=cache_dir,
        templates=_templates(),
    )
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.site = site
    app.state.patience = Patience()
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=LABELING / "web" / "static"), name="static")
    app.add_exception_handler(NoTaskYet, _begin)
    app.add_exception_handler(LabelError, _cannot)
    app.add_exception_handler(StoreUnavailable, _not_now)
    app.add_exception_handler(StoreError, _cannot)
    app.add_middleware(Pictures, store=store, thumbnails=site.thumbnails)
    app.add_middleware(Guard, site=site)  # the last one added is asked first
    return app


def warm_up(app: FastAPI) -> None:
    """Do now what the first page would else wait for: templates, the database, late imports."""
    site: Site = app.state.site
    environment = site.templates.env
    for name in environment.list_templates():
        environment.get_template(name)
    site.store.tasks()
    anyio.run(_ask_for_a_file, app)


async def _ask_for_a_file(app: FastAPI) -> None:
    """A first request, answered to nobody: threads and files load parts when first used."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        pass

    path = "/static/style.css"
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await app(scope, receive, send)


def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Jinja2Templates(env=environment)


def _begin(request: Request, error: Exception) -> Response:
    """Without any task there is only one thing to do."""
    return RedirectResponse("/tasks", 303)


def _cannot(request: Request, error: Exception) -> Response:
    """What was asked cannot be; asking again will not help."""
    return _problem(request, 422, str(error))


def _not_now(request: Request, error: Exception) -> Response:
    """The disk is full or the database locked; the page keeps its answers and asks again."""
    return _problem(request, 503, str(error))


def _problem(request: Request, status: int, text: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": text}, status)
    return show(request, "problem.html", status, problem=text)
