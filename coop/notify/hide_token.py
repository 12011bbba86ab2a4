"""Keeping a bot token out of logs and errors."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable

PLACEHOLDER = "<token>"


class HideToken(logging.Filter):
    """Takes a token out of log records, arguments and tracebacks included.

    A filter on a logger sees only what that very logger is told, so `attach` it to each that may show the
    token; on a handler it sees everything that passes there.
    """

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def attach(self, loggers: Iterable[str]) -> None:
        for logger in loggers:
            logging.getLogger(logger).addFilter(self)

    def detach(self, loggers: Iterable[str]) -> None:
        for logger in loggers:
            logging.getLogger(logger).removeFilter(self)

    def hide(self, text: str) -> str:
        return text.replace(self._token, PLACEHOLDER)

    def trace(self, problem: BaseException | None) -> str:
        """The traceback of an error as text, without the token."""
        return self.hide("".join(traceback.format_exception(problem))) if problem is not None else "unknown"

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if self._token in message:
            record.msg, record.args = self.hide(message), ()
        if record.exc_info and record.exc_info[1] is not None:
            trace = "".join(traceback.format_exception(record.exc_info[1]))
            if self._token in trace:
                record.exc_info, record.exc_text = None, self.hide(trace)
        return True
