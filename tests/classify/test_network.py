"""Opening a model says nothing, and swallows nothing."""

import os
import threading
from pathlib import Path

import pytest

from coop.classify.network import Network
from coop.classify.starter import ensure_starter


def test_opening_a_model_is_quiet_and_passes_on_what_others_say(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = (ensure_starter(tmp_path) / "model.tflite").read_bytes()
    capfd.readouterr()
    opened = threading.Event()

    def talk() -> None:
        while not opened.wait(0.001):
            os.write(2, b"a line of another thread\n")

    talker = threading.Thread(target=talk)
    talker.start()
    Network(content)
    opened.set()
    talker.join()
    said = capfd.readouterr().err.splitlines()
    assert set(said) == {"a line of another thread"}
