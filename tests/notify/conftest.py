"""What the tests of `coop.notify` share: a pretended Telegram, a real store, a clock set by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes.botapi import FakeBotApi
from fakes.post import Clock, Post
from fakes.videos import frames_of

from coop.domain.frame import Picture
from coop.store.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server() -> Iterator[FakeBotApi]:
    with FakeBotApi() as running:
        yield running


@pytest.fixture
def api(server: FakeBotApi) -> FakeBotApi:
    """The pretended Telegram, without a memory of other tests."""
    server.reset()
    return server


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without rows; copying it is quicker than migrating once more."""
    file = tmp_path_factory.mktemp("empty") / "coop.db"
    Store.open(f"sqlite:///{file}", file.parent / "media").close()
    return file


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    shutil.copy(empty_database, tmp_path / "coop.db")
    opened = Store.open(f"sqlite:///{tmp_path / 'coop.db'}", tmp_path / "media")
    yield opened
    opened.close()


@pytest.fixture
def post(store: Store, clock: Clock) -> Post:
    return Post(store, clock)


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A small valid picture."""
    ramp = np.linspace(0, 255, 64 * 48 * 3).reshape(48, 64, 3).astype(np.uint8)
    return cv2.imencode(".jpg", ramp)[1].tobytes()


@pytest.fixture(scope="session")
def hens(test_data: Path) -> Picture:
    """A real frame, 980 x 490, with several hens."""
    return next(frames_of(test_data / "videos" / "hens-in-run.mp4")).image
