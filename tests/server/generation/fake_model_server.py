"""A small program that keeps the contract of docs/model-server.md, and breaks it on request.

    fake_model_server.py MODEL STAGE... [--crash TEXT] [--mute] [--stubborn] [--slow-start S] [--hide]

Stages are what `/health` says, one after the other (the last stays). Its pid is appended to `pids` in the runtime
folder, so that a test can end it; when `over` lies there it ends at once. It ends by itself after 60 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import filelock
import psutil

SIZES = {"downloading": {"done_bytes": 25, "total_bytes": 100, "bytes_per_s": 5.0}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("stages", nargs="+")
    parser.add_argument("--crash", default="")
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--hide", action="store_true")
    parser.add_argument("--slow-start", type=float, default=0.0)
    arguments = parser.parse_args()
    directory = Path(os.environ["GLOSSWRIGHT_RUNTIME_DIR"])
    with (directory / "pids").open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    if (directory / "over").exists():
        sys.exit(0)
    if arguments.crash:
        print("Traceback (most recent call last):\n\x1b[31m" + arguments.crash + "\x1b[0m\n", file=sys.stderr)
        sys.exit(1)
    lock = filelock.FileLock(directory / "model-server.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        print("Another model server runs.", file=sys.stderr)
        sys.exit(3)
    time.sleep(arguments.slow_start)
    stages = list(arguments.stages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if arguments.mute:
                time.sleep(60)
            stage = stages.pop(0) if len(stages) > 1 else stages[0]
            if stage == "die":
                os._exit(1)
            failed = "The weights are broken: fetch them again." if stage == "failed" else None
            self.answer(200, {"status": stage, "message": f"now {stage}", "error": failed, **SIZES.get(stage, {})})

        def do_POST(self) -> None:
            if self.headers["Authorization"] != "Bearer fake-token":
                return self.answer(401, {})
            self.answer(202, {"status": "stopping"})
            if not arguments.stubborn:
                (directory / "model-server.json").unlink(missing_ok=True)
                threading.Thread(target=lambda: os._exit(0)).start()
            return None

        def answer(self, status: int, payload: object) -> None:
            data = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = {
        "protocol": 1,
        "pid": os.getpid(),
        "create_time": psutil.Process().create_time(),
        "url": f"http://127.0.0.1:{server.server_port}",
        "token": "fake-token",
        "model": arguments.model,
        "version": "0.1.0",
        "started_at": time.time(),
        "future_key": True,
    }
    if not arguments.hide:
        temporary = directory / f".{os.getpid()}.tmp"
        temporary.write_text(json.dumps(state))
        temporary.chmod(0o600)
        temporary.replace(directory / "model-server.json")
    timer = threading.Timer(60, lambda: os._exit(0))
    timer.daemon = True
    timer.start()
    server.serve_forever()


if __name__ == "__main__":
    main()
