"""Runs programs under the doctor one after the other in one process: TensorFlow is loaded once."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # small tensors are faster without

import tensorflow as tf

from training.doctor.finding import Finding, Severity
from training.doctor.patient import Practice, run_script


@dataclass(frozen=True)
class Examined:
    findings: list[Finding]
    status: int
    score: float | None
    seconds: float

    @property
    def kinds(self) -> set[str]:
        return {finding.kind for finding in self.findings if finding.severity is not Severity.NOTE}

    @property
    def errors(self) -> set[str]:
        return {finding.kind for finding in self.findings if finding.severity is Severity.ERROR}


def one_thread() -> None:
    """Of TensorFlow, so that a busy machine gives the same figures; only before its first operation."""
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    # Graphs that run for a second are not worth optimising.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def examine_text(text: str) -> Examined:
    """The findings on a program, with the score that it prints of itself."""
    practice = Practice()
    said = io.StringIO()
    began = time.process_time()
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        script = Path(folder) / "program.py"
        script.write_text(text, encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            status = run_script(script, [], practice)
    score = re.search(r"^score (\S+)", said.getvalue(), re.MULTILINE)
    findings = practice.findings()
    practice.visits.clear()
    practice.kept.clear()
    tf.keras.backend.clear_session()
    gc.collect()
    return Examined(findings, status, float(score[1]) if score else None, time.process_time() - began)
