"""Where settings come from: the file, the environment, the folders of the XDG standard, secret files."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coop.errors import SettingsError
from coop.settings_errors import names_below, node_at

ENV_PREFIX = "COOP_"
FILE_NAME = "coop.toml"
NOT_SETTINGS = frozenset({"COOP_TEST_DATA"})
"""Variables with our prefix that are not settings."""

Table = dict[str, Any]
Key = tuple[str, ...]


def xdg_folder(variable: str, default: str) -> Path:
    """The program's own folder below an XDG base folder; the standard says to ignore relative ones."""
    base = Path(os.environ.get(variable, ""))
    return (base if base.is_absolute() else Path.home() / default) / "neurocoop"


def find_settings_file() -> Path | None:
    """`coop.toml` in the working folder, else in the XDG configuration folder, else None.

    A working folder that may not be looked into holds no settings; a configuration folder that may not be
    looked into is a mistake worth telling: `SettingsError`.
    """
    with suppress(OSError):
        here = Path.cwd() / FILE_NAME
        if here.is_file():
            return here
    file = xdg_folder("XDG_CONFIG_HOME", ".config") / FILE_NAME
    try:
        return file if file.is_file() else None
    except OSError as error:
        remedy = "run coop as the user that it was installed for"
        raise SettingsError(str(file), [f"cannot be read: {error.strerror}; {remedy}"]) from None


def system_timezone() -> str:
    """The IANA name of the system's time zone: $TZ, else where /etc/localtime points, else "UTC"."""
    localtime = str(Path("/etc/localtime").resolve())
    for name in (os.environ.get("TZ", "").removeprefix(":"), localtime.partition("/zoneinfo/")[2]):
        if name and _is_timezone(name):
            return name
    return "UTC"


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True


def read_toml(file: Path) -> Table:
    """The file's tables, or `SettingsError` with the line and column of what cannot be read."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(str(file), ["there is no such file; `coop init` writes one"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            str(file), [f"byte {error.start} is not UTF-8 text; save the file as UTF-8"]
        ) from None
    except OSError as error:
        raise SettingsError(str(file), [f"cannot be read: {error.strerror}"]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(file), [_syntax_problem(str(error), text)]) from None


def _syntax_problem(message: str, text: str) -> str:
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place:
        return f"line {place[1]}, column {place[2]}: {message[: place.start()]}"
    lines = text.splitlines() or [""]
    return f"line {len(lines)}, column {len(lines[-1]) + 1}: {message.removesuffix(' (at end of document)')}"


def anchored(table: Table, keys: Sequence[Key], folder: Path) -> Table:
    """The table with relative paths at the given keys ("*": any) made relative to ``folder``."""
    result = dict(table)
    for first in {key[0] for key in keys}:
        below = [key[1:] for key in keys if key[0] == first]
        for name in list(result) if first == "*" else [first]:
            value = result.get(name)
            if isinstance(value, dict):
                result[name] = anchored(value, [key for key in below if key], folder)
            elif isinstance(value, str) and () in below and value and "://" not in value:
                result[name] = str(folder / Path(value).expanduser())
    return result


def merged(table: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """``over`` laid over ``table``, table by table."""
    result = dict(table)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


@dataclass(frozen=True, kw_only=True)
class Variables:
    """The environment variables with our prefix. ``names``: a setting's key -> the variable that sets it."""

    names: Mapping[Key, str]
    problems: tuple[str, ...] = field(default=())
    unreadable: bool = False


def read_variables(schema: Mapping[str, Any]) -> Variables:
    """Which variables set which keys, refusing names that no setting has and lists that are not JSON."""
    names: dict[Key, str] = {}
    unknown: list[str] = []
    not_json: list[str] = []
    for variable, value in sorted(os.environ.items()):
        if not variable.upper().startswith(ENV_PREFIX) or variable in NOT_SETTINGS or not value:
            continue
        key = tuple(variable[len(ENV_PREFIX) :].lower().split("__"))
        node = node_at(schema, key)
        if node is None:
            unknown.append(f"{variable}: unknown variable; {_nearest_variable(key, schema)}")
        elif node.get("type") in ("array", "object") and not _is_json(value):
            not_json.append(f"{variable}: is not JSON; a list is written [1, 2]")
        names[key] = variable
    return Variables(names=names, problems=(*unknown, *not_json), unreadable=bool(not_json))


def _nearest_variable(key: Key, schema: Mapping[str, Any]) -> str:
    known = next(n for n in range(len(key) - 1, -1, -1) if node_at(schema, key[:n]) is not None)
    names = names_below(node_at(schema, key[:known]) or {})
    close = difflib.get_close_matches(key[known], names, n=1)
    if close:
        return f"did you mean {_variable((*key[:known], close[0], *key[known + 1 :]))}?"
    return f"known are {', '.join(_variable((*key[:known], name)) for name in names) or 'plain values only'}"


def _variable(key: Key) -> str:
    return (ENV_PREFIX + "__".join(key)).upper()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def credential_file(name: str) -> Path | None:
    """The file of one of systemd's credentials, if this process was given it and something is in it.

    An empty one is a keeper who has no token yet: a unit cannot name a credential that may be absent.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder, name) if folder else None
    return file if file is not None and file.is_file() and file.stat().st_size else None


def read_secret(file: Path, where: str) -> str:
    """The text of a secret file without surrounding white space."""
    remedy = "write the token into it, readable for the user that runs coop (chmod 600)"
    try:
        text = file.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise SettingsError(where, [f"telegram.token_file = {file}: is not text; {remedy}"]) from None
    except OSError as error:
        raise SettingsError(where, [f"telegram.token_file = {file}: {error.strerror}; {remedy}"]) from None
    if not text:
        raise SettingsError(where, [f"telegram.token_file = {file}: is empty; {remedy}"])
    return text
