"""Where completions come from and how long to wait for them. Values only: nothing here connects."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from glosswright_server.errors import EndpointRefused


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where completions come from. The key and the extra headers stay out of its repr."""

    url: str
    """Base URL, with or without `/v1`."""
    model: str = ""
    """Model name to ask for; "" leaves the choice to the server."""
    token: str | None = field(default=None, repr=False)
    """Sent as `Authorization: Bearer …`."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout_s: float = 60.0
    """After so many seconds a request is given up, whatever came."""
    managed: bool = False
    """Whether this is our own local model server, which no setting describes."""

    @property
    def base(self) -> str:
        """The URL without a trailing slash and without `/v1`. Raises EndpointRefused when it is no HTTP URL."""
        url = self.url.strip().rstrip("/").removesuffix("/v1").rstrip("/")
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not usable or any(char.isspace() for char in url):
            raise EndpointRefused("`endpoint.url` is not an HTTP address such as `http://gpu-box:8000`.")
        return url

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine by name or number; such requests never go through a proxy."""
        host = urlsplit(self.base).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait for what, in seconds. The endpoint's `timeout_s` bounds all of it together."""

    connect_s: float = 2.0
    first_byte_s: float | None = None
    """Until the answer begins; None: no limit but the whole. A long prompt on a CPU takes its time here."""
    between_s: float = 30.0
    """Between two pieces once text flows."""
    probe_s: float = 5.0
    """For `models` and `health`, all in all."""
