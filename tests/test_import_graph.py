"""The import table of the design, enforced: which part may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

STEPS = ("frame", "motion", "track", "classify", "event", "clip", "store", "notify")
PURE = ("coop.domain", "coop.errors")
SETTINGS = ("coop.settings", "coop.settings_errors", "coop.settings_sources", "coop.settings_values")
SIDE_TOOLS = (*PURE, "coop.settings", "coop.store", "coop.classify")

# The longest matching prefix decides. A part may always import itself.
ALLOWED: dict[str, tuple[str, ...]] = {
    "coop.domain": ("coop.errors",),
    "coop.errors": (),
    **{f"coop.{step}": PURE for step in STEPS},
    **dict.fromkeys(SETTINGS, (*PURE, *SETTINGS)),
    "coop.pipeline": PURE,
    "coop": ("coop",),
    "coop.cli": ("coop", "labeling", "training"),
    "labeling": (*SIDE_TOOLS, "labeling"),
    "training": (*SIDE_TOOLS, "training"),
}

# A driver belongs to one place.
DRIVERS: dict[str, tuple[str, ...]] = {
    "sqlalchemy": ("coop.store",),
    "alembic": ("coop.store",),
    "psycopg": ("coop.store",),
    "telegram": ("coop.notify.telegram", "coop.app"),
    "keras": ("training",),
    "tensorflow": ("training",),
    "ai_edge_litert": ("coop.classify",),
    "pydantic_settings": SETTINGS,
    "apscheduler": ("coop.schedule", "coop.app"),
    "typer": ("coop.cli",),
}


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def part_of(module: str) -> str:
    return max((part for part in ALLOWED if within(module, (part,))), key=len)


def module_name(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    """Every imported module with its line, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}:{node.lineno}: relative imports hide the direction"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def breaches(root: Path) -> list[str]:
    """One line for each import that the table forbids, in the packages below ``root``."""
    found = []
    for package in ("coop", "labeling", "training"):
        for file in sorted((root / package).rglob("*.py")):
            module = module_name(file, root)
            part = part_of(module)
            allowed = (*ALLOWED[part], part)
            for line, target in imports_of(file):
                ours = within(target, ("coop", "labeling", "training"))
                drivers = next((where for name, where in DRIVERS.items() if within(target, (name,))), None)
                forbidden = (ours and not within(target, allowed)) or (
                    drivers is not None and not within(module, drivers)
                )
                if forbidden:
                    found.append(f"{file.relative_to(root)}:{line}: {module} may not import {target}")
                if "VideoCapture" in target and part != "coop.frame":
                    found.append(f"{file.relative_to(root)}:{line}: VideoCapture belongs to coop.frame")
            if "VideoCapture(" in file.read_text(encoding="utf-8") and part != "coop.frame":
                found.append(f"{file.relative_to(root)}: VideoCapture belongs to coop.frame")
    return found


def test_nobody_breaks_the_import_table() -> None:
    assert breaches(ROOT) == []


def test_side_packages_are_imported_lazily_by_the_command_line() -> None:
    """labeling and training only inside the subcommand, so the daemon never loads them."""
    files = sorted((ROOT / "coop" / "cli").glob("*.py"))
    trees = [ast.parse(file.read_text(encoding="utf-8"), str(file)) for file in files]
    imports = [node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(imports) > len(files)
    assert not [line for line in map(ast.unparse, imports) if "labeling" in line or "training" in line]


def test_package_roots_inside_coop_are_empty() -> None:
    heavy = [
        file.relative_to(ROOT) for file in (ROOT / "coop").rglob("__init__.py") if file.read_text().strip()
    ]
    assert heavy == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("coop/domain/planted.py", "import coop.settings"),
        ("coop/motion/planted.py", "from coop.track import tracker"),
        ("coop/event/planted.py", "def f() -> None:\n    import sqlalchemy"),
        ("coop/notify/planted.py", "from telegram import Bot"),
        ("coop/classify/planted.py", "import tensorflow as tf"),
        ("coop/pipeline.py", "from coop.settings import Settings"),
        ("coop/app.py", "import training.head"),
        ("labeling/planted.py", "from coop.notify.outbox import OutboxWorker"),
        ("training/planted.py", "import coop.motion.detector"),
        ("coop/motion/planted.py", "import cv2\ncv2.VideoCapture(0)"),
    ],
)
def test_a_planted_breach_is_seen(tmp_path: Path, file: str, line: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(line)
    assert breaches(tmp_path), f"{line!r} in {file} went unseen"
