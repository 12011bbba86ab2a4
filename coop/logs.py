"""What the program says about itself: text for people, JSON lines for machines, never a secret."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite
from types import TracebackType
from typing import Any, Literal, TextIO

from coop.domain.url import HIDDEN, redact_text

_CHATTY = (
    "httpx",
    "httpcore",
    "apscheduler",
    "alembic",
    "telegram.ext",
    "uvicorn.access",
    "matplotlib",
    "PIL",
)
"""Libraries whose routine lines would drown ours; their warnings are kept."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure_logging(
    level: str = "info",
    format: Literal["text", "json"] = "text",
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every record to standard error (or ``stream``) in the given format.

    URL passwords, token-like query values, bot tokens and the given ``secrets`` are replaced in every line,
    tracebacks included. Warnings and uncaught exceptions of any thread become records too. Calling again
    replaces the former configuration.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter((JsonFormatter if format == "json" else TextFormatter)(secrets))
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _Redacting(logging.Formatter):
    """What both formats share: replacing secrets, and finding the fields given as ``extra``."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))

    def redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return redact_text(text)

    def extra(self, record: logging.LogRecord) -> dict[str, Any]:
        return {name: value for name, value in vars(record).items() if name not in _OWN}

    def trace(self, record: logging.LogRecord) -> str:
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return self.redacted("\n".join(parts))


class TextFormatter(_Redacting):
    """`2026-05-01 06:12:03 INFO    coop.app: message key=value`, in the system's time."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).astimezone()
        head = f"{moment:%Y-%m-%d %H:%M:%S} {record.levelname:<7} {record.name}: {record.getMessage()}"
        pairs = [f"{name}={value}" for name, value in self.extra(record).items()]
        line = self.redacted(" ".join([head, *pairs]))
        trace = self.trace(record)
        return f"{line}\n{trace}" if trace else line


class JsonFormatter(_Redacting):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, `thread`, extras, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "thread": record.threadName,
        }
        trace = self.trace(record)
        if trace:
            fields["exception"] = trace
        fields = {**self.extra(record), **fields}
        return json.dumps({name: self._plain(value) for name, value in fields.items()}, ensure_ascii=False)

    def _plain(self, value: object) -> object:
        """Numbers and truth values as they are, everything else as redacted text."""
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
            return value
        return self.redacted(str(value))


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("coop").critical("uncaught error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "unknown"
    trace = (args.exc_type, args.exc_value, args.exc_traceback)
    logging.getLogger("coop").critical("uncaught error in thread %s", name, exc_info=trace)
