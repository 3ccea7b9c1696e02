"""The least that is a completions endpoint: canned server-sent events at once, on connections that stay open.

Run by benchmarks as a process: `instant_endpoint.py ANSWER` prints its URL and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def response(kind: str, body: bytes) -> bytes:
    """A whole HTTP response."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (kind.encode(), len(body), body)


def events(answer: str) -> bytes:
    """The answer, a word an event, as a server streams it."""
    words = re.findall(r"\s*\S+|\s+$", answer)
    choices = [{"index": 0, "text": word, "finish_reason": None} for word in words]
    choices.append({"index": 0, "text": "", "finish_reason": "stop"})
    objects = [{"id": "c", "object": "text_completion", "model": "instant", "choices": [choice]} for choice in choices]
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in objects) + b"data: [DONE]\n\n"


async def serve(answer: str) -> None:
    """Answer until cancelled."""
    models = {"object": "list", "data": [{"id": "instant", "object": "model"}]}
    listing = response("application/json", json.dumps(models).encode())
    completion = response("text/event-stream", events(answer))

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _LENGTH.search(head)
                if found is not None:
                    await reader.readexactly(int(found[1]))
                writer.write(completion if head.startswith(b"POST") else listing)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
