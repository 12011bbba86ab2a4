"""Every word the keeper reads goes through the catalogue, and every catalogue is complete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import messages
import pytest

from coop.notify import texts
from coop.notify.languages import (
    CATALOGUES,
    LANGUAGES,
    SOURCE,
    known,
    number,
    percent,
    speaking,
    tr,
    trn,
)

OTHERS = [code for code in LANGUAGES if code != SOURCE]
WORDED = (
    "answers.py", "digest_texts.py", "egg_texts.py", "menu.py", "news.py", "texts.py", "visit_message.py",
)  # fmt: skip
"""The modules whose texts people read."""
NOT_TRANSLATED = {"Language? · На каком языке?"}
PLACE = re.compile(r"\{(\w+)\}")


def catalogue_ids(code: str) -> dict[str | tuple[str, ...], object]:
    return {entry.id: entry for entry in messages.catalogue(code) if entry.id}


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_is_translated_and_none_is_left_over(code: str) -> None:
    wanted = {entry.id for entry in messages.template() if entry.id}
    there = catalogue_ids(code)
    assert wanted == there.keys(), "run `make messages`, then translate what is new"
    for entry in messages.catalogue(code):
        if not entry.id:
            continue
        said = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        assert all(said), f"not translated: {entry.id}"
        assert not entry.fuzzy, f"fuzzy: {entry.id}"


@pytest.mark.parametrize("code", OTHERS)
def test_every_translation_names_the_same_things(code: str) -> None:
    catalogue = messages.catalogue(code)
    for entry in catalogue:
        if not entry.id:
            continue
        ids = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        if isinstance(entry.id, tuple):
            assert len(strings) == catalogue.num_plurals, entry.id
        places = set(PLACE.findall(ids[-1]))
        assert all(set(PLACE.findall(text)) == places for text in strings), entry.id


def words_outside_the_catalogue(file: Path) -> Iterator[str]:
    """Texts with words in a module that are neither messages nor documentation."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    allowed = {id(part) for call in messages.calls_in(tree) for part in ast.walk(call)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Expr) and isinstance(call.value, ast.Constant):
            allowed.add(id(call.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed:
            plain = re.sub(r"<[^>]*>|\{[^}]*\}|/\w+ ?", "", node.value)
            if re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", plain) and node.value not in NOT_TRANSLATED:
                yield node.value


@pytest.mark.parametrize("module", WORDED)
def test_no_sentence_passes_the_catalogue_by(module: str) -> None:
    """Single words outside are keys and codes; two in a row are something that people read."""
    found = set(words_outside_the_catalogue(CATALOGUES.parent / module))
    assert found <= {"wild carnivore", "disk, heat"}, found


def test_a_planted_sentence_is_found(tmp_path: Path) -> None:
    file = tmp_path / "planted.py"
    file.write_text('"""A doc string."""\nx = tr("a message")\ny = f"no message at all {x}"\n')
    assert list(words_outside_the_catalogue(file)) == ["no message at all "]


def test_only_plain_texts_are_messages() -> None:
    """A text that is put together before it is looked up is in no catalogue."""
    strange = []
    for file in messages.sources():
        for call in messages.calls(file):
            plain = messages.messages_of(call)
            looked_up = isinstance(call.args[0], ast.Subscript | ast.Attribute | ast.Name)
            if plain is None and not looked_up:
                strange.append(f"{file.name}:{call.lineno}")
    assert strange == []


def test_plural_forms_numbers_and_dates_are_right() -> None:
    counts = (1, 2, 5, 11, 21, 22, 112, 1000)
    with speaking("ru"):
        assert [trn("{n} egg", "{n} eggs", n) for n in counts] == [
            "1 яйцо", "2 яйца", "5 яиц", "11 яиц", "21 яйцо", "22 яйца", "112 яиц", "1\xa0000 яиц",
        ]  # fmt: skip
        assert texts.span(timedelta(days=2, hours=3)) == "2 дня 3 ч"
        assert (number(1.5, 1), percent(0.7)) == ("1,5", "70\xa0%")
        assert texts.day_name(date(2024, 10, 4)) == "пятница 4 октября"
        assert texts.label("fox") == "Лиса"
    assert [trn("{n} egg", "{n} eggs", n) for n in (1, 2, 21)] == ["1 egg", "2 eggs", "21 eggs"]
    assert (number(1234.5, 1), percent(0.7), texts.label("raptor")) == ("1,234.5", "70%", "Bird of prey")


def test_the_language_is_that_of_the_moment_and_an_unknown_one_is_english() -> None:
    with speaking("ru"):
        with speaking("en"):
            assert tr("a fox") == "a fox"
        assert tr("a fox") == "лиса"
    assert tr("a fox") == "a fox"
    assert [known(code) for code in ("ru-RU", "RU", "de", "", None)] == ["ru", "ru", "en", "en", "en"]
    assert known("de", "ru") == "ru"
