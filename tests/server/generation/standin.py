"""A stand-in HTTP server on loopback that can misbehave in every way a socket allows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Handler = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request as it came, and the raw socket to answer on."""

    head: str
    body: bytes
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.body)

    async def send(self, *pieces: bytes | str, pause_s: float = 0.0) -> None:
        for piece in pieces:
            self.writer.write(piece.encode() if isinstance(piece, str) else piece)
            await self.writer.drain()
            if pause_s:
                await asyncio.sleep(pause_s)

    async def answer(self, status: int, body: str = "", *, kind: str = "application/json", extra: str = "") -> None:
        data = body.encode()
        await self.send(
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{extra}\r\n".encode() + data
        )

    async def begin_events(self) -> None:
        await self.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")

    async def event(self, payload: object) -> None:
        await self.raw(f"data: {payload if isinstance(payload, str) else json.dumps(payload)}\n\n")

    async def raw(self, piece: bytes | str) -> None:
        data = piece.encode() if isinstance(piece, str) else piece
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end(self) -> None:
        await self.send("0\r\n\r\n")

    async def until_hung_up(self) -> None:
        """Return when the client has closed the connection."""
        await self.reader.read()


@dataclass
class StandIn:
    url: str
    exchanges: list[Exchange] = field(default_factory=list)
    connections: int = 0


def text_event(text: str, finish: str | None = None, index: int = 0) -> dict[str, object]:
    return {"choices": [{"index": index, "text": text, "finish_reason": finish}]}


@asynccontextmanager
async def standin(handler: Handler) -> AsyncIterator[StandIn]:
    """A server that answers each request with `handler`; its connections end with the context."""
    served = StandIn("")
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        served.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                text = head.decode()
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in text.splitlines()
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                exchange = Exchange(text, await reader.readexactly(length), writer, reader)
                served.exchanges.append(exchange)
                await handler(exchange)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)


async def streamed(exchange: Exchange, *payloads: object, done: bool = True) -> None:
    """Answer with a stream of events."""
    await exchange.begin_events()
    for payload in payloads:
        await exchange.event(payload)
    if done:
        await exchange.event("[DONE]")
    await exchange.end()
