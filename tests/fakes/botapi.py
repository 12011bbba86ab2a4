"""A Bot API server for tests: strict about parameters, and able to fail in every way the real one does.

In a test::

    with FakeBotApi(token="1:secret") as api:
        bot = TelegramBot("1:secret", base_url=api.url, ...)
        api.inject("sendMessage", Fault.FLOOD, retry_after=2)
        api.push_message(42, "/start")
        api.delivered          # what reached the users, in order

As a process of its own, which outlives a daemon that is killed::

    python -m fakes.botapi --port 8081 --token 1:secret --state FILE

Then `GET /control/delivered`, `POST /control/inject` and `POST /control/push` do the same over HTTP, all with
JSON, and FILE gets one JSON line for each delivery.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import logging
import socket
import struct
import threading
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image, UnidentifiedImageError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

TOKEN = "123456:test-token"
BOT_ID = 123456
BOT_NAME = "coop_test_bot"
TAGS = {
    "a",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "code",
    "pre",
    "tg-spoiler",
    "blockquote",
}


class Fault(StrEnum):
    """What goes wrong with one request. "Lost" means: the answer does not reach the bot."""

    FLOOD = "429"
    FORBIDDEN = "403"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAUTHORIZED = "401"
    TIMEOUT_AFTER = "timeout after delivery"
    TIMEOUT_BEFORE = "timeout before delivery"
    RESET_AFTER = "reset after delivery"
    RESET_BEFORE = "reset before delivery"
    GARBAGE = "an answer that is not JSON"


@dataclass(kw_only=True)
class Message:
    """A message as its chat shows it now; ``edits`` counts the changes, ``photo`` is the picture's sha256."""

    chat_id: int
    message_id: int
    text: str
    photo: str | None = None
    photo_size: tuple[int, int] | None = None
    silent: bool = False
    edits: int = 0
    method: str = ""
    thread: int | None = None
    video: str | None = None
    buttons: list[list[list[str]]] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """What stands on the buttons."""
        return [text for row in self.buttons for text, _ in row]

    def press(self, word: str) -> str:
        """What the first button with ``word`` in its text carries."""
        found = [data for row in self.buttons for text, data in row if word in text]
        assert found, f"no button {word!r} among {self.words}"
        return found[0]


@dataclass(kw_only=True)
class Injection:
    method: str
    fault: Fault
    times: int = 1
    retry_after: int = 1
    chat_id: int | None = None


class ApiError(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        self.code, self.description, self.parameters = code, description, parameters
        super().__init__(description)


class Coop:
    """The state of the pretended Telegram: chats, updates, and the faults to come."""

    def __init__(self, token: str, state: Path | None = None) -> None:
        self.token = token
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._state = state
        self.forget()
        if state is not None and state.exists():
            for line in state.read_text().splitlines():
                self._restore(Message(**json.loads(line)))

    def forget(self) -> None:
        """Begin anew: no chats, no updates, no faults to come."""
        self.messages: dict[tuple[int, int], Message] = {}
        self.delivered: list[Message] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.ports: list[int] = []
        self.errors: list[str] = []
        self.updates: list[dict[str, Any]] = []
        self.injections: list[Injection] = []
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.toasts: list[str] = []
        self._next = 1

    def _restore(self, message: Message) -> None:
        if message.photo_size is not None:
            message.photo_size = (message.photo_size[0], message.photo_size[1])
        self.delivered.append(message)
        self.messages[message.chat_id, message.message_id] = message
        self._next = max(self._next, message.message_id + 1)

    def number(self) -> int:
        self._next += 1
        return self._next - 1

    def deliver(self, message: Message) -> None:
        with self.lock:
            self.messages[message.chat_id, message.message_id] = message
            self.delivered.append(Message(**asdict(message)))
            if self._state is not None:
                with self._state.open("a") as file:
                    file.write(json.dumps(asdict(message)) + "\n")

    def take_fault(self, method: str, chat_id: int | None) -> Injection | None:
        with self.lock:
            for injection in self.injections:
                if injection.method in (method, "*") and injection.chat_id in (None, chat_id):
                    injection.times -= 1
                    if injection.times <= 0:
                        self.injections.remove(injection)
                    return injection
        return None

    def push(self, update: dict[str, Any]) -> int:
        with self.lock:
            update_id = 1000 + self.number()
            self.updates.append({"update_id": update_id, **update})
            return update_id


# Parameters


@dataclass(frozen=True)
class Method:
    needed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


def _method(needed: str = "", allowed: str = "") -> Method:
    return Method(frozenset(needed.split()), frozenset(allowed.split()))


_SENDING = "message_thread_id disable_notification protect_content reply_markup reply_parameters"
METHODS = {
    "getMe": _method(),
    "getUpdates": _method("", "offset limit timeout allowed_updates"),
    "deleteWebhook": _method("", "drop_pending_updates"),
    "setMyCommands": _method("commands", "scope language_code"),
    "answerCallbackQuery": _method("callback_query_id", "text show_alert url cache_time"),
    "sendMessage": _method("chat_id text", f"parse_mode entities link_preview_options {_SENDING}"),
    "sendPhoto": _method("chat_id photo", f"caption parse_mode caption_entities has_spoiler {_SENDING}"),
    "sendVideo": _method(
        "chat_id video",
        f"caption parse_mode caption_entities duration width height supports_streaming {_SENDING}",
    ),
    "editMessageReplyMarkup": _method("", "chat_id message_id inline_message_id reply_markup"),
    "sendChatAction": _method("chat_id action", "message_thread_id"),
    "editMessageText": _method(
        "text", "chat_id message_id inline_message_id parse_mode entities link_preview_options reply_markup"
    ),
    "editMessageCaption": _method(
        "", "chat_id message_id inline_message_id caption parse_mode caption_entities reply_markup"
    ),
    "editMessageMedia": _method("media", "chat_id message_id inline_message_id reply_markup"),
}


class _Html(HTMLParser):
    """Reads Telegram's HTML as strictly as Telegram does: known tags only, all of them closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise ApiError(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ApiError(400, f'Bad Request: can\'t parse entities: Unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        if "<" in data:
            raise ApiError(400, "Bad Request: can't parse entities: Unclosed start tag")
        self.text.append(data)

    def handle_entityref(self, name: str) -> None:
        self.text.append(unescape(f"&{name};") if name in {"lt", "gt", "amp", "quot"} else f"&{name}")

    def handle_charref(self, name: str) -> None:
        self.text.append(unescape(f"&#{name};"))


def visible(text: str, parse_mode: str | None) -> str:
    """The text as the chat shows it."""
    if parse_mode is None:
        return text
    if parse_mode != "HTML":
        raise ApiError(400, "Bad Request: unsupported parse_mode")
    parser = _Html()
    parser.feed(text)
    parser.close()
    if parser.open:
        raise ApiError(400, f"Bad Request: can't parse entities: Can't find end tag of \"{parser.open[-1]}\"")
    return "".join(parser.text).strip()


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# Requests


@dataclass
class Call:
    """One request: its method, its plain parameters and its files."""

    method: str
    values: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def chat_id(self) -> int:
        try:
            return int(self.values["chat_id"])
        except (KeyError, ValueError):
            raise ApiError(400, "Bad Request: chat not found") from None

    @property
    def silent(self) -> bool:
        return str(self.values.get("disable_notification", "false")).lower() == "true"


async def _read_call(method: str, request: Request) -> Call:
    if "json" in request.headers.get("content-type", ""):
        return Call(method, await request.json())
    values: dict[str, Any] = dict(request.query_params)
    files: dict[str, bytes] = {}
    async with request.form() as form:
        for key, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[key] = await value.read()
            else:
                values[key] = value
    return Call(method, values, files)


def _check_parameters(call: Call) -> None:
    rules = METHODS.get(call.method)
    if rules is None:
        raise ApiError(404, "Not Found")
    given = set(call.values) | set(call.files)
    attached = {name for name in call.files if f"attach://{name}" in json.dumps(call.values)}
    unknown = given - rules.needed - rules.allowed - attached
    if unknown:
        raise ApiError(400, f"Bad Request: unknown parameter {sorted(unknown)[0]}")
    for name in sorted(rules.needed - given):
        raise ApiError(400, f"Bad Request: {name} is empty")


class BotApi:
    """The methods, as an ASGI application."""

    def __init__(self, coop: Coop) -> None:
        self.coop = coop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
        try:
            response = await self._respond(request, transport)
        except (ClientDisconnect, asyncio.CancelledError):
            return
        if response is not None:
            await response(scope, receive, send)

    async def _respond(self, request: Request, transport: asyncio.Transport) -> Response | None:
        parts = request.url.path.strip("/").split("/")
        if parts[0] == "control":
            return await self._control(parts[1], request)
        token, method = parts[0].removeprefix("bot"), parts[1] if len(parts) > 1 else ""
        try:
            call = await _read_call(method, request)
            with self.coop.lock:
                self.coop.calls.append((method, dict(call.values)))
                self.coop.ports.append(request.client.port if request.client else 0)
            if token != self.coop.token:
                raise ApiError(401, "Unauthorized")
            return await self._answer(call, transport)
        except ApiError as problem:
            with self.coop.lock:
                self.coop.errors.append(f"{method}: {problem.description}")
            body: dict[str, Any] = {
                "ok": False,
                "error_code": problem.code,
                "description": problem.description,
            }
            if problem.parameters:
                body["parameters"] = problem.parameters
            return JSONResponse(body, status_code=problem.code)

    async def _answer(self, call: Call, transport: asyncio.Transport) -> Response | None:
        chat = call.values.get("chat_id")
        injection = self.coop.take_fault(call.method, int(chat) if chat is not None else None)
        fault = injection.fault if injection else None
        if injection is not None:
            _raise_refusal(injection)
        if fault is Fault.BAD_GATEWAY:
            return PlainTextResponse("<html>502 Bad Gateway</html>", status_code=502)
        if fault is Fault.RESET_BEFORE:
            return _reset(transport)
        if fault is Fault.TIMEOUT_BEFORE:
            return await self._never(transport)
        result = await self._perform(call, transport)
        if fault is Fault.RESET_AFTER:
            return _reset(transport)
        if fault is Fault.TIMEOUT_AFTER:
            return await self._never(transport)
        if fault is Fault.GARBAGE:
            return PlainTextResponse("not json at all")
        return JSONResponse({"ok": True, "result": result})

    async def _never(self, transport: asyncio.Transport) -> None:
        """Say nothing until the client gives up."""
        while not transport.is_closing() and not self.coop.stopping.is_set():  # noqa: ASYNC110 - another thread's
            await asyncio.sleep(0.02)

    async def _perform(self, call: Call, transport: asyncio.Transport) -> Any:
        _check_parameters(call)
        match call.method:
            case "getMe":
                return {"id": BOT_ID, "is_bot": True, "first_name": "Coop", "username": BOT_NAME}
            case "getUpdates":
                return await self._updates(call, transport)
            case "setMyCommands":
                scope = json.loads(call.values.get("scope", "{}"))
                where = str(scope.get("chat_id", "")), call.values.get("language_code", "")
                self.coop.commands[where] = json.loads(call.values["commands"])
                return True
            case "answerCallbackQuery":
                with self.coop.lock:
                    self.coop.toasts.append(str(call.values.get("text", "")))
                return True
            case "sendVideo":
                return self._send_video(call)
            case "sendMessage":
                return self._send_message(call)
            case "sendPhoto":
                return self._send_photo(call)
            case "editMessageText" | "editMessageCaption" | "editMessageMedia" | "editMessageReplyMarkup":
                return self._edit(call)
            case _:
                return True

    async def _updates(self, call: Call, transport: asyncio.Transport) -> list[dict[str, Any]]:
        offset = int(call.values.get("offset", 0))
        end = time.monotonic() + float(call.values.get("timeout", 0))
        with self.coop.lock:
            self.coop.updates = [u for u in self.coop.updates if u["update_id"] >= offset]
        while not self.coop.stopping.is_set() and not transport.is_closing():
            with self.coop.lock:
                if self.coop.updates or time.monotonic() >= end:
                    return list(self.coop.updates[: int(call.values.get("limit", 100))])
            await asyncio.sleep(0.02)
        return []

    def _send_message(self, call: Call) -> dict[str, Any]:
        text = visible(call.values["text"], call.values.get("parse_mode"))
        if not text:
            raise ApiError(400, "Bad Request: message text is empty")
        if _length(text) > 4096:
            raise ApiError(400, "Bad Request: message is too long")
        return self._deliver(call, text, None, None)

    def _send_photo(self, call: Call) -> dict[str, Any]:
        text = visible(call.values.get("caption", ""), call.values.get("parse_mode"))
        if _length(text) > 1024:
            raise ApiError(400, "Bad Request: message caption is too long")
        data = call.files.get("photo")
        if data is None:
            raise ApiError(400, "Bad Request: wrong remote file identifier specified")
        return self._deliver(call, text, hashlib.sha256(data).hexdigest(), photo_size(data))

    def _send_video(self, call: Call) -> dict[str, Any]:
        text = visible(call.values.get("caption", ""), call.values.get("parse_mode"))
        if _length(text) > 1024:
            raise ApiError(400, "Bad Request: message caption is too long")
        return self._deliver(call, text, None, None, video_hash(call.files.get("video")))

    def _deliver(
        self, call: Call, text: str, photo: str | None, size: tuple[int, int] | None, video: str | None = None
    ) -> dict[str, Any]:
        thread = call.values.get("message_thread_id")
        message = Message(
            chat_id=call.chat_id,
            message_id=self.coop.number(),
            text=text,
            photo=photo,
            photo_size=size,
            silent=call.silent,
            method=call.method,
            thread=int(thread) if thread is not None else None,
            video=video,
            buttons=keyboard(call),
        )
        self.coop.deliver(message)
        return as_json(message)

    def _edit(self, call: Call) -> dict[str, Any]:
        message_id = int(call.values.get("message_id", 0))
        old = self.coop.messages.get((call.chat_id, message_id))
        if old is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        new = Message(**asdict(old))
        new.edits, new.method = old.edits + 1, call.method
        new.buttons = keyboard(call)
        has_media = old.photo is not None or old.video is not None
        if call.method == "editMessageReplyMarkup":
            pass
        elif call.method == "editMessageText":
            if has_media:
                raise ApiError(400, "Bad Request: there is no text in the message to edit")
            new.text = visible(call.values["text"], call.values.get("parse_mode"))
        elif call.method == "editMessageCaption":
            if not has_media:
                raise ApiError(400, "Bad Request: there is no caption in the message to edit")
            new.text = visible(call.values.get("caption", ""), call.values.get("parse_mode"))
        else:
            _replace_media(call, new)
        if _length(new.text) > (1024 if new.photo or new.video else 4096):
            raise ApiError(400, "Bad Request: message caption is too long")
        if (new.text, new.photo, new.video, new.buttons) == (old.text, old.photo, old.video, old.buttons):
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message",
            )
        self.coop.deliver(new)
        return as_json(new)

    async def _control(self, what: str, request: Request) -> Response:
        """The same handles over HTTP, for a server in a process of its own."""
        if what == "delivered":
            with self.coop.lock:
                return JSONResponse([asdict(message) for message in self.coop.delivered])
        body = await request.json()
        if what == "inject":
            with self.coop.lock:
                self.coop.injections.append(Injection(**{**body, "fault": Fault(body["fault"])}))
            return JSONResponse({})
        if what == "push":
            return JSONResponse({"update_id": self.coop.push(text_message(body["chat_id"], body["text"]))})
        return PlainTextResponse("no such handle", status_code=404)


def _raise_refusal(injection: Injection) -> None:
    """Raise what Telegram answers instead of doing anything, if the fault is of that kind."""
    match injection.fault:
        case Fault.FLOOD:
            after = injection.retry_after
            raise ApiError(429, f"Too Many Requests: retry after {after}", retry_after=after)
        case Fault.FORBIDDEN:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        case Fault.UNAUTHORIZED:
            raise ApiError(401, "Unauthorized")
        case Fault.SERVER_ERROR:
            raise ApiError(500, "Internal Server Error")
        case _:
            return


def _reset(transport: asyncio.Transport) -> None:
    """Close the connection as a failing router does: with a reset instead of an end."""
    plug = transport.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _replace_media(call: Call, message: Message) -> None:
    if message.photo is None and message.video is None:
        raise ApiError(400, "Bad Request: there is no media in the message to edit")
    media = json.loads(call.values["media"])
    data = call.files.get(str(media["media"]).removeprefix("attach://"))
    if media["type"] not in ("photo", "video") or data is None:
        raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    if media["type"] == "video":
        message.photo, message.photo_size, message.video = None, None, video_hash(data)
    else:
        message.photo, message.photo_size = hashlib.sha256(data).hexdigest(), photo_size(data)
        message.video = None
    message.text = visible(media.get("caption", ""), media.get("parse_mode"))


def keyboard(call: Call) -> list[list[list[str]]]:
    """The buttons of a request, refused as Telegram refuses them."""
    rows = json.loads(call.values.get("reply_markup") or "{}").get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise ApiError(400, "Bad Request: can't parse inline keyboard button: Text must be non-empty")
        if not 0 < len(str(button.get("callback_data", "")).encode()) <= 64:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return [[[button["text"], button["callback_data"]] for button in row] for row in rows]


def video_hash(data: bytes | None) -> str:
    """The hash of an MP4, refused if it is none."""
    if data is None or data[4:8] != b"ftyp" or len(data) > 50_000_000:
        raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    return hashlib.sha256(data).hexdigest()


def photo_size(data: bytes) -> tuple[int, int]:
    """Width and height of a photo, refused as Telegram refuses it."""
    if not data:
        raise ApiError(400, "Bad Request: file must be non-empty")
    if len(data) > 10_000_000:
        raise ApiError(413, "Request Entity Too Large")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            width, height = image.size
    except (UnidentifiedImageError, OSError):
        raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return width, height


def as_json(message: Message) -> dict[str, Any]:
    chat_type = "private" if message.chat_id > 0 else "group"
    answer: dict[str, Any] = {
        "message_id": message.message_id,
        "date": 1_700_000_000,
        "chat": {"id": message.chat_id, "type": chat_type},
    }
    if message.video is not None:
        video = {"file_id": message.video, "file_unique_id": message.video}
        return {**answer, "caption": message.text, "video": {**video, "width": 1, "height": 1, "duration": 1}}
    if message.photo is None:
        return {**answer, "text": message.text}
    width, height = message.photo_size or (1, 1)
    photo = {"file_id": message.photo, "file_unique_id": message.photo, "width": width, "height": height}
    return {**answer, "caption": message.text, "photo": [photo]}


def text_message(
    chat_id: int,
    text: str,
    name: str = "Ada",
    message_id: int = 1,
    *,
    person: int | None = None,
    thread: int | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """An update: a user (or a member of a group) writes to the bot, perhaps in a topic of a forum."""
    entities = []
    if text.startswith("/"):
        entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    chat: dict[str, Any] = {"id": chat_id, "type": "private", "first_name": name}
    if chat_id < 0:
        chat = {"id": chat_id, "type": "supergroup" if thread else "group", "title": name}
    sender: dict[str, Any] = {"id": person or abs(chat_id), "is_bot": False, "first_name": name}
    if language is not None:
        sender["language_code"] = language
    message = {"message_id": message_id, "date": 1_700_000_000, "chat": chat, "from": sender, "text": text}
    if thread is not None:
        chat["is_forum"] = True
        message |= {"message_thread_id": thread, "is_topic_message": True}
    return {"message": {**message, "entities": entities}}


def button_press(
    chat_id: int,
    data: str,
    name: str = "Ada",
    *,
    message_id: int = 1,
    person: int | None = None,
    press: str = "77",
    thread: int | None = None,
) -> dict[str, Any]:
    """An update: a user taps a button under one of the bot's messages; ``press`` is the tap's own id."""
    sender = {"id": person or abs(chat_id), "is_bot": False, "first_name": name}
    message = text_message(chat_id, "a message of the bot", message_id=message_id, thread=thread)["message"]
    query = {"id": press, "from": sender, "chat_instance": "1", "data": data, "message": message}
    return {"callback_query": query}


class FakeBotApi:
    """The server in a thread of this process, on a free port of 127.0.0.1."""

    def __init__(self, token: str = TOKEN, state: Path | None = None, port: int = 0) -> None:
        self.coop = Coop(token, state)
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            BotApi(self.coop),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # a reset connection is no news here
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="fake bot api", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget everything, so that another test can use the same server."""
        with self.coop.lock:
            self.coop.forget()

    @property
    def delivered(self) -> list[Message]:
        """Every delivery in order; an edit is one more delivery with ``edits`` above 0."""
        with self.coop.lock:
            return list(self.coop.delivered)

    @property
    def sent(self) -> list[Message]:
        """The deliveries that were new messages."""
        return [message for message in self.delivered if message.edits == 0]

    def chat(self, chat_id: int) -> list[Message]:
        """One chat as its user sees it now."""
        with self.coop.lock:
            return [m for (chat, _), m in sorted(self.coop.messages.items()) if chat == chat_id]

    @property
    def errors(self) -> list[str]:
        """Every request that was refused, as ``method: description``."""
        with self.coop.lock:
            return list(self.coop.errors)

    def calls(self, method: str) -> list[dict[str, Any]]:
        with self.coop.lock:
            return [values for name, values in self.coop.calls if name == method]

    def inject(
        self, method: str, fault: Fault, times: int = 1, *, retry_after: int = 1, chat_id: int | None = None
    ) -> None:
        """Let the next ``times`` requests of ``method`` ("*": any) fail."""
        with self.coop.lock:
            self.coop.injections.append(
                Injection(method=method, fault=fault, times=times, retry_after=retry_after, chat_id=chat_id)
            )

    def push_update(self, update: dict[str, Any]) -> int:
        return self.coop.push(update)

    def push_message(self, chat_id: int, text: str, name: str = "Ada", **more: Any) -> int:
        return self.coop.push(text_message(chat_id, text, name, **more))

    def push_press(self, message: Message, word: str, **more: Any) -> int:
        """A user taps the button of ``message`` that has ``word`` in its text."""
        more.setdefault("press", str(self.coop.number()))
        data = message.press(word)
        update = button_press(message.chat_id, data, message_id=message.message_id, **more)
        shown = update["callback_query"]["message"]
        update["callback_query"]["message"] = {
            **{name: shown[name] for name in shown if name not in ("text", "entities")},
            **{name: value for name, value in as_json(message).items() if name != "chat"},
        }
        return self.push_update(update)

    @property
    def toasts(self) -> list[str]:
        """What presses were answered with, in order."""
        with self.coop.lock:
            return list(self.coop.toasts)

    def __enter__(self) -> FakeBotApi:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the fake Bot API did not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.coop.stopping.set()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def main() -> None:
    parser = argparse.ArgumentParser(description="A Bot API server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    with FakeBotApi(options.token, options.state, options.port) as api:
        print(api.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
