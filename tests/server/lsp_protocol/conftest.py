"""The echo server as a process, fresh for each test that misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from harness.raw import RawClient

ECHO = "harness.echo_server"


@pytest.fixture
def start() -> Iterator[Callable[..., RawClient]]:
    """Starts echo servers that end with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(RawClient.module(ECHO, **options))


@pytest.fixture
def client(start: Callable[..., RawClient]) -> RawClient:
    """A server of its own, not initialized."""
    return start()


@pytest.fixture
def ready(client: RawClient) -> RawClient:
    """A server of its own, initialized."""
    client.initialize()
    return client


@pytest.fixture(scope="module")
def shared() -> Iterator[RawClient]:
    """One initialized server for the tests of a module that leave it as they found it."""
    with RawClient.module(ECHO) as client:
        client.initialize()
        yield client
