"""From what went wrong at an endpoint to an error that says what to do about it.

Each message names the setting to look at. A server's own words are quoted only after a check that they repeat neither
the prompt nor a secret: many servers echo the request they refuse. No I/O happens here.
"""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping, Sequence

from glosswright_server.errors import (
    EndpointBroken,
    EndpointBusy,
    EndpointRefused,
    EndpointTimeout,
    ModelError,
)

MAX_RETRY_AFTER_S = 300.0
_QUOTE_CHARS = 200
_ECHO_CHARS = 12


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    managed: bool = False,
    private: Sequence[str] = (),
) -> ModelError:
    """The error for an HTTP answer that is not 2xx.

    `managed`: the server is our own local one, so no setting is at fault. `private`: texts that the message must not
    repeat (prompt, suffix, key).
    """
    said = _quoted(body, private)
    if 300 <= status < 400:
        return EndpointRefused(
            f"The endpoint redirects elsewhere (HTTP {status}); redirects are not followed, "
            "set `endpoint.url` to the final address."
        )
    if status == 401 or status == 403:
        return EndpointRefused(
            f"The local model server refused its own token (HTTP {status}); stop it so that a new one starts."
            if managed
            else f"The endpoint refused the API key (HTTP {status}); "
            f"look at `endpoint.apiKeyEnv` or `endpoint.apiKeyCommand`.{said}"
        )
    if status == 404 or status == 405:
        return EndpointRefused(
            f"The endpoint knows no such path or model (HTTP {status}); "
            f"look at `endpoint.url` and `endpoint.model`.{said}"
        )
    if status == 413:
        return EndpointRefused(
            "The endpoint says the request is too large (HTTP 413); "
            "lower `context.prefixChars` and `context.suffixChars`."
        )
    if status in (408, 504):
        return EndpointTimeout(f"The endpoint gave up waiting for the model (HTTP {status}).{said}")
    if status in (429, 503):
        return EndpointBusy(
            f"The endpoint is busy or not ready (HTTP {status}).{said}", retry_after_s(headers.get("retry-after"))
        )
    if 400 <= status < 500:
        return EndpointRefused(f"The endpoint refused the request (HTTP {status}).{said}")
    return EndpointBroken(f"The endpoint failed (HTTP {status}); look at its log.{said}")


def event_error(error: object, *, private: Sequence[str] = ()) -> ModelError:
    """The error for an `{"error": …}` object inside a stream that began well."""
    fields = error if isinstance(error, Mapping) else {}
    for name in ("code", "status"):
        code = fields.get(name)
        if isinstance(code, str) and code.isdecimal():
            code = int(code)
        if isinstance(code, int) and 400 <= code < 600:
            return refusal(code, {}, json.dumps({"error": error}).encode(), private=private)
    said = _quoted(json.dumps({"error": error}).encode(), private)
    return EndpointBroken(f"The endpoint failed while it generated.{said}")


def not_completions(content_type: str, body_start: bytes) -> ModelError:
    """The error for a 2xx answer that is neither an event stream nor JSON."""
    if "html" in content_type or body_start.lstrip()[:1] == b"<":
        return EndpointBroken("The endpoint answered with a web page, not with completions; look at `endpoint.url`.")
    kind = content_type.partition(";")[0].strip()[:60] or "no content type"
    return EndpointBroken(
        f"The endpoint answered with {kind} where an event stream was asked for; look at `endpoint.url`."
    )


def retry_after_s(value: str | None, *, now: float | None = None) -> float:
    """Seconds of a Retry-After header (RFC 9110, section 10.2.3: seconds or a date), 0 to 300; 1 when unreadable."""
    if not value:
        return 1.0
    value = value.strip()
    if value.isdecimal() and value.isascii():
        seconds = float(value[:9])
    else:
        try:
            when = email.utils.parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return 1.0
        seconds = when.timestamp() - (time.time() if now is None else now)
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _quoted(body: bytes, private: Sequence[str]) -> str:
    """` It says: "…"` for the server's own message, or "" when there is none that may be repeated."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    message = payload.get("error", payload) if isinstance(payload, Mapping) else None
    for name in ("message", "detail"):
        if isinstance(message, Mapping):
            message = message.get(name, message if name == "message" else None)
    if not isinstance(message, str):
        return ""
    line = " ".join("".join(char if char.isprintable() else " " for char in message).split())
    if not line or any(_repeats(line, message, secret) for secret in private if secret.strip()):
        return ""
    return f' It says: "{line[:_QUOTE_CHARS]}"' if len(line) <= _QUOTE_CHARS else f' It says: "{line[:_QUOTE_CHARS]}…"'


def _repeats(line: str, message: str, secret: str) -> bool:
    """Whether any twelve characters of the message, white space squeezed or not, stand in the secret text too."""
    squeezed = " ".join(secret.split())
    escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
    if squeezed in line:
        return True
    return any(
        said[i : i + _ECHO_CHARS] in hidden
        for said in (line, message)
        for hidden in (squeezed, secret, escaped)
        for i in range(max(len(said[: 4 * _QUOTE_CHARS]) - _ECHO_CHARS + 1, 0))
    )
