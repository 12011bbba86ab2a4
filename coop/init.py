"""The example settings file: it works as written, and is made from the settings tree, so it cannot rot."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from coop.errors import SettingsError
from coop.settings import CameraSettings, Settings, ZoneSettings
from coop.settings_errors import allowed, node_at

SIMULATED = "sim://?flock=1&seed=7"

_HEAD = """\
# Settings of the coop watch. This file works as it is: it watches a simulated coop.
#
# A line such as "#fps = 5" shows a key with its default, or with an example where there is no default;
# remove the "#" to change it. A mistyped key or an impossible value is refused with what is allowed.
# Every key can also be set by an environment variable, which then wins: log.level by COOP_LOG__LEVEL.
# Relative paths begin at this file's folder. After a change: `coop check`, then restart `coop run`.
"""


def example_toml() -> str:
    """The text of a commented settings file that holds every key there is."""
    return "\n".join([_HEAD, *_top(), *_cameras(), *_sections()]).rstrip() + "\n"


def write_example(path: Path) -> None:
    """Write the example, readable for its owner only, since camera passwords will stand in it.

    An existing file is never touched: `SettingsError`.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(str(path), ["exists already; move it away or choose another name"]) from None
    except OSError as error:
        raise SettingsError(str(path), [f"cannot be written: {error.strerror}"]) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(example_toml())


def _top() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if name != "cameras" and not isinstance(field.default, BaseModel):
            yield from _key((name,), field)


def _sections() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _table((name,), type(field.default))


def _cameras() -> Iterator[str]:
    yield "# ---- Cameras: one table each; the name is yours (small letters, digits, space, _ and -)."
    yield "# This one is simulated: a flock of hens, always the same, that you can try everything on."
    yield "[cameras.simulated]"
    yield f"url = {json.dumps(SIMULATED)}\n"
    yield "# A real one, with everything that a camera can have:"
    yield "#[cameras.run]"
    for name, field in CameraSettings.model_fields.items():
        if name != "zones":
            yield from _key(("cameras", "run", name), field)
    yield f"# {CameraSettings.model_fields['zones'].description}"
    yield '#[cameras.run.zones."nest 1"]'
    for name, field in ZoneSettings.model_fields.items():
        yield from _key(("cameras", "run", "zones", "nest 1", name), field)


def _table(key: tuple[str, ...], section: type[BaseModel]) -> Iterator[str]:
    yield f"# ---- {section.__doc__}"
    yield f"[{'.'.join(key)}]"
    for name, field in section.model_fields.items():
        yield from _key((*key, name), field)


def _key(key: Sequence[str], field: FieldInfo) -> Iterator[str]:
    """The description, what is allowed where it is not obvious, and the commented key with its value."""
    node = node_at(Settings.model_json_schema(), key) or {}
    limits = f" ({allowed(node)})" if _is_limited(node) else ""
    yield f"# {field.description}{limits}"
    value = field.examples[0] if field.examples else field.default
    pairs = {f"{key[-1]}.{name}": below for name, below in value.items()} if isinstance(value, dict) else {}
    for name, one in (pairs or {key[-1]: value}).items():
        yield f"#{name} = {_toml(one)}"
    yield ""


def _is_limited(node: Mapping[str, Any]) -> bool:
    return "enum" in node or bool({"minimum", "maximum", "exclusiveMinimum"} & node.keys())


def _toml(value: object) -> str:
    """A value as TOML writes it, which for texts, numbers, booleans and lists is what JSON writes."""
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    return json.dumps(value, ensure_ascii=False)
