"""A small server on the real protocol layer whose features show what the layer did. A process, not a fixture.

python -m harness.echo_server
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.errors import ModelError
from glosswright_server.lsp.context import Context
from glosswright_server.lsp.server_base import ServerBase
from glosswright_server.lsp.stdio import open_stdio


def build() -> ServerBase:
    """The server with its features."""
    server = ServerBase("echo", "1.0")
    ended: list[str] = []

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams, context: Context) -> types.Hover | None:
        """The text of the document as it was at dispatch, told after the loop had time for later messages."""
        await asyncio.sleep(0.05)
        if context.snapshot is None:
            return None
        return types.Hover(contents=f"{context.snapshot.version}:{context.snapshot.text}")

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams, context: Context) -> list[types.InlineCompletionItem]:
        return [types.InlineCompletionItem(insert_text=params.context.trigger_kind.name)]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    async def code_action(params: types.CodeActionParams, context: Context) -> list[types.CodeAction]:
        only = ",".join(str(getattr(kind, "value", kind)) for kind in params.context.only or ())
        return [types.CodeAction(title=f"{len(params.context.diagnostics)} {only}")]

    @server.feature("echo/sleep")
    async def sleep(params: Any, context: Context) -> str:
        try:
            await asyncio.sleep(params["seconds"])
        except asyncio.CancelledError:
            ended.append("sleep")
            await asyncio.sleep(params.get("linger", 0))
            if params.get("swallow"):
                return "kept"
            raise
        return "slept"

    @server.feature("echo/ended")
    async def ended_works(params: Any, context: Context) -> list[str]:
        return ended

    @server.feature("echo/raise")
    async def fail(params: Any, context: Context) -> None:
        if params == "user":
            raise ModelError("The model is away; start it.")
        if params == "code":
            raise JsonRpcException("modified", -32801)
        if params == "self-cancel":
            raise asyncio.CancelledError
        raise ValueError(f"no such {params}")

    @server.feature("echo/unserialisable")
    async def unserialisable(params: Any, context: Context) -> Any:
        return {"nan": float("nan")} if params == "nan" else {"object": object()}

    @server.feature("echo/print")
    async def prints(params: Any, context: Context) -> str:
        print("a stray line")
        os.write(1, b"a stray write\n")
        return "printed"

    @server.feature("echo/big")
    async def big(params: Any, context: Context) -> str:
        return "x" * params["bytes"]

    @server.feature("echo/block")
    async def block(params: Any, context: Context) -> None:
        time.sleep(params["seconds"])

    @server.feature("echo/thread")
    async def thread(params: Any, context: Context) -> None:
        await asyncio.to_thread(time.sleep, params["seconds"])

    @server.feature("echo/documents")
    async def documents(params: Any, context: Context) -> dict[str, str | None]:
        return {
            uri: reason and reason.value
            for uri in context.documents.uris()
            for reason in [context.documents.why_not(uri)]
        }

    @server.feature("echo/ask")
    async def ask(params: Any, context: Context) -> Any:
        items = [types.ConfigurationItem(section="echo")]
        return await server.request(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items=items), timeout_s=params["timeout"]
        )

    @server.feature("echo/progress")
    async def progress(params: Any, context: Context) -> int:
        await server.work_done_progress.create_async("t")
        server.work_done_progress.begin("t", types.WorkDoneProgressBegin(title="working"))
        server.work_done_progress.end("t", types.WorkDoneProgressEnd())
        return len(server.work_done_progress.tokens)

    @server.command("echo.sleep")
    async def sleep_command(arguments: list[Any], context: Context) -> str:
        try:
            await asyncio.sleep(arguments[0])
        except asyncio.CancelledError:
            ended.append("command")
            raise
        return "slept"

    async def tidy_up() -> None:
        if delay := os.environ.get("ECHO_SLOW_SHUTDOWN"):
            await asyncio.sleep(float(delay))
        sys.stderr.write("tidied up\n")

    server.on_shutdown(tidy_up)
    return server


if __name__ == "__main__":
    stdio = open_stdio()
    sys.exit(build().run_stdio(stdio))
