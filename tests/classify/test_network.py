"""Opening a model says nothing, and swallows nothing; copies of it are opened as they are needed."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from coop.classify import network
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
        os.write(2, b"fully_quantize: 0, inference_type: 6, input_inference_type: UINT8\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_an_error_while_opening_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), without_chatter():
        os.write(2, b"what went wrong\n")
        raise ValueError("broken")
    assert capfd.readouterr().err == "what went wrong\n"
    os.write(2, b"standard error is back\n")
    assert capfd.readouterr().err == "standard error is back\n"


def test_standard_error_is_back_after_openings_by_several_threads() -> None:
    def opens() -> None:
        for _ in range(100):
            with without_chatter():
                pass

    before = os.fstat(2)
    kept = os.dup(2)
    threads = [threading.Thread(target=opens) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = os.fstat(2)
    os.dup2(kept, 2)
    os.close(kept)
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)


def test_where_no_further_copy_can_be_opened_the_first_one_must_do(
    colour_model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where memory is short: the pictures of several cameras wait for one another, and none fails."""
    opened = Network(colour_model, copies=4)
    asked, picture = threading.Event(), np.zeros((opened.size, opened.size, 3), dtype=np.uint8)

    def refused(content: bytes, threads: int) -> None:
        asked.set()
        raise ValueError("LiteRT cannot open the model (no memory)")

    monkeypatch.setattr(network, "_open", refused)
    answers: list[int] = []
    asks = threading.Thread(target=lambda: answers.append(len(opened.run(picture, "logits"))))
    with opened._taken():
        asks.start()
        assert asked.wait(30)
    asks.join()
    assert answers == [1]
