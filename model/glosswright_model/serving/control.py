"""What the command line does with the server that runs: ask it, end it. Never shows the token."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import httpx
import psutil

from glosswright_model.errors import ServingError
from glosswright_model.serving.state_file import ServerState

ASK_TIMEOUT_S = 5.0
END_TIMEOUT_S = 10.0


def connect(state: ServerState, timeout_s: float = ASK_TIMEOUT_S) -> httpx.Client:
    """A client with the server's address and token, past any proxy."""
    return httpx.Client(
        base_url=state.url,
        headers={"authorization": f"Bearer {state.token}"},
        timeout=timeout_s,
        trust_env=False,
    )


def fetch_health(state: ServerState) -> dict[str, Any]:
    """The body of `GET /health`. Raises ServingError when the server does not answer as it should."""
    try:
        with connect(state) as client:
            body = client.get("/health").json()
    except (httpx.HTTPError, ValueError) as error:
        raise ServingError(
            f"The model server (process {state.pid}) runs but does not answer: stop it with `glosswright model stop`."
        ) from error
    if not isinstance(body, dict):
        raise ServingError(f"{state.url} is not a model server.")
    return body


def stop_server(state: ServerState, timeout_s: float = END_TIMEOUT_S) -> None:
    """Ask the server to end and wait until it is gone; one that does not answer is terminated.

    Raises ServingError when it is still there after `timeout_s` seconds.
    """
    try:
        with connect(state) as client:
            asked = client.post("/shutdown").status_code == 202
    except httpx.HTTPError:
        asked = False
    if not asked and state.alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(state.pid).terminate()
    give_up = time.monotonic() + timeout_s
    while state.alive:  # not `Process.wait`: to that a process whose parent has not looked yet is still there
        if time.monotonic() >= give_up:
            raise ServingError(f"The model server (process {state.pid}) does not end: end that process yourself.")
        time.sleep(0.05)
