"""URLs as they may be shown: without passwords and tokens."""

import re

HIDDEN = "***"

_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<rest>[^\s\"'<>]*)")
_SECRET_VALUE = re.compile(
    r"(?i)(?P<name>(?:passw(?:or)?d|loginpass?|pwd|psk|secret|token|session|signature|api_?key"
    r"|(?<![a-z0-9])(?:pass?|pw|key|auth|sig))=)[^&;#\s\"'<>]+"
)
_BOT_TOKEN = re.compile(r"(?<!\d)(?<!sha)\d+(?::|%3A)[A-Za-z0-9_-]{30,}")


def redact_url(url: str) -> str:
    """The URL with its password and token-like query values replaced by ``***``.

    Passwords with unescaped ``@``, ``/`` or ``?`` are common in camera URLs, so the last ``@`` counts as the
    end of the password wherever that is possible: rather too much is hidden than too little.
    """
    if not url.startswith(("/", ".", "~")):  # no path; and a space or quote in it belongs to its password
        scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
        url = scheme + mark + _without_password(rest)
    return redact_text(url)


def redact_text(text: str) -> str:
    """The text with the secrets of every URL in it, and every Telegram bot token, replaced by ``***``."""
    text = _BOT_TOKEN.sub(HIDDEN, text)
    text = _URL.sub(lambda url: url["scheme"] + _without_password(url["rest"]), text)
    return _SECRET_VALUE.sub(lambda value: value["name"] + HIDDEN, text)


def _without_password(rest: str) -> str:
    before, at, host = rest.rpartition("@")
    user, colon, password = before.partition(":")
    if not at or not colon or "/" in user or re.fullmatch(r"\d+/[^@]*\?.*", password):
        return rest  # no "user:password@"; or "host:port/path?...@..."
    return f"{user}:{HIDDEN}@{host}"
