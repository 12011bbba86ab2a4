"""Messages without Telegram: a line on the console, and a folder that shows the chat as on a phone."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from html import unescape
from pathlib import Path
from string import Template
from typing import TypeAlias

from coop.domain.notification import Keyboard
from coop.notify import texts
from coop.notify.messenger import CLIP, Refused, Unreachable

log = logging.getLogger(__name__)

INDEX = "index.html"
SHOWN = 500
"""The page shows so many of the newest messages."""

Words: TypeAlias = tuple[tuple[str, ...], ...]
"""What stands on the buttons, row by row."""

_PAGE = Path(__file__).with_name("chat.html")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, kw_only=True)
class _Message:
    """One message as its JSON file has it. ``text`` is Telegram's HTML, ``picture`` a file beside it."""

    number: int
    chat: str
    text: str
    picture: str | None
    silent: bool
    edited: bool = False
    buttons: tuple[tuple[str, ...], ...] = ()

    @property
    def file(self) -> str:
        return f"{self.number:04d}.json"


class FolderMessenger:
    """A `Messenger` that writes each message into ``folder``.

    A message is ``0001.json`` and ``0001.txt`` with its picture beside it; an edit rewrites them.
    ``index.html`` shows the newest messages. ``write`` gets one line for each message and each edit.
    Numbers go on after a restart.
    """

    def __init__(self, folder: Path, write: Callable[[str], object]) -> None:
        self._folder = folder
        self._write = write
        self._messages: dict[int, _Message] | None = None
        self._lock = asyncio.Lock()

    async def send(
        self, chat: str, text: str, picture: Path | None, *, silent: bool, buttons: Keyboard = ()
    ) -> str:
        """See `Messenger`."""
        async with self._lock:
            number = await asyncio.to_thread(self._send, chat, text, picture, silent, _words(buttons))
        self._write(f"{'🔕' if silent else '🔔'} {plain(text)}")
        return str(number)

    async def edit(
        self, chat: str, message_id: str, text: str, picture: Path | None, *, buttons: Keyboard = ()
    ) -> None:
        """See `Messenger`."""
        async with self._lock:
            await asyncio.to_thread(self._edit, int(message_id), text, picture, _words(buttons))
        self._write(f"✏️ {plain(text)}")

    def _send(self, chat: str, text: str, picture: Path | None, silent: bool, buttons: Words) -> int:
        try:
            known = self._load()
            number = max([*map(_number, self._folder.glob("[0-9]*.*")), *known], default=0) + 1
            copy = self._copy(number, picture)
            self._save(
                _Message(number=number, chat=chat, text=text, picture=copy, silent=silent, buttons=buttons)
            )
        except OSError as problem:
            raise Unreachable(f"{self._folder}: the message cannot be written: {problem}") from None
        return number

    def _edit(self, number: int, text: str, picture: Path | None, buttons: Words) -> None:
        try:
            old = self._load().get(number)
            if old is None:
                raise Refused(f"{self._folder}: there is no message {number}")
            copy = old.picture if picture is None or old.picture is None else self._copy(number, picture)
            self._save(replace(old, text=text, picture=copy, edited=True, buttons=buttons))
        except OSError as problem:
            raise Unreachable(f"{self._folder}: the message cannot be changed: {problem}") from None

    def _load(self) -> dict[int, _Message]:
        """The messages so far; those of an earlier run are read from the folder once."""
        self._folder.mkdir(parents=True, exist_ok=True)  # each time: somebody may tidy it away
        if self._messages is None:
            files = sorted(self._folder.glob("[0-9]*.json"))
            self._messages = {message.number: message for message in map(_read, files) if message}
        return self._messages

    def _copy(self, number: int, picture: Path | None) -> str | None:
        if picture is None:
            return None
        name = f"{number:04d}{picture.suffix}"
        partial = self._folder / f"{name}.part"
        shutil.copyfile(picture, partial)
        partial.replace(self._folder / name)
        return name

    def _save(self, message: _Message) -> None:
        """The JSON file comes before the rest: it is the message, everything else is made from it."""
        self._replace(message.file, json.dumps(asdict(message), ensure_ascii=False, indent=1))
        messages = self._load()
        messages[message.number] = message
        self._replace(f"{message.number:04d}.txt", plain(message.text, "\n") + "\n")
        self._replace(INDEX, page(list(messages.values())[-SHOWN:]))

    def _replace(self, name: str, text: str) -> None:
        partial = self._folder / f"{name}.part"
        partial.write_text(text, encoding="utf-8")
        partial.replace(self._folder / name)


def _words(buttons: Keyboard) -> Words:
    return tuple(tuple(button.text for button in row) for row in buttons)


def _number(file: Path) -> int:
    digits = file.name.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _read(file: Path) -> _Message | None:
    """A message of an earlier run; None where a power cut left half a file."""
    try:
        return _Message(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as problem:
        log.warning("%s is not a message and is left out: %s", file, problem)
        return None


def plain(text: str, line_break: str = " · ") -> str:
    """Telegram's HTML as plain text."""
    lines = unescape(_TAG.sub("", text)).split("\n")
    return line_break.join(line for line in lines if line.strip())


def page(messages: list[_Message]) -> str:
    """The chat as a page; several chats stand one after the other."""
    chats = list(dict.fromkeys(message.chat for message in messages))
    parts = []
    for chat in chats:
        if len(chats) > 1:
            parts.append(f"<h2>{texts.name(chat)}</h2>")
        parts += [_bubble(message) for message in messages if message.chat == chat]
    summary = texts.chat_summary(len(messages), sum(not message.silent for message in messages))
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(summary=summary, messages="\n".join(parts))


def _bubble(message: _Message) -> str:
    # The text is our own HTML: `texts` has escaped whatever came from outside.
    picture = _shown(message.picture) if message.picture else ""
    kind = ' class="picture"' if message.picture else ""
    sound = "🔕 silent" if message.silent else "🔔 with sound"
    marks = " · ".join([sound, *(["edited"] if message.edited else []), f"message {message.number}"])
    rows = ["".join(f"<span>{texts.name(word)}</span>" for word in row) for row in message.buttons]
    buttons = "".join(f"<div>{row}</div>" for row in rows)
    return f"<article{kind}>{picture}<p>{message.text}</p><footer>{marks}</footer>{buttons}</article>"


def _shown(picture: str) -> str:
    if picture.endswith(CLIP):
        return f'<video src="{picture}" controls muted></video>'
    return f'<img src="{picture}" alt="">'
