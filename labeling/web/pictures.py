"""Pictures by their keys. A key leads to a row, a row to a file: no path comes from outside."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
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


class Pictures:
    """``/thumb/KEY``: at most 192 pixels; ``/view/KEY``: at most 960; ``/media/KEY``: the file itself.

    It stands before the other routes, since a page of the grid asks it two hundred times at once.
    """

    def __init__(self, app: ASGIApp, store: Store, thumbnails: Thumbnails) -> None:
        self._app = app
        self._thumbnails = thumbnails
        self._find: Mapping[str, Find] = {
            "thumb": lambda key: _small(store, thumbnails, key, THUMB_PX),
            "view": lambda key: _view(store, thumbnails, key),
            "media": lambda key: _whole(store, thumbnails, key),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace").partition("?")[0]
        _, _, rest = raw.partition("/")
        size, _, quoted = rest.partition("/")
        if scope["type"] != "http" or size not in self._find:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope, size, unquote(quoted))
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, size: str, key: str) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Pictures can only be looked at", 405)
        etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
        headers = {"etag": etag, **_FOR_EVER}
        if Headers(scope=scope).get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        # A few kilobytes, most often from memory: quicker read than handed to another thread.
        ready = self._thumbnails.at_once(key, THUMB_PX) if size == "thumb" else None
        if ready is not None:
            return Response(ready, media_type="image/jpeg", headers=headers)
        answer = await to_thread.run_sync(self._find[size], key)
        if answer.status_code == 200:
            answer.headers.update(headers)
        return answer


def _small(store: Store, thumbnails: Thumbnails, key: str, pixels: int) -> Response:
    ready = thumbnails.find(key, pixels)
    if ready is not None:
        return _jpeg(ready)
    expected = thumbnails.expected(key)
    if expected is not None:
        with contextlib.suppress(UnreadablePicture):  # it may have gone since: then the store knows
            return _jpeg(thumbnails.make(key, pixels, expected))
    found = _kept(store, key)
    if found is None:
        return _gone()
    try:
        return _jpeg(thumbnails.make(key, pixels, found[1]))
    except UnreadablePicture:
        return PlainTextResponse("This file cannot be read as a picture", 415)


def _view(store: Store, thumbnails: Thumbnails, key: str) -> Response:
    expected = thumbnails.expected(key)
    if expected is not None and TYPES.get(expected.suffix) == "image/jpeg":  # without asking the store
        return _small(store, thumbnails, key, VIEW_PX)
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
