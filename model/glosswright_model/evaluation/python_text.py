"""Python as corpora write it: from the canonical tokens of the Django corpus to source, and from source to a tree.

Lines of corpora are often parts of statements: a header without its block, an `else:` alone, a decorator. `parse`
completes them, for a model that was trained on such lines cannot be blamed for them. What is found is a tree to
compare, never to run.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from functools import lru_cache

from glosswright_model.data.python_words import NEWLINE, SPACE, join

_BLOCK = re.compile(r"(?:async\s+)?(?:if|for|while|with|def|class|try|match)\b[\s\S]*:\s*(?:#.*)?\Z")
_CONTINUES = re.compile(r"(elif|else|except|finally|case)\b")
_BEFORE = {
    "elif": "if True:\n    pass\n",
    "else": "if True:\n    pass\n",
    "except": "try:\n    pass\n",
    "finally": "try:\n    pass\n",
    "case": "match x:\n",
}
_INDENT = "    "
_TOKEN = re.compile(r"""\d[\w.]*(?:[eE]-\d+)?|\.\d+|\w+|[^\w\s'"]+|[a-zA-Z]{1,2}('.*'|".*")""")


@lru_cache(maxsize=1 << 14)  # each measure asks for the same text again, each validation for the same references
def from_canonical(text: str) -> str:
    """Source of a line of the Django corpus, whether in its canonical form (tokens between blanks) or source already.

    Codecs differ in which of the two they decode to. Never fails: tokens in an order that makes no sense give source
    that does not parse.
    """
    words = text.split()
    # A word that stands for a line end is in no source.
    return join(words) if "\n" not in text and (NEWLINE in words or _is_canonical(words)) else text


def parse(source: str) -> ast.Module | None:
    """The tree of some Python, completed where it is a header, a clause or a decorator alone; None if it has none."""
    found = _whole(source)
    return found[1] if found is not None else None


def completed(source: str) -> str | None:
    """The same as text: what `parse` parses; None for what is no Python."""
    found = _whole(source)
    return found[0] if found is not None else None


def normal_form(source: str) -> str:
    """What is equal for equal code: the dump of its tree; for text that is no Python, the text with single blanks."""
    tree = parse(source)
    if tree is not None:
        try:
            return ast.dump(tree)
        except RecursionError:  # deeper than Python can walk
            pass
    return " ".join(source.split())


def _is_canonical(words: list[str]) -> bool:
    """Whether nothing is glued together: each word is one token, each string a mark, one word and the mark again."""
    place = 0
    while place < len(words):
        word = words[place]
        if word in ("'", '"'):
            if place + 2 >= len(words) or words[place + 2] != word or words[place + 1] == word:
                return False
            place += 2
        elif not _TOKEN.fullmatch(word) and SPACE not in word:
            return False
        place += 1
    return True


def _whole(source: str) -> tuple[str, ast.Module] | None:
    text = textwrap.dedent(source).strip()
    if not text:
        return None
    for candidate in _completions(text):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes and the like are the corpus's business
            try:
                return candidate, ast.parse(candidate)
            except (SyntaxError, ValueError, RecursionError, MemoryError):  # all of them mean: not Python
                continue
    return None


def _completions(text: str) -> list[str]:
    """The text, then ways to make it whole, likeliest first."""
    found = [text]
    last = text.rsplit("\n", 1)[-1]
    block = f"{text}\n{' ' * (len(last) - len(last.lstrip()))}{_INDENT}pass"
    clause = _CONTINUES.match(text)
    if clause is not None:
        before, margin = _BEFORE[clause[1]], _INDENT if clause[1] == "case" else ""
        found += [before + textwrap.indent(text, margin), before + textwrap.indent(block, margin)]
    elif text.startswith("@"):
        found += [f"{text}\ndef _():\n{_INDENT}pass", block]
    elif _BLOCK.match(text):
        found += [block, f"{block}\nfinally:\n{_INDENT}pass", f"{text}\nfinally:\n{_INDENT}pass"]
    elif last.rstrip().endswith(":"):
        found.append(block)
    elif text.startswith("try"):
        found.append(f"{text}\nfinally:\n{_INDENT}pass")
    return found
