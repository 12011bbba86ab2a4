"""Messages in a folder: numbered, editable, shown as a chat, and safe over a restart."""

from __future__ import annotations

import asyncio
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from coop.notify.console import FolderMessenger, plain
from coop.notify.messenger import Refused, Unreachable


class Page(HTMLParser):
    """The bubbles of the chat page: their text, and the pictures they show."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.pictures: list[str] = []
        self.feed((folder / "index.html").read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p":
            self.texts.append("")
        if tag == "img":
            self.pictures.append(dict(attrs)["src"] or "")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def send(messenger: FolderMessenger, text: str, picture: Path | None = None, *, silent: bool = True) -> str:
    return asyncio.run(messenger.send("console", text, picture, silent=silent))


@pytest.fixture
def picture(tmp_path: Path, jpeg: bytes) -> Path:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg)
    return file


def test_a_message_is_a_line_a_file_and_a_bubble(tmp_path: Path, picture: Path, jpeg: bytes) -> None:
    lines: list[str] = []
    folder = tmp_path / "messages"
    messenger = FolderMessenger(folder, lines.append)
    assert send(messenger, "🐔 <b>Ada &amp; Bo</b>\nnest box", picture) == "1"
    assert send(messenger, "alarm", silent=False) == "2"
    assert lines == ["🔕 🐔 Ada & Bo · nest box", "🔔 alarm"]
    assert (folder / "0001.txt").read_text(encoding="utf-8") == "🐔 Ada & Bo\nnest box\n"
    assert (folder / "0001.jpg").read_bytes() == jpeg
    page = Page(folder)
    assert page.pictures == ["0001.jpg"]
    assert "Ada & Bo" in page.texts[0] and "alarm" in page.texts[1]
    assert not list(folder.glob("*.part"))


def test_an_edit_rewrites_the_message_and_its_picture(tmp_path: Path, picture: Path) -> None:
    messenger = FolderMessenger(tmp_path / "m", lambda _: None)
    number = send(messenger, "before", picture)
    better = tmp_path / "b.jpg"
    better.write_bytes(b"better")
    asyncio.run(messenger.edit("console", number, "after", better))
    assert (tmp_path / "m" / "0001.jpg").read_bytes() == b"better"
    assert "after" in Page(tmp_path / "m").texts[0] and "edited" in Page(tmp_path / "m").texts[0]
    asyncio.run(messenger.edit("console", number, "at last", None))
    assert Page(tmp_path / "m").pictures == ["0001.jpg"]


def test_numbers_go_on_after_a_restart_even_over_half_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    send(FolderMessenger(folder, lambda _: None), "one")
    (folder / "0002.json").write_text('{"number": 2, "ch')
    again = FolderMessenger(folder, lambda _: None)
    assert send(again, "three") == "3"
    assert [text.partition("🔕")[0] for text in Page(folder).texts] == ["one", "three"]
    asyncio.run(again.edit("console", "1", "one, changed", None))
    assert json.loads((folder / "0001.json").read_text())["text"] == "one, changed"


def test_what_is_not_there_cannot_be_edited(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no message 7"):
        asyncio.run(FolderMessenger(tmp_path, lambda _: None).edit("console", "7", "x", None))


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(Unreachable, match="cannot be written"):
        send(FolderMessenger(blocked, lambda _: None), "x")


def test_a_folder_that_was_tidied_away_meanwhile_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    messenger = FolderMessenger(folder, lambda _: None)
    send(messenger, "one")
    shutil.rmtree(folder)
    assert send(messenger, "two") == "2", "a number in use might be edited in its stead"
    assert Page(folder).texts[-1].startswith("two")


def test_plain_text_has_no_markup() -> None:
    assert plain("<b>a &lt; b</b>\n\n<i>c</i>") == "a < b · c"
