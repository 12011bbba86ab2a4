"""One writer: in order, patient with a locked database, and never silent about what it could not write."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.postgres import Postgres
from fakes.records import EVER, NOON, findings
from sqlalchemy import text

from coop.errors import StoreError, StoreUnavailable
from coop.store.engine import Begin, beginning, open_engine
from coop.store.store import Store
from coop.store.writer import Writer

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def impatient(store: Store) -> Store:
    """A store that waits for a lock one attempt long."""
    store._writer.close()
    store._writer = Writer(store._engine, store.where, patience=timedelta(0))
    return store


def test_many_threads_write_and_each_has_its_answer(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        new = list(threads.map(lambda n: store.record(findings(n % 20), NOON), range(60)))
    assert len(store.events(*EVER)) == 20
    assert sum(new) == 20, "each was new to one of its three callers"


def test_work_that_raises_changes_nothing(store: Store) -> None:
    def work(session: object) -> None:
        session.execute(text("DELETE FROM events"))  # type: ignore[attr-defined]
        raise LookupError("on purpose")

    store.record(findings(1), NOON)
    with pytest.raises(LookupError, match="on purpose"):
        store._write(work)
    assert len(store.events(*EVER)) == 1


@pytest.mark.parametrize("kind", ["sqlite"])  # PostgreSQL has no such lock on the whole database
def test_a_database_locked_by_another_process(impatient: Store, url: str, kind: str) -> None:
    path = url.removeprefix("sqlite:///")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(StoreUnavailable, match=r"another program holds it locked\. Close"):
            impatient.record(findings(1), NOON)
        assert impatient.events(*EVER) == (), "reading still works"
        other.kill()
    assert impatient.record(findings(1), NOON)


def test_another_writer_is_waited_for(store: Store, url: str) -> None:
    engine = open_engine(url)
    with beginning(engine, Begin.WRITE).connect() as connection:
        transaction = connection.begin()
        release = threading.Timer(1.2, transaction.rollback)  # longer than one attempt, shorter than patience
        release.start()
        assert store.record(findings(1), NOON)
        release.join()
    engine.dispose()


def test_another_writer_is_not_waited_for_for_ever(impatient: Store, url: str) -> None:
    engine = open_engine(url)
    with beginning(engine, Begin.WRITE).begin(), pytest.raises(StoreUnavailable, match="locked"):
        impatient.record(findings(1), NOON)
    engine.dispose()
    assert impatient.record(findings(1), NOON)


def test_closing_does_not_wait_for_a_lock(url: str, media_dir: Path) -> None:
    engine = open_engine(url)
    store = Store.open(url, media_dir)
    store._writer._attempts = 10_000
    with beginning(engine, Begin.WRITE).begin(), ThreadPoolExecutor(1) as thread:
        written = thread.submit(store.record, findings(1), NOON)
        with pytest.raises(TimeoutError):
            written.result(timeout=0.2)
        store.close()
        with pytest.raises(StoreUnavailable, match="locked"):
            written.result(timeout=10)
    engine.dispose()


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="the store is closed"):
        store.record(findings(1), NOON)


@pytest.mark.external_service
def test_a_server_that_cuts_connections_is_used_again(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database("coop_template")
    with Store.open(url, tmp_path) as store:
        store.record(findings(1), NOON)
        name = url.rpartition("/")[2]
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        assert store.record(findings(2), NOON)
        assert len(store.events(*EVER)) == 2
    postgres.drop(url)


@pytest.mark.external_service
def test_a_connection_lost_in_the_middle_of_a_write(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database("coop_template")
    with Store.open(url, tmp_path) as store:

        def work(session: object) -> None:
            session.execute(text("DELETE FROM events"))  # type: ignore[attr-defined]
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))  # type: ignore[attr-defined]

        store.record(findings(1), NOON)
        with pytest.raises(StoreUnavailable, match="the server cannot be used"):
            store._write(work)
        assert len(store.events(*EVER)) == 1
    postgres.drop(url)
