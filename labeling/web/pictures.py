"""Pictures by their keys. A key leads to a row, a row to a file: no path comes from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from coop.domain.picture import PictureKind, StoredPicture
from coop.store.store import Store
from labeling.web.thumbnails import THUMB_PX, VIEW_PX, Thumbnails, UnreadablePicture

TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
"""What is served as it is, under exactly this type. Of anything else only our own copy is shown."""
_SHOWN = (PictureKind.CROP, PictureKind.ZONE, PictureKind.FRAME)
_FOR_EVER = {"cache-control": "private, max-age=31536000, immutable"}
"""A key never means another picture."""

Find = Callable[[str], Response]


def thumbnail_app(store: Store, thumbnails: Thumbnails) -> ASGIApp:
    """``/thumb/KEY``: at most 192 pixels."""
    return _by_key(
        lambda key: _small(store, thumbnails, key, THUMB_PX),
        quick=lambda key: thumbnails.find(key, THUMB_PX),
    )


def view_app(store: Store, thumbnails: Thumbnails) -> ASGIApp:
    """``/view/KEY``: at most 960 pixels, which is the file itself where it is no larger."""
    return _by_key(lambda key: _view(store, thumbnails, key))


def media_app(store: Store, thumbnails: Thumbnails) -> ASGIApp:
    """``/media/KEY``: the file itself, where a browser can show it."""
    return _by_key(lambda key: _whole(store, thumbnails, key))


def _by_key(find: Find, *, quick: Callable[[str], bytes | None] | None = None) -> ASGIApp:
    """A plain ASGI app, since a page of the grid asks two hundred times at once."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (await _answer(scope))(scope, receive, send)

    async def _answer(scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Pictures can only be looked at", 405)
        raw = scope.get("raw_path") or scope["path"].encode()
        key = unquote(raw.decode("ascii", "replace").split("?")[0].split("/", 2)[2])
        etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
        if Headers(scope=scope).get("if-none-match") == etag:
            return Response(status_code=304, headers={"etag": etag, **_FOR_EVER})
        ready = quick(key) if quick is not None else None  # a few kilobytes, most often from memory
        answer = await to_thread.run_sync(find, key) if ready is None else _jpeg(ready)
        if answer.status_code == 200:
            answer.headers["etag"] = etag
            answer.headers.update(_FOR_EVER)
        return answer

    return app


def _small(store: Store, thumbnails: Thumbnails, key: str, pixels: int) -> Response:
    ready = thumbnails.find(key, pixels)
    if ready is not None:
        return _jpeg(ready)
    found = _kept(store, key)
    if found is None:
        return _gone()
    try:
        return _jpeg(thumbnails.make(key, pixels, found[1]))
    except UnreadablePicture:
        return PlainTextResponse("This file cannot be read as a picture", 415)


def _view(store: Store, thumbnails: Thumbnails, key: str) -> Response:
    found = _kept(store, key)
    if found is None:
        return _gone()
    picture, file = found
    if max(picture.width, picture.height) <= VIEW_PX and file.suffix in TYPES:
        return _file(file)
    return _small(store, thumbnails, key, VIEW_PX)


def _whole(store: Store, thumbnails: Thumbnails, key: str) -> Response:
    found = _kept(store, key)
    if found is None:
        return _gone()
    return _file(found[1]) if found[1].suffix in TYPES else _small(store, thumbnails, key, VIEW_PX)


def _kept(store: Store, key: str) -> tuple[StoredPicture, Path] | None:
    found = store.picture(key)
    return found if found is not None and found[0].kind in _SHOWN else None


def _file(file: Path) -> Response:
    try:
        return Response(file.read_bytes(), media_type=TYPES[file.suffix])
    except OSError:
        return _gone()


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg")


def _gone() -> Response:
    return PlainTextResponse("This picture is not kept (any more)", 404)
