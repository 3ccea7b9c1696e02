"""The server as a process: one at a time, found, told to end, gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from model.serving.support import wait_until

from glosswright_model.errors import ServingError
from glosswright_model.serving.lifetime import _url, bind, token_from_environment
from glosswright_model.serving.state_file import ServerState, find_running

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A runtime folder of the test's own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GLOSSWRIGHT")}
    return {**environment, "GLOSSWRIGHT_RUNTIME_DIR": str(tmp_path / "run")}


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Starts `serve` processes, and ends those that are left."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **script: object) -> subprocess.Popen[str]:
        path = tmp_path / f"script-{len(processes)}.json"
        path.write_text(json.dumps(script))
        command = [sys.executable, "-m", "glosswright_model", "serve", "--scripted", str(path), *arguments]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def run(environment: dict[str, str], *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    command = [sys.executable, "-m", "glosswright_model", *arguments]
    return subprocess.run(command, env={**environment, **extra}, capture_output=True, text=True, timeout=60)


def found(environment: dict[str, str]) -> ServerState:
    """The server that the state file shows, once it does."""
    folder = Path(environment["GLOSSWRIGHT_RUNTIME_DIR"])
    wait_until(lambda: find_running(folder) is not None, "the state file")
    state = find_running(folder)
    assert state is not None
    return state


def client(state: ServerState) -> httpx.Client:
    """A client with the state file's token."""
    headers = {"authorization": f"Bearer {state.token}"}
    return httpx.Client(base_url=state.url, headers=headers, timeout=10, trust_env=False)


def ready(environment: dict[str, str]) -> ServerState:
    """The same, once its model is loaded."""
    state = found(environment)
    with client(state) as http:
        wait_until(lambda: http.get("/health").status_code == 200, "the model")
    return state


def test_from_start_to_stop(start: Start, environment: dict[str, str]) -> None:
    """The whole life through the command line alone, and through the API in between."""
    process = start(fallback="return 1\n", model="fake")
    state = ready(environment)
    with client(state) as http:
        body = http.post("/v1/completions", json={"prompt": "p"}).json()
        assert body["choices"][0]["text"] == "return 1\n"
    status = run(environment, "status", "--json")
    assert status.returncode == 0
    shown = json.loads(status.stdout)
    assert (shown["running"], shown["pid"], shown["health"]["status"]) == (True, process.pid, "ready")
    assert 0 <= shown["uptime_s"] < 60
    text = run(environment, "status")
    assert text.stdout.startswith("ready: ")
    assert "fake" in text.stdout
    assert state.token not in status.stdout + text.stdout
    stopped = run(environment, "stop")
    assert (stopped.returncode, process.wait(10)) == (0, 0)
    assert run(environment, "stop").returncode == 4
    gone = run(environment, "status", "--json")
    assert (gone.returncode, json.loads(gone.stdout)) == (4, {"running": False})
    assert run(environment, "status").stdout == "No model server runs.\n"
    assert state.token not in process.communicate(timeout=10)[1]


def test_of_two_that_start_at_once_one_wins(start: Start, environment: dict[str, str]) -> None:
    """Two editor windows open together; there must be one model in memory, and the loser must say why."""
    processes = [start("--idle-minutes", "1") for _ in range(3)]
    wait_until(lambda: sum(process.poll() is not None for process in processes) == 2, "the losers")
    losers = [process for process in processes if process.poll() is not None]
    winner = next(process for process in processes if process.poll() is None)
    assert [loser.returncode for loser in losers] == [3, 3]
    assert ready(environment).pid == winner.pid
    for loser in losers:
        message = loser.communicate(timeout=10)[1].splitlines()[-1]
        assert f"(process {winner.pid})" in message
        assert message.startswith("glosswright model: ")


def test_a_killed_server_is_replaced(start: Start, environment: dict[str, str]) -> None:
    """After a crash the state file stays; the next start must not be stopped by it, nor `status` fooled."""
    first = start()
    state = ready(environment)
    first.kill()
    first.wait(10)
    assert (Path(environment["GLOSSWRIGHT_RUNTIME_DIR"]) / "model-server.json").exists()
    assert run(environment, "status").returncode == 4
    second = start()
    wait_until(lambda: found(environment).pid == second.pid, "the second server")
    assert found(environment).token != state.token


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signal_with_a_generation_in_flight(start: Start, environment: dict[str, str], name: str) -> None:
    """Logging out or Ctrl-C: gone within two seconds, the client answered, no state file left."""
    process = start(fallback="a b c", hang_after=2)
    state = ready(environment)
    answers: list[httpx.Response] = []

    def ask() -> None:
        with client(state) as http:
            answers.append(http.post("/v1/completions", json={"prompt": "p"}))

    asking = threading.Thread(target=ask)
    asking.start()
    with client(state) as http:
        wait_until(lambda: "glosswright_model_slots_busy 1.0" in http.get("/metrics").text, "the generation")
    time.sleep(0.5)  # until it hangs after its second token
    began = time.monotonic()
    process.send_signal(getattr(signal, name))
    assert process.wait(10) == 0
    assert time.monotonic() - began < 3
    asking.join(10)
    choice = answers[0].json()["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == ("a b", "cancelled")
    assert not (Path(environment["GLOSSWRIGHT_RUNTIME_DIR"]) / "model-server.json").exists()
    assert "Traceback" not in process.communicate(timeout=10)[1]


def test_an_engine_that_does_not_let_go_is_left_behind(start: Start, environment: dict[str, str]) -> None:
    """Native code cannot be interrupted; logging out must not wait for it."""
    process = start(fallback="a", token_s=60)
    state = ready(environment)

    def ask() -> None:
        with client(state) as http:
            http.post("/v1/completions", json={"prompt": "p"})

    asking = threading.Thread(target=ask)
    asking.start()
    with client(state) as http:
        wait_until(lambda: "glosswright_model_slots_busy 1.0" in http.get("/metrics").text, "the generation")
    began = time.monotonic()
    assert run(environment, "stop").returncode == 0
    assert time.monotonic() - began < 6
    assert process.wait(10) == 0
    asking.join(10)
    assert "did not let go" in process.communicate(timeout=10)[1]


def test_ends_after_its_idle_time(start: Start, environment: dict[str, str]) -> None:
    """Health checks do not keep it alive; only work does."""
    process = start("--idle-minutes", "0.01")
    assert process.wait(20) == 0
    assert not (Path(environment["GLOSSWRIGHT_RUNTIME_DIR"]) / "model-server.json").exists()


def test_a_failed_model_is_shown_until_the_idle_time(start: Start, environment: dict[str, str]) -> None:
    """The user reads it with `status`; then the process goes as any other."""
    process = start("--idle-minutes", "0.1", load_error="The weights are broken: pull them again.")
    state = found(environment)
    with client(state) as http:
        wait_until(lambda: http.get("/health").json()["status"] == "failed", "the failure")
    status = run(environment, "status")
    assert (status.returncode, status.stdout.splitlines()[0]) == (0, "failed: The weights are broken: pull them again.")
    assert process.wait(20) == 0


def test_download_is_shown_and_can_be_stopped(start: Start, environment: dict[str, str]) -> None:
    """A user on a slow line must be able to give up at once."""
    process = start(download_bytes=10**9, load_s=60)
    state = found(environment)
    with client(state) as http:
        wait_until(lambda: http.get("/health").json()["status"] == "loading", "loading")
    began = time.monotonic()
    assert run(environment, "stop").returncode == 0
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_log_file_says_what_happened(start: Start, environment: dict[str, str], tmp_path: Path) -> None:
    """Started on demand there is no terminal; the log must say where it listens and why it ended."""
    log = tmp_path / "logs" / "server.log"
    process = start("--log-file", str(log))
    state = ready(environment)
    run(environment, "stop")
    assert process.wait(10) == 0
    text = log.read_text()
    assert f"listening on {state.url}" in text
    assert "ended" in text
    assert state.token not in text
    assert process.communicate(timeout=10)[1] == ""


@pytest.mark.parametrize(
    ("arguments", "extra", "code", "message"),
    [
        (["serve", "--host", "0.0.0.0"], {}, 2, "set GLOSSWRIGHT_MODEL_TOKEN"),
        (["serve", "--host", "0.0.0.0"], {"GLOSSWRIGHT_MODEL_TOKEN": "short"}, 2, "at least 16"),
        (["serve"], {"GLOSSWRIGHT_MODEL_TOKEN": "with space"}, 2, "printable ASCII"),
        (["serve", "--port", "70000"], {}, 2, "not a number from 0 to 65535"),
        (["serve", "--queue", "-1"], {}, 2, "not a number"),
        (["serve", "--idle-minutes", "inf"], {}, 2, "not a number"),
        (["serve", "--backend", "abacus"], {}, 2, "invalid choice"),
        (["serve", "--scripted", "/nowhere"], {}, 1, "not a readable JSON file"),
        (["serve", "--log-file", "/dev/null/x"], {}, 2, "cannot be written"),
        (["serve", "--host", "203.0.113.9"], {"GLOSSWRIGHT_MODEL_TOKEN": "x" * 16}, 1, "choose another"),
        (["frobnicate"], {}, 2, "invalid choice"),
        ([], {}, 2, "required"),
    ],
)
def test_wrong_usage(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], extra: dict[str, str], code: int, message: str
) -> None:
    """One sentence that says what to do, the right exit code, no traceback."""
    script = tmp_path / "script.json"
    script.write_text("{}")
    if arguments[:1] == ["serve"] and "--scripted" not in arguments:
        arguments = [*arguments, "--scripted", str(script)]
    result = run(environment, *arguments, **extra)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_debugging_shows_the_traceback(environment: dict[str, str]) -> None:
    """For us and for bug reports."""
    result = run(environment, "serve", "--scripted", "/nowhere", GLOSSWRIGHT_DEBUG="1")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_busy_port_is_said(environment: dict[str, str], start: Start) -> None:
    """The usual mistake with a fixed port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = start("--port", str(other.getsockname()[1]))
        assert process.wait(20) == 1
        assert "choose another with --port" in process.communicate(timeout=10)[1]


def test_token_of_the_environment_is_used(start: Start, environment: dict[str, str]) -> None:
    """A team's shared server needs a token that is known beforehand."""
    environment["GLOSSWRIGHT_MODEL_TOKEN"] = "a-token-known-to-the-team"
    start()
    assert ready(environment).token == "a-token-known-to-the-team"


def test_help_hides_the_test_back_end(environment: dict[str, str]) -> None:
    """It is no feature."""
    result = run(environment, "serve", "--help")
    assert result.returncode == 0
    assert "--scripted" not in result.stdout
    assert "--idle-minutes" in result.stdout


def test_tokens_are_random(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one in the environment each server has its own."""
    monkeypatch.delenv("GLOSSWRIGHT_MODEL_TOKEN", raising=False)
    tokens = {token_from_environment("127.0.0.1") for _ in range(3)}
    assert len(tokens) == 3
    assert min(len(token) for token in tokens) >= 32


def test_addresses_are_reachable_ones() -> None:
    """The state file's address must work from this machine, whatever the server is bound to."""
    assert _url("0.0.0.0", 5) == "http://127.0.0.1:5"
    assert _url("::", 5) == "http://[::1]:5"
    assert _url("::1", 5) == "http://[::1]:5"
    assert _url("10.0.0.7", 5) == "http://10.0.0.7:5"
    with pytest.raises(ServingError, match="no address of this machine"):
        bind("no such host.invalid", 0)
