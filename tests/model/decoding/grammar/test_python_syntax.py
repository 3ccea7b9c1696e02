"""Python's grammar against Python itself: its sentences parse, and what Python refuses is not in it."""

from __future__ import annotations

import ast
import io
import random
import tokenize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_model.decoding.grammar.notation import Grammar
from glosswright_model.decoding.grammar.python_syntax import FRAGMENT, KEYWORDS, PROGRAM, python_grammar
from glosswright_model.decoding.grammar.recognizer import END, Prefix, Recognizer
from glosswright_model.evaluation.python_text import parse

SHOWN = {"NAME": "x", "NUMBER": "1", "STRING": "'s'", "BYTES": "b's'"}

RIGHT_AND_WRONG = """
f() = 1   f(a=1, b)   f(x for x in y, 1)   a + b = c   del f()   for f() in x: pass   (a, f()) = 1   None = 1
def f(a=1, b): pass   lambda a=1, b: 0   a = b = c   print >>x, y   x: int = 3   (a, b): int = 3   a, b += 1
with a as f(): pass   not a + not b   global x.y   from . import *   import *   f(**k, *a)   f(**k, a)   *a   *a = b
x[a:=1]   def f(*): pass   def f(*, a): pass   def f(a, /, b=1, *, c): pass   def f(a=1, /, b): pass
print(*a, x=1, *b, **c, y=2)   (yield) = 1   x = yield   x = yield from y   return yield   lambda: (yield)
1.real = 2   [a, b] = c   [a, f()] = c   (a) = b   (a).b += 1   a if b else c = d   (a for b in c) = d   {a: b} = c
{**a, b: c}   {*a, b}   {*a, b: c}   a < b < c   a not in b   a is not b   not not a   - not a   await x   await -x
a ** -b   x = *a, b   del (a, b), [c]   del a + b   try: pass   raise x from y   raise from y   import a.b as c
import a.b.c, d   from a.b import (c, d,)   from ... import x   from .a.b import c as d   assert a, b   assert a, b, c
@a.b(c)@   class A(b, c=d): pass   class A(): pass   async def f(): pass   async for x in y: pass   async x = 1
if a := b: pass   while a: pass   a := b   (a := b)   f(a := b)   f(a.b=c)   f((a)=c)   'a' 'b'   'a' b'b'   b'a' b'b'
x[1:2, ::3]   x[]   x[:]   ()   (,)   (a,)   [,]   {,}   {a:}   lambda *, a: b   lambda *a, b=1, **c: d
lambda **c, a: d   with (a as b, c as d,): pass   with a, b as (c, d): pass   pass; pass;   ;   a;; b
for x, in y: pass   for x in *a, b: pass   for a.b[c] in d: pass   for a + b in c: pass
[x for x in y if z if w for u in v]   [x for x in lambda: y]   [x for x, in y]   x = y: int   a = (b = c)
f(a)(b)[c].d = e   nonlocal x, y   if x: pass; else: pass
"""


def cases() -> list[str]:
    return [case.strip() for line in RIGHT_AND_WRONG.strip().splitlines() for case in line.split("   ")]


def terminals(source: str) -> list[str]:
    """As Python's own tokenizer sees a text."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind in ("COMMENT", "NL"):
            continue
        if kind == "NAME":
            found.append(token.string if token.string in KEYWORDS else "NAME")
        elif kind == "STRING":
            found.append("BYTES" if token.string[0] in "bB" else "STRING")
        else:
            found.append({"OP": token.string, "ENDMARKER": END}.get(kind, kind))
    return found


def accepted(recognizer: Recognizer, sentence: list[str]) -> bool:
    prefix: Prefix | None = recognizer.empty
    for terminal in sentence:
        prefix = prefix and prefix.after(terminal)
    return prefix is not None


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return python_grammar()


@pytest.fixture(scope="module")
def program(grammar: Grammar) -> Recognizer:
    return Recognizer(grammar, PROGRAM, {})


@pytest.mark.parametrize("source", cases())
def test_agrees_with_python(source: str, program: Recognizer) -> None:
    """Assignment targets, orders of arguments, generators in calls: a loose grammar lets in what Python refuses."""
    try:
        ast.parse(source)
    except SyntaxError:
        expected = False
    else:
        expected = True
    assert accepted(program, terminals(source + "\n")) == expected


def a_sentence(grammar: Grammar, symbol: str, depth: int, choice: random.Random) -> list[str]:
    """A random one; below `depth` each rule takes the shortest way."""
    rules = grammar.rules
    heights = dict.fromkeys(grammar.terminals, 0)
    while len(heights) < len(grammar.terminals) + len(rules):
        for name, rights in rules.items():
            known = [max(heights[each] for each in right) for right in rights if all(each in heights for each in right)]
            if name not in heights and known:
                heights[name] = min(known) + 1

    left = 40

    def expand(symbol: str, depth: int) -> list[str]:
        nonlocal left
        if symbol not in rules:
            left -= 1
            return [symbol]
        rights = rules[symbol]
        if depth <= 0 or left <= 0:
            rights = [min(rights, key=lambda right: max(heights[each] for each in right))]
        return [terminal for each in choice.choice(rights) for terminal in expand(each, depth - 1)]

    return expand(symbol, depth)


def nesting(sentence: list[str]) -> int:
    """Most brackets, lambdas and conditions that are within each other, at least."""
    depth = most = 0
    for terminal in sentence:
        depth += (terminal in ("(", "[", "{", "lambda", "if")) - (terminal in (")", "]", "}", "NEWLINE"))
        most = max(most, depth)
    return most


def text(sentence: list[str]) -> str:
    lines: list[str] = [""]
    depth = 0
    for terminal in sentence:
        if terminal == "NEWLINE":
            lines.append("")
        elif terminal in ("INDENT", "DEDENT"):
            depth += 1 if terminal == "INDENT" else -1
        else:
            lines[-1] = (lines[-1] or "    " * depth) + SHOWN.get(terminal, terminal) + " "
    return "\n".join(lines)


@given(seed=st.integers(0, 10**9), depth=st.integers(4, 16), start=st.sampled_from([PROGRAM, FRAGMENT]))
@settings(max_examples=60, deadline=None)
def test_what_the_grammar_says_is_python(seed: int, depth: int, start: str) -> None:
    """Every sentence parses, parts of statements once they are completed."""
    grammar = python_grammar()
    sentence = a_sentence(grammar, start, depth, random.Random(seed))
    if nesting(sentence) <= 4:  # on deeply nested ones Python's own parser takes exponential time
        source = text(sentence)
        assert parse(source) is not None, source
