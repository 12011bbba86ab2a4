"""The live page: a picture of the run on 127.0.0.1 that changes by itself, and a film of it afterwards."""

from __future__ import annotations

import threading
from fractions import Fraction
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import av
import numpy as np
import numpy.typing as npt

from training.live.course import Seen
from training.live.picture import HEIGHT, WIDTH, draw, png

HOST = "127.0.0.1"
FILM_RATE = 6
"""Looks a second of the film."""
_STAYS = 12  # looks for which the film ends on its last picture
_PAGE = (Path(__file__).parent / "live.html").read_bytes()


class LivePage:
    """Serves the latest picture of a run while it lasts. ``film``: a file to write as it goes.

    Raises OSError where the film cannot be written, or ``port`` is taken; 0 takes any that is free.
    """

    def __init__(self, film: Path | None = None, port: int = 0) -> None:
        self._film = None if film is None else _Film(film)
        self._lock = threading.Lock()
        self._png, self._number = b"", 0
        self._server = ThreadingHTTPServer((HOST, port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="live page", daemon=True)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}/"

    def show(self, seen: Seen) -> None:
        """Draw what there is to see, for the page and for the film."""
        picture = draw(seen)
        data = png(picture)
        with self._lock:
            self._png, self._number = data, self._number + 1
        if self._film is not None:
            self._film.add(picture)

    def latest(self) -> tuple[bytes, int]:
        """The latest picture, and how many there were."""
        with self._lock:
            return self._png, self._number

    def __enter__(self) -> LivePage:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._film is not None:
            self._film.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that the server calls
                data, number = page.latest()
                path = self.path.partition("?")[0]
                if path == "/":
                    self._answer("text/html; charset=utf-8", _PAGE)
                elif path == "/number":
                    self._answer("text/plain", str(number).encode())
                elif path == "/picture.png" and data:
                    self._answer("image/png", data)
                else:
                    self.send_error(HTTPStatus.NOT_FOUND)

            def _answer(self, kind: str, data: bytes) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the terminal has the progress."""

        return Handler


class _Film:
    """H.264 in MP4, as phones play it. What is there when a run is stopped can be played."""

    def __init__(self, file: Path) -> None:
        self._container = av.open(
            str(file), "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}
        )
        self._stream = self._container.add_stream("libx264", rate=FILM_RATE, options={"crf": "20"})
        self._stream.width, self._stream.height, self._stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._stream.gop_size = FILM_RATE
        self._number = 0
        self._last: npt.NDArray[np.uint8] | None = None

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = self._number, Fraction(1, FILM_RATE)
        self._number += 1
        self._last = picture
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        for _ in range(_STAYS if self._last is not None else 0):
            assert self._last is not None
            self.add(self._last)
        self._container.mux(self._stream.encode())
        self._container.close()
