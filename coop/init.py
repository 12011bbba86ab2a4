"""The example settings file: it works as written, and is made from the settings tree, so it cannot rot."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from coop.errors import SettingsError
from coop.settings import Settings
from coop.settings_errors import Node, allowed, names_below, node_at

SIMULATED = "sim://?flock=1&seed=7&from=4.6&speed=20"
"""Twenty times faster, from just before the flock leaves its roost: something is told in half a minute."""

_LIMITS = {"enum", "minimum", "maximum", "exclusiveMinimum"}
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
    schema = Settings.model_json_schema()
    return "\n".join([_HEAD, *_top(schema), *_cameras(schema), *_sections(schema)]).rstrip() + "\n"


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


def _top(schema: Node) -> Iterator[str]:
    for name in names_below(schema):
        if name not in ("cameras", *_section_names(schema)):
            yield from _key((name,), schema)


def _cameras(schema: Node) -> Iterator[str]:
    camera, zone = ("cameras", "run"), ("cameras", "run", "zones", "nest 1")
    yield "# ---- Cameras: one table each; the name is yours (small letters, digits, space, _ and -)."
    yield "# This one is simulated: a flock of hens, always the same, that you can try everything on."
    yield "[cameras.simulated]"
    yield f"url = {json.dumps(SIMULATED)}\n"
    yield "# A real one, with everything that a camera can have:"
    yield "#[cameras.run]"
    for name in names_below(_node(camera, schema)):
        if name != "zones":
            yield from _key((*camera, name), schema)
    yield f"# {_node(zone[:-1], schema)['description']}"
    yield '#[cameras.run.zones."nest 1"]'
    for name in names_below(_node(zone, schema)):
        yield from _key((*zone, name), schema)


def _sections(schema: Node) -> Iterator[str]:
    for section in _section_names(schema):
        node = _node((section,), schema)
        yield f"# ---- {node['description']}"
        yield f"[{section}]"
        for name in names_below(node):
            yield from _key((section, name), schema)


def _section_names(schema: Node) -> list[str]:
    """The tables that have keys of their own, unlike `cameras`, whose names the user chooses."""
    return [name for name in names_below(schema) if _node((name,), schema).get("properties")]


def _key(key: tuple[str, ...], schema: Node) -> Iterator[str]:
    """The description, what is allowed where it is not obvious, and the commented key with its value."""
    node = _node(key, schema)
    limits = f" ({allowed(node)})" if _LIMITS & node.keys() else ""
    yield f"# {node['description']}{limits}"
    value = node["examples"][0] if "examples" in node else node["default"]
    pairs = {f"{key[-1]}.{name}": below for name, below in value.items()} if isinstance(value, dict) else {}
    for name, one in (pairs or {key[-1]: value}).items():
        yield f"#{name} = {_toml(one, node)}"
    yield ""


def _node(key: tuple[str, ...], schema: Node) -> Node:
    node = node_at(schema, key)
    if node is None:
        raise KeyError(".".join(key))
    return node


def _toml(value: object, node: Node) -> str:
    """A value as TOML writes it, which for texts, numbers, booleans and lists is what JSON writes."""
    if node.get("format") == "time":
        return json.dumps(str(value)[: len("20:30")])
    return json.dumps(value, ensure_ascii=False)
