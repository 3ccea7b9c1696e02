"""The client and the launcher against the real model server, a script in place of its model: one contract for both."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from glosswright_server.errors import EndpointBusy, EndpointRefused, LaunchError
from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.endpoint import Endpoint
from glosswright_server.generation.launch_options import LaunchOptions, LaunchProgress, LaunchTimings
from glosswright_server.generation.launcher import LocalModelServer
from glosswright_server.generation.model_process import serve_command

pytest.importorskip("starlette", reason="needs the model server's own packages (the `serving` extra)")
pytest.importorskip("uvicorn", reason="needs the model server's own packages (the `serving` extra)")

LIMIT_S = 60


def launcher(folder: Path, script: dict[str, object], *more: str) -> LocalModelServer:
    """A launcher with the true command line, plus a script."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "script.json"
    path.write_text(json.dumps(script))
    command = serve_command(
        model="scripted", backend="auto", idle_minutes=1, log_path=folder / "model-server.log", download=False
    )
    return LocalModelServer(
        LaunchOptions(model="scripted"),
        command=[*command, "--scripted", str(path), *more],
        directory=folder,
        timings=LaunchTimings(poll_s=0.02),
    )


@asynccontextmanager
async def running(
    folder: Path, script: dict[str, object], *more: str, seen: list[LaunchProgress] | None = None
) -> AsyncIterator[tuple[LocalModelServer, Endpoint]]:
    """A server that is ready; it is stopped in the end."""
    server = launcher(folder, script, *more)
    try:
        yield server, await asyncio.wait_for(server.ensure_ready(seen.append if seen is not None else None), LIMIT_S)
    finally:
        with contextlib.suppress(LaunchError):
            await asyncio.wait_for(server.stop(), LIMIT_S)


async def complete(client: CompletionClient, prompt: str = "p") -> str:
    async with client.stream(CompletionRequest(prompt=prompt, suffix="")) as chunks:
        return "".join([chunk.text async for chunk in chunks])


async def test_from_nothing_to_text_and_back_to_nothing(tmp_path: Path) -> None:
    """Download, load, list, stream with usage, stop: every message of the contract once, between the real two."""
    seen: list[LaunchProgress] = []
    script = {"rules": [["add", "return a + b\n"]], "download_bytes": 1000, "load_s": 0.1, "model": "scripted"}
    async with running(tmp_path / "run", script, seen=seen) as (server, endpoint):
        stages = list(dict.fromkeys(progress.stage for progress in seen))
        assert stages[0] == "starting"
        assert stages[-1] == "ready"
        assert {"downloading", "loading"} & set(stages)
        async with CompletionClient(endpoint) as client:
            (card,) = await client.models()
            assert (card.id, card.backend, card.device, card.supports_suffix) == ("scripted", "scripted", "cpu", True)
            async with client.stream(CompletionRequest(prompt="def add(a, b):", logprobs=1)) as stream:
                chunks = [chunk async for chunk in stream]
            assert "".join(chunk.text for chunk in chunks) == "return a + b\n"
            assert chunks[-1].usage is not None
            assert chunks[-1].usage.completion_tokens > 0
            assert any(chunk.finish_reason == "stop" for chunk in chunks)
            assert sum(len(chunk.logprobs) for chunk in chunks) == chunks[-1].usage.completion_tokens
        other = launcher(tmp_path / "run", {})
        assert await asyncio.wait_for(other.ensure_ready(), LIMIT_S) == endpoint
    assert server.ready_endpoint() is None


async def test_hanging_up_frees_the_one_slot(tmp_path: Path) -> None:
    """The promise that typing never queues behind an abandoned generation."""
    script = {"rules": [["slow", "x " * 2000]], "fallback": "quick\n", "token_s": 0.02}
    async with running(tmp_path / "run", script) as (_, endpoint), CompletionClient(endpoint) as client:
        async with client.stream(CompletionRequest(prompt="slow", max_tokens=2000)) as chunks:
            async for _chunk in chunks:
                break
        began = time.monotonic()
        assert await asyncio.wait_for(complete(client), 10) == "quick\n"
        assert time.monotonic() - began < 5


async def test_refusals_of_the_real_server(tmp_path: Path) -> None:
    """A wrong token, a wrong model and a full queue come out as what they are."""
    script = {"fallback": "x " * 500, "token_s": 0.02}
    async with running(tmp_path / "run", script, "--queue", "0") as (_, endpoint):
        async with CompletionClient(Endpoint(endpoint.url, endpoint.model, "wrong")) as client:
            with pytest.raises(EndpointRefused, match="API key"):
                await complete(client)
        async with CompletionClient(endpoint) as client:
            with pytest.raises(EndpointRefused, match="no such path or model"):
                async with client.stream(CompletionRequest(prompt="p", model="other")):
                    pass
            async with client.stream(CompletionRequest(prompt="p", max_tokens=400)) as chunks:
                assert (await anext(aiter(chunks))).text
                with pytest.raises(EndpointBusy) as raised:
                    await complete(client)
                assert raised.value.retry_after_s > 0


async def test_a_load_error_reaches_the_user(tmp_path: Path) -> None:
    """What the model package says in /health is what the editor shows."""
    with pytest.raises(LaunchError, match="the file is truncated"):
        async with running(tmp_path / "run", {"load_error": "the file is truncated: pull it again."}):
            pass


async def test_a_wrong_option_reaches_the_user(tmp_path: Path) -> None:
    """A server that refuses its command line says so in its last line, and that line is shown."""
    with pytest.raises(LaunchError, match=r"exit code 2\).*--nonsense"):
        async with running(tmp_path / "run", {}, "--nonsense"):
            pass


async def test_without_the_model_package(tmp_path: Path) -> None:
    """The language server alone is enough for remote endpoints; asking for a local model says what to add."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    server = LocalModelServer(
        LaunchOptions(model="m"), command=[sys.executable, "-m", "no_such_engine"], directory=folder
    )
    with pytest.raises(LaunchError, match=r"pip install 'glosswright\[llamacpp\]'"):
        await asyncio.wait_for(server.ensure_ready(), LIMIT_S)
