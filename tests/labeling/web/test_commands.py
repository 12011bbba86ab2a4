"""`coop label keeper`, and where the page listens."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.page import NOW

from coop.errors import SettingsError
from coop.settings import Settings
from coop.store.store import Store
from labeling.commands.keeper import add_keeper, list_keepers, qr_code, show_link
from labeling.commands.page import address, page_access
from labeling.web.serve import listen


def settings_of(tmp_path: Path, **labeling: object) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path, "timezone": "UTC", "labeling": labeling})


def test_a_keeper_is_added_listed_and_linked(store: Store, tmp_path: Path) -> None:
    said: list[str] = []
    settings = settings_of(tmp_path, host="192.168.1.7", port=8500)
    list_keepers(store, settings, said.append)
    add_keeper(store, "Anna", None, NOW, said.append)
    add_keeper(store, "Berta", "nest box 7", NOW, said.append)
    list_keepers(store, settings, said.append)
    assert said[0].startswith("Nobody yet")
    assert said[-2:] == ["Anna: since 2026-05-02, links only", "Berta: since 2026-05-02, password"]
    show_link(store, settings, "Anna", 2, NOW, said.append)
    link = re.search(r"http://192\.168\.1\.7:8500/link/(\S+)", said[-2])
    assert link is not None
    login = store.link(link[1], NOW)
    assert login is not None
    assert login.name == "Anna"


def test_a_phone_reads_the_code_from_the_terminal() -> None:
    url = "http://192.168.1.7:8484/link/" + "a1B2_" * 8
    halves = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    lines = [np.array([halves[sign] for sign in line]).T for line in qr_code(url).splitlines()]
    picture = np.kron(np.vstack(lines), np.ones((8, 8))).astype(np.uint8) * 255
    text, *_ = cv2.QRCodeDetector().detectAndDecode(np.pad(picture, 32, constant_values=255))
    assert text == url


def test_only_this_machine_alone_asks_for_no_login(tmp_path: Path) -> None:
    alone = page_access(settings_of(tmp_path), "127.0.0.1", "Anna")
    assert (alone.local_keeper, alone.names) == ("Anna", {"localhost"})
    assert page_access(settings_of(tmp_path), "0.0.0.0", "Anna").must_log_in
    behind_a_proxy = page_access(settings_of(tmp_path, names=["coop.example.org"]), "127.0.0.1", "Anna")
    assert behind_a_proxy.must_log_in
    assert behind_a_proxy.is_ours("coop.example.org:443")


def test_a_port_that_is_taken_is_explained() -> None:
    with (
        listen("127.0.0.1", 0) as taken,
        pytest.raises(SettingsError, match=r"already in use.*another labeling\.port"),
    ):
        listen("127.0.0.1", taken.getsockname()[1])


def test_addresses_are_written_as_browsers_want_them() -> None:
    assert [address(host) for host in ("::1", "10.0.0.2")] == ["[::1]", "10.0.0.2"]
