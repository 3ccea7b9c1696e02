"""Who may talk to the server: the token, and no web page.

A server on 127.0.0.1 is within reach of every page the user's browser shows. Pages are kept out twice: a request with a
foreign `Origin` is refused, and on a loopback server also one whose `Host` is not a loopback name, which is what DNS
rebinding looks like. Everything but the health of the server needs the token besides.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from glosswright_model.serving.wire import ApiError

OPEN_PATHS = frozenset({"/health"})


@dataclass(frozen=True, slots=True)
class Guard:
    """What a request must show. `loopback`: the server is bound to a loopback address."""

    token: str = field(repr=False)
    loopback: bool = True

    def check(self, path: str, headers: Headers) -> None:
        """Raise ApiError 401 or 403 for a request that is not from one of the user's programs."""
        for origin in headers.getlist("origin"):
            if not _is_loopback_origin(origin):
                raise ApiError(403, "origin_not_allowed", "Web pages may not use this server.", kind="permission_error")
        hosts = headers.getlist("host")
        if self.loopback and (len(hosts) != 1 or not is_loopback(host_of(hosts[0]))):
            raise ApiError(
                403,
                "host_not_allowed",
                "Address this server as 127.0.0.1 or localhost.",
                kind="permission_error",
            )
        if path not in OPEN_PATHS and not self._has_token(headers):
            raise ApiError(
                401,
                "invalid_token",
                "Send the server's token as `Authorization: Bearer <token>`; it stands in the state file.",
                kind="authentication_error",
            )

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip().encode("latin-1", "replace")
        return hmac.compare_digest(given, self.token.encode("utf-8")) and scheme.lower() == "bearer"


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and no other."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """The host in `host:port`, without the brackets of IPv6; "" when it cannot be read."""
    try:
        parts = urlsplit(f"//{authority}")
        return "" if parts.username is not None else parts.hostname or ""
    except ValueError:
        return ""


def _is_loopback_origin(origin: str) -> bool:
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and is_loopback(host_of(authority))
