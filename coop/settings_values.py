"""The kinds of value that settings have, each refusing what it cannot be with what is allowed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Secret,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)

from coop.domain.url import redact_url
from coop.domain.zone import Point

TASKS = ("kinds", "hens", "nest")
_STREAMS = ("rtsp", "rtsps", "http", "https")
_SCHEMES = (*_STREAMS, "file", "sim")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class SecretUrl(Secret[str]):
    """A URL that shows itself without its password; `get_secret_value()` gives the whole of it."""

    def _display(self) -> str:
        return redact_url(self.get_secret_value())


def is_bot_token(text: str) -> bool:
    """Whether a text has the form of a Telegram bot token."""
    return _TOKEN.fullmatch(text) is not None


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a folder such as "Europe"; a path
        raise ValueError('an IANA name such as "Europe/Berlin" or "UTC"') from None
    return name


def _known_source(url: SecretUrl) -> SecretUrl:
    text = url.get_secret_value()
    scheme, mark, _ = text.partition("://")
    if not text.strip() or (mark and scheme.lower() not in _SCHEMES):
        allowed = ", ".join(f"{name}://" for name in _SCHEMES)
        raise ValueError(f"{allowed}, a device such as /dev/video0, a video file or a folder of pictures")
    return url


def _known_stream(url: SecretUrl) -> SecretUrl:
    if not url.get_secret_value().lower().startswith(tuple(f"{name}://" for name in _STREAMS)):
        raise ValueError("a stream: " + ", ".join(f"{name}://" for name in _STREAMS))
    return url


def _bot_token(token: SecretStr) -> SecretStr:
    if not is_bot_token(token.get_secret_value()):
        raise ValueError("the token as @BotFather gave it: digits, a colon, letters and digits")
    return token


def _web_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address that begins with http:// or https://")
    return url


def _database(url: SecretUrl) -> SecretUrl:
    if not url.get_secret_value().startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
        raise ValueError("sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
    return url


def _enclosing(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    if abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) < 1e-6:
        raise ValueError("at least three corners that enclose an area")
    return polygon


def _known_task(name: str) -> str:
    if name not in TASKS:
        raise ValueError(", ".join(TASKS))
    return name


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9 _-]*[a-z0-9_-])?$", max_length=40)]
"""A camera's or zone's name: it becomes part of file names, keys and messages."""
Share = Annotated[float, Field(ge=0, le=1)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], AfterValidator(_enclosing)]
"""Corners as shares of the picture's width and height, so that it outlives a change of resolution."""
AnyCase = BeforeValidator(_lower)
"""Accepts INFO for info."""
ClipWish = Annotated[Literal["predator", "first arrival", "arrival", "animal", "motion"], AnyCase]
AnyPath = Annotated[Path, AfterValidator(_absolute)]
CameraUrl = Annotated[
    SecretUrl, AfterValidator(_known_source), Field(json_schema_extra={"format": "password"})
]
StreamUrl = Annotated[
    SecretUrl, AfterValidator(_known_stream), Field(json_schema_extra={"format": "password"})
]
DatabaseUrl = Annotated[SecretUrl, AfterValidator(_database), Field(json_schema_extra={"format": "password"})]
TaskName = Annotated[
    str, AfterValidator(_known_task), WithJsonSchema({"type": "string", "enum": list(TASKS)})
]
BotToken = Annotated[SecretStr, AfterValidator(_bot_token)]
Timezone = Annotated[str, AfterValidator(_known_timezone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
