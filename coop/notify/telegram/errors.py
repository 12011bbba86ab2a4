"""Telegram's errors in our words: what certainly arrived, what certainly did not, and what nobody knows."""

from __future__ import annotations

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from coop.notify.messenger import (
    Ambiguous,
    DeliveryProblem,
    FloodWait,
    PictureRefused,
    Refused,
    ServerTrouble,
    TokenRefused,
    Unreachable,
)

_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.WriteTimeout,  # the request did not leave in full, so it cannot have been obeyed
)
_PICTURE_WORDS = ("photo", "image_", "file must be non-empty", "wrong file", "wrong remote file", "too large")


def translate(problem: TelegramError, reason: str) -> DeliveryProblem:
    match problem:
        case RetryAfter():
            return FloodWait(seconds(problem))
        case InvalidToken():
            return TokenRefused("Telegram refuses the bot token. Get the right one from @BotFather")
        case ChatMigrated():
            return Refused(f"the group got the new id {problem.new_chat_id}; pair it again")
        case Forbidden():
            return Refused(reason)
        case BadRequest():
            about_picture = any(word in reason.lower() for word in _PICTURE_WORDS)
            return PictureRefused(reason) if about_picture else Refused(reason)
        case NetworkError():
            return _network(problem, reason)
        case _:
            return Ambiguous(reason)


def _network(problem: NetworkError, reason: str) -> DeliveryProblem:
    """Whether the message can have arrived; only the cause tells."""
    cause = problem.__cause__
    if isinstance(cause, _NOTHING_SENT):
        return Unreachable(reason)
    if cause is not None or "gateway" in reason.lower():
        # No answer, or one that is not the Bot API's own: a gateway in between lost sight of the request.
        return Ambiguous(reason)
    if "too large" in reason.lower():
        return PictureRefused(reason)
    return ServerTrouble(reason)


def reason_of(problem: BaseException) -> str:
    """The error in words; a time-out has none of its own."""
    cause = problem.__cause__
    return str(problem) + (f" ({type(cause).__name__})" if isinstance(cause, httpx.TimeoutException) else "")


def seconds(problem: RetryAfter) -> float:
    after = problem.retry_after
    return float(after) if isinstance(after, int | float) else after.total_seconds()
