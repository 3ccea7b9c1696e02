"""Where a text came from, as our model server says it; what is not of that form must not break an answer."""

from __future__ import annotations

import pytest

from glosswright_server.generation.completions import CompletionRequest, Origin, decode_chunks


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ([{"text": "x", "words": [["one", 0.9], ["to", 0.1]]}], (Origin("x", (("one", 0.9), ("to", 0.1))),)),
        ([{"text": "x", "words": []}], (Origin("x"),)),
        ([{"text": "x"}], (Origin("x"),)),
        ([{"words": [["one", 0.9]]}, 3, None], ()),
        ([{"text": "x", "words": [["one"], ["two", "much"], [1, 0.5], ["three", 7], "four"]}], (Origin("x"),)),
        ("x", ()),
        (None, ()),
    ],
)
def test_reads_what_is_of_the_form(said: object, read: tuple[Origin, ...]) -> None:
    """Foreign servers may have a field of this name."""
    [chunk] = decode_chunks({"choices": [{"text": "x", "origins": said}]})
    assert chunk.origins == read


def test_only_asks_where_it_is_wanted() -> None:
    """Servers that refuse fields they do not know must not see it."""
    assert "explain" not in CompletionRequest(prompt="").body("m")
    assert CompletionRequest(prompt="", explain=True).body("m")["explain"] is True
