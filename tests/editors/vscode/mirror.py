"""A stand-in for where the default model's weights come from: the real file, or as many zeros, slowly."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

SIZE = 491_400_064
PIECE = 1 << 20


@contextmanager
def mirror(file: Path | None, piece_s: float) -> Iterator[str]:
    """The address, for GLOSSWRIGHT_WEIGHTS_MIRROR. `piece_s`: seconds between two megabytes."""

    class Slowly(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0] or 0)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(SIZE - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{SIZE - 1}/{SIZE}")
            self.end_headers()
            with file.open("rb") if file is not None else BytesIO() as source:
                source.seek(start)
                left = SIZE - start
                try:
                    while left > 0:
                        piece = source.read(PIECE) if file is not None else bytes(min(PIECE, left))
                        self.wfile.write(piece)
                        left -= len(piece)
                        time.sleep(piece_s)
                except OSError:
                    return

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
