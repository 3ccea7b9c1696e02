"""The API key: read from where the user said, kept in memory, never repeated."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.errors import EndpointRefused
from glosswright_server.generation.credentials import Credentials

KEY = "sk-0123456789"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"variable": "MY_KEY"}, KEY, id="variable"),
        pytest.param({"variable": "MY_KEY", "command": ["/no/such"]}, KEY, id="variable-wins"),
        pytest.param({"command": python(f"print('{KEY}')")}, KEY, id="command"),
        pytest.param({"command": python(f"print('{KEY}\\nlogin: me')")}, KEY, id="first-line-only"),
        pytest.param({"command": f'"{sys.executable}" -c "print(\'{KEY} \')"'}, KEY, id="one-string"),
        pytest.param(
            {"command": [*python("import sys; print(repr(sys.argv[1:]))"), "$HOME;*"]}, "['$HOME;*']", id="no-shell"
        ),
    ],
)
async def test_key(arguments: dict[str, Any], expected: str | None) -> None:
    """Each way to give a key."""
    credentials = Credentials(environment={"MY_KEY": f" {KEY}\n"}, **arguments)
    assert await credentials.key() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"variable": "MISSING"}, "names `MISSING` that is not set", id="unset"),
        pytest.param({"variable": KEY}, "names a variable that is not set", id="the-key-itself"),
        pytest.param({"variable": "EMPTY"}, "not set", id="empty"),
        pytest.param({"variable": "ODD"}, "HTTP header", id="line-end-within"),
        pytest.param({"command": ["/no/such/program"]}, "cannot be started", id="no-program"),
        pytest.param({"command": [""]}, "cannot be started", id="empty-program"),
        pytest.param({"command": " "}, "cannot be started", id="blank"),
        pytest.param({"command": "pass 'show"}, "quote without its partner", id="quote"),
        pytest.param({"command": python(f"print('{KEY}'); exit(3)")}, r"exit code 3", id="fails"),
        pytest.param({"command": python("pass")}, "empty key", id="prints-nothing"),
        pytest.param({"command": python("print('x' * 100_000)")}, "more than a key", id="prints-a-book"),
        pytest.param({"command": python("print('\\u00fc')")}, "HTTP header", id="not-ascii"),
    ],
)
async def test_says_what_is_wrong(arguments: dict[str, Any], message: str) -> None:
    """The message names the setting and holds no key."""
    credentials = Credentials(environment={"EMPTY": " ", "ODD": "a\nb"}, **arguments)
    with pytest.raises(EndpointRefused, match=message) as raised:
        await credentials.key()
    assert KEY not in str(raised.value)
    assert "endpoint.apiKey" in str(raised.value)


async def test_runs_the_command_once_until_told_to_forget(tmp_path: Path) -> None:
    """Password managers ask the user each time; after a 401 the key may have changed."""
    count = tmp_path / "count"
    credentials = Credentials(command=python(f"open({str(count)!r}, 'a').write('x'); print('{KEY}')"))
    assert await asyncio.gather(*(credentials.key() for _ in range(4))) == [KEY] * 4
    assert count.read_text() == "x"
    credentials.forget()
    await credentials.key()
    assert count.read_text() == "xx"


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(30)",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(30)'])",
    ],
    ids=["itself", "its-child"],
)
async def test_a_command_that_hangs_is_ended(code: str) -> None:
    """A prompt nobody sees must not hang every request, nor may what it started."""
    began = time.monotonic()
    with pytest.raises(EndpointRefused, match=r"longer than 0\.3 seconds"):
        await Credentials(command=python(code), limit_s=0.3).key()
    assert time.monotonic() - began < 5


async def test_cancelling_ends_the_command(tmp_path: Path) -> None:
    """A cancelled request leaves no process behind."""
    task = asyncio.create_task(Credentials(command=python("import time; time.sleep(30)")).key())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
