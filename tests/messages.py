"""Which messages the program has, and the catalogues brought up to them: `make messages`.

Babel's own extraction does not look into f-strings before Python 3.12, so the syntax tree is read here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from coop.notify.languages import CATALOGUES, LANGUAGES, SOURCE

ROOT = Path(__file__).resolve().parent.parent
DATE = datetime(2026, 11, 26, tzinfo=UTC)
FUNCTIONS = {"tr": 1, "trn": 2, "later": 1}
"""The functions that take messages, and how many of their arguments are such."""


def calls(file: Path) -> Iterator[ast.Call]:
    """Every call of one of `FUNCTIONS` in a module."""
    return calls_in(ast.parse(file.read_text(encoding="utf-8"), str(file)))


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            yield node


def messages_of(call: ast.Call) -> tuple[str, ...] | None:
    """The messages of a call; None where they are no plain texts (then `later` marks them elsewhere)."""
    assert isinstance(call.func, ast.Name)
    texts = [arg.value for arg in call.args[: FUNCTIONS[call.func.id]] if isinstance(arg, ast.Constant)]
    return tuple(texts) if len(texts) == FUNCTIONS[call.func.id] else None


def sources() -> list[Path]:
    return sorted((ROOT / "coop").rglob("*.py"))


def template() -> Catalog:
    """Every message of the program, without translations."""
    catalog = Catalog(charset="utf-8")
    for file in sources():
        for call in calls(file):
            found = messages_of(call)
            if found is not None:
                catalog.add(found if len(found) > 1 else found[0])
    return catalog


def catalogue(code: str) -> Catalog:
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def update(code: str) -> None:
    """Add what is new, mark what may need another translation, drop what is gone."""
    file = CATALOGUES / f"{code}.po"
    known = catalogue(code) if file.exists() else Catalog(locale=code, project="neurocoop")
    known.update(template())
    known.obsolete.clear()
    known.header_comment = f"# The messages of neurocoop in {code}. Brought up to date by `make messages`."
    known.fuzzy = False
    known.version, known.msgid_bugs_address, known.last_translator = "", "", ""
    known.language_team, known.creation_date, known.revision_date = "", DATE, DATE  # which no diff needs
    with file.open("wb") as out:
        write_po(out, known, width=0, omit_header=False, no_location=True, sort_output=True)


def main() -> None:
    for code in LANGUAGES:
        if code != SOURCE:
            update(code)
            print(f"{CATALOGUES / code}.po is up to date; translate what is empty or fuzzy in it")


if __name__ == "__main__":
    main()
