"""An MJPEG camera whose every picture the test decides on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import cv2

from coop.domain.frame import Picture

Show = Callable[[int], Picture | bytes]
"""The picture of a number, counted over all connections; bytes are sent as they are."""


class JpegCamera:
    """Serves what ``show`` gives to as many as ask: ``fps`` a second at `url`, one still at `still_url`.

    ``show`` may be changed.
    """

    def __init__(self, show: Show, fps: float = 10.0) -> None:
        self.show = show
        self._period = 1 / fps
        self._count = 0
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/stream"
        self.still_url = f"http://127.0.0.1:{self.port}/still"

    def _handler(camera) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                if self.path != "/stream":
                    self._one()
                    return
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
                self.end_headers()
                try:
                    while not camera._over.wait(camera._period):
                        self.wfile.write(camera._next())
                except OSError:  # whoever watched has gone
                    return

            def _one(self) -> None:
                data = camera._jpeg()
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _jpeg(self) -> bytes:
        shown = self.show(self._count)
        self._count += 1
        return shown if isinstance(shown, bytes) else cv2.imencode(".jpg", shown)[1].tobytes()

    def _next(self) -> bytes:
        data = self._jpeg()
        head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data + b"\r\n"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
