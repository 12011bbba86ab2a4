"""A wire between a camera and whoever watches it, on which everything goes wrong that can."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import Self

from fakes.process import free_port

CHUNK = 16_384


class Wire:
    """Passes TCP connections to 127.0.0.1:``port`` on, at ``self.port``, as well or badly as it is told.

    What is set holds for what passes from now on; `half_open` also for connections there are.
    """

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.delay_s = 0.0
        self.garbage = 0.0
        self._to = port
        self._dead: set[socket.socket] = set()
        self._dice = random.Random(7)
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._half_open = self._refuse = False
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def half_open(self) -> None:
        """Every connection stays open, and nothing passes: the cable was pulled, or a router forgot."""
        with self._lock:
            self._half_open = True
            self._dead |= self._sockets

    def refuse(self) -> None:
        """Connections break off, and none is taken any more."""
        self._refuse = True
        self.reset()

    def mend(self) -> None:
        """New connections work again; those that were half open never will."""
        self.delay_s = self.garbage = 0.0
        self._half_open = self._refuse = False

    def reset(self) -> None:
        """Every connection is broken off in the middle of a picture."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            _close(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            if self._refuse:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._to), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._sockets |= {client, server}
                if self._half_open:
                    self._dead |= {client, server}
            for source, target, from_camera in ((client, server, False), (server, client, True)):
                arguments = (source, target, from_camera)
                threading.Thread(target=self._pass, args=arguments, name="wire", daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, from_camera: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if source in self._dead:
                    continue
                if from_camera:
                    time.sleep(self.delay_s)
                    data = self._spoilt(data)
                target.sendall(data)
        with self._lock:
            still_half_open = source in self._dead and from_camera  # whoever watches must not hear of its end
            self._sockets.discard(source)
        if not still_half_open:
            _close(source)
            _close(target)
            with self._lock:
                self._dead -= {source, target}

    def _spoilt(self, data: bytes) -> bytes:
        """Some bytes of it are others; the beginning (the headers) is left as it is."""
        if not self.garbage:
            return data
        spoilt = bytearray(data)
        for _ in range(int(len(data) * self.garbage) + 1):
            spoilt[self._dice.randrange(len(data))] = self._dice.randrange(256)
        return bytes(spoilt)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)
        with self._lock:
            sockets = self._sockets | self._dead
        for one in sockets:
            _close(one)


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
