"""The pretended Telegram as a process of its own, which the crash tests need."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fakes.botapi import TOKEN

from coop.notify.messenger import ServerTrouble
from coop.notify.telegram.messenger import TelegramMessenger

TESTS = Path(__file__).resolve().parent.parent


@contextmanager
def server(state: Path) -> Iterator[str]:
    """Run the server until the block ends; its address."""
    command = [sys.executable, "-m", "fakes.botapi", "--state", str(state)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(TESTS)}
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def send(url: str, text: str) -> str:
    async def main() -> str:
        messenger = TelegramMessenger(TOKEN, base_url=url)
        try:
            return await messenger.send("42", text, None, silent=True)
        finally:
            await messenger.close()

    return asyncio.run(main())


def texts(url: str) -> list[str]:
    delivered = httpx.get(f"{url}/control/delivered", trust_env=False).json()
    return [message["text"] for message in delivered]


def test_it_remembers_what_it_delivered_even_over_its_own_restart(tmp_path: Path) -> None:
    with server(tmp_path / "state") as url:
        assert send(url, "one") == "text:1"
        assert texts(url) == ["one"]
    with server(tmp_path / "state") as url:
        assert send(url, "two") == "text:2"
        assert texts(url) == ["one", "two"]


def test_faults_and_messages_are_given_over_http(tmp_path: Path) -> None:
    with server(tmp_path / "state") as url:
        fault = {"method": "sendMessage", "fault": "500"}
        assert httpx.post(f"{url}/control/inject", json=fault, trust_env=False).status_code == 200
        with pytest.raises(ServerTrouble):
            send(url, "one")
        pushed = {"chat_id": 42, "text": "/status"}
        assert httpx.post(f"{url}/control/push", json=pushed, trust_env=False).json()["update_id"] > 0
        updates = httpx.post(f"{url}/bot{TOKEN}/getUpdates", trust_env=False).json()["result"]
        assert [update["message"]["text"] for update in updates] == ["/status"]
