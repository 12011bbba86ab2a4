"""What is wrong with settings, in one line a problem: the key, the value, what is allowed. Never a secret."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from coop.domain.url import redact_text

Node = Mapping[str, Any]
"""A part of the settings' JSON schema."""

_LONGEST = 80
_TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "a table",
}
_FORMATS = {"time": 'a time of day such as "20:30"', "path": "a path"}


def described(error: ValidationError, schema: Node, variables: Mapping[tuple[str, ...], str]) -> list[str]:
    """One line a problem. Keys that an environment variable set are named by the variable.

    Unknown variables are left out, since whoever read the environment has told them already.
    """
    lines = []
    for problem in error.errors(include_url=False):
        key = tuple(str(part) for part in problem["loc"])
        variable = variables.get(key)
        if problem["type"] == "extra_forbidden":
            if variable is None:
                lines.append(_unknown_key(key, schema))
        elif key[-1:] == ("[key]",):  # pydantic's mark for what is wrong with a name, not with its value
            lines.append(_bad_name(key[:-1], schema))
        else:
            lines.append(_bad_value(variable or _dotted(key), problem, node_at(schema, key) or {}))
    return lines


def node_at(schema: Node, key: Sequence[str]) -> Node | None:
    """The part of the schema that describes ``key``, or None where no such key exists."""
    node = resolved(schema, schema)
    for part in key:
        below = node.get("properties", {}).get(part) or node.get("additionalProperties")
        below = next(iter(node.get("patternProperties", {}).values()), below)
        if not below and node.get("type") == "array" and part.isdigit():
            below = node.get("items") or node["prefixItems"][0]
        names = names_below(node)
        if not isinstance(below, dict) or (names and part not in names):
            return None
        node = resolved(below, schema)
    return node


def names_below(node: Node) -> Sequence[str]:
    """The keys that a table has, or nothing where the user chooses the names."""
    return list(node.get("properties") or node.get("propertyNames", {}).get("enum", ()))


def nearest(name: str, known: Iterable[str]) -> str:
    """What a mistyped name was probably meant to be, else every name there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"


def allowed(node: Node) -> str:
    """The values that a part of the schema allows, in words."""
    if "enum" in node or "const" in node:
        return ", ".join(json.dumps(value) for value in node.get("enum", [node.get("const")]))
    kind = _FORMATS.get(node.get("format", "")) or _TYPES.get(node.get("type", ""), "another value")
    least, most = node.get("minimum"), node.get("maximum")
    above = node.get("exclusiveMinimum")
    bounds = [f"above {above}"] if above is not None else []
    if least is not None and most is not None:
        bounds.append(f"from {least} to {most}")
    elif least is not None:
        bounds.append(f"of {least} or more")
    elif most is not None:
        bounds.append(f"up to {most}")
    return " ".join([kind, " and ".join(bounds)]).strip()


def resolved(node: Node, schema: Node) -> Node:
    """The node itself behind a reference or an "or null"; a reference keeps the description beside it."""
    if "anyOf" in node:
        kept = next(option for option in node["anyOf"] if option.get("type") != "null")
        return {**resolved(kept, schema), **{k: v for k, v in node.items() if k != "anyOf"}}
    if "$ref" in node:
        target = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    return node


def _dotted(key: Sequence[str]) -> str:
    return ".".join(f'"{part}"' if " " in part or not part else part for part in key)


def _unknown_key(key: Sequence[str], schema: Node) -> str:
    return f"{_dotted(key)}: unknown key; {nearest(key[-1], names_below(node_at(schema, key[:-1]) or {}))}"


def _bad_name(key: Sequence[str], schema: Node) -> str:
    if names_below(node_at(schema, key[:-1]) or {}):
        return _unknown_key(key, schema)
    return (
        f"{_dotted(key)}: a name of small letters, digits, space, _ and -, beginning with a letter or digit"
    )


def _bad_value(name: str, problem: Mapping[str, Any], node: Node) -> str:
    if problem["type"] == "missing":
        return f"{name}: is missing; {node.get('description', allowed(node))}"
    own = problem["type"] == "value_error"
    meant = str(problem["ctx"]["error"]) if own else allowed(node)
    if isinstance(problem["input"], Mapping):
        return f"{name}: {meant}" if own else f"{name}: is a table; allowed is {meant}"
    return f"{name} = {_shown(problem['input'], node)}: allowed is {meant}"


def _shown(value: object, node: Node) -> str:
    if node.get("format") == "password":
        return "***"
    text = redact_text(json.dumps(value, default=str, ensure_ascii=False))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
