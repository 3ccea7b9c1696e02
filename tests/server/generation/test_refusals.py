"""Retry-After and quoting, apart from any connection."""

from __future__ import annotations

import json

import pytest

from glosswright_server.generation.refusals import not_completions, refusal, retry_after_s

NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 1.0),
        ("", 1.0),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("99999999999999999999", 300.0),
        ("-3", 1.0),
        ("soon", 1.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:27:00 GMT", 1.0),
    ],
)
def test_retry_after(value: str | None, expected: float) -> None:
    """Both forms of RFC 9110 are read, and nothing a server sends makes us wait for hours."""
    assert retry_after_s(value, now=NOW) == expected


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ({"error": {"message": "two\nlines\x1b[31m"}}, '"two lines [31m"'),
        ({"error": "plain"}, '"plain"'),
        ({"detail": "Not Found"}, '"Not Found"'),
        ({"message": "m"}, '"m"'),
        ({"error": {"message": "x" * 300}}, "x…"),
        ({"detail": [{"input": "prompt"}]}, ""),
        ({"error": {"message": "  "}}, ""),
        ([], ""),
        ("text", ""),
    ],
)
def test_quotes_the_servers_own_words(body: object, quoted: str) -> None:
    """A server's sentence is the best hint there is; control characters and lists are not sentences."""
    message = str(refusal(400, {}, json.dumps(body).encode()))
    assert message.startswith("The endpoint refused the request (HTTP 400).")
    assert quoted in message
    assert bool(quoted) == ("It says" in message)


def test_no_content_type() -> None:
    """Still a sentence when the server says nothing about its answer."""
    assert "no content type" in str(not_completions("", b""))
