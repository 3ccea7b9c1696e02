"""Fixtures that every test package shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the servers of the tests count must not end up among what the user's own editor has counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLOSSWRIGHT_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield
