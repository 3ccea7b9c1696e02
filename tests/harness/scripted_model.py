"""A real model server process that plays a script: the wire, the lock and the state file are real, the model is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

START_S = 30.0
LOAD_S = 60.0


class ScriptedModel:
    """`glosswright model serve --scripted`, found by language servers with its runtime folder. A context manager."""

    def __init__(
        self, folder: Path, *, checkpoint: Path | None = None, beside: ScriptedModel | None = None, **script: Any
    ) -> None:
        """`folder` becomes the runtime folder; `script` is what `serve --scripted` takes.

        With `checkpoint` a network from that folder answers, not a script. `beside` makes it that one's companion.
        """
        self._checkpoint = checkpoint
        self.folder = folder
        self.env = {
            "GLOSSWRIGHT_RUNTIME_DIR": str(folder / "run" if beside is None else beside.folder / "run" / "companion"),
            "GLOSSWRIGHT_CACHE_DIR": str(folder / "cache"),
        }
        self._script = script
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ScriptedModel:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "script.json"
        path.write_text(json.dumps(self._script), encoding="utf-8")
        what = ["--scripted", str(path)] if self._checkpoint is None else ["--model", str(self._checkpoint)]
        command = [sys.executable, "-m", "glosswright_model", "serve", *what, "--idle-minutes", "5"]
        with (self.folder / "model.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        ends_at = time.monotonic() + START_S
        while not self._state_file.exists():
            if self._process.poll() is not None or time.monotonic() > ends_at:
                raise AssertionError("the scripted model server did not start:\n" + self.log())
            time.sleep(0.02)
        if self._checkpoint is not None:
            self._wait_until_loaded()
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def _wait_until_loaded(self) -> None:
        """Importing torch takes its time, and longer on a busy machine."""
        ends_at = time.monotonic() + LOAD_S
        while (health := httpx.get(f"{self.state['url']}/health", trust_env=False).json())["status"] != "ready":
            assert health["status"] != "failed", self.log()
            assert time.monotonic() < ends_at, self.log()
            time.sleep(0.1)

    @property
    def _state_file(self) -> Path:
        return Path(self.env["GLOSSWRIGHT_RUNTIME_DIR"]) / "model-server.json"

    @property
    def state(self) -> dict[str, Any]:
        """Where it listens and with which token."""
        found: dict[str, Any] = json.loads(self._state_file.read_text(encoding="utf-8"))
        return found

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        state = self.state
        answer = httpx.get(
            f"{state['url']}/metrics",
            headers={"authorization": f"Bearer {state['token']}"},
            trust_env=False,
            timeout=10,
        )
        lines = [line for line in answer.text.splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def wait_until(self, name: str, wanted: float, timeout_s: float = 10.0) -> None:
        """Wait until a metric has a value. Fails when it does not get there."""
        ends_at = time.monotonic() + timeout_s
        while self.metric(name) != wanted:
            assert time.monotonic() < ends_at, f"{name} is {self.metric(name)}, not {wanted}"
            time.sleep(0.02)

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "model.log").read_text(encoding="utf-8", errors="replace")
