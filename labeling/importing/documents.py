"""JSON and YAML of strangers: read with limits, and asked for what is expected of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import yaml

from labeling.importing.found import ImportProblem

_MOST_BYTES = 500 * 2**20


def read_json(file: Path) -> Any:
    """The content of a JSON file. Raises `ImportProblem`."""
    text = _text(file, "Export it anew")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportProblem(file, f"is no JSON ({str(error)[:100]})", "Export it anew") from None


def read_yaml(file: Path) -> Any:
    """The content of a YAML file, plain values only. Raises `ImportProblem`."""
    text = _text(file, "Write it anew")
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).partition("\n")[0]
        raise ImportProblem(file, f"is no YAML ({first[:100]})", "Write it anew") from None


def items(value: Any) -> list[Any]:
    """A list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 and math.isfinite(value) else None


def _text(file: Path, remedy: str) -> str:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ImportProblem(file, f"is larger than {_MOST_BYTES // 2**20} MiB", "Split it")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ImportProblem(
            file, f"cannot be read ({error.strerror})", "Check the name and its rights"
        ) from None
    except UnicodeDecodeError:
        raise ImportProblem(file, "is not UTF-8 text", remedy) from None
