"""A private PostgreSQL server for the tests: in a temporary folder, on a free port, gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

USER = "coop"
PASSWORD = "hunter2-never-shown"
_QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB")


def find_postgres() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = [Path(name).parent for name in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if (on_path := shutil.which("postgres")) is not None:
        found.append(Path(on_path).parent)
    return max(found, key=lambda folder: _version(folder), default=None)


@dataclass
class Postgres:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """Create an empty database, or a copy of another, and return its URL."""
        name = f"coop_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server, and stop it by its own process id."""
    programs = find_postgres()
    if programs is None:
        raise FileNotFoundError("PostgreSQL's programs; tests/setup-system.sh installs them")
    folder = Path(tempfile.mkdtemp(prefix="coop-pg-"))
    try:
        who = _server_user(folder)
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password}",
             "--encoding=UTF8", "--locale=C", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **who,
        )  # fmt: skip
        port = _free_port()
        options = [part for option in _QUICK for part in ("-c", option)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder,
                *options], stdout=log, stderr=log, cwd=folder, **who,
            )  # fmt: skip
        try:
            server = Postgres(port, process)
            _wait_until_ready(server, folder / "log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: clients are cut off
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as the user that its package made."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _wait_until_ready(server: Postgres, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"PostgreSQL did not start:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _version(programs: Path) -> int:
    name = programs.parent.name
    return int(name) if name.isdigit() else 0
