"""The checkpoint that comes along: small, whole, licensed, and it answers."""

from __future__ import annotations

from pathlib import Path

import pytest

import glosswright_model
from glosswright_model.checkpoint import Loaded, load_checkpoint
from glosswright_model.data.batching import collate_sources
from glosswright_model.decoding.greedy import greedy

pytestmark = pytest.mark.torch

FOLDER = Path(glosswright_model.__file__).parent / "checkpoints" / "django-lstm"
ANSWERS = {
    "return the first element of values": "return values[0]",
    "call the function close on stream": "stream.close()",
    "raise ValueError with string 'bad value'": "raise ValueError('bad value')",
    "import json": "import json",
    "counter is an empty dictionary": "counter = {}",
    "define the function total with arguments prices and tax": "def total(prices, tax):\n    pass",
}


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """The real one."""
    return load_checkpoint(FOLDER)


def test_it_answers_comments_as_people_write_them(loaded: Loaded) -> None:
    """Plain comments, not the corpus's form, become plain Python, names copied that it never saw."""
    sources = [loaded.codec.encode_source(comment) for comment in ANSWERS]
    found = greedy(loaded.network, collate_sources(sources), max_length=40)
    answers = [loaded.codec.decode(one.ids, source.extras) for one, source in zip(found, sources, strict=True)]
    assert answers == list(ANSWERS.values())


def test_it_may_be_shipped(loaded: Loaded) -> None:
    """At most 30 MB in git, trained on data whose licence allows it, with a card that says so and gives its results."""
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 30_000_000
    assert loaded.about.licence == "MIT AND BSD-3-Clause"
    assert loaded.about.data == ("django/train",)
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"{loaded.about.results['exact_match']:.1f} %" in card
    assert "## Limits" in card
