"""The labelling page as a server: in a thread, or as `coop label` itself, which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import uvicorn
from fakes.page import Clock, page_app
from fakes.process import free_port, wait_until_listening

from coop.store.store import Store
from labeling.web.serve import listen


class PageServer:
    """One data folder with its settings; use it as a context manager, so that it always ends."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._config = folder / "coop.toml"
        self._config.write_text(f'data_dir = "{folder / "data"}"\ntimezone = "UTC"\n')
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def store(self) -> Store:
        """The same record, opened beside the server."""
        return Store.open(f"sqlite:///{self.folder / 'data' / 'coop.db'}", self.folder / "data" / "media")

    def start(self) -> Self:
        command = [sys.executable, "-m", "coop", "label", "--config", str(self._config)]
        env = {k: v for k, v in os.environ.items() if not k.startswith("COOP_")}
        with (self.folder / "label.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port), "--who", "Anna", *self._options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=env,
            )  # fmt: skip
        wait_until_listening(self.port, self._process, timeout_s=120)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self._end(signal.SIGTERM)


class PageThread:
    """The same page on a thread of this process: quick to start, for tests that do not kill it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = self.store()
        self._listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        app = page_app(self._store, folder / "cache", Clock())
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]})

    def store(self) -> Store:
        """The same record, opened beside the server."""
        return Store.open(f"sqlite:///{self.folder / 'data' / 'coop.db'}", self.folder / "data" / "media")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        self._listening.close()
        self._store.close()
