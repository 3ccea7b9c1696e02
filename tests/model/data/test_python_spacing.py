"""Spaces as PEP 8 sets them: each line is written back as it stands here, and real code stays the same code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_model.data.python_spacing import spaced
from glosswright_model.data.python_words import cut, join

LINES = """
return SafeText(s)
x = -1 + y[-1:] * +2
f(a, *b, c=1, **d)
def f(a, b: int = 1, *, c=2) -> int: ...
x[1:2, ::3] = y[a:b]
key = lambda a, b=1: a[b:] or {}
d = {'a': 1, 'b': [x for x in y if not x]}
from . import a
from ..b import c as d
from .a.b import (c, d)
@decorate.it(1)
x = a @ b
print('a' 'b', f'{x}')
if (y := f(x)) is not None and x in (1, 2): pass
x = 1 if a else -b
x = 1 .real
x.y().z[0]('s'.join(t))
return not (a or b)
del a[0], b
assert x, 'no'
async def f(): pass
yield (a, b)
x = ~a ** -b
print(x, end='')
def f(*args, **kwargs): pass
a = b = c
x = ...
x: dict[str, int] = {}
while True: i += 1; j -= 1
raise E(a) from b
f(lambda: 0, key=lambda x: -x)
""".strip().split("\n")


@pytest.mark.parametrize("line", LINES)
def test_each_rule(line: str) -> None:
    """One line for each rule; what is served to people must look as if a person had written it."""
    assert join(cut(line)) == line


@given(st.lists(st.sampled_from([*"()[]{}:;,.=+-*@~", "**", ":=", "->", "x", "if", "lambda", "1", "'s'", "import"])))
def test_nothing_but_spaces_changes(tokens: list[str]) -> None:
    """Whatever a network writes: no token is lost, and nothing makes it fail."""
    assert spaced(tokens).replace(" ", "") == "".join(tokens)


HOUSE = sorted(Path(__file__).parents[3].joinpath("model", "glosswright_model").rglob("*.py"))


@pytest.mark.parametrize("path", HOUSE[3::9], ids=lambda path: path.name)
def test_real_code_is_spaced_as_its_formatter_does(path: Path) -> None:
    """Nearly all logical lines of our own modules, which a formatter has set, come back as they stand."""
    lines = []
    for node in ast.walk(ast.parse(text := path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Assign, ast.Return, ast.Expr, ast.AugAssign)) and node.lineno == node.end_lineno:
            line = text.split("\n")[node.lineno - 1].strip()
            if "#" not in line and '"' not in line and "'" not in line:
                lines.append(line)
    same = [line for line in lines if join(cut(line)) == line]
    assert len(same) >= 0.9 * len(lines)
