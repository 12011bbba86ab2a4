"""An MJPEG camera whose every picture the test decides on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import cv2

from coop.domain.frame import Picture

Show = Callable[[int], Picture | bytes]
"""The picture of a number, counted over all connections; bytes are sent as they are."""


class JpegCamera:
    """Serves what ``show`` gives, ``fps`` a second, at `url`, to as many as ask; ``show`` may be changed."""

    def __init__(self, show: Show, fps: float = 10.0) -> None:
        self.show = show
        self._period = 1 / fps
        self._count = 0
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/stream"

    def _handler(camera) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
                self.end_headers()
                try:
                    while not camera._over.wait(camera._period):
                        self.wfile.write(camera._next())
                except OSError:  # whoever watched has gone
                    return

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _next(self) -> bytes:
        shown = self.show(self._count)
        self._count += 1
        data = shown if isinstance(shown, bytes) else cv2.imencode(".jpg", shown)[1].tobytes()
        head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data + b"\r\n"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
