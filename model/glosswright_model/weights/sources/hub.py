"""The Hugging Face hub as a source. `huggingface_hub` says where the file is; the bytes are read here.

The library knows endpoints, tokens and redirects, and honours HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE. Its own cache
is not used: a second copy of the file would lie there, and only the cache of Glosswright is checked against the
catalogue's hash.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

from glosswright_model import __version__
from glosswright_model.errors import HashMismatch, SourceUnavailable
from glosswright_model.weights.catalogue import HubFile, ModelEntry
from glosswright_model.weights.progress import Watch
from glosswright_model.weights.sources.base import Chunk
from glosswright_model.weights.sources.http import read_http
from glosswright_model.weights.sources.pump import Patience, pumped

METADATA_S = 5.0
OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


class HubSource:
    """One file of one repository."""

    name = "Hugging Face hub"

    def __init__(self, entry: ModelEntry, spec: HubFile, patience: Patience | None = None) -> None:
        self._entry = entry
        self._spec = spec
        self._patience = patience or Patience()

    def unavailable(self) -> str | None:
        """Offline mode, or the library is missing."""
        # Read here and not from the library, which looks at its environment only once, when it is imported.
        for variable in OFFLINE_VARIABLES:
            if os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE"):
                return f"offline mode is on ({variable})"
        if importlib.util.find_spec("huggingface_hub") is None:
            return "huggingface_hub is not installed (pip install 'glosswright[serving]')"
        return None

    def scratch_bytes(self) -> int:
        """Nothing: bytes go straight into the file."""
        return 0

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        """See `Source.stream`."""
        try:  # here and not in the thread, so that the slow import does not count as the hub's silence
            importlib.import_module("huggingface_hub.file_download")
        except ImportError as error:
            raise SourceUnavailable(f"huggingface_hub cannot be imported: {error}") from error
        return pumped(self._read(offset), watch, self._patience)

    def _read(self, offset: int) -> Generator[Chunk, None, None]:
        url, headers = self._locate()
        yield from read_http(url, headers, offset, self._entry.size)

    def _locate(self) -> tuple[str, dict[str, str]]:
        """Where the bytes lie, and the headers to ask with. Refuses a file that the hub itself says is another one."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, re-exported unmarked

        entry = self._entry
        try:
            url = hf_hub_url(
                self._spec.repo,
                entry.file,
                revision=self._spec.revision,
                endpoint=os.environ.get("HF_ENDPOINT") or None,
            )
            headers: dict[str, str] = build_hf_headers(library_name="glosswright", library_version=__version__)
            found = get_hf_file_metadata(url, timeout=METADATA_S, headers=headers)
        # The library raises what its HTTP client raises, and that client changed twice between the versions allowed.
        except Exception as error:
            raise SourceUnavailable(_first_line(error)) from error
        # For a large file the hub's etag is its SHA-256: better to learn now than after half a gigabyte.
        etag = found.etag or ""
        if len(etag) == len(entry.sha256) and etag.lower() != entry.sha256:
            raise HashMismatch(f"expected SHA-256 {entry.sha256}, the hub has {etag}")
        if found.size is not None and found.size != entry.size:
            raise SourceUnavailable(f"has a file of {found.size} bytes where {entry.size} are expected")
        if urlsplit(found.location).netloc != urlsplit(url).netloc:
            headers = {key: value for key, value in headers.items() if key.lower() != "authorization"}
        return found.location, headers


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]
