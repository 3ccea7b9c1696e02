"""Stands between an editor and the language server and writes down each message that passes.

`python recorder.py LOG COMMAND…` runs COMMAND as the server. Each line of LOG is `{"t", "dir", "msg"}`: seconds, "c2s"
or "s2c", the message. Bytes are passed on as they came: the recorder changes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO


def main(log_path: str, command: list[str]) -> int:
    """Run the server until it ends; its exit status.

    A second process does the work: some editors kill the one they know as soon as they have said `exit`.
    """
    if hasattr(os, "fork"):
        if child := os.fork():
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.setsid()
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    with open(log_path, "a", encoding="utf-8", buffering=1) as log:
        lock = threading.Lock()
        arguments = (sys.stdin.fileno(), server.stdin, "c2s", log, lock)
        threading.Thread(target=_pass_on, args=arguments, daemon=True).start()
        _pass_on(server.stdout.fileno(), sys.stdout.buffer, "s2c", log, lock)
        return server.wait()


def _pass_on(source: int, sink: IO[bytes], direction: str, log: IO[str], lock: threading.Lock) -> None:
    """What is still said when the other side has gone is noted too: an editor that quits may not wait for answers."""
    rest = b""
    while chunk := os.read(source, 1 << 16):
        rest = _note(rest + chunk, direction, log, lock)
        with suppress(OSError):
            sink.write(chunk)
            sink.flush()
    with suppress(OSError):
        sink.close()


def _note(data: bytes, direction: str, log: IO[str], lock: threading.Lock) -> bytes:
    """Log the whole messages in `data`, before they are passed on: so no answer is logged before its request."""
    while b"\r\n\r\n" in data:
        header, body = data.split(b"\r\n\r\n", 1)
        length = int(header.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            break
        entry = {"t": round(time.time(), 4), "dir": direction, "msg": json.loads(body[:length])}
        with lock:
            log.write(json.dumps(entry) + "\n")
        data = body[length:]
    return data


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2:]))  # the reading thread may still wait for the editor
