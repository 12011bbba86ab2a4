"""Opening a model says nothing, and swallows nothing."""

import os
from pathlib import Path

import pytest

from coop.classify.network import Network, without_chatter
from coop.classify.starter import ensure_starter


def test_opening_a_model_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = (ensure_starter(tmp_path) / "model.tflite").read_bytes()
    capfd.readouterr()
    Network(content)
    assert capfd.readouterr().err == ""


def test_what_others_say_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with without_chatter():
        os.write(2, b"before\nINFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nafter\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_an_error_while_opening_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), without_chatter():
        os.write(2, b"what went wrong\n")
        raise ValueError("broken")
    assert capfd.readouterr().err == "what went wrong\n"
    os.write(2, b"standard error is back\n")
    assert capfd.readouterr().err == "standard error is back\n"
