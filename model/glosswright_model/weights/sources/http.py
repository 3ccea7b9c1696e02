"""Read one file over HTTP, from the middle when the server can (RFC 9110, section 14: range requests).

Blocking; the sources run it through `pump`. It judges headers only: sizes that cannot be right are refused before
the first byte, so that a log-in page is not taken for a model.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping

import httpx

from glosswright_model.errors import SourceUnavailable
from glosswright_model.weights.sources.base import Chunk

CONNECT_S = 5.0
READ_S = 15.0


def read_http(url: str, headers: Mapping[str, str], offset: int, size: int) -> Generator[Chunk, None, None]:
    """The file of `size` bytes at `url`, from `offset` or, when the server ignores ranges, from 0.

    Raises SourceUnavailable, its text without the URL's query (it may hold a signature).
    """
    wanted = dict(headers)
    wanted["Accept-Encoding"] = "identity"  # a range of a compressed body is not a range of the file
    if offset:
        wanted["Range"] = f"bytes={offset}-"
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=httpx.Timeout(READ_S, connect=CONNECT_S)) as client,
            client.stream("GET", url, headers=wanted) as response,
        ):
            position = _start(response, offset, size)
            # Blocks as they come: a size given here would hold bytes back, and a broken connection would lose them.
            for data in response.iter_bytes():
                yield Chunk(position, data)
                position += len(data)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(f"{_host(url)}: {str(error) or type(error).__name__}") from error


def _start(response: httpx.Response, offset: int, size: int) -> int:
    """Where the body of the response begins in the file."""
    host = response.url.host
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not found or int(found[1]) != offset or found[3] not in (str(size), "*"):
            raise SourceUnavailable(f"{host}: answered with another range than the one asked for")
        return offset
    if response.status_code == httpx.codes.OK:
        length = response.headers.get("Content-Length")
        if length is not None and length != str(size) and "Content-Encoding" not in response.headers:
            raise SourceUnavailable(f"{host}: has a file of {length} bytes where {size} are expected")
        return 0
    if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise SourceUnavailable(f"{host}: has a smaller file than expected")
    raise SourceUnavailable(f"{host}: HTTP {response.status_code} {response.reason_phrase}".rstrip())


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host or "the URL"
    except httpx.InvalidURL:
        return "the URL"
