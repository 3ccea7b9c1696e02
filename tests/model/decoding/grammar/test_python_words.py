"""The constraint over words: whatever a network wants, what comes out is Python; and what people wrote is allowed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harness.table_model import TableModel, sources  # noqa: E402  (after the check that torch is there)

from glosswright_model.data import python_words  # noqa: E402
from glosswright_model.decoding.beam import beam_search  # noqa: E402
from glosswright_model.decoding.constraint import DeadEnd  # noqa: E402
from glosswright_model.decoding.grammar.python_syntax import FRAGMENT, PROGRAM  # noqa: E402
from glosswright_model.decoding.grammar.python_words import PythonWords, WordPrefix  # noqa: E402
from glosswright_model.decoding.greedy import greedy  # noqa: E402
from glosswright_model.decoding.sampling import Sampling, sample  # noqa: E402
from glosswright_model.evaluation.python_text import from_canonical, parse  # noqa: E402
from glosswright_model.seq2seq.batch import EOS  # noqa: E402

SPECIAL = ("", "", "", "")
_TEXT = (
    "⏎ ⇥ ⇤ ' \" b' ∅ x y self foo 1 2.5 0x1f ( ) [ ] { } , . : ; = == + - * % ** -> := += @ ... if else elif for in "
    "not is and or def class return yield lambda try except finally with as import from pass None True global del "
    "assert raise while async await _STR:0_ %s▁not▁found it\\'s a\"b \\ \\x4 ü 12ab foo.bar 0_ ? $ ! '' b'a' f'{x}'"
)
WORDS = _TEXT.split(" ")


def walk(prefix: WordPrefix, words: list[str], vocabulary: list[str], extras: list[str]) -> str | None:
    """The first word that is refused, "EOS" for the end, or None."""
    for word in words:
        token = vocabulary.index(word) if word in vocabulary else len(vocabulary) + extras.index(word)
        following = prefix.after(token, 10_000)
        if following is None:
            return word
        prefix = following
    return None if prefix.after(EOS, 0) is not None else "EOS"


def check_python(words: list[str]) -> None:
    """However the words are put together, by the corpus's rules or by the codec's, they are Python."""
    assert parse(python_words.join(words)) is not None, words
    if "b'" not in words:  # the corpus knows no such opening
        assert parse(from_canonical(" ".join(words))) is not None, words


@given(seed=st.integers(0, 10_000), start=st.sampled_from([FRAGMENT, PROGRAM]), length=st.integers(8, 30))
@settings(max_examples=8, deadline=None)
def test_whatever_a_network_wants_comes_out_as_python(seed: int, start: str, length: int) -> None:
    """Random networks want nonsense, and seldom to end: every search must still end within its limit, in Python.

    One extended id stands for a word of the first source alone.
    """
    vocabulary = [*SPECIAL, *WORDS]
    generator = torch.Generator().manual_seed(seed)
    tables = torch.randn((4, 4, len(vocabulary) + 1, len(vocabulary) + 1), generator=generator) * 3
    model = TableModel(tables, extra=1)
    batch = sources(1, 2, extra=1)
    extras = [["copied"], []]
    prefixes = PythonWords(vocabulary, start=start).prefixes(extras)
    found = [
        *[[each] for each in greedy(model, batch, max_length=length, prefixes=prefixes)],
        *beam_search(model, batch, width=3, n_best=3, max_length=length, prefixes=prefixes),
        *sample(model, batch, max_length=length, samples=2, seeds=[1, 2], prefixes=prefixes),
        *sample(
            model, batch, max_length=length, samples=2, seeds=[1, 2], prefixes=prefixes,
            sampling=Sampling(temperature=1.5, top_k=3, top_p=0.9),
        ),
    ]  # fmt: skip
    for place, hypotheses in enumerate(found):
        for hypothesis in hypotheses:
            assert hypothesis.finished
            assert len(hypothesis.ids) < length
            check_python([[*vocabulary, *extras[place % 2]][token] for token in hypothesis.ids])


@pytest.mark.parametrize(
    "line",
    [
        "if x :",
        "else :",
        "elif x == y :",
        "try :",
        "except ( x , y ) as self :",
        "except :",
        "finally :",
        "def foo ( self , x = 1 ) :",
        "class foo ( x . y ) :",
        "with x as y , foo :",
        "for x , y in foo :",
        "while not x :",
        "@ foo . x ( )",
        "async def foo ( ) :",
        "if x : ⏎ ⇥ pass ⏎ ⇤",
        "if True : ⏎ ⇥ pass ⏎ ⇤ elif x : ⏎ ⇥ pass ⏎ ⇤",
        "try : ⏎ ⇥ pass ⏎ ⇤ except x : ⏎ ⇥ pass ⏎ ⇤",
        "x = ' _STR:0_ ' % y",
        "x = ' %s▁not▁found ' + \" ∅ \" + ' '",
        "return b' x '",
        "x = ' it\\'s '",
        "x = y = 2.5",
        "import foo",
        "foo.bar",
        "yield x",
        "pass ⏎ pass",
    ],
)
def test_lines_as_corpora_have_them(line: str) -> None:
    """A header without its block, a clause or a decorator alone: legal where lines are the unit."""
    vocabulary = [*SPECIAL, *WORDS]
    words = line.split(" ")
    (prefix,) = PythonWords(vocabulary).prefixes([[]])
    assert walk(prefix, words, vocabulary, []) is None
    check_python(words)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("if x", "EOS"),
        ("x = ' y", "EOS"),
        ("x = ' \\", "\\"),
        ("x = ' \\x4", "\\x4"),
        ("x = b' ü", "ü"),
        ("x = 12ab", "12ab"),
        ("x = 0_", "0_"),
        ("x = _STR:0_", "_STR:0_"),
        ("x ?", "?"),
        ("x = f'{x", "f'{x"),
        ("x ∅", "∅"),
        ("foo ( ) =", "="),
        ("' x ' b'", "b'"),
        ("⇥", "⇥"),
        ("x ⏎ ⇥", "⇥"),
        ("", "EOS"),
    ],
)
def test_the_first_word_that_cannot_become_python_is_refused(line: str, refused: str) -> None:
    """Not later: a search could not turn back."""
    vocabulary = [*SPECIAL, *WORDS, "f'{x"]
    (prefix,) = PythonWords(vocabulary).prefixes([[]])
    assert walk(prefix, line.split(), vocabulary, []) == refused


def test_whole_statements_do_not_end_with_a_header() -> None:
    """For a function's body, where nothing completes it."""
    vocabulary = [*SPECIAL, *WORDS]
    (prefix,) = PythonWords(vocabulary, start=PROGRAM).prefixes([[]])
    assert walk(prefix, ["if", "x", ":"], vocabulary, []) == "EOS"
    assert walk(prefix, ["else"], vocabulary, []) == "else"
    assert walk(prefix, ["if", "x", ":", "⏎", "⇥", "return", "y", "⏎", "⇤"], vocabulary, []) is None


def test_a_vocabulary_without_line_ends_never_needs_one() -> None:
    """`try : pass` would need a clause on a new line: without the word for it the header alone must do."""
    vocabulary = [*SPECIAL, "x", ":", "try", "pass", "except", "(", ")", "if"]
    generator = torch.Generator().manual_seed(3)
    model = TableModel(torch.randn((4, 4, len(vocabulary), len(vocabulary)), generator=generator) * 3)
    for start in (FRAGMENT, PROGRAM):
        constraint = PythonWords(vocabulary, start=start)
        for seed in range(20):
            ((found,),) = sample(model, sources(1), max_length=12, seeds=[seed], prefixes=constraint.prefixes([[]]))
            assert found.finished
            check_python([vocabulary[token] for token in found.ids])


def test_a_vocabulary_without_python_is_refused_at_once() -> None:
    """Rather than a dead end in the midst of a search."""
    with pytest.raises(ValueError, match="shortest"):
        PythonWords([*SPECIAL, "?", "!"])


def test_a_rule_that_allows_nothing_is_an_error_and_no_endless_search() -> None:
    """Dead ends are defects of a constraint: they are named."""

    class Nothing:
        def after(self, token: int, room: int) -> None:
            return None

    model = TableModel.random(1)
    with pytest.raises(DeadEnd):
        greedy(model, sources(1), max_length=3, prefixes=[Nothing()])
    with pytest.raises(DeadEnd):
        beam_search(model, sources(1), width=2, max_length=3, prefixes=[Nothing()])
    with pytest.raises(DeadEnd):
        sample(model, sources(1), max_length=3, prefixes=[Nothing()])


def test_every_line_of_django_that_is_python_is_allowed(django: Path) -> None:
    """What people wrote must stay reachable: all targets of the canonical corpus, rare words as extended ids."""
    parts = [(django / "canonical" / f"{part}.tgt").read_text(encoding="utf-8") for part in ("train", "dev", "test")]
    lines = [[word for word in line.split(" ") if word] for part in parts for line in part.splitlines()]
    counts = Counter(word for line in lines for word in line)
    vocabulary = [*SPECIAL, *(word for word, count in counts.most_common() if count >= 3)]
    ids = {word: token for token, word in enumerate(vocabulary)}
    extras = [[word for word in dict.fromkeys(line) if word not in ids] for line in lines]
    prefixes = PythonWords(vocabulary).prefixes(extras)
    refused = 0
    for line, extra, start in zip(lines, extras, prefixes, strict=True):
        places = {word: len(vocabulary) + place for place, word in enumerate(extra)}
        prefix: WordPrefix | None = start
        for token in (*(ids[word] if word in ids else places[word] for word in line), EOS):
            prefix = prefix and prefix.after(token, 10_000)
        if prefix is None:
            refused += 1
            doubtful = any('""' in word or word.startswith("b'") for word in line)
            assert doubtful or parse(python_words.join(line)) is None, line
    assert refused < len(lines) / 1000
