"""`coop run` as a process of its own, as systemd would start it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

from coop.store.store import Store

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long anything may take before a test gives up: far longer than it ever needs."""


def wait_for(what: str, found: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
    """Ask again and again until ``found`` gives something true; fail with ``what`` was waited for."""
    deadline = time.monotonic() + timeout_s
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {timeout_s:g} s in vain for {what}")
        time.sleep(0.1)
    return answer


class Daemon:
    """One data folder with its settings, in which `coop run` can be started again and again."""

    def __init__(self, folder: Path, toml: str, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.config = folder / "coop.toml"
        self.write_settings(toml)
        # So wide that no long path is broken in two.
        wide = {"COLUMNS": "1000"}
        self._env = (
            {k: v for k, v in os.environ.items() if not k.startswith("COOP_")} | wide | dict(env or {})
        )
        self._log = folder / "daemon.log"
        self._process: subprocess.Popen[bytes] | None = None

    def write_settings(self, toml: str) -> None:
        self.config.write_text(f'data_dir = "{self.data}"\ntimezone = "UTC"\n{toml}')

    def start(self, *python: str, env: Mapping[str, str] | None = None) -> Self:
        """Start `coop run`; ``python`` are options of the interpreter."""
        command = [sys.executable, *python, "-m", "coop", "run", "--config", str(self.config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                env=self._env | dict(env or {}),
            )  # fmt: skip
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the daemon was not started"
        return self._process

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait_for_log(self, pattern: str, timeout_s: float = PATIENCE_S) -> None:
        def found() -> bool:
            assert self.process.poll() is None or re.search(pattern, self.log), self.log
            return re.search(pattern, self.log) is not None

        wait_for(f"{pattern!r} in\n{self.log}", found, timeout_s)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit status and the seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        status = self.process.wait(timeout=PATIENCE_S)
        return status, time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL: what a power cut does to a process."""
        self.process.kill()
        self.process.wait()

    def store(self) -> Store:
        return Store.open(f"sqlite:///{self.data / 'coop.db'}", self.data / "media")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


class NotifySocket:
    """The socket on which systemd hears from its services."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self._heard: list[str] = []

    def heard(self) -> list[str]:
        """Every message so far, oldest first."""
        while True:
            try:
                self._heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self._heard

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
