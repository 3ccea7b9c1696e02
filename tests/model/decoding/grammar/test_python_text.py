"""The constraint over pieces of text: what comes out is Python, and what people wrote is allowed."""

from __future__ import annotations

import ast
import random
import re
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_model.decoding.grammar.python_lexer import NUMBER, advance, begin, ending, may_end
from glosswright_model.decoding.grammar.python_syntax import FRAGMENT, PROGRAM
from glosswright_model.decoding.grammar.python_text import PythonText
from glosswright_model.evaluation.python_text import parse
from glosswright_model.seq2seq.batch import EOS

BYTES = [b"", b"", b"", b"", *(bytes([byte]) for byte in range(256))]
PIECES = [
    *BYTES,
    *b'    |def |return |self.|(self|):\n    |\n    |if |else:\n|else|elif |try:|except |\'""|b\'|r"'.split(b"|"),
    *b"\\x|\\u00|\\N{| = | == |==|in |not in|x, |[x for x in |lambda|lambda x: |import |from . import ".split(b"|"),
    *'0x|1e|1_0|é|日本|# note|\n\n|, *|**|:=|->|...|..|"""'.encode().split(b"|"),
    b"\xc3",
]
LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def check_parses(source: bytes, start: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes are legal
        if start == PROGRAM:
            ast.parse(source.decode())
        else:
            assert parse(source.decode()) is not None, source


@given(seed=st.integers(0, 10**9), start=st.sampled_from([PROGRAM, FRAGMENT]), limit=st.integers(80, 200))
@settings(max_examples=30, deadline=None)
def test_no_walk_ends_anywhere_but_in_python(seed: int, start: str, limit: int) -> None:
    """Random tokens, whichever is allowed; there must always be one, and an end within the limit."""
    choice = random.Random(seed)
    (prefix,) = PythonText(PIECES, start=start).prefixes(1)
    written = b""
    for room in range(limit - 1, -1, -1):
        for token in [EOS] * (choice.random() < 0.02) + choice.sample(range(len(PIECES)), len(PIECES)):
            following = prefix.after(token, room)
            if following is not None:
                break
        else:
            pytest.fail(f"a dead end after {written!r}, with room for {room} more tokens")
        if token == EOS:
            break
        written += PIECES[token]
        prefix = following
    else:
        pytest.fail(f"no end within {limit} tokens: {written!r}")
    check_parses(written, start)


@pytest.mark.parametrize(
    ("source", "refused_from"),
    [
        ("x = 1\n y", " y"),
        (" x", " x"),
        ("\\\n  x", "\\\n  x"),
        ("if x:\ny", "y"),
        ("if x:\n  y\n z", "z"),
        ("0777", None),
        ("0777 ", " "),
        ("1__0", "_0"),
        ("1if", "if"),
        ("'\\x4g'", "g'"),
        ("'\\N{", "N{"),
        ("'\\U0011", "1"),
        ("b'é'", "é'"),
        ("é", "é"),
        ("x\t", "\t"),
        ("'a\n", "\n"),
        ("x = \\ ", " "),
        ("x \\", "\\"),
        ("def is(", "("),
        ("f(a=1, b)", ")"),
        ("from . import x\n", None),
        ("from ....x import y", None),
        ("'''a''b\\''''", None),
        ("x = 'a' # b", None),
        ("if x: # b\n\n  # c\n    y # d\n  # e\n", None),
        ("x = [ # b\n\n1,\n  2]", None),
        ('rb\'\\\'\' + Rb"""\n"""', None),
        ("x = \\\n1", None),
        ("''", None),
        ("x='é日'", None),
        ("1.e5j+.5-0XfF", None),
        ("a<-b", None),
        ("if x:\n  if y:\n    z\nelse: w\n\n", None),
    ],
)
def test_the_first_character_that_cannot_become_python_is_refused(source: str, refused_from: str | None) -> None:
    """Not later: a search could not turn back. `refused_from` is what follows the longest prefix that is allowed."""
    text = begin(PythonText(BYTES)._recognizer)
    data = source.encode()
    for at in range(len(data)):
        following = advance(text, data[at : at + 1])
        if following is None:
            assert refused_from is not None, source[at:]
            assert data[at:] == refused_from.encode()
            return
        text = following
    assert refused_from is None
    assert may_end(text) == (parse(source) is not None)


def test_numbers() -> None:
    """Each beginning of a number that is allowed becomes one within two characters; all others are refused."""
    alphabet = "0179_.eEjJxXbBoOaF+-"
    choice = random.Random(5)
    constraint = PythonText(BYTES)
    for _ in range(3000):
        text = begin(constraint._recognizer)
        source = ""
        for char in (choice.choice(alphabet) for _ in range(8)):
            following = advance(text, char.encode())
            if following is None or following.mode != "number":
                break
            text, source = following, source + char
        if source:
            whole = [source + rest for rest in ("", "0", ".", "0.") if NUMBER.fullmatch(source + rest)]
            assert whole, source
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(whole[0])
            assert ending(text) <= 5


@pytest.mark.parametrize("name", ["bisect", "colorsys", "keyword", "queue", "csv"])
def test_what_people_wrote_is_allowed(name: str) -> None:
    """Modules of the standard library, byte by byte; up to the first formatted string, which is not known here."""
    source = (LIBRARY / f"{name}.py").read_bytes()
    formatted = re.search(rb"\b[fF][rR]?['\"]|\b[rR][fF]['\"]", source)
    text = begin(PythonText(BYTES)._recognizer)
    end = formatted.start() if formatted else len(source)
    for at in range(end):
        following = advance(text, source[at : at + 1])
        assert following is not None, source[max(at - 60, 0) : at + 1]
        text = following
    if not formatted:
        assert may_end(text)


def test_lines_of_django_are_allowed(django: Path) -> None:
    """The corpus as distributed: one line in forty, headers and clauses among them."""
    recognizer = PythonText(BYTES, start=FRAGMENT)._recognizer
    for line in (django / "all.code").read_text(encoding="utf-8").splitlines()[::40]:
        text = advance(begin(recognizer), line.strip().encode())
        assert (text is not None and may_end(text)) or parse(line) is None, line


def test_a_vocabulary_without_all_characters_is_refused() -> None:
    """Without single bytes some text could not be ended."""
    with pytest.raises(ValueError, match="single bytes"):
        PythonText([b"", b"", b"", b"", b"x"])
