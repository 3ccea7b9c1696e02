"""The API key of an endpoint, from an environment variable or from a program that prints it.

The key lives in memory only: it is never logged, never written and never part of an error. The program is run without a
shell. Nothing here knows which endpoint the key is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence

import anyio

from glosswright_server.errors import EndpointRefused

COMMAND_LIMIT_S = 10.0
_MAX_OUTPUT_BYTES = 65_536
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,60}")


class Credentials:
    """One key, read when it is first wanted and kept until `forget`. Belongs to one event loop."""

    def __init__(
        self,
        *,
        variable: str = "",
        command: Sequence[str] | str = (),
        environment: Mapping[str, str] | None = None,
        limit_s: float = COMMAND_LIMIT_S,
    ) -> None:
        """`variable` wins over `command`; with neither there is no key. One string is split like a shell's."""
        self._variable = variable.strip()
        self._command = command
        self._environment = os.environ if environment is None else environment
        self._limit_s = limit_s
        self._key: str | None = None
        self._lock = asyncio.Lock()

    async def key(self) -> str | None:
        """The key, or None when none is set up. Raises EndpointRefused that says what is wrong with the set-up."""
        async with self._lock:
            if self._key is None:
                if self._variable:
                    self._key = self._from_variable()
                elif self._command:
                    self._key = await self._from_command()
            return self._key

    def forget(self) -> None:
        """Read the key anew next time: the endpoint refused it, and keys are rotated."""
        self._key = None

    def _from_variable(self) -> str:
        # What does not look like a variable's name may be the key itself, put in the wrong place: not repeated.
        name = f"`{self._variable}`" if _VARIABLE.fullmatch(self._variable) else "a variable"
        value = self._environment.get(self._variable, "").strip()
        if not value:
            raise EndpointRefused(f"`endpoint.apiKeyEnv` names {name} that is not set where the language server runs.")
        return _usable(value, "endpoint.apiKeyEnv")

    async def _from_command(self) -> str:
        try:
            command = shlex.split(self._command) if isinstance(self._command, str) else list(self._command)
        except ValueError:
            raise EndpointRefused("`endpoint.apiKeyCommand` has a quote without its partner.") from None
        output, code = await self._run(command)
        if code != 0:
            raise EndpointRefused(f"The program of `endpoint.apiKeyCommand` failed (exit code {code}).")
        lines = output.decode("utf-8", "replace").split("\n")
        # Password stores print the secret first and notes below it.
        return _usable(lines[0].strip(), "endpoint.apiKeyCommand")

    async def _run(self, command: Sequence[str]) -> tuple[bytes, int]:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError, TypeError, IndexError):
            raise EndpointRefused(
                "The program of `endpoint.apiKeyCommand` cannot be started; is it on the PATH?"
            ) from None
        assert process.stdout is not None
        try:
            with anyio.fail_after(self._limit_s):
                output = bytearray()
                while piece := await process.stdout.read(_MAX_OUTPUT_BYTES):
                    output += piece
                    if len(output) > _MAX_OUTPUT_BYTES:
                        raise EndpointRefused("The program of `endpoint.apiKeyCommand` prints more than a key.")
                return bytes(output), await process.wait()
        except TimeoutError:
            raise EndpointRefused(
                f"The program of `endpoint.apiKeyCommand` took longer than {self._limit_s:g} seconds."
            ) from None
        finally:
            if process.returncode is None:
                _kill(process)
                with anyio.move_on_after(2, shield=True):
                    await process.wait()


def _usable(key: str, setting: str) -> str:
    if not key:
        raise EndpointRefused(f"`{setting}` gives an empty key.")
    if not key.isascii() or not key.isprintable():
        raise EndpointRefused(f"`{setting}` gives a key with characters that no HTTP header takes.")
    return key


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the program and what it started: a grandchild that holds the pipe would keep us waiting."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
