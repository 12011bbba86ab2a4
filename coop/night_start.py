"""Starting `coop nightly` beside the watch, where no timer of systemd does."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)

STOP_S = 1.0


def under_systemd() -> bool:
    """Whether systemd started this process as a service; then coop-nightly.timer starts the training."""
    return "NOTIFY_SOCKET" in os.environ


def nightly_command(settings_file: Path | None) -> tuple[str, ...]:
    """The command of a night's learning with the same settings."""
    config = () if settings_file is None else ("--config", str(settings_file))
    return (sys.executable, "-m", "coop", "nightly", *config)


class NightStart:
    """At most one night's learning at a time. It lowers its own priority, and ends with the watch: the next
    one goes on.
    """

    def __init__(self, command: Sequence[str], *, wanted: bool) -> None:
        self.wanted = wanted
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._busy = threading.Lock()

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._busy:
            if not self.wanted or (self._process is not None and self._process.poll() is None):
                return
            try:
                self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
            except OSError as error:
                log.error("The nightly training cannot be started: %s", error)
                return
        log.info("The nightly training runs as process %d", self._process.pid)

    def stop(self) -> None:
        """End it, as a power cut would."""
        with self._busy:
            self.wanted = False
            if self._process is None:
                return
            end = threading.Timer(STOP_S, self._process.kill)
            end.start()
            self._process.terminate()
            self._process.wait()
            end.cancel()
            self._process = None
